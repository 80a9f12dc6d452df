import { type Address, parseAddress } from "../../src/actors/address.ts";
import { KindTable } from "../../src/actors/link/kind-table.ts";
import type { BodyOf, ProtocolTable, TellKind } from "../../src/actors/protocol.ts";
import type { DownReason, Spec } from "../../src/actors/spec.ts";
import { ActorSystem } from "../../src/actors/system.ts";
import type { World } from "../../src/actors/world.ts";
import { Prng } from "../../src/base/prng.ts";
import { type Ending, type ReportProtocol, reportTable } from "../../src/frameworks/report.ts";
import { defineScheduler, type SchedulerDefinition, type SchedulerDriver } from "../../src/frameworks/scheduler.ts";
import { schedulerDriver } from "../../src/frameworks/scheduler-driver.ts";
import type { SchedulerInspection } from "../../src/frameworks/scheduler-party.ts";
import { FrameworkId, OfferId, SlaveId, TaskId } from "../../src/protocol/ids.ts";
import { type MasterProtocol, masterTable, type Placeable } from "../../src/protocol/master-api.ts";
import type { Offer } from "../../src/protocol/offer.ts";
import { parse, type Resources } from "../../src/protocol/resources.ts";
import { type SchedulerProtocol, schedulerTable } from "../../src/protocol/scheduler-api.ts";
import type { TaskInfo, TaskState, TaskStatus } from "../../src/protocol/task.ts";
import { SimClock } from "../../src/sim/clock.ts";

/** One message as the scripted master or the report heard it. */
export type Heard<P> = { [K in keyof P & string]: { readonly kind: K; readonly body: BodyOf<P[K]> } }[keyof P & string];

/** A scheduler on a thread of its own time, and a master that says what the test tells it to. */
export class Kit {
  readonly clock = new SimClock();
  readonly logged: string[] = [];
  readonly heard: Heard<MasterProtocol>[] = [];
  readonly reported: Heard<ReportProtocol>[] = [];
  readonly system: ActorSystem;
  /** Why the scheduler ended, when it has. */
  down: DownReason | undefined;
  /** What `placeable` answers. */
  placeable: Placeable = { slaves: 1, fitting: 1 };
  #scheduler: Address<SchedulerProtocol> | undefined;

  constructor() {
    const tables = [masterTable, schedulerTable, reportTable] as unknown as ProtocolTable<never>[];
    this.system = new ActorSystem({
      place: { node: "kit", epoch: 1, thread: "main", threadEpoch: 1 },
      world: this.#world(),
      kinds: new KindTable(tables),
      wake: () => {},
      isolation: "roundtrip",
      rootDown: (path, reason) => {
        if (path === "/scheduler") this.down = reason;
      },
    });
  }

