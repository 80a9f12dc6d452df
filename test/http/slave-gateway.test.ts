import { execFileSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, realpath, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { fetchSandboxFile } from "../../src/http/master-client.ts";
import { openResolved } from "../../src/http/sandbox.ts";
import { openSlaveGateway } from "../../src/http/slave-gateway.ts";

const virtual = "/frameworks/f1/executors/e1/runs";

/** A work directory with one run, beside a secret and a directory whose name begins alike. */
async function scene() {
  const home = await mkdtemp(join(tmpdir(), "mesolite-sandbox-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const workDir = join(home, "work");
  const runs = join(workDir, "slaves/s1/frameworks/f1/executors/e1/runs");
  const run = join(runs, "c1");
  await mkdir(run, { recursive: true });
  await symlink("c1", join(runs, "latest"));
  await writeFile(join(run, "stdout"), "hello wörld\n");
  await mkdir(join(home, "work-other"));
  await writeFile(join(home, "work-other/secret"), "secret");
  await writeFile(join(home, "secret"), "secret");
  const { port, close } = await openSlaveGateway({
    port: 0,
    workDir,
    version: "1.11.0",
    flags: { work_dir: "/w" },
    look: async () => ({ threads: [] }),
    log: () => {},
  });
  onTestFinished(close);
  const get = (route: string, query: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${port}/files/${route}?${new URLSearchParams(query)}`, { headers });
  return { home, workDir, run, runs, at: `127.0.0.1:${port}`, get };
}

test("/health and /version answer", async () => {
  const { at } = await scene();
  const health = await fetch(`http://${at}/health`);
  expect([health.status, await health.text()]).toEqual([200, ""]);
  expect(await (await fetch(`http://${at}/version`)).json()).toMatchObject({ version: "1.11.0" });
});

describe("the name of Mesos's process", () => {
  const paths = [
    "/health",
    "/version",
    "/flags",
    "/metrics/snapshot",
    "/files/debug",
    `/files/browse?path=${virtual}/c1`,
  ];

  test.each([...paths, `/files/read?path=${virtual}/c1/stdout`, `/files/download?path=${virtual}/c1/stdout`])(
    "may stand before %s, with its parentheses encoded or not",
    async (path) => {
      const { at } = await scene();
      const answers = ["", "/slave(1)", "/slave%281%29"].map(async (name) => {
        const response = await fetch(`http://${at}${name}${path}`);
        const text = await response.text();
        return [response.status, response.headers.get("content-type"), text.replaceAll(/:[\d.]+/g, ":N")];
      });
      const [plain, ...named] = await Promise.all(answers);
      expect(plain?.[0]).toBe(200);
      for (const each of named) expect(each).toEqual(plain);
    },
  );
});

test("what the slave tells of itself", async () => {
  const { at, workDir } = await scene();
  const json = async (path: string) => await (await fetch(`http://${at}${path}`)).json();
  expect(await json("/flags")).toEqual({ flags: { work_dir: "/w" } });
  expect(await json("/metrics/snapshot/")).toEqual({
    "system/cpus_total": expect.any(Number),
    "system/load_1min": expect.any(Number),
    "system/load_5min": expect.any(Number),
    "system/load_15min": expect.any(Number),
    "system/mem_free_bytes": expect.any(Number),
    "system/mem_total_bytes": expect.any(Number),
    "slave/uptime_secs": expect.any(Number),
  });
  const slaves = `${workDir}/slaves`;
  expect(await json("/files/debug")).toEqual({ [slaves]: slaves, "/frameworks": `${slaves}/*/frameworks` });
});

describe("jsonp", () => {
  test.each([
    ["/version?", "version"],
    ["/flags?", "flags"],
    ["/metrics/snapshot?", "slave/uptime_secs"],
    [`/files/browse?path=${virtual}/c1&`, "0"],
    [`/files/read?path=${virtual}/c1/stdout&offset=0&`, "data"],
  ])("%s is a script that calls back with what has %s", async (path, key) => {
    const { at } = await scene();
    const response = await fetch(`http://${at}${path}jsonp=cb`);
    expect(response.headers.get("content-type")).toBe("text/javascript");
    const [, json = ""] = /^cb\((.*)\);$/s.exec(await response.text()) ?? [];
    expect(Object.keys(JSON.parse(json))).toContain(key);
  });

  test.each(["/version?", `/files/browse?path=${virtual}/c1&`, `/files/read?path=${virtual}/c1/stdout&`])(
    "%s refuses what is no name of a function",
    async (path) => {
      const { at } = await scene();
      expect((await fetch(`http://${at}${path}jsonp=alert(1)//`)).status).toBe(400);
    },
  );
});

test("/mesolite/actors tells what the process sees of itself", async () => {
  const { at } = await scene();
  expect(await (await fetch(`http://${at}/mesolite/actors`)).json()).toEqual({ threads: [] });
});

describe("browse", () => {
  test.each([
    `${virtual}/c1`,
    `${virtual}/latest`,
    `${virtual}/latest/`,
    "WORK/slaves/s1/frameworks/f1/executors/e1/runs/latest",
  ])("lists %s", async (path) => {
    const { get, workDir } = await scene();
    const shown = path.replace("WORK", workDir);
    expect(await (await get("browse", { path: shown })).json()).toEqual([
      {
        path: join(shown, "stdout"),
        nlink: 1,
        size: 13,
        mtime: expect.any(Number),
        mode: expect.stringMatching(/^-rw-r/),
        uid: expect.stringMatching(/^\d+$/),
        gid: expect.stringMatching(/^\d+$/),
      },
    ]);
  });

  test("lists in order, a link as a link", async () => {
    const { get, runs } = await scene();
    const entries = (await (await get("browse", { path: runs })).json()) as { path: string; mode: string }[];
    expect(entries.map(({ path, mode }) => [path, mode[0]])).toEqual([
      [join(runs, "c1"), "d"],
      [join(runs, "latest"), "l"],
    ]);
  });

  test("wants a path, and one that exists", async () => {
    const { get } = await scene();
    expect((await get("browse", {})).status).toBe(400);
    expect((await get("browse", { path: `${virtual}/c2` })).status).toBe(404);
  });
});

describe("read", () => {
  const path = `${virtual}/latest/stdout`;

  test.each([
    [{}, { data: "", offset: 13 }],
    [{ offset: "-1" }, { data: "", offset: 13 }],
    [{ offset: "0" }, { data: "hello wörld\n", offset: 0 }],
    [
      { offset: "6", length: "3" },
      { data: "wö", offset: 6 },
    ],
    [
      { offset: "6", length: "2" },
      { data: "w", offset: 6 },
    ],
    [
      { offset: "0", length: "0" },
      { data: "", offset: 0 },
    ],
    [{ offset: "13" }, { data: "", offset: 13 }],
    [{ offset: "999999999999999" }, { data: "", offset: 999_999_999_999_999 }],
  ])("with %j", async (query, answer) => {
    const { get } = await scene();
    expect(await (await get("read", { path, ...query })).json()).toEqual(answer);
  });

  test.each([
    { offset: "-2" },
    { offset: "1e18" },
    { offset: "1000000000000000000" },
    { offset: "x" },
    { offset: "0", length: "-1" },
  ])("refuses %j", async (query) => {
    const { get } = await scene();
    expect((await get("read", { path, ...query })).status).toBe(400);
  });

  test("answers at most 64 KiB", async () => {
    const { get, run } = await scene();
    await writeFile(join(run, "big"), "x".repeat(100_000));
    const { data } = (await (
      await get("read", { path: `${virtual}/c1/big`, offset: "0", length: "100000" })
    ).json()) as { data: string };
    expect(data.length).toBe(65_536);
  });

  test("refuses a directory", async () => {
    const { get } = await scene();
    expect((await get("read", { path: `${virtual}/c1`, offset: "0" })).status).toBe(400);
  });
});

describe("download", () => {
  const path = `${virtual}/c1/stdout`;

  test("is an attachment that no browser runs", async () => {
    const { get, run } = await scene();
    await writeFile(join(run, 'a"\r\nSet-Cookie: x=1.html'), "<script>");
    const response = await get("download", { path: `${virtual}/c1/a"\r\nSet-Cookie: x=1.html` });
    expect(await response.text()).toBe("<script>");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": "attachment; filename*=UTF-8''a%22%0D%0ASet-Cookie%3A%20x%3D1.html",
      "content-security-policy": "sandbox",
      "x-content-type-options": "nosniff",
      "content-length": "8",
    });
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  test.each([
    ["bytes=0-", 206, "hello wörld\n", "bytes 0-12/13"],
    ["bytes=6-", 206, "wörld\n", "bytes 6-12/13"],
    ["bytes=0-4", 206, "hello", "bytes 0-4/13"],
    ["bytes=6-999", 206, "wörld\n", "bytes 6-12/13"],
    ["bytes=13-", 416, "the file has 13 bytes\n", "bytes */13"],
    ["bytes=4-2", 200, "hello wörld\n", null],
    ["bytes=-5", 200, "hello wörld\n", null],
    ["bytes=0-1,3-4", 200, "hello wörld\n", null],
    ["lines=1-", 200, "hello wörld\n", null],
  ])("with Range: %s", async (range, status, text, contentRange) => {
    const { get } = await scene();
    const response = await get("download", { path }, { range });
    expect([response.status, await response.text(), response.headers.get("content-range")]).toEqual([
      status,
      text,
      contentRange,
    ]);
  });

  test("refuses a directory, and sends an empty file", async () => {
    const { get, run } = await scene();
    expect((await get("download", { path: `${virtual}/c1` })).status).toBe(400);
    await writeFile(join(run, "empty"), "");
    const response = await get("download", { path: `${virtual}/c1/empty` });
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  test("lets a client follow a file that grows, and see that it was cut", async () => {
    const { at, run } = await scene();
    const part = async (offset: number) => {
      const reply = await fetchSandboxFile(at, path, offset);
      return reply.ok ? [Buffer.from(reply.value.bytes).toString(), reply.value.size] : reply.error;
    };
    expect(await part(0)).toEqual(["hello wörld\n", 13]);
    expect(await part(13)).toEqual(["", 13]);
    await appendFile(join(run, "stdout"), "more\n");
    expect(await part(13)).toEqual(["more\n", 18]);
    await truncate(join(run, "stdout"), 0);
    expect(await part(18)).toEqual(["", 0]);
    expect(await fetchSandboxFile(at, `${virtual}/c9/stdout`, 0)).toMatchObject({
      ok: false,
      error: { code: "not-found" },
    });
  });
});

describe("what is outside does not exist", () => {
  test.each([
    "/etc/passwd",
    "/proc/self/environ",
    "HOME/secret",
    "HOME/work-other/secret",
    "WORK/../secret",
    "WORK/slaves/../../secret",
    "WORK/..%2fsecret",
    "slaves/s1",
    "../secret",
    "WORK/slaves\u0000",
    `${virtual}/../../../../../../../../secret`,
    `${virtual}/c1/../../../../../../../../../secret`,
    "/frameworks/../executors/e1/runs/c1",
    "/frameworks/f1/executors/../runs/c1",
    "/frameworks/f1/executors/e1/runs/..",
    `${virtual}/c1/link-to-secret`,
    `${virtual}/c1/link-to-home/secret`,
    `${virtual}/c1/link-to-other/secret`,
    `${virtual}/c1/link-to-environ`,
    `${virtual}/c1/link-to-zero`,
    `${virtual}/c1/pipe`,
    `${virtual}/c1/link-to-itself`,
  ])("%j", async (path) => {
    const { get, home, workDir, run } = await scene();
    await symlink(join(home, "secret"), join(run, "link-to-secret"));
    await symlink(home, join(run, "link-to-home"));
    await symlink(join(home, "work-other"), join(run, "link-to-other"));
    await symlink("/proc/self/environ", join(run, "link-to-environ"));
    await symlink("/dev/zero", join(run, "link-to-zero"));
    await symlink("link-to-itself", join(run, "link-to-itself"));
    execFileSync("/bin/sh", ["-c", 'mkfifo "$0"', join(run, "pipe")]);
    const asked = path.replace("HOME", home).replace("WORK", workDir);
    for (const route of ["browse", "read", "download"]) {
      expect([route, (await get(route, { path: asked })).status]).toEqual([route, 404]);
    }
  });

  test("a link that stays inside is followed", async () => {
    const { get, run } = await scene();
    await symlink("stdout", join(run, "alias"));
    expect(await (await get("download", { path: `${virtual}/c1/alias` })).text()).toBe("hello wörld\n");
  });

  test("a link that was swapped in after links were resolved is not followed", async () => {
    const { home, workDir, run } = await scene();
    await symlink(home, join(run, "directory"));
    await symlink("stdout", join(run, "file"));
    const root = await realpath(workDir);
    const resolvedRun = await realpath(run);
    const opened = await openResolved(join(resolvedRun, "stdout"), root);
    expect(opened?.stats.size).toBe(13);
    await opened?.handle.close();
    expect(await openResolved(join(resolvedRun, "directory/secret"), root)).toBeUndefined();
    expect(await openResolved(join(resolvedRun, "file"), root)).toBeUndefined();
    expect(await openResolved(join(home, "secret"), root)).toBeUndefined();
  });
});

test("of two slaves that ran the same executor the later run is shown", async () => {
  const { get, workDir, run } = await scene();
  const later = join(workDir, "slaves/s0/frameworks/f1/executors/e1/runs/c0");
  await mkdir(later, { recursive: true });
  await symlink("c0", join(later, "../latest"));
  await writeFile(join(later, "stdout"), "later");
  await utimes(run, 1, 1);
  expect(await (await get("download", { path: `${virtual}/latest/stdout` })).text()).toBe("later");
});
