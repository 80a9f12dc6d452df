/** A line is in the file when the call returns, and machines and people can each read their form of it. */

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLog, type LogOptions } from "../../src/runtime/log.ts";

function openLog(options: LogOptions) {
  const directory = mkdtempSync(join(tmpdir(), "mesolite-log-"));
  const file = join(directory, "log");
  const descriptor = openSync(file, "a");
  onTestFinished(() => {
    closeSync(descriptor);
    rmSync(directory, { recursive: true });
  });
  return {
    log: createLog({ ...options, descriptor }),
    lines: () => readFileSync(file, "utf8").split("\n").slice(0, -1),
  };
}

test("lines are JSON objects with a level by name, a time and the facts", () => {
  const { log, lines } = openLog({ thread: "master" });
  log("info", "/master", "slave registered", { slave: "s1", bytes: 12n });
  const [line] = lines().map((text) => JSON.parse(text));
  expect(line).toMatchObject({
    level: "info",
    thread: "master",
    from: "/master",
    msg: "slave registered",
    slave: "s1",
    bytes: "12",
  });
  expect(Date.parse(line.time)).not.toBeNaN();
});

test("an error keeps its message, code, stack and causes", () => {
  const { log, lines } = openLog({});
  const cause = Object.assign(new Error("no space"), { code: "ENOSPC" });
  log("error", "/storage", "failed", { error: new Error("cannot append", { cause }) });
  const { error } = JSON.parse(lines()[0] ?? "");
  expect(error).toMatchObject({
    name: "Error",
    message: "cannot append",
    cause: { message: "no space", code: "ENOSPC" },
  });
  expect(error.stack).toContain("log.test.ts");
});

test("what is below the level is left out", () => {
  const { log, lines } = openLog({ level: "warn" });
  log("debug", "a", "one");
  log("info", "a", "two");
  log("warn", "a", "three");
  log("error", "a", "four");
  expect(lines().map((text) => JSON.parse(text).msg)).toEqual(["three", "four"]);
});

test("people get short lines", () => {
  const { log, lines } = openLog({ pretty: true, thread: "slaves" });
  log("warn", "/slave", "task failed", { task: "t1", status: 3, error: new Error("broke") });
  expect(lines()).toHaveLength(1);
  expect(lines()[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} warn {2}slaves \/slave task failed task=t1 status=3 error=\{"name":"Error","message":"broke"/,
  );
});
