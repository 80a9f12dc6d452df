import { describe, expect, test } from "vitest";
import type { FrameworkId } from "../../../src/protocol/ids.ts";
import { type SchedulerClient, type Stream, type Wire, wires } from "./client.ts";
import { LiveCluster } from "./live-cluster.ts";
import { rawStream } from "./raw-stream.ts";

/** Readers that do not read: they are cut at their own limit, and nobody else notices. */

const subscription = (name: string) => ({ type: "SUBSCRIBE", subscribe: { framework_info: { user: "ada", name } } });

test.each(wires)("a reader that stopped is cut, and another stream goes on (%s)", async (wire) => {
  const limits = { streamBytesMax: 256 * 1024, allBytesMax: 1024 ** 3 };
  const live = await LiveCluster.start({ gateway: { streamLimits: limits } });
  const client = live.client(wire);
  const stream = await client.subscribe();
  await client.offer(stream);
  const stuck = await rawStream(live.port, client.encode(subscription("stuck")), wire, true);
  const connected = () => [...live.cluster.state.frameworks.all()].filter(({ state }) => state === "connected").length;
  await live.until(() => connected() === 2);
  const [, other] = [...live.cluster.state.frameworks.all()];
  expect(other?.info.name).toBe("stuck");
  // Far more than the sockets of both ends take.
  for (let sent = 0; connected() === 2 && sent < 500; sent++) {
    for (let index = 0; index < 20; index++) {
      other?.ref?.tell("operationUpdate", { operationId: "o", state: "error", message: "x".repeat(4_000) });
    }
    live.skip(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(connected()).toBe(1);
  await client.quiet(stream);
  expect(stream.ended).toBe(false);
  stuck.socket.resume();
  await live.until(stuck.closed);
});

test.each(wires)("when all streams together hold too much, the one that holds most is cut (%s)", async (wire) => {
  const limits = { streamBytesMax: 1024 ** 3, allBytesMax: 2 * 1024 * 1024 };
  const live = await LiveCluster.start({ slaves: [], gateway: { streamLimits: limits } });
  const client = live.client(wire);
  const stream = await client.subscribe();
  const readers = [];
  for (const name of ["greedy", "modest"]) {
    readers.push(await rawStream(live.port, client.encode(subscription(name)), wire, true));
  }
  const frameworks = () => new Map([...live.cluster.state.frameworks.all()].map((one) => [one.info.name, one]));
  await live.until(() => frameworks().get("modest")?.state === "connected");
  for (let sent = 0; frameworks().get("greedy")?.state === "connected" && sent < 500; sent++) {
    const one = (name: string, times: number) => {
      for (let index = 0; index < times; index++) {
        const refused = { operationId: "o", state: "error", message: "x".repeat(4_000) } as const;
        frameworks().get(name)?.ref?.tell("operationUpdate", refused);
      }
    };
    one("greedy", 20);
    one("modest", 1);
    live.skip(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(frameworks().get("greedy")?.state).not.toBe("connected");
  expect(frameworks().get("modest")?.state).toBe("connected");
  await client.quiet(stream);
});

const limits = { streamBytesMax: 512 * 1024, allBytesMax: 1024 ** 3 };
const updateBytes = 8_000;

describe.each(wires)("of a reader that pauses (%s)", (wire) => {
  test("an offer that ends before it could be sent is not told at all, however long it goes on", async () => {
    const { live, client, stream, fill, held, framework, finish } = await pausing(wire, 900);
    await fill(() => held() >= 400 * 1024);
    const before = held();
    live.slave("late");
    for (let round = 0; round < 500; round++) live.skip(1_000);
    expect(framework()?.counts.rescinded).toBeGreaterThan(400);
    expect(held() - before).toBeLessThan(2_000);
    await finish();
    expect(stream.types).not.toContain("RESCIND");
    expect(stream.types.filter((type) => type === "HEARTBEAT").length).toBeLessThanOrEqual(3);
    expect(stream.waiting("OFFERS").length).toBe(1);
    const [offer] = stream.waiting("OFFERS")[0].offers.offers;
    await client.say("DECLINE", { decline: { offer_ids: [offer.id] } });
    await client.quiet(stream);
    expect(framework()?.counts.declined).toBe(1);
  });

  test.each([
    ["its own", limits],
    ["that of all", { streamBytesMax: limits.allBytesMax, allBytesMax: limits.streamBytesMax }],
  ])("offers that wait make room at the limit (%s), and every update stays", async (_, streamLimits) => {
    const { live, stream, fill, held, framework, finish, sent } = await pausing(wire, 0, streamLimits);
    await fill(() => held() >= 400 * 1024);
    for (let index = 0; index < 20; index++) live.scripted(`s${index}`);
    live.skip(1_000);
    expect([...live.cluster.state.offers.all()].length).toBe(20);
    await fill(() => held() >= limits.streamBytesMax - 3 * updateBytes);
    expect(framework()?.counts.declined).toBe(0);
    await fill(() => framework()?.counts.declined !== 0);
    expect(framework()).toMatchObject({ state: "connected", counts: { declined: 20 } });
    expect([...live.cluster.state.offers.all()]).toEqual([]);
    expect(held()).toBeLessThanOrEqual(limits.streamBytesMax);
    live.skip(6_000);
    expect(framework()?.counts.declined).toBeGreaterThan(20);
    await finish();
    expect(stream.waiting("UPDATE_OPERATION_STATUS").length).toBe(sent());
    live.skip(6_000);
    expect((await stream.take("OFFERS")).offers.offers.length).toBeGreaterThan(0);
  });

  test("an offer for which there is no room goes back at once", async () => {
    const { live, fill, held, framework } = await pausing(wire, 0);
    await fill(() => held() > limits.streamBytesMax - 2 * updateBytes);
    await fill(() => held() > limits.streamBytesMax - 150, 101);
    live.scripted("late");
    live.skip(1_000);
    expect(framework()).toMatchObject({ state: "connected", counts: { sent: 1, declined: 1 } });
    expect([...live.cluster.state.offers.all()]).toEqual([]);
  });

  test("everything that waits, and the reason last, comes before the end of the stream", async () => {
    const { live, client, stream, fill, held, sent } = await pausing(wire, 0);
    await fill(() => held() >= 400 * 1024);
    live.cluster.state.frameworks.teardown(client.frameworkId as FrameworkId, "the test is over");
    live.skip(0);
    stream.resume();
    await stream.until(() => stream.ended, "the end");
    expect(stream.waiting("UPDATE_OPERATION_STATUS").length).toBe(sent());
    expect(stream.events.at(-1)).toMatchObject({ type: "ERROR", error: { message: "the test is over" } });
  });

  test("nothing is held beyond the limit: with more updates than that it is cut, and may come back", async () => {
    const { live, client, fill, held, framework } = await pausing(wire, 0);
    await fill(() => held() >= limits.streamBytesMax - updateBytes);
    expect(held()).toBeLessThanOrEqual(limits.streamBytesMax);
    await fill(() => false);
    expect(framework()?.state).toBe("disconnected");
    const id = { value: client.frameworkId };
    const again = await client.subscribe({ id, failover_timeout: 60 });
    await client.quiet(again);
    expect(framework()?.state).toBe("connected");
    live.skip(0);
  });
});

/** A subscription without slaves whose reader has stopped to read. */
async function pausing(wire: Wire, offerTimeoutMs: number, streamLimits = limits) {
  const live = await LiveCluster.start({ slaves: [], config: { offerTimeoutMs }, gateway: { streamLimits } });
  const client = live.client(wire);
  const stream = await client.subscribe({ failover_timeout: 60 });
  stream.pause();
  const framework = () => live.cluster.state.frameworks.get(client.frameworkId as FrameworkId);
  let updates = 0;
  const held = () => {
    const ref = framework()?.ref;
    const session = ref && live.masterSystem.refs.cellOf(ref)?.inspect();
    return (session as { readonly heldBytes: number } | undefined)?.heldBytes ?? 0;
  };
  /** Updates, until it is so, or the reader is cut. */
  const fill = async (enough: () => boolean, bytes = updateBytes) => {
    for (let turn = 0; !enough() && framework()?.state === "connected" && turn < 20_000; turn++) {
      const message = "x".repeat(bytes - 100);
      framework()?.ref?.tell("operationUpdate", { operationId: "o", state: "error", message });
      updates++;
      live.skip(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { live, client, stream, framework, held, fill, finish: () => finish(client, stream), sent: () => updates };
}

/** The reader goes on, and hears all there is. */
async function finish(client: SchedulerClient, stream: Stream): Promise<void> {
  stream.resume();
  await client.quiet(stream);
}
