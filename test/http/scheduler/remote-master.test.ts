import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ActorRef } from "../../../src/actors/ref.ts";
import type { Spec } from "../../../src/actors/spec.ts";
import type { Credential } from "../../../src/http/guards/credentials-file.ts";
import { Secret } from "../../../src/http/guards/secret.ts";
import type { SchedulerCall } from "../../../src/http/scheduler/calls.ts";
import type { SchedulerEvent } from "../../../src/http/scheduler/event-stream.ts";
import { MasterDoor } from "../../../src/http/scheduler/master-connection.ts";
import { remoteMaster } from "../../../src/http/scheduler/remote-master.ts";
import { protobufCodec } from "../../../src/http/v1/codec.ts";
import { record } from "../../../src/http/v1/recordio.ts";
import { Call, Event } from "../../../src/http/v1/scheduler-messages.ts";
import { FrameworkId, SlaveId, TaskId } from "../../../src/protocol/ids.ts";
import type { MasterForSchedulers } from "../../../src/protocol/master-api.ts";
import { type SchedulerProtocol, schedulerTable } from "../../../src/protocol/scheduler-api.ts";
import { until } from "../../e2e/kit.ts";
import { Hearing } from "../../protocol/hearing.ts";
import { oneThread } from "../scene.ts";

const frameworkId = FrameworkId("f1");
const uuid = "ABCDEFGHIJKLMNOPQRSTU";
const info = {
  name: "probe",
  user: "",
  roles: ["*"],
  failoverTimeoutMs: 0,
  checkpoint: true,
  capabilities: ["PARTITION_AWARE", "MULTI_ROLE", "RESERVATION_REFINEMENT"],
} as const;
const subscribed: SchedulerEvent = {
  type: "SUBSCRIBED",
  subscribed: { framework_id: { value: frameworkId }, heartbeat_interval_seconds: 15 },
};

