import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { capabilities, launch, sleeper } from "./calls.ts";
import { type Plain, wires } from "./client.ts";
import { LiveCluster } from "./live-cluster.ts";

/** The stream itself, and each kind of event on it. */

/** Events that Mesos has and that nothing here leads to; those of inverse offers have a test of their own. */
const notHere = ["MESSAGE", "INVERSE_OFFERS", "RESCIND_INVERSE_OFFER"];

test.each(wires)("every kind of event comes, whole (%s)", async (wire) => {
  const live = await LiveCluster.start({ slaves: [], config: { offerTimeoutMs: 5_000 } });
  const slave = live.scripted("scripted");
  const client = live.client(wire);
  const stream = await client.subscribe({ failover_timeout: 60, ...capabilities("MULTI_ROLE"), roles: ["a"] });
  const { subscribed } = stream.events[0];
  expect(subscribed).toMatchObject({
    heartbeat_interval_seconds: 15,
    master_info: {
      ip: 16_777_343,
      port: live.port,
      hostname: "127.0.0.1",
      address: { ip: "127.0.0.1", port: live.port },
    },
  });
  const offer = await client.offer(stream);
  expect(offer).toMatchObject({
    id: { value: expect.stringMatching(/-O\d+$/) },
    framework_id: { value: client.frameworkId },
    agent_id: { value: slave.id },
    hostname: "scripted",
    url: { scheme: "http", address: { hostname: "scripted", ip: "127.0.0.1", port: 0 }, path: "/slave(1)" },
  });
  live.skip(6_000);
  expect((await stream.take("RESCIND")).rescind).toEqual({ offer_id: offer.id });
  const fresh = await client.offer(stream);
  const operations = [launch(sleeper(fresh, "t1")), { type: "CREATE", id: { value: "op" }, create: { volumes: [] } }];
  await client.accept([fresh], operations);
  const { update_operation_status: refused } = await stream.take("UPDATE_OPERATION_STATUS");
  expect(refused.status).toMatchObject({ operation_id: { value: "op" }, state: "OPERATION_ERROR" });
  slave.party.end();
  expect((await stream.take("FAILURE")).failure).toEqual({ agent_id: { value: slave.id } });
  expect((await stream.update("t1")).state).toBe("TASK_LOST");
  await client.subscribe({ failover_timeout: 60, id: { value: client.frameworkId } });
  await stream.end();
  expect(stream.events.at(-1)).toEqual({ type: "ERROR", error: { message: "Framework failed over" } });
  const kinds = [
    "SUBSCRIBED",
    "HEARTBEAT",
    "OFFERS",
    "RESCIND",
    "UPDATE",
    "UPDATE_OPERATION_STATUS",
    "FAILURE",
    "ERROR",
  ];
  expect([...new Set(stream.types)].sort()).toEqual(kinds.sort());
  expect(notHere.filter((type) => stream.types.includes(type))).toEqual([]);
});

test.each(wires)("a heartbeat comes right after SUBSCRIBED and then after every interval (%s)", async (wire) => {
  const live = await LiveCluster.start({ gateway: { heartbeatMs: 2_000 } });
  const client = live.client(wire);
  const stream = await client.subscribe();
  await stream.take("HEARTBEAT");
  expect(stream.types.slice(0, 2)).toEqual(["SUBSCRIBED", "HEARTBEAT"]);
  expect(stream.events[0].subscribed.heartbeat_interval_seconds).toBe(2);
  for (let times = 0; times < 3; times++) {
    live.skip(1_000);
    await client.quiet(stream);
    expect(stream.waiting("HEARTBEAT")).toEqual([]);
    live.skip(1_000);
    expect(await stream.take("HEARTBEAT")).toEqual({ type: "HEARTBEAT" });
  }
  // Whatever else is said.
  await client.say("SUPPRESS");
  live.skip(2_000);
  await stream.take("HEARTBEAT");
  await client.subscribe({ id: { value: client.frameworkId }, failover_timeout: 60 });
  await stream.end();
});

test.each(wires)("the head of a stream (%s)", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const type = wire === "json" ? "application/json" : "application/x-protobuf";
  const stream = await client.open(
    {},
    {},
    { "accept-encoding": "gzip", accept: `${type}, ${type}`, connection: "close" },
  );
  await stream.take("SUBSCRIBED");
  const { headers } = stream;
  expect([headers["content-type"], headers["transfer-encoding"]]).toEqual([type, "chunked"]);
  expect(["content-length", "content-encoding"].filter((name) => name in headers)).toEqual([]);
  expect(stream.streamId).not.toBe("");
  expect(stream.ended).toBe(false);
});

