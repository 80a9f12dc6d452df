/** Actors on worker threads reach each other as if they were on one, and a thread that dies takes only itself along. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MessageChannel } from "node:worker_threads";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { placeText } from "../../src/actors/address.ts";
import type { ActorSystem } from "../../src/actors/system.ts";
import { RealClock } from "../../src/runtime/clock.ts";
import { linkPort } from "../../src/runtime/port-link.ts";
import { hostMain } from "../../src/runtime/system-host.ts";
import type { ThreadBoot } from "../../src/runtime/thread-facade.ts";
import { ThreadWatch } from "../../src/runtime/thread-watch.ts";
import { Threads, type ThreadsOptions } from "../../src/runtime/threads.ts";
import { type EchoProtocol, echoKinds, witness } from "./fixtures/echo.ts";

const entry = new URL("./fixtures/thread.ts", import.meta.url);
const oneEcho: ThreadBoot = { roots: [{ name: "echo", behaviour: "echo", args: null }], options: null };

function open(options: Partial<ThreadsOptions> = {}) {
  const main = hostMain({ kinds: echoKinds, node: "test", epoch: 7, log: () => {} });
  const exits: string[] = [];
  const threads = new Threads({
    entry,
    node: "test",
    epoch: 7,
    main: main.system,
    onExit: (thread, reason) => exits.push(`${thread}: ${reason}`),
    ...options,
  });
  onTestFinished(async () => {
    await threads.stop(1_000);
    await main.close();
  });
  return { threads, exits, ...main };
}

function echoAt(system: ActorSystem, place: string) {
  return system.refs.at<EchoProtocol>({ place, name: "echo" });
}

function witnessOf(system: ActorSystem) {
  const seen: string[] = [];
  const ref = system.spawn(witness, { saw: (what) => seen.push(what) });
  return { seen, address: ref.address };
}

describe("two threads", () => {
  test("answer the main thread and one another", async () => {
    const { threads, system } = open();
    const [a, b] = await Promise.all([threads.start("a", oneEcho), threads.start("b", oneEcho)]);
    const bytes = new Uint8Array([1, 2, 3]);

    const direct = await system.question(echoAt(system, placeText(a)), "echo", { value: bytes }, 5_000);
    expect(direct).toEqual({ ok: true, value: { value: bytes, heard: 1 } });

    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const body = { place: placeText(to), value: "over" };
      const relayed = await system.question(echoAt(system, placeText(from)), "relay", body, 5_000);
      expect(relayed).toEqual({ ok: true, value: { value: "over" } });
    }
    expect(threads.facts("a")).toEqual({ roots: 1 });
  });

  test("keep the order and the number of what is told", async () => {
    const { threads, system } = open();
    const a = echoAt(system, placeText(await threads.start("a", oneEcho)));
    for (let count = 0; count < 5_000; count++) a.tell("note", { value: count });
    const outcome = await system.question(a, "echo", { value: null }, 5_000);
    expect(outcome).toEqual({ ok: true, value: { value: null, heard: 5_001 } });
  });

  test("tell what they hold", async () => {
    const { threads } = open();
    const a = await threads.start("a", oneEcho);
    await threads.start("b", oneEcho);
    expect(await threads.inspect("a", "echo")).toBe("{ name: 'echo', heard: 0 }");
    expect(await threads.inspect("a", "nobody")).toBeUndefined();
    const [main, look] = await threads.stats();
    expect(main).toMatchObject({ thread: "main", stats: { actorCount: 0 } });
    const echo = { path: "/echo", behaviour: "echo", waiting: 0 };
    expect(look).toMatchObject({
      thread: "a",
      stats: { place: placeText(a), actorCount: 1, rows: { actors: [echo], actorsLeftOut: 0 } },
    });
    expect(look && "stats" in look && look.stats.rows.links).toHaveLength(2);
  });
});

describe("a thread that dies", () => {
  test("is reported once, and fires the watches of other threads", async () => {
    const { threads, exits, system } = open();
    const a = placeText(await threads.start("a", oneEcho));
    const b = placeText(await threads.start("b", oneEcho));
    const { seen, address } = witnessOf(system);
    echoAt(system, a).tell("watch", { target: `${b}:@echo`, tell: address });
    await system.question(echoAt(system, a), "echo", { value: null }, 5_000);
    const pending = system.question(echoAt(system, b), "relay", { place: "test~7/none.1", value: 1 }, 5_000);
    await pending;

    echoAt(system, b).tell("crash", { message: "boom" });
    await vi.waitFor(() => expect(seen).toEqual(["noconnection unknown"]), 5_000);
    await vi.waitFor(() => expect(exits).toEqual(["b: exit status 70"]), 5_000);
    expect(threads.place("b")).toBeUndefined();

    const still = await system.question(echoAt(system, a), "echo", { value: 1 }, 5_000);
    expect(still.ok).toBe(true);
    const gone = await system.question(echoAt(system, b), "echo", { value: 1 }, 5_000);
    expect(gone).toMatchObject({ ok: false, code: "down" });
  });

  test("gives its root's failure up to the process", async () => {
    const { threads, exits, system } = open();
    const a = placeText(await threads.start("a", oneEcho));
    echoAt(system, a).tell("fail", { message: "no supervisor above" });
    await vi.waitFor(() => expect(exits).toEqual(["a: exit status 70"]), 5_000);
  });

  test("comes back under its name as another place", async () => {
    const { threads, exits, system } = open();
    const first = await threads.start("a", oneEcho);
    echoAt(system, placeText(first)).tell("crash", { message: "boom" });
    await vi.waitFor(() => expect(exits).toHaveLength(1), 5_000);
    const second = await threads.start("a", oneEcho);
    expect(second).toEqual({ ...first, threadEpoch: 2 });
    const outcome = await system.question(echoAt(system, placeText(second)), "echo", { value: 1 }, 5_000);
    expect(outcome.ok).toBe(true);
  });

  test("while it starts fails the start with the reason, and leaves nothing behind", async () => {
    const { threads, exits } = open();
    await expect(threads.start("a", { ...oneEcho, options: "refuse" })).rejects.toMatchObject({
      name: "ThreadFailure",
      code: "refused",
      message: "thread a failed to boot: these options are refused",
    });
    expect(threads.place("a")).toBeUndefined();
    expect(exits).toEqual([]);
  });
});

test.each([
  { program: "process.exit(3)", reason: "exit status 3" },
  { program: "throw new TypeError('broken')", reason: "TypeError: broken" },
])("a thread that ends before it is up is not waited for: $program", async ({ program, reason }) => {
  const { threads } = open({ entry: new URL(`data:text/javascript,${program}`) });
  await expect(threads.start("a", oneEcho)).rejects.toMatchObject({
    code: "exited",
    message: `thread a ended before it answered boot: ${reason}`,
  });
});

describe("a thread that hangs", () => {
  test("does not hang who asks, and is terminated", async () => {
    const { threads, system } = open({ lookTimeoutMs: 50, closeTimeoutMs: 50 });
    const a = placeText(await threads.start("a", oneEcho));
    echoAt(system, a).tell("spin", {});
    await system.question(echoAt(system, a), "echo", { value: 1 }, 100);
    const [, hanging] = await threads.stats();
    expect(hanging).toEqual({ thread: "a", fault: "thread a did not answer stats within 50 ms" });
    await threads.stop(50);
    expect(threads.place("a")).toBeUndefined();
  });
});

describe("a thread that is stuck", () => {
  const limits = { lookEveryMs: 20, warnAfterMs: 400, endAfterMs: 1_200, surveyEveryMs: 20 };

  test("is reported with the actor whose turn it is, and ended; watches on its actors fire", async () => {
    const lines: string[] = [];
    const watch = new ThreadWatch(
      new RealClock(),
      (level, _from, message) => lines.push(`${level} ${message}`),
      limits,
    );
    const watched = vi.spyOn(watch, "add");
    const { threads, exits, system } = open({ watch, lookTimeoutMs: 50 });
    const a = placeText(await threads.start("a", oneEcho));
    const b = placeText(await threads.start("b", oneEcho));
    const { seen, address } = witnessOf(system);
    echoAt(system, a).tell("watch", { target: `${b}:@echo`, tell: address });
    await system.question(echoAt(system, a), "echo", { value: null }, 5_000);
    await vi.waitFor(() => expect(watched.mock.calls[1]?.[1].actorIn(0)).toBe("/echo"), 5_000);

    echoAt(system, b).tell("spin", {});
    await vi.waitFor(() => expect(lines).toHaveLength(1), 5_000);
    expect(lines[0]).toMatch(/^warn thread b has been stuck in a turn of \/echo for 0\.4 s; in 0\.8 s it is ended$/);
    const [, idle, stuck] = await threads.stats();
    expect(idle).toHaveProperty("stats");
    const fault = "thread b did not answer stats within 50 ms: it is in a turn of /echo";
    expect(stuck).toEqual({ thread: "b", fault });
    await vi.waitFor(() => expect(exits).toEqual(["b: stuck in a turn of /echo for 1.2 s"]), 5_000);
    await vi.waitFor(() => expect(seen).toEqual(["noconnection unknown"]), 5_000);

    const again = await threads.start("b", oneEcho);
    const outcome = await system.question(echoAt(system, placeText(again)), "echo", { value: 1 }, 5_000);
    expect(outcome.ok).toBe(true);
    expect(threads.place("a")?.threadEpoch).toBe(1);
  });

  test("is not one that is only idle", async () => {
    const lines: string[] = [];
    const watch = new ThreadWatch(new RealClock(), (_level, _from, message) => lines.push(message), limits);
    const watched = vi.spyOn(watch, "add");
    const { threads } = open({ watch });
    await threads.start("a", oneEcho);
    const pulse = watched.mock.calls[0]?.[1].pulse ?? new Int32Array(2);
    const beats = Atomics.load(pulse, 0);
    await vi.waitFor(() => expect(Atomics.load(pulse, 0)).toBeGreaterThan(beats + 40), 5_000);
    expect([lines, threads.place("a")?.threadEpoch]).toEqual([[], 1]);
  });
});

test("a link alone keeps no thread alive", () => {
  const { system } = open();
  const { port1, port2 } = new MessageChannel();
  linkPort(system, { node: "test", epoch: 7, thread: "a", threadEpoch: 1 }, port1);
  expect(port1.hasRef()).toBe(false);
  port2.close();
});

test("a process ends by itself once its threads are stopped", () => {
  const program = fileURLToPath(new URL("./fixtures/two-threads.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: "utf8", timeout: 15_000 });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "stopped\n", stderr: "" });
});