  startMaster(): void {
    this.system.spawn(listener("master", masterTable, this.#masterHears()), undefined, { name: "master" });
  }

  /** The master ends, as one that crashed. */
  stopMaster(): void {
    this.system.find("master")?.terminate({ failed: "power cut" });
    this.#scheduler = undefined;
  }

  run(definition: SchedulerDefinition, frameworkId?: FrameworkId): void {
    const report = this.system.spawn(listener("report", reportTable, reportHears(this.reported)), undefined);
    const again = frameworkId === undefined ? {} : { frameworkId };
    const args = { master: "thread:main", report: report.address, options: undefined, ...again };
    this.system.spawn(
      schedulerDriver(() => definition),
      args,
      { name: "scheduler", exported: true },
    );
    this.turns();
  }

  /** A scheduler that has subscribed; what the master heard so far is forgotten. */
  static subscribed(definition: SchedulerDefinition): Kit {
    const kit = new Kit();
    kit.startMaster();
    kit.run(definition);
    kit.say("subscribed", subscribedBody);
    kit.heard.length = 0;
    return kit;
  }

  /** The master speaks to whoever subscribed last. */
  say<K extends TellKind<SchedulerProtocol>>(kind: K, body: BodyOf<SchedulerProtocol[K]>): void {
    if (this.#scheduler === undefined) throw new Error(`nobody has subscribed who could hear ${kind}`);
    this.system.refs.at<SchedulerProtocol>(parseAddress(this.#scheduler)).tell(kind, body);
    this.turns();
  }

  offers(...offers: readonly Offer[]): void {
    this.say("resourceOffers", { offers });
  }

  update(status: TaskStatus): void {
    this.say("taskUpdate", { status });
  }

  /** Runs everything that can run now. */
  turns(): void {
    while (this.system.runnable) this.system.turn();
  }

  /** The same, also what hangs on promises. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      await Promise.resolve();
      if (this.system.runnable) quiet = 0;
      this.turns();
    }
  }

  /** Lets time pass, timer by timer. */
  advance(ms: number): void {
    const until = this.clock.now() + ms;
    this.turns();
    for (let due = this.clock.nextDueMs; due !== undefined && due <= until; due = this.clock.nextDueMs) {
      this.clock.fireNext();
      this.turns();
    }
    this.clock.advanceTo(until);
  }

  /** Everything of one kind that the master heard, oldest first. */
  calls<K extends keyof MasterProtocol & string>(kind: K): readonly BodyOf<MasterProtocol[K]>[] {
    return this.heard.filter((each) => each.kind === kind).map(({ body }) => body as BodyOf<MasterProtocol[K]>);
  }

  /** The tasks the scheduler launched since the last call. */
  takeTasks(): readonly TaskInfo[] {
    const tasks = this.calls("accept").flatMap(({ operations }) =>
      operations.flatMap((operation) => (operation.type === "launch" ? operation.tasks : [])),
    );
    this.heard.length = 0;
    return tasks;
  }

  get ending(): Ending | undefined {
    const last = this.reported.at(-1);
    return last?.kind === "finished" ? last.body.ending : undefined;
  }

  inspect(): SchedulerInspection {
    return this.system.find("scheduler")?.inspect() as SchedulerInspection;
  }

  #masterHears() {
    const hear = (kind: string, body: unknown) => {
      this.heard.push({ kind, body } as Heard<MasterProtocol>);
    };
    const handlers = Object.fromEntries(
      Object.keys(masterTable.fields).map((kind) => [kind, (body: unknown) => hear(kind, body)]),
    );
    return {
      ...handlers,
      subscribe: (body: BodyOf<MasterProtocol["subscribe"]>) => {
        this.#scheduler = body.self;
        hear("subscribe", body);
      },
      placeable: (body: unknown, reply: (answer: Placeable) => void) => {
        hear("placeable", body);
        reply(this.placeable);
      },
      guaranteedShare: (body: unknown, reply: (answer: { guaranteed: Resources }) => void) => {
        hear("guaranteedShare", body);
        reply({ guaranteed: { cpus: 2_000 } });
      },
    };
  }

  #world(): World {
    const random = new Prng("kit");
    let ids = 0;
    const nothing = () => {
      throw new Error("the kit has no such thing");
    };
    return {
      clock: this.clock,
      random,
      ids: { next: () => `id-${++ids}` },
      log: (level, _from, message) => this.logged.push(`${level} ${message}`),
      transport: { dial: (endpoint, _opened, failed) => failed(`${endpoint} does not answer`) },
      processes: { start: nothing, signal: nothing, endStrays: nothing },
      pool: { call: nothing },
    };
  }
}

export const frameworkId = FrameworkId("framework-1");
export const subscribedBody = { frameworkId, lead: { epoch: 1, term: 1 } };

export function offer(id: string, slave: string, resources: string): Offer {
  return {
    id: OfferId(id),
    frameworkId,
    slaveId: SlaveId(slave),
    hostname: `${slave}.test`,
    ip: "10.0.0.1",
    port: 0,
    resources: quantities(resources),
    attributes: {},
    role: "*",
  };
}

export function quantities(text: string): Resources {
  const parsedText = parse(text);
  if (!parsedText.ok) throw new Error(parsedText.error);
  return parsedText.value;
}

export function task(id: string, slave: string, resources = "cpus:1;mem:32"): TaskInfo {
  const simulated = { durationMs: 1, outcome: "finished" } as const;
  return { taskId: TaskId(id), name: id, slaveId: SlaveId(slave), resources: quantities(resources), simulated };
}

/** An update as a slave sends it: it has a uuid and wants an acknowledgement. */
export function status(taskId: string, state: TaskState, more: Partial<TaskStatus> = {}): TaskStatus {
  const uuid = `${taskId} ${state}`;
  return { taskId: TaskId(taskId), state, source: "slave", slaveId: SlaveId("s1"), timestampMs: 0, uuid, ...more };
}

function reportHears(into: Heard<ReportProtocol>[]) {
  return Object.fromEntries(
    Object.keys(reportTable.fields).map((kind) => [
      kind,
      (body: unknown) => {
        into.push({ kind, body } as Heard<ReportProtocol>);
      },
    ]),
  );
}

function listener<P>(name: string, protocol: ProtocolTable<P>, handlers: unknown): Spec<P, undefined> {
  return { name, protocol, start: () => handlers as ReturnType<Spec<P, undefined>["start"]> };
}

/** A scheduler that does nothing but what a test gives it. */
export function scheduler(more: Partial<SchedulerDefinition> = {}): SchedulerDefinition {
  return defineScheduler({ name: "probe", resourceOffers: () => {}, ...more });
}

/** Hands the driver to the test. */
export function withDriver(more: Partial<SchedulerDefinition> = {}) {
  const held: { driver?: SchedulerDriver } = {};
  const definition = scheduler({
    ...more,
    start: (driver) => {
      held.driver = driver;
    },
  });
  return {
    definition,
    get driver(): SchedulerDriver {
      if (held.driver === undefined) throw new Error("the scheduler has not started");
      return held.driver;
    },
  };
}