test.each([
  ["json", undefined, "application/json"],
  ["json", "*/*", "application/json"],
  ["json", "application/x-protobuf, application/json", "application/json"],
  ["protobuf", undefined, "application/json"],
  ["json", "application/x-protobuf", "application/x-protobuf"],
] as const)("a %s subscription that accepts %s is answered in %s", async (wire, accept, type) => {
  const live = await LiveCluster.start({ slaves: [] });
  const client = live.client(wire);
  const body = client.encode({ type: "SUBSCRIBE", subscribe: { framework_info: { user: "ada", name: "f" } } });
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const response = await fetch(`http://127.0.0.1:${live.port}/master/api/v1/scheduler?_ts=1`, {
    method: "POST",
    headers: {
      "content-type": wire === "json" ? "application/json; charset=utf-8" : "application/x-protobuf",
      ...(accept === undefined ? {} : { accept }),
    },
    body: new Uint8Array(body),
    signal: abort.signal,
  });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, type]);
});

test.each(wires)("each record is one chunk, and its length is in bytes (%s)", async (wire) => {
  const live = await LiveCluster.start({ gateway: { heartbeatMs: 1_000 } });
  const client = live.client(wire);
  const body = client.encode({
    type: "SUBSCRIBE",
    subscribe: { framework_info: { user: "ada", name: "f", role: "r\u00f4le" } },
  });
  const type = wire === "json" ? "application/json" : "application/x-protobuf";
  const socket = connect(live.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  let received = Buffer.alloc(0);
  socket.on("data", (part: Buffer) => {
    received = Buffer.concat([received, part]);
  });
  const head = `POST /api/v1/scheduler HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nAccept: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), body]));
  await live.until(() => chunksOf(received).length >= 3);
  live.skip(5_000);
  await live.until(() => chunksOf(received).length >= 8);
  for (const chunk of chunksOf(received)) {
    const [length = ""] = chunk.toString("latin1").split("\n", 1);
    expect(chunk.length).toBe(length.length + 1 + Number(length));
    if (wire === "json") expect(chunk.toString("utf8").split("\n")).toHaveLength(2);
  }
});

/** The chunks that are there as a whole. */
function chunksOf(received: Buffer): readonly Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = received.indexOf("\r\n\r\n") + 4; at > 3; ) {
    const lineEnd = received.indexOf("\r\n", at);
    const length = Number.parseInt(received.toString("latin1", at, lineEnd), 16);
    if (lineEnd === -1 || !(length > 0) || received.length < lineEnd + 4 + length) break;
    chunks.push(received.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 4 + length;
  }
  return chunks;
}

test.each(wires)(
  "the stream's header is known in any case, and calls may come on any connection (%s)",
  async (wire) => {
    const live = await LiveCluster.start({ slaves: [] });
    const client = live.client(wire);
    const stream = await client.subscribe();
    const call = { framework_id: { value: client.frameworkId }, type: "REVIVE" };
    for (const name of ["Mesos-Stream-Id", "MESOS-STREAM-ID", "mesos-stream-id"]) {
      const headers = { [name]: stream.streamId, connection: "close", authorization: "Basic Ym90aGVyOm1l" };
      const answer = await client.post(call, { streamId: null, headers });
      expect([answer.status, answer.text, answer.headers.get("content-type")]).toEqual([202, "", null]);
    }
  },
);

test("numbers are numbers in JSON", async () => {
  const live = await LiveCluster.start();
  const client = live.client("json");
  const stream = await client.subscribe();
  const offer = await client.offer(stream);
  await client.accept([offer], [launch(sleeper(offer, "t1"))]);
  await stream.update("t1");
  const text = Buffer.concat(stream.bodies).toString("utf8");
  expect(text).toContain('"heartbeat_interval_seconds":15.0');
  expect(text).toContain('"begin":31000,"end":31009');
  expect(text).toContain('"scalar":{"value":4.0}');
  const kinds = offer.resources.map(({ scalar, ranges }: Plain) => typeof (scalar?.value ?? ranges?.range[0].end));
  expect(kinds).toEqual(["number", "number", "number", "number"]);
});

test.each(wires)("a framework that says too much hears an ERROR, and its stream ends (%s)", async (wire) => {
  const rateLimits = { principals: [{ principal: "p", qps: 0.01, capacity: 2 }] };
  const live = await LiveCluster.start({ config: { rateLimits } });
  const client = live.client(wire);
  const stream = await client.subscribe({ failover_timeout: 60, principal: "p" });
  for (let count = 0; count < 3; count++) await client.say("SUPPRESS");
  expect((await stream.take("ERROR")).error).toEqual({
    message: "Message suppress from p dropped: capacity(2) exceeded",
  });
  await stream.until(() => stream.ended, "its end");
  expect([...live.cluster.state.frameworks.all()].map(({ state }) => state)).toEqual(["disconnected"]);
  expect((await client.call("SUPPRESS")).status).toBe(403);
});
