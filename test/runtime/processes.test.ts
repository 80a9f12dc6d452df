/** A command runs in a group of its own, writes to files of its own, and leaves nothing behind. */

import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { ProcessCommand } from "../../src/actors/world.ts";
import { ProcessGroups } from "../../src/runtime/processes.ts";

function openGroups() {
  const root = mkdtempSync(join(tmpdir(), "mesolite-processes-"));
  const processes = new ProcessGroups();
  onTestFinished(async () => {
    await processes.close();
    rmSync(root, { recursive: true });
  });
  const directory = join(root, "a", "sandbox");
  const read = (name: string) => readFileSync(join(directory, name), "utf8");
  return { processes, directory, read };
}

/** Starts a shell script, and collects every event of it. */
function shell(processes: ProcessGroups, directory: string, script: string, more: Partial<ProcessCommand> = {}) {
  const events: string[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  let pid = 0;
  const note = (event: string, last: boolean) => {
    events.push(event);
    if (last) resolve(event);
  };
  const env = { PATH: process.env["PATH"] ?? "" };
  const command = { argv: ["sh", "-c", script], env, directory, stdout: "stdout", stderr: "stderr", ...more };
  processes.start(command, {
    started: (started) => {
      pid = started;
      note("started", false);
    },
    failed: (reason) => note(reason, true),
    exited: (exit) => note(exit.kind === "exited" ? `exited ${exit.status}` : exit.signal, true),
  });
  return { events, ended, pid: () => pid };
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[2] !== "Z";
  } catch {
    return false;
  }
}

describe("a command", () => {
  test("starts, ends with its status, and has written to its files", async () => {
    const { processes, directory, read } = openGroups();
    const run = shell(processes, directory, "pwd; echo $NAME; echo trouble >&2; exit 7", {
      env: { PATH: process.env["PATH"] ?? "", NAME: "value" },
    });
    expect(await run.ended).toBe("exited 7");
    expect(run.events).toEqual(["started", "exited 7"]);
    expect(read("stdout")).toBe(`${directory}\nvalue\n`);
    expect(read("stderr")).toBe("trouble\n");
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, "stdout")).mode & 0o777).toBe(0o600);
    expect(processes.size).toBe(0);
  });

  test("may write both streams to one file", async () => {
    const { processes, directory, read } = openGroups();
    await shell(processes, directory, "echo one; echo two >&2; echo three", { stderr: "stdout" }).ended;
    expect(read("stdout")).toBe("one\ntwo\nthree\n");
  });

  test("has nothing of our environment", async () => {
    const { processes, directory, read } = openGroups();
    await shell(processes, directory, "", { argv: ["/usr/bin/env"], env: { ONLY: "this" } }).ended;
    expect(read("stdout")).toBe("ONLY=this\n");
  });

  test("that kills itself tells a signal from a status", async () => {
    const { processes, directory } = openGroups();
    expect(await shell(processes, directory, "kill -9 $$").ended).toBe("SIGKILL");
    expect(await shell(processes, directory, "exit 137").ended).toBe("exited 137");
  });
});

describe("a signal", () => {
  test("reaches the whole group", async () => {
    const { processes, directory, read } = openGroups();
    const run = shell(processes, directory, "sleep 60 & echo $!; wait");
    await vi.waitFor(() => expect(read("stdout")).toMatch(/^\d+\n$/));
    const grandchild = Number(read("stdout"));
    await vi.waitFor(() => expect(run.events).toEqual(["started"]));
    processes.signal(run.pid(), "SIGTERM");
    expect(await run.ended).toBe("SIGTERM");
    await vi.waitFor(() => expect(lives(grandchild)).toBe(false));
  });

  test("to a process that is not ours goes nowhere", () => {
    const { processes } = openGroups();
    processes.signal(process.pid, "SIGKILL");
    processes.signal(2 ** 22, "SIGKILL");
  });
});

test("what a leader leaves behind ends with it", async () => {
  const { processes, directory, read } = openGroups();
  expect(await shell(processes, directory, "sleep 60 & echo $!").ended).toBe("exited 0");
  await vi.waitFor(() => expect(lives(Number(read("stdout")))).toBe(false));
});

test("closing leaves no child, and starts none", async () => {
  const { processes, directory, read } = openGroups();
  const run = shell(processes, directory, "trap '' TERM; sleep 60 & echo $!; wait");
  await vi.waitFor(() => expect(read("stdout")).toMatch(/^\d+\n$/));
  await vi.waitFor(() => expect(run.events).toEqual(["started"]));
  await processes.close();
  expect(run.events).toEqual(["started", "SIGKILL"]);
  await vi.waitFor(() => expect(lives(Number(read("stdout")))).toBe(false));
  expect(await shell(processes, directory, "true").ended).toBe("shutting down");
});

describe("a command fails to start", () => {
  test.each([
    {
      why: "no such program",
      more: { argv: ["no-such-program"] },
      reason: "cannot start no-such-program: no such program in its PATH",
    },
    { why: "not a program", more: { argv: ["/etc/passwd"] }, reason: "cannot start /etc/passwd: not executable" },
    { why: "empty", more: { argv: [] }, reason: "the command is empty: argv needs a program" },
    {
      why: "output outside",
      more: { stdout: "../stdout" },
      reason: 'output file "../stdout" is not a plain file name',
    },
    { why: "no directory possible", more: { directory: "/dev/null/x" }, reason: /^cannot start sh: ENOTDIR/ },
    { why: "a NUL in its arguments", more: { argv: ["sh", "a\0b"] }, reason: /^cannot start sh: .*null bytes/ },
  ])("and says why: $why", async ({ more, reason }) => {
    const { processes, directory } = openGroups();
    const run = shell(processes, directory, "true", more);
    expect(await run.ended).toMatch(reason);
    expect(run.events).toHaveLength(1);
    expect(processes.size).toBe(0);
  });
});
