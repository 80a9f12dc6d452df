/** What clients in other languages say first, byte for byte, and what they need of the answers. */

import { Mesos } from "mesos-framework";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Mesolite, temporary, until } from "../../e2e/kit.ts";
import { booksOf } from "./books.ts";
import { RawAnswer } from "./raw-answer.ts";

const home = temporary();
let dev: Mesolite;
let address: string;
let port: number;

beforeAll(async () => {
  dev = new Mesolite(["dev", "--port", "0", "--slaves", "1", "--resources", "cpus:4;mem:4096"], home.path);
  [, address = ""] = await dev.printed(/ready in \d+ ms: http:\/\/(\S+)/);
  port = Number(address.split(":")[1]);
});

afterAll(async () => {
  await dev[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

/** Messages of Mesos as the protobufjs 5 of mesos-framework knows them, from Mesos's own description. */
const { scheduler: theirs } = Mesos.getMesos();

type Offers = {
  readonly offers: readonly {
    readonly id: { readonly value: string };
    readonly agent_id: { readonly value: string };
    readonly resources: readonly object[];
  }[];
};

type Event = {
  readonly type: string;
  readonly subscribed?: { readonly framework_id: { readonly value: string } };
  readonly offers?: Offers;
  readonly update?: { readonly status: Update };
};

type Update = {
  readonly task_id: object;
  readonly agent_id: object;
  readonly state: string;
  readonly reason: string | null;
  readonly message: string | null;
  /** In base64. */
  readonly uuid: string | null;
};

/** A subscription's answer: its head, which must be exactly so, and its events. */
class Subscription implements Disposable {
  readonly #answer: RawAnswer;
  readonly #mediaType: string;
  streamId = "";
  frameworkId = "";

  constructor(answer: RawAnswer, mediaType: string) {
    this.#answer = answer;
    this.#mediaType = mediaType;
  }

  /** Reads as far as the first offers, in the order that Mesos keeps. */
  async begin(): Promise<Offers> {
    const { status, headers } = await this.#answer.head();
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe(this.#mediaType);
    expect(headers.get("transfer-encoding")).toBe("chunked");
    expect(headers.has("content-length")).toBe(false);
    expect(headers.has("content-encoding")).toBe(false);
    this.streamId = headers.get("mesos-stream-id") ?? "";
    expect(this.streamId).not.toBe("");
    const subscribed = await this.event();
    this.frameworkId = subscribed.subscribed?.framework_id.value ?? "";
    expect(subscribed).toMatchObject({
      type: "SUBSCRIBED",
      subscribed: { framework_id: { value: expect.stringMatching(/-\d{4}$/) }, heartbeat_interval_seconds: 15 },
    });
    expect(await this.event()).toEqual({ type: "HEARTBEAT" });
    return await this.offers();
  }

  async event(): Promise<Event> {
    const body = await this.#answer.record();
    if (this.#mediaType === "application/json") {
      expect(body.includes("\n")).toBe(false);
      return JSON.parse(body.toString()) as Event;
    }
    const fields = Object.entries(JSON.parse(theirs.Event.decode(body).encodeJSON()));
    return Object.fromEntries(fields.filter(([, value]) => value !== null)) as Event;
  }

  async offers(): Promise<Offers> {
    const event = await this.event();
    if (event.offers === undefined) throw new Error(`offers were due: ${JSON.stringify(event)}`);
    return event.offers;
  }

  /** The next status, whatever is offered before it. */
  async update(): Promise<Update> {
    for (;;) {
      const { type, update } = await this.event();
      if (update !== undefined) return update.status;
      if (type !== "OFFERS") throw new Error(`an update was due: ${type}`);
    }
  }

  /** Says something on a connection of its own, and wants to hear that it is accepted, and nothing else. */
  async say(body: Buffer, extra: readonly string[] = []): Promise<void> {
    using answer = await RawAnswer.to(
      port,
      [
        "POST /api/v1/scheduler HTTP/1.1",
        `Host: ${address}`,
        `Content-Length: ${body.length}`,
        `Content-Type: ${this.#mediaType}`,
        `Mesos-Stream-Id: ${this.streamId}`,
        ...extra,
      ],
      body,
    );
    const { status, headers } = await answer.head();
    expect([status, headers.get("content-length"), headers.has("content-type")]).toEqual([202, "0", false]);
    expect(headers.has("transfer-encoding")).toBe(false);
  }

  get ended(): boolean {
    return this.#answer.ended;
  }

  [Symbol.dispose](): void {
    this.#answer[Symbol.dispose]();
  }
}

/** Protobuf by hand: a field that has a length, which is below 128 here, a small number, and a double. */
const field = (number: number, ...parts: readonly (Buffer | string)[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([(number << 3) | 2, body.length]), body]);
};
const small = (number: number, value: number) => Buffer.from([number << 3, value]);
const double = (number: number, value: number) => {
  const bytes = Buffer.alloc(9);
  bytes[0] = (number << 3) | 1;
  bytes.writeDoubleLE(value, 1);
  return bytes;
};

const [subscribe, accept, decline, suppress] = [1, 3, 4, 12];
const reservationRefinement = 7;

/** As the example scheduler of mesos-go subscribes: in protobuf, with `Connection: close`, every `Accept` twice. */
async function mesosGo(): Promise<Subscription> {
  const capability = field(10, small(1, reservationRefinement));
  const info = field(1, field(1, "root"), field(2, "EXAMPLE"), double(4, 3_600_000), small(5, 1), capability);
  const call = Buffer.concat([small(2, subscribe), field(3, info)]);
  const head = [
    "POST /api/v1/scheduler HTTP/1.1",
    `Host: ${address}`,
    "User-Agent: Go-http-client/1.1",
    "Connection: close",
    `Content-Length: ${call.length}`,
    "Accept: application/x-protobuf",
    "Accept: application/x-protobuf",
    "Content-Type: application/x-protobuf",
    "Accept-Encoding: gzip",
  ];
  return new Subscription(await RawAnswer.to(port, head, call), "application/x-protobuf");
}

/** Waits until `/state`, which follows within milliseconds, has a framework as connected and without offers. */
async function withoutOffers({ frameworkId }: Subscription): Promise<void> {
  await until(async () => {
    const { registered } = await booksOf(address, frameworkId);
    return registered?.active === true && registered.offers.length === 0 ? true : undefined;
  });
}

test("mesos-go subscribes in protobuf; an empty LAUNCH of its example is a decline", async () => {
  using go = await mesosGo();
  const [offer] = (await go.begin()).offers;
  const id = field(1, field(1, go.frameworkId));
  const launchNothing = field(2, small(1, 1), field(2));
  const filters = field(3, double(1, 0));
  const offerIds = field(1, field(1, offer?.id.value ?? ""));
  await go.say(Buffer.concat([id, small(2, accept), field(4, offerIds, launchNothing, filters)]));
  const [again] = (await go.offers()).offers;
  expect(again?.id).not.toEqual(offer?.id);
  expect(again?.resources).toEqual(offer?.resources);
});

const scalar = (name: string, value: number) => ({ name, type: "SCALAR", scalar: { value } });

const taskOn = (agent_id: object | undefined, id: string, more: object) => ({
  name: id,
  task_id: { value: id },
  agent_id,
  resources: [scalar("cpus", 0.1), scalar("mem", 32)],
  ...more,
});

/** What a scheduler says in the protobuf of protobufjs 5. */
const inTheirs = ({ frameworkId }: Subscription, call: object) =>
  new theirs.Call({ framework_id: { value: frameworkId }, ...call }).encode().toBuffer();

test("a task is launched, heard of and acknowledged in protobuf that protobufjs 5 writes and reads", async () => {
  using go = await mesosGo();
  const [offer] = (await go.begin()).offers;
  const launch = { task_infos: [taskOn(offer?.agent_id, "t", { command: { value: "exit 0" } })] };
  const accept = { offer_ids: [offer?.id], operations: [{ type: "LAUNCH", launch }] };
  await go.say(inTheirs(go, { type: "ACCEPT", accept }));
  for (const state of ["TASK_RUNNING", "TASK_FINISHED"]) {
    const { agent_id, task_id, uuid, ...status } = await go.update();
    expect(status.state).toBe(state);
    const bytes = Buffer.from(uuid ?? "", "base64");
    expect(bytes.length).toBe(16);
    await go.say(inTheirs(go, { type: "ACKNOWLEDGE", acknowledge: { agent_id, task_id, uuid: bytes } }));
  }
});

test("tasks that ask for what is not there yet come back as errors that say so", async () => {
  using go = await mesosGo();
  const [offer] = (await go.begin()).offers;
  const command = { value: "true" };
  const unfit = {
    docker: { command, container: { type: "DOCKER", docker: { image: "redis" } } },
    health: { command, health_check: { http: { port: 80 } } },
    uris: { command: { value: "true", uris: [{ value: "http://127.0.0.1/x" }] } },
    executor: { executor: { executor_id: { value: "e" }, command } },
  };
  const task_infos = Object.entries(unfit).map(([id, more]) => taskOn(offer?.agent_id, id, more));
  const accept = { offer_ids: [offer?.id], operations: [{ type: "LAUNCH", launch: { task_infos } }] };
  await go.say(inTheirs(go, { type: "ACCEPT", accept }));
  const told: string[] = [];
  for (const id of Object.keys(unfit)) {
    const { task_id, state, reason, message, uuid } = await go.update();
    expect([id, task_id, state, reason, uuid]).toEqual([id, { value: id }, "TASK_ERROR", "REASON_TASK_INVALID", null]);
    told.push(message ?? "");
  }
  const reasons = [/image/, /checks/, /URIs/, /executors/];
  for (const [index, reason] of reasons.entries()) expect(told[index]).toMatch(reason);
});

test("msh declines nothing and suppresses: whoever comes next is offered everything, and it nothing", async () => {
  using msh = await mesosGo();
  const [offer] = (await msh.begin()).offers;
  const id = field(1, field(1, msh.frameworkId));
  await msh.say(Buffer.concat([id, small(2, decline), field(5)]));
  await msh.say(Buffer.concat([id, small(2, suppress)]));
  const offerIds = field(1, field(1, offer?.id.value ?? ""));
  await msh.say(Buffer.concat([id, small(2, decline), field(5, offerIds, field(2, double(1, 0)))]));
  using next = await mesosGo();
  const [all] = (await next.begin()).offers;
  expect(all?.resources).toEqual(offer?.resources);
  await withoutOffers(msh);
});

test("mesos-framework sends its body in chunks and spells out every null", async () => {
  const body =
    '{"framework_id":null,"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"judge","id":null,' +
    '"failover_timeout":604800,"checkpoint":null,"role":null,"hostname":null,"principal":null,"webui_url":null,' +
    '"capabilities":null,"labels":null}},"accept":null,"decline":null,"kill":null,"shutdown":null,"acknowledge":null,' +
    '"reconcile":null,"message":null,"request":null}';
  const head = [
    "POST /api/v1/scheduler HTTP/1.1",
    "Content-Type: application/json",
    `Host: ${address}`,
    "Connection: keep-alive",
    "Transfer-Encoding: chunked",
  ];
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  using judge = new Subscription(await RawAnswer.to(port, head, chunked), "application/json");
  const [offer] = (await judge.begin()).offers;
  expect(offer).toMatchObject({ hostname: "localhost", url: { scheme: "http", address: { ip: "127.0.0.1" } } });
  expect(offer).not.toHaveProperty("allocation_info");
  expect(offer?.resources).toEqual(
    expect.arrayContaining([{ name: "cpus", type: "SCALAR", scalar: { value: 4 }, role: "*" }]),
  );
});

test("pymesos asks for the version, and then for a stream on a connection that is to be closed", async () => {
  const asking = ["GET /version HTTP/1.1", `Host: ${address}`, "Accept-Encoding: identity"];
  using version = await RawAnswer.to(port, asking);
  const { status, headers } = await version.head();
  expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
  const answered = JSON.parse(await version.body(Number(headers.get("content-length")))) as {
    readonly version: string;
  };
  expect(answered.version).toMatch(/^\d+(\.\d+)+$/);
  const body =
    '{"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "py", "hostname": "localhost", ' +
    '"failover_timeout": 100}}}';
  const head = [
    "POST /api/v1/scheduler HTTP/1.1",
    `Host: ${address}`,
    "Content-Type: application/json",
    "Accept: application/json",
    "Connection: close",
    `Content-Length: ${body.length}`,
  ];
  using python = new Subscription(await RawAnswer.to(port, head, body), "application/json");
  const [offer] = (await python.begin()).offers;
  const said = { type: "DECLINE", framework_id: { value: python.frameworkId }, decline: { offer_ids: [offer?.id] } };
  await python.say(Buffer.from(JSON.stringify(said)), ["Accept-Encoding: identity"]);
  await withoutOffers(python);
  expect(python.ended).toBe(false);
});
