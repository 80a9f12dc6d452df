import { expect } from "vitest";
import type { AskOutcome } from "../../src/actors/context.ts";
import type { WireBody } from "../../src/actors/wire-value.ts";
import { viewTable } from "../../src/protocol/cluster-events.ts";
import type { FrameworkId, OfferId } from "../../src/protocol/ids.ts";
import { masterName, masterTable } from "../../src/protocol/master-api.ts";
import type { Offer, Operation } from "../../src/protocol/offer.ts";
import { flattened } from "../../src/protocol/reservation.ts";
import { noResources, type Resources } from "../../src/protocol/resources.ts";
import type { KnownTask } from "../../src/protocol/task.ts";
import { Stranger } from "../protocol/stranger.ts";
import { callBody, operatorCallOf, type Scene } from "./bad-bodies.ts";
import type { Step } from "./bad-steps.ts";
import { type Damage, damaged } from "./bad-values.ts";
import { Cluster, type Party } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave } from "./scripted-slave.ts";

/** What came of the steps of all stories: a story that never gets anywhere shows nothing. */
export type Tally = { [what: string]: number };

const askKinds: ReadonlySet<string> = new Set(["updateFramework", "guaranteedShare", "reconcileOperations", "operate"]);

/** Three frameworks and a guest who comes late, three slaves, an operator, and whoever sends what no type allows. */
export class BadStory {
  readonly cluster = new Cluster();
  readonly #tally: Tally;
  readonly #slaves: readonly ScriptedSlave[];
  readonly #schedulers: readonly ScriptedScheduler[];
  readonly #operator: Party<never>;
  readonly #stranger: Stranger;
  #held = false;
  /** Steps of time since then. */
  #heldFor = 0;
  #made = 0;
  /** How often each task was asked for, and each operation with an id. */
  readonly #tasks = new Map<string, number>();
  readonly #operations = new Map<string, number>();
  readonly #asked: { readonly what: string; readonly outcomes: readonly AskOutcome<unknown>[] }[] = [];
  /** What schedulers' doors say of tasks that are none: it is passed on as it is. */
  readonly #theirWords = new Set<string | undefined>();
  /** Offers that were answered or taken back. */
  readonly #over = new Set<string>();
  /** How many of the offers that were taken back are known to be over. */
  readonly #rescinded = new Map<unknown, number>();
  /** What each slave had when it came, whoever it was reserved for. */
  readonly #whole = new Map<string, Resources>();