/** A door that answers as a test tells it to; without being told it takes whatever is said. */
class ScriptedDoor {
  readonly calls: SchedulerCall[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  readonly #server: Server;
  #stream: ServerResponse | undefined;
  ended = false;
  answer: (call: SchedulerCall, response: ServerResponse) => void = (_, response) => response.writeHead(202).end();
  subscription: (response: ServerResponse) => void = (response) => this.accept(response);

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const call = protobufCodec.decode(Call, await buffer(request));
      if (!call.ok) throw new Error(call.error);
      this.calls.push(call.value);
      this.headers.push(request.headers);
      if (call.value.type === "SUBSCRIBE") this.subscription(response);
      else this.answer(call.value, response);
    });
  }

  static async open(): Promise<ScriptedDoor> {
    const door = new ScriptedDoor();
    await new Promise<void>((listening) => door.#server.listen(0, "127.0.0.1", listening));
    onTestFinished(() => {
      door.#server.closeAllConnections();
      door.#server.close();
    });
    return door;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get types() {
    return this.calls.map(({ type }) => type);
  }

  accept(response: ServerResponse): void {
    this.#stream = response;
    response.once("close", () => {
      this.ended = true;
    });
    response.writeHead(200, { "content-type": protobufCodec.mediaType, "mesos-stream-id": "stream-1" });
    this.send(subscribed);
  }

  send(event: SchedulerEvent): void {
    this.write(record(protobufCodec.encode(Event, event)));
  }

  write(bytes: Uint8Array): void {
    this.#stream?.write(bytes);
  }

  endStream(): void {
    this.#stream?.end();
  }
}

/** A scheduler that only listens, and the remote master that it subscribes with. */
class Scene {
  readonly hearing = new Hearing<SchedulerProtocol>();
  readonly thread = oneThread();
  /** Why the remote master ended. */
  down: string | undefined;
  readonly master: ActorRef<MasterForSchedulers>;

  constructor(door: ScriptedDoor, credential?: Credential) {
    const target = new MasterDoor({ master: door.address, credential });
    onTestFinished(() => target.close());
    const { system } = this.thread;
    this.master = system.spawn(remoteMaster(target), {}, { name: "master" });
    const { start, ...listener } = this.hearing.spec("scheduler", schedulerTable);
    const spec: Spec<SchedulerProtocol, undefined> = {
      ...listener,
      start: (ctx, args) => {
        ctx.watch(this.master, ({ reason }) => {
          this.down = typeof reason === "object" ? reason.failed : reason;
        });
        return start(ctx, args);
      },
    };
    const scheduler = system.spawn(spec, undefined, { name: "scheduler" });
    this.master.tell("subscribe", { self: scheduler.address, info });
  }

  static async subscribed(): Promise<{ readonly door: ScriptedDoor; readonly scene: Scene }> {
    const door = await ScriptedDoor.open();
    const scene = new Scene(door);
    await scene.hears("subscribed");
    return { door, scene };
  }

  async hears(kind: keyof SchedulerProtocol): Promise<void> {
    await until(() => (this.hearing.kinds.includes(kind) ? true : undefined), 3_000);
  }

  async ends(): Promise<string> {
    return await until(() => this.down, 3_000);
  }

  acknowledge(task: string): void {
    this.master.tell("acknowledge", { frameworkId, slaveId: SlaveId("s1"), taskId: TaskId(task), uuid });
  }
}

describe("a subscription", () => {
  test("says who the framework is, and proves it", async () => {
    const door = await ScriptedDoor.open();
    const scene = new Scene(door, { principal: "ada", secret: new Secret("s3cret") });
    await scene.hears("subscribed");
    expect(scene.hearing.of("subscribed")[0]?.frameworkId).toBe(frameworkId);
    const [call] = door.calls;
    expect(call?.subscribe?.framework_info).toMatchObject({ name: "probe", roles: ["*"], checkpoint: true });
    expect(door.headers[0]?.authorization).toBe(`Basic ${Buffer.from("ada:s3cret").toString("base64")}`);
  });

  test("goes where the master sends it, and so do the calls", async () => {
    const [follower, leader] = [await ScriptedDoor.open(), await ScriptedDoor.open()];
    follower.subscription = (response) =>
      response.writeHead(307, { location: `//${leader.address}/api/v1/scheduler` }).end();
    const scene = new Scene(follower);
    await scene.hears("subscribed");
    scene.acknowledge("t1");
    await until(() => leader.calls[1]);
    expect(leader.types).toEqual(["SUBSCRIBE", "ACKNOWLEDGE"]);
    expect(leader.headers[1]?.["mesos-stream-id"]).toBe("stream-1");
    expect(follower.types).toEqual(["SUBSCRIBE"]);
  });

  test("is given up where masters send it round in a circle", async () => {
    const [one, other] = [await ScriptedDoor.open(), await ScriptedDoor.open()];
    one.subscription = (response) => response.writeHead(307, { location: `//${other.address}/api/v1/scheduler` }).end();
    other.subscription = (response) => response.writeHead(307, { location: `//${one.address}/api/v1/scheduler` }).end();
    expect(await new Scene(one).ends()).toContain("in a circle");
    expect([...one.types, ...other.types]).toEqual(["SUBSCRIBE", "SUBSCRIBE"]);
  });

  test("is given up when it is sent on for ever", async () => {
    const door = await ScriptedDoor.open();
    let hops = 0;
    door.subscription = (response) => response.writeHead(307, { location: `/api/v1/scheduler?hop=${++hops}` }).end();
    expect(await new Scene(door).ends()).toContain("more than 5 times");
    expect(hops).toBe(6);
  });

  test.each([
    [401, "refuses: ada may not (give a principal and its secret with --credential FILE)"],
    [403, "refuses SUBSCRIBE (HTTP 403): ada may not"],
  ])("that is denied with %i is over for good", async (status, why) => {
    const door = await ScriptedDoor.open();
    door.subscription = (response) => response.writeHead(status).end("ada may not\n");
    const scene = new Scene(door);
    await scene.hears("frameworkError");
    expect(scene.hearing.of("frameworkError")[0]?.message).toContain(`${door.address} ${why}`);
    expect(scene.down).toBeUndefined();
  });

  test.each([400, 503])("that is refused with %i may be tried again", async (status) => {
    const door = await ScriptedDoor.open();
    door.subscription = (response) => response.writeHead(status).end("not now\n");
    const scene = new Scene(door);
    expect(await scene.ends()).toContain(`refuses SUBSCRIBE (HTTP ${status}): not now`);
    expect(scene.hearing.kinds).toEqual([]);
  });

  test("of a second scheduler is refused", async () => {
    const { scene } = await Scene.subscribed();
    const hearing = new Hearing<SchedulerProtocol>();
    const second = scene.thread.system.spawn(hearing.spec("second", schedulerTable), undefined);
    scene.master.tell("subscribe", { self: second.address, info });
    await until(() => hearing.of("frameworkError")[0]);
    expect(scene.down).toBeUndefined();
  });
});

describe("a stream", () => {
  test("tells what the master tells", async () => {
    const { door, scene } = await Scene.subscribed();
    const agent = { agent_id: { value: "s1" } };
    door.send({ type: "HEARTBEAT" });
    door.send({ type: "RESCIND", rescind: { offer_id: { value: "o1" } } });
    const [offer, id] = [{ framework_id: { value: frameworkId }, ...agent }, { value: "r1" }];
    const unavailability = { start: { nanoseconds: 5e9 } };
    const inverse_offers = [{ ...offer, id, unavailability, resources: [] }];
    door.send({ type: "INVERSE_OFFERS", inverse_offers: { inverse_offers } });
    door.send({ type: "RESCIND_INVERSE_OFFER", rescind_inverse_offer: { inverse_offer_id: id } });
    door.send({ type: "FAILURE", failure: { ...agent, executor_id: { value: "e1" }, status: 9 } });
    door.send({ type: "FAILURE", failure: agent });
    door.send({ type: "ERROR", error: { message: "Framework failed over" } });
    await scene.hears("frameworkError");
    expect(scene.hearing.heard.slice(1)).toEqual([
      { kind: "offersRescinded", body: { offerIds: ["o1"], reason: "offerExpired" } },
      {
        kind: "inverseOffers",
        body: {
          offers: [
            {
              id: "r1",
              frameworkId,
              slaveId: "s1",
              resources: {},
              unavailability: { startMs: 5_000 },
              reason: "maintenance",
            },
          ],
        },
      },
      { kind: "inverseOffersRescinded", body: { offerIds: ["r1"] } },
      { kind: "executorEnded", body: { slaveId: "s1", executorId: "e1", status: 9 } },
      { kind: "slaveLost", body: { slaveId: "s1", hostname: "" } },
      { kind: "frameworkError", body: { message: "Framework failed over" } },
    ]);
  });

  test("that is silent for two heartbeats and a half is dead", async () => {
    const { door, scene } = await Scene.subscribed();
    scene.thread.advance(37_000);
    door.send({ type: "HEARTBEAT" });
    door.send({ type: "RESCIND", rescind: { offer_id: { value: "o1" } } });
    await scene.hears("offersRescinded");
    scene.thread.advance(37_000);
    expect(scene.down).toBeUndefined();
    scene.thread.advance(1_000);
    expect(scene.down).toBe("the master was silent for 37500 ms");
    await until(() => (door.ended ? true : undefined));
  });

  test("that ends, ends the master", async () => {
    const { door, scene } = await Scene.subscribed();
    door.endStream();
    expect(await scene.ends()).toBe("the master ended the stream");
  });

  test.each([
    ["bytes that are no record", Buffer.from("12x\n"), "not a decimal number"],
    ["a record that is no event", record(Buffer.from([0xff, 0xff])), "makes no sense"],
    [
      "an event with an id that is none",
      record(protobufCodec.encode(Event, { type: "RESCIND", rescind: { offer_id: { value: "" } } })),
      "makes no sense: offersRescinded.offerIds",
    ],
  ])("with %s is hung up", async (_, bytes, fault) => {
    const { door, scene } = await Scene.subscribed();
    door.write(bytes);
    expect(await scene.ends()).toContain(fault);
    expect(scene.hearing.kinds).toEqual(["subscribed"]);
  });
});

describe("calls", () => {
  test("go one after the other", async () => {
    const { door, scene } = await Scene.subscribed();
    const held: ServerResponse[] = [];
    door.answer = (_, response) => held.push(response);
    for (const task of ["t1", "t2", "t3"]) scene.acknowledge(task);
    for (const count of [1, 2, 3]) {
      const response = await until(() => held[count - 1]);
      expect(door.calls.length).toBe(1 + count);
      response.writeHead(202).end();
    }
    expect(door.calls.slice(1).map(({ acknowledge }) => acknowledge?.task_id.value)).toEqual(["t1", "t2", "t3"]);
  });

  test.each([400, 403, 503])("are over when one is answered with %i", async (status) => {
    const { door, scene } = await Scene.subscribed();
    door.answer = (_, response) => response.writeHead(status).end("no\n");
    scene.acknowledge("t1");
    scene.acknowledge("t2");
    expect(await scene.ends()).toContain(`refuses ACKNOWLEDGE (HTTP ${status}): no`);
    await until(() => (door.ended ? true : undefined));
    expect(door.types).toEqual(["SUBSCRIBE", "ACKNOWLEDGE"]);
  });

  test("change a framework, or say why not", async () => {
    const { door, scene } = await Scene.subscribed();
    const change = { frameworkId, info: { ...info, name: "other" }, suppressedRoles: ["*"], filters: {} };
    const ask = () => scene.thread.system.question(scene.master, "updateFramework", change, 5_000);
    expect(await ask()).toEqual({ ok: true, value: { done: true } });
    expect(door.calls[1]).toMatchObject({
      type: "UPDATE_FRAMEWORK",
      framework_id: { value: frameworkId },
      update_framework: { framework_info: { name: "other", id: { value: frameworkId } }, suppressed_roles: ["*"] },
    });
    door.answer = (_, response) => response.writeHead(400).end("its user cannot change\n");
    expect(await ask()).toMatchObject({
      ok: true,
      value: { done: false, reason: expect.stringContaining("(HTTP 400): its user cannot change") },
    });
    expect(await scene.ends()).toContain("UPDATE_FRAMEWORK");
  });

  test("that follow a refused one are not sent", async () => {
    const door = await ScriptedDoor.open();
    door.answer = (_, response) => response.writeHead(400).end();
    const connection = new MasterDoor({ master: door.address }).open();
    onTestFinished(() => connection.cut());
    const call = { framework_id: { value: frameworkId }, type: "TEARDOWN" } as const;
    await connection.subscribe({ type: "SUBSCRIBE", subscribe: { framework_info: { name: "probe", user: "" } } });
    const answers = await Promise.all([connection.call(call), connection.call(call)]);
    expect(answers.map(({ ok }) => ok)).toEqual([false, false]);
    expect(door.types).toEqual(["SUBSCRIBE", "TEARDOWN"]);
  });

  test("that a scheduler makes before it ends still get through", async () => {
    const { door, scene } = await Scene.subscribed();
    scene.acknowledge("t1");
    scene.master.tell("teardown", { frameworkId });
    scene.thread.system.find("scheduler")?.terminate("normal");
    await until(() => (door.ended ? true : undefined));
    expect(door.types).toEqual(["SUBSCRIBE", "ACKNOWLEDGE", "TEARDOWN"]);
  });

  test("may not wait without end", async () => {
    const { door, scene } = await Scene.subscribed();
    door.answer = () => {};
    for (let batch = 0; batch < 5 && scene.down === undefined; batch++) {
      for (let each = 0; each < 4_000; each++) scene.acknowledge(`t${each}`);
      scene.thread.advance(0);
    }
    expect(scene.down).toBe("more than 16384 calls wait for the master");
  });
});
