/** Frameworks of the command line do by HTTP what they do over the bridge. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Mesolite, mesolite, startSlave, temporary } from "./kit.ts";

test("a word count has the same outcome through either door", async () => {
  using home = temporary();
  writeFileSync(join(home.path, "in.txt"), "the quick brown fox jumps over the lazy dog\n".repeat(2_000));
  const outcome = async (door: string) => {
    const framework = ["framework", "run", "--door", door, "--slaves", "2", "--json"];
    const count = ["wordcount", "--input", "in.txt", "--output", door, "--chunk-bytes", "9000"];
    const { code, stdout, stderr } = await mesolite([...framework, ...count], home.path);
    expect([code, stderr]).toEqual([0, ""]);
    const { result } = JSON.parse(stdout) as { readonly result: { readonly words: number; readonly maps: number } };
    return { counts: readFileSync(join(home.path, door), "utf8"), words: result.words, maps: result.maps };
  };
  const http = await outcome("http");
  expect(http).toEqual(await outcome("bridge"));
  expect(http).toMatchObject({ words: 18_000, maps: 10 });
});

test("a batch by HTTP tells how each of its commands ended", async () => {
  using home = temporary();
  writeFileSync(join(home.path, "commands"), "exit 3\ntrue\nkill -9 $$\n");
  const framework = ["framework", "run", "--door", "http", "--slaves", "2", "--json"];
  const { stdout } = await mesolite([...framework, "batch", "--commands", "commands"], home.path);
  const { rows } = JSON.parse(stdout) as {
    readonly rows: readonly { readonly name: string; readonly exit: unknown }[];
  };
  expect(Object.fromEntries(rows.map(({ name, exit }) => [name, exit]))).toEqual({
    "exit 3": { status: 3 },
    true: { status: 0 },
    "kill -9 $$": { signal: "SIGKILL" },
  });
});

test("who has to authenticate does, and needs no bridge", async () => {
  using home = temporary();
  const { path } = home;
  writeFileSync(join(path, "credentials"), "ada s3cret\n", { mode: 0o600 });
  const access = ["--credentials", "credentials", "--authenticate-http-frameworks"];
  await using master = new Mesolite(
    ["master", "--port", "0", "--registry", "memory", "--timeouts", "test", "--log-level", "warn", ...access],
    path,
  );
  const [, address = ""] = await master.printed(/ready: http:\/\/(\S+)/);
  await using _slave = await startSlave(path, address, "slave", "cpus:2;mem:1024");
  const command = ["--master", address, "--", "sh", "-c", "echo by HTTP; exit 3"];
  const [stranger, ada] = await Promise.all([
    mesolite(["run", "--door", "http", ...command], path),
    mesolite(["run", "--door", "http", "--credential", "credentials", ...command], path),
  ]);
  expect(ada).toEqual({ code: 3, stdout: "by HTTP\n", stderr: "" });
  expect([stranger.code, stranger.stdout]).toEqual([1, ""]);
  expect(stranger.stderr).toContain("give a principal and its secret with --credential FILE");
});