  constructor(tally: Tally) {
    this.#tally = tally;
    const { cluster } = this;
    const shortTasks = { resources: { cpus: 1_000, mem: 1_024_000 }, maxTaskMs: 1_000 };
    const resources = ["cpus:4;mem:4096;ports:[1-9]", "cpus:2;cpus(ads):2;mem:2048;gpus:1", "cpus:3;mem:3072"];
    this.#slaves = resources.map((each, n) => new ScriptedSlave(cluster, `s${n}`, each, n === 2 ? { shortTasks } : {}));
    for (const slave of this.#slaves) slave.hello();
    const infos = [{ roles: ["ads"] }, { roles: ["ads/web", "*"] }, { roles: ["web"], principal: "ada" }, {}];
    this.#schedulers = infos.map((info, n) => new ScriptedScheduler(cluster, `f${n}`, info));
    for (const scheduler of this.#schedulers.slice(0, 3)) scheduler.subscribe();
    this.#operator = cluster.party("operator", viewTable) as unknown as Party<never>;
    this.#stranger = new Stranger(cluster.system);
  }

  play(step: Step): void {
    switch (step.kind) {
      case "time":
        // A master whose registry stays away for long gives up, as it should.
        if (step.ms > 1_000 || ++this.#heldFor > 3) this.release();
        this.cluster.advance(step.ms);
        break;
      case "hold":
        if (this.#held) this.release();
        else this.cluster.registry.hold();
        this.#held = !this.#held;
        this.#heldFor = 0;
        break;
      case "cut":
        this.#cut(this.#scheduler(step.who));
        break;
      case "call": {
        const scheduler = this.#scheduler(step.who);
        const [kind, body] = callBody(this.#scene(scheduler), step.call, { refuseMs: step.refuseMs });
        this.#deliver(scheduler.party as never, kind, body as WireBody, step.damage);
        break;
      }
      case "operate": {
        if (step.call.type === "TEARDOWN") this.release();
        const slave = this.#slave(step.slave);
        const known = this.cluster.state.slaves.get(slave.id)?.info.resources ?? noResources;
        const frameworkId = this.#scheduler(3).id;
        const call = operatorCallOf(step.call, { slaveId: slave.id, resources: known, frameworkId });
        this.#deliver(this.#operator, "operate", { call } as unknown as WireBody, step.damage);
        break;
      }
      case "slave":
        this.#slaveSays(this.#slave(step.slave), step);
        break;
    }
    this.check();
  }

  /** Lets everything come to its end. */
  finish(): void {
    this.release();
    this.cluster.advance(1_000);
    this.check();
    for (const { hearing } of this.#slaves) this.#count("launched", hearing.of("runTask").length);
    for (const { hearing, updates } of this.#schedulers) {
      for (const { state, reason } of updates) this.#count(`${state} ${reason ?? ""}`);
      for (const { state } of hearing.of("operationUpdate")) this.#count(`operation ${state}`);
    }
  }

  release(): void {
    this.cluster.registry.release();
    this.cluster.settle();
    this.#held = false;
  }

  /** What must be so after every step. */
  check(): void {
    const { cluster } = this;
    expect(cluster.bookFault()).toBeUndefined();
    expect(cluster.system.find(masterName)).toBeDefined();
    this.#checkOffers();
    for (const { id, info } of cluster.state.slaves.all()) {
      const whole = this.#whole.get(id) ?? flattened(info.resources);
      this.#whole.set(id, whole);
      expect(flattened(info.resources), "nothing is made, and nothing is lost").toEqual(whole);
    }
    if (this.#held) return;
    this.#checkAnswers();
  }

  /** An offer stands until its own framework answers it, or hears that it was taken back, or is gone. */
  #checkOffers(): void {
    const { offers, frameworks } = this.cluster.state;
    for (const { hearing } of this.#schedulers) {
      const rescinded = hearing.of("offersRescinded").flatMap(({ offerIds }) => offerIds);
      for (const id of rescinded.slice(this.#rescinded.get(hearing) ?? 0)) this.#end(id);
      this.#rescinded.set(hearing, rescinded.length);
    }
    const standing = new Map<string, FrameworkId>([...offers.all()].map(({ id, frameworkId }) => [id, frameworkId]));
    const made = this.#everyOffer();
    expect(new Set(made.map(({ id }) => id)).size, "offers made").toBe(made.length);
    for (const { id, frameworkId } of made) {
      if (frameworks.get(frameworkId)?.state !== "connected") this.#over.add(id);
      expect(standing.has(id), `offer ${id} stands`).toBe(!this.#over.has(id));
    }
    for (const { id, counts } of frameworks.all()) {
      const { sent, accepted, declined, rescinded } = counts;
      const own = [...standing.values()].filter((frameworkId) => frameworkId === id);
      expect(sent, `offers of ${id}`).toBe(accepted + declined + rescinded + own.length);
    }
  }

  #end(id: OfferId): void {
    expect(this.#over.has(id), `offer ${id} is over already`).toBe(false);
    this.#over.add(id);
  }

  /** With nothing under way, whatever was asked has been answered, once. */
  #checkAnswers(): void {
    for (const { what, outcomes } of this.#asked.splice(0)) {
      expect(outcomes, what).toEqual([{ ok: true, value: expect.anything() }]);
      this.#wordsOf(outcomes[0]);
    }
    const owners = this.#owners;
    const tasks = new Map<string, number>();
    const operations = new Map<string, number>();
    const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
    for (const { hearing } of this.#slaves) {
      for (const { frameworkId, task } of hearing.of("runTask"))
        count(tasks, `${owners.get(frameworkId)} ${task.taskId}`);
    }
    for (const [owner, { hearing }] of this.#schedulers.entries()) {
      for (const { status } of hearing.of("taskUpdate")) {
        const { source, state, reason, message, taskId } = status;
        const isRefusal = source === "master" && (state === "dropped" || state === "error");
        if (!isRefusal || reason === "RECONCILIATION") continue;
        if (!this.#theirWords.has(message)) expect(message).toMatch(/^.{5,500}$/s);
        count(tasks, `${owner} ${taskId}`);
      }
      const told = new Set<string>();
      for (const { operationId, state, uuid, message } of hearing.of("operationUpdate")) {
        if (uuid === undefined)
          expect([state, message]).toEqual([expect.stringMatching(/error|dropped/), expect.stringMatching(/.{5}/)]);
        else if (told.has(uuid)) continue;
        else told.add(uuid);
        count(operations, `${owner} ${operationId}`);
      }
    }
    expect(tasks).toEqual(this.#tasks);
    expect(operations).toEqual(this.#operations);
  }

  /** A message as another host sends it: what no shape allows never reaches the master, and its sender is cut off. */
  #deliver(party: Party<never>, kind: string, sane: WireBody, damage: Damage | undefined): void {
    const body = damage === undefined ? sane : damaged(sane, damage);
    const fault = masterTable.fault?.(kind, body);
    if (fault !== undefined) return this.#stopped(kind, body, fault);
    this.#count(damage === undefined ? `${kind}` : `${kind}, damaged`);
    if (kind === "accept") this.#expectAnswers(body as never);
    if (kind === "accept" || kind === "decline") this.#answer(body as never);
    if (askKinds.has(kind)) {
      const what = `${kind} ${JSON.stringify(body, (_, value) => (typeof value === "bigint" ? `${value}` : value))}`;
      this.#asked.push({ what, outcomes: party.asking(kind as never, body as never) });
    } else party.tell(kind as never, body as never);
  }

  /** The offers of an answer that are its framework's are over. */
  #answer({
    frameworkId,
    offerIds,
  }: {
    readonly frameworkId: FrameworkId;
    readonly offerIds: readonly OfferId[];
  }): void {
    for (const offer of this.cluster.state.offers.all()) {
      if (offer.frameworkId === frameworkId && offerIds.includes(offer.id)) this.#end(offer.id);
    }
  }

  #stopped(kind: string, body: WireBody, fault: string): void {
    this.#count("stopped by its shape");
    const field = fault.split(/[.:]/)[0] ?? "";
    expect(Object.keys(masterTable.fields[kind as "accept"] ?? {}), fault).toContain(field);
    expect(fault).toMatch(/^.+: .{4,}$/);
    const [before, goodbyes] = [this.#picture(), this.#stranger.goodbyes.length];
    this.#stranger.tell(masterName, kind, body);
    this.cluster.settle();
    expect(this.#stranger.goodbyes.slice(goodbyes)).toEqual([expect.stringContaining(fault)]);
    expect(this.#picture()).toBe(before);
  }

  /** All that a message could change. */
  #picture(): string {
    const { frameworks, slaves, tasks, offers, registrar } = this.cluster.state;
    const listed = [...frameworks.all()].map(({ id }) => frameworks.row(id));
    const suppressed = [...frameworks.all()].map(({ suppressed: roles, filters }) => [[...roles], filters]);
    const machines = [...slaves.all()].map(({ id }) => slaves.change(id));
    const { registry } = registrar;
    const kept = [registry.settings(), [...registry.slaves.values()], this.cluster.registry.operations.length];
    return JSON.stringify([listed, suppressed, machines, [...tasks.all()], [...offers.all()], kept]);
  }

  #expectAnswers({ frameworkId, operations }: { frameworkId: FrameworkId; operations: readonly Operation[] }): void {
    if (this.cluster.state.frameworks.get(frameworkId)?.state !== "connected") return;
    const owner = this.#owners.get(frameworkId);
    const expected = (map: Map<string, number>, id: string) => {
      const key = `${owner} ${id}`;
      map.set(key, (map.get(key) ?? 0) + 1);
    };
    for (const operation of operations) {
      const tasks = "tasks" in operation ? operation.tasks : [];
      const unfit = "unfit" in operation ? (operation.unfit ?? []) : [];
      for (const { taskId } of [...tasks, ...unfit]) expected(this.#tasks, taskId);
      for (const { fault } of unfit) this.#theirWords.add(fault.slice(0, 500));
      if ("operationId" in operation && operation.operationId !== undefined) {
        expected(this.#operations, operation.operationId);
      }
    }
  }

  #wordsOf(outcome: AskOutcome<unknown> | undefined): void {
    if (outcome?.ok !== true) return;
    const { done, status, reason } = outcome.value as { done?: boolean; status?: number; reason?: string };
    if (done !== false) return;
    this.#count(`refused${status === undefined ? "" : ` with ${status}`}`);
    expect(reason).toMatch(/^.{5,1000}$/s);
    if (status !== undefined) expect([400, 404, 409, 503]).toContain(status);
  }

  /** The slave tells of its tasks, the sane way or with one that nobody knows. */
  #slaveSays(slave: ScriptedSlave, step: Extract<Step, { readonly kind: "slave" }>): void {
    const { tasks, frameworks } = this.cluster.state;
    const here = tasks.onSlave(slave.id);
    const known = here[step.n % Math.max(1, here.length)];
    if (step.type === "bye") {
      if (step.n > 2) return;
      this.#deliver(slave.party as never, "unregisterSlave", { slaveId: slave.id }, step.damage);
      if (this.cluster.state.slaves.get(slave.id) === undefined) slave.hello();
      return;
    }
    if (step.type === "report") {
      if (known === undefined) return;
      const { frameworkId, info } = known;
      const state = (["running", "finished", "failed", "running", "error"] as const)[step.n % 5] ?? "running";
      const uuid = `${info.taskId} ${state}`;
      const status = { taskId: info.taskId, state, source: "executor", slaveId: slave.id, timestampMs: 1, uuid };
      const body = { slaveId: slave.id, update: { frameworkId, status } };
      return this.#deliver(slave.party as never, "statusUpdate", body, step.damage);
    }
    const reported = here.map((task): KnownTask => {
      const framework = frameworks.get(task.frameworkId)?.info ?? this.#scheduler(0).info;
      return { frameworkId: task.frameworkId, framework, task: task.info, status: task.status, over: task.released };
    });
    const body = {
      self: slave.party.address,
      slaveId: slave.id,
      info: slave.info,
      tasks: reported,
      hello: this.#fresh() + 10,
    };
    this.#deliver(slave.party as never, "registerSlave", body as unknown as WireBody, step.damage);
  }

  #cut(scheduler: ScriptedScheduler): void {
    this.release();
    const { id, party } = scheduler;
    for (const offer of this.cluster.state.offers.all()) if (offer.frameworkId === id) this.#end(offer.id);
    party.cut();
    party.connect();
    if (id !== "none") scheduler.subscribe(id);
  }

  #scene(scheduler: ScriptedScheduler): Scene {
    const ownOffers = [...this.cluster.state.offers.all()].filter(({ frameworkId }) => frameworkId === scheduler.id);
    return {
      everyOffer: this.#everyOffer(),
      ownOffers,
      scheduler,
      otherSlave: this.#slave(this.#made).id,
      fresh: () => this.#fresh(),
      used: (n) => Math.max(0, this.#made - n),
    };
  }

  #everyOffer(): readonly Offer[] {
    return this.#schedulers.flatMap(({ hearing }) => hearing.of("resourceOffers").flatMap(({ offers }) => offers));
  }

  /** Which scheduler a framework's is. */
  get #owners(): ReadonlyMap<FrameworkId, number> {
    return new Map(
      this.#schedulers.flatMap(({ hearing }, owner) =>
        hearing.of("subscribed").map(({ frameworkId }) => [frameworkId, owner] as const),
      ),
    );
  }

  #fresh(): number {
    return ++this.#made;
  }

  #count(what: string, times = 1): void {
    this.#tally[what] = (this.#tally[what] ?? 0) + times;
  }

  #slave(n: number): ScriptedSlave {
    return this.#slaves[n % this.#slaves.length] as ScriptedSlave;
  }

  #scheduler(n: number): ScriptedScheduler {
    return this.#schedulers[n % this.#schedulers.length] as ScriptedScheduler;
  }
}
