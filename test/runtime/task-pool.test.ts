/** Functions run on threads of their own; whatever they do, their caller hears exactly one outcome. */

import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { FunctionCall, FunctionOutcome } from "../../src/actors/world.ts";
import { type TaskPoolConfig, ThreadTaskPool } from "../../src/runtime/task-pool.ts";

const tasks = new URL("./fixtures/tasks.ts", import.meta.url);
const context = { taskId: "t1", slaveId: "s1", directory: "/sandbox" };

function openPool(config: Partial<TaskPoolConfig> = {}): ThreadTaskPool {
  const pool = new ThreadTaskPool({ threadsMax: 1, ...config });
  onTestFinished(() => pool.close());
  return pool;
}

/** Calls a function of the fixture, and collects every outcome that comes of it. */
function call(pool: ThreadTaskPool, name: string, args: FunctionCall["args"] = null, module = tasks.href) {
  const outcomes: FunctionOutcome[] = [];
  const { promise: outcome, resolve } = Promise.withResolvers<FunctionOutcome>();
  const abort = pool.call({ module, export: name, args, context }, (result) => {
    outcomes.push(result);
    resolve(result);
  });
  return { outcome, outcomes, abort };
}

describe("a function task", () => {
  test("returns a value, and says where it ran", async () => {
    const outcome = await call(openPool(), "add", { a: 2, b: 3 }).outcome;
    expect(outcome).toEqual({ kind: "returned", value: 5, worker: expect.stringMatching(`^${process.pid}/\\d+$`) });
    expect(outcome.kind === "returned" && outcome.worker).not.toBe(`${process.pid}/0`);
  });

  test("may be async, knows its task, and may be named by its path", async () => {
    const outcome = await call(openPool(), "describeContext", null, fileURLToPath(tasks)).outcome;
    expect(outcome).toMatchObject({ kind: "returned", value: "t1 on s1 in /sandbox" });
  });

  test("may be bundled", async () => {
    const pool = openPool({ bundled: { sums: tasks } });
    expect(await call(pool, "add", { a: 1, b: 1 }, "mesolite:sums").outcome).toMatchObject({ value: 2 });
    const unknown = await call(pool, "add", null, "mesolite:constructor").outcome;
    expect(unknown).toEqual({
      kind: "threw",
      message: "no bundled module mesolite:constructor; there are: mesolite:sums",
    });
  });

  test("that returns nothing returns null", async () => {
    expect(await call(openPool(), "nothing").outcome).toMatchObject({ kind: "returned", value: null });
  });
});

describe("a function task fails", () => {
  const failures: readonly {
    readonly why: string;
    readonly name: string;
    readonly module?: string;
    readonly message: RegExp;
  }[] = [
    { why: "of a missing export", name: "none", message: /exports no function none; it has: add, / },
    { why: "of an export that is no function", name: "notCallable", message: /exports no function notCallable/ },
    {
      why: "of a missing module",
      name: "add",
      module: "/no/such.ts",
      message: /cannot load module \/no\/such.ts: .*Cannot find/,
    },
    {
      why: "of a relative path",
      name: "add",
      module: "./tasks.ts",
      message: /is not an absolute path, a file: URL or mesolite:NAME/,
    },
    {
      why: "of a class in its result",
      name: "date",
      message: /result\.rows\[0\]\.when is a Date, which is not plain data/,
    },
    { why: "of a number JSON lacks", name: "infinite", message: /result is Infinity/ },
    { why: "of a cycle in its result", name: "cyclic", message: /nested deeper than 24/ },
    { why: "of a large result", name: "large", message: /larger than 1048576 bytes: write it to a file/ },
    { why: "with its thread", name: "exit", message: /./ },
  ];

  test.each(failures)("because $why", async ({ name, module, message }) => {
    const outcome = await call(openPool(), name, null, module).outcome;
    expect(outcome).toEqual({ kind: "threw", message: expect.stringMatching(message) });
  });

  test("with the stack of what it threw, cut at 8 KiB", async () => {
    const pool = openPool();
    const short = await call(pool, "fail", { length: 1 }).outcome;
    expect(short).toMatchObject({
      kind: "threw",
      message: expect.stringMatching(/^Error: it broke x\n {4}at fail .*tasks\.ts/),
    });
    const long = await call(pool, "fail", { length: 20_000 }).outcome;
    expect(long.kind === "threw" && Buffer.byteLength(long.message)).toBeLessThanOrEqual(8_192);
  });
});

describe("an aborted call", () => {
  test("loses its thread wherever it is, and the pool goes on", async () => {
    const pool = openPool();
    const spinning = call(pool, "spin");
    const waiting = call(pool, "add", { a: 1, b: 1 });
    await vi.waitFor(() => expect(pool.threads).toBe(1));
    spinning.abort();
    expect(await spinning.outcome).toEqual({ kind: "aborted" });
    expect(await waiting.outcome).toMatchObject({ value: 2 });
    spinning.abort();
    expect(spinning.outcomes).toHaveLength(1);
  });

  test("that has not begun never runs", async () => {
    const pool = openPool();
    const spinning = call(pool, "spin");
    const waiting = call(pool, "add", { a: 1, b: 1 });
    waiting.abort();
    expect(await waiting.outcome).toEqual({ kind: "aborted" });
    expect(spinning.outcomes).toEqual([]);
  });

  test("that has returned stays returned", async () => {
    const done = call(openPool(), "nothing");
    await done.outcome;
    done.abort();
    expect(done.outcomes).toHaveLength(1);
  });
});

test("a pool refuses calls beyond its queue", async () => {
  const pool = openPool({ queueMax: 1 });
  const calls = [call(pool, "spin"), call(pool, "spin")];
  const refused = await call(pool, "spin").outcome;
  expect(refused).toEqual({ kind: "threw", message: "the task pool is full: 1 calls are waiting" });
  expect(calls.flatMap(({ outcomes }) => outcomes)).toEqual([]);
});

test("a closed pool has aborted its calls and holds no thread", async () => {
  const pool = openPool();
  const running = call(pool, "spin");
  const waiting = call(pool, "spin");
  await vi.waitFor(() => expect(pool.threads).toBe(1));
  await pool.close();
  expect([await running.outcome, await waiting.outcome]).toEqual([{ kind: "aborted" }, { kind: "aborted" }]);
  expect(pool.threads).toBe(0);
  expect(await call(pool, "add", { a: 1, b: 1 }).outcome).toEqual({
    kind: "threw",
    message: "the task pool is closed",
  });
});
