import type { Address } from "../actors/address.ts";
import type { ActorRef } from "../actors/ref.ts";
import type { Down } from "../actors/spec.ts";
import type { ClusterChange } from "../protocol/cluster-events.ts";
import { type FrameworkId, SlaveId } from "../protocol/ids.ts";
import type { Placeable } from "../protocol/master-api.ts";
import { placeableOn } from "../protocol/placeable.ts";
import { type Quantities, quantitiesOf } from "../protocol/quantities.ts";
import { add, noResources, type Resources, subtract, uncountable } from "../protocol/resources.ts";
import type { LostTask, SlaveProtocol } from "../protocol/slave-api.ts";
import { type SlaveInfo, slaveInfoFault } from "../protocol/slave-info.ts";
import type { KnownTask } from "../protocol/task.ts";
import { shareCounter } from "../protocol/task-group.ts";
import { type ClientId, clientId } from "./allocator/client.ts";
import type { SlaveAllocation } from "./allocator/protocol.ts";
import { slavesOf } from "./registry.ts";
import { restOf, type SlavePart, withReserved } from "./slave-parts.ts";
import type { MasterState } from "./state.ts";
import { holderOf, isShort, roleOf, type Task } from "./tasks.ts";

/**
 *   registering ── registered ⇄ disconnected ── unreachable        recovering: in the registry, not back yet after a
 *                       ▲                            │             restart of the master
 *                       └────────────────────────────┘
 */
export type Slave = {
  readonly id: SlaveId;
  /** What it says of itself; its resources with what was reserved by calls. */
  info: SlaveInfo;
  state: "registered" | "disconnected";
  /** The slave's present life. */
  ref: ActorRef<SlaveProtocol>;
  readonly registeredMs: number;
  used: Resources;
  offered: Resources;
  missedPings: number;
  /** The hello it was last let in by; launches carry it. */
  hello: number;
  /** The parts that are offered apart. */
  parts: readonly SlavePart[];
  /** Tasks given up while the slave was out of reach; it is told to end them until it reports them no more. */
  lost: readonly LostTask[];
  /** Frameworks that have been told of the present loss. */
  readonly toldLost: Set<FrameworkId>;
};

/** What becomes of the tasks of a slave that is given up. */
type Fate = "lost" | "unreachable" | "gone" | "gone_by_operator";

/** What a slave is told that is gone. */
const markedGone = "an operator has marked it as gone";

/** Gone slaves that the registry remembers (Mesos's `--registry_max_agent_count`). The one that went first is forgotten. */
const goneMax = 10_000;

type Registration = {
  readonly self: Address<SlaveProtocol>;
  readonly slaveId?: SlaveId;
  readonly info: SlaveInfo;
  readonly tasks: readonly KnownTask[];
  readonly hello: number;
};

/** Who is in the cluster: admitted through the registry, watched by link and by ping, taken back when they return. */
export class Slaves {
  readonly #state: () => MasterState;
  readonly #slaves = new Map<SlaveId, Slave>();
  /** A slave that says hello again before our answer reached it must not become two. */
  readonly #byAddress = new Map<Address<SlaveProtocol>, Slave>();
  /** Slaves whose removal from the registry, or end there, is on its way. */
  readonly #leaving = new Map<SlaveId, "removed" | "gone">();
  /** Registrations whose registry operation is on its way, by address: of several the last, which is how the slave is. */
  readonly #admitting = new Map<Address<SlaveProtocol>, Registration>();
  #made = 0;
  /** What is used and offered is part of it, so that it can be counted too. */
  #total: Resources = noResources;

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  all(): Iterable<Slave> {
    return this.#slaves.values();
  }

  get(id: SlaveId): Slave | undefined {
    return this.#slaves.get(id);
  }

  /** Begins pinging, and gives the slaves of the registry their time to come back. */
  start(): void {
    const { ctx, config, registrar, pause } = this.#state();
    ctx.every("ping", config.slavePingMs, () => this.#pingAll());
    const awaited = slavesOf(registrar.registry, "admitted").map(SlaveId);
    pause.begin(awaited);
    if (awaited.length === 0) return;
    ctx.after("reregister", config.slaveReregisterMs, () => {
      for (const slaveId of awaited) {
        if (this.#slaves.has(slaveId)) continue;
        this.#state().counters.count("master/recovery_slave_removals");
        this.#markUnreachable(slaveId);
      }
    });
  }

  register(registration: Registration): void {
    const { ctx, lead, registrar, id: masterId } = this.#state();
    const { self, info } = registration;
    const retried = this.#byAddress.get(self);
    if (retried?.state === "registered" && retried.hello === registration.hello) return this.#welcome(retried);
    const fault = slaveInfoFault(info);
    if (fault !== undefined) return ctx.ref(self).tell("slaveRefused", { lead, reason: fault });
    const claimed = registration.slaveId ?? retried?.id;
    const leaving = claimed === undefined ? undefined : this.#leaving.get(claimed);
    // It says hello again, and is refused then.
    if (leaving === "gone") return;
    const slaveId = leaving === undefined ? claimed : undefined;
    if (this.#admitting.has(self)) return void this.#admitting.set(self, registration);
    const known = slaveId === undefined ? undefined : registrar.registry.slaves.get(slaveId);
    if (slaveId !== undefined && known?.standing === "admitted") return this.#accept(slaveId, registration);
    if (known?.standing === "gone") {
      return ctx.ref(self).tell("slaveRefused", { lead, reason: markedGone });
    }
    this.#admitting.set(self, registration);
    const atMs = ctx.clock.wall();
    if (slaveId !== undefined && known?.standing === "unreachable") {
      registrar.apply({ type: "markSlaveReachable", slaveId, info, atMs }, () => {
        this.#accept(slaveId, this.#admitted(registration));
      });
      return;
    }
    const id = SlaveId(`${masterId}-S${this.#made++}`);
    registrar.apply({ type: "admitSlave", slaveId: id, info, atMs }, () => {
      // Whoever it was before was given up, and every task with it: it starts anew under the new id.
      this.#accept(id, { ...this.#admitted(registration), tasks: [] });
    });
  }

  pong(slaveId: SlaveId): void {
    const slave = this.#slaves.get(slaveId);
    if (slave !== undefined) slave.missedPings = 0;
  }

  /** A slave leaves in good order. */
  unregister(slaveId: SlaveId): void {
    const slave = this.#slaves.get(slaveId);
    if (slave !== undefined) this.#leave(slave, "gone");
  }

  /**
   * A slave that an operator has given up: never let in again, and its tasks are over. Answers with the refusal, as HTTP
   * would have it, or with nothing once it is in the registry.
   */
  markGone(slaveId: SlaveId, done: (refusal?: { status: 404 | 503; reason: string }) => void): void {
    const { ctx, lead, registrar, pause } = this.#state();
    const known = registrar.registry.slaves.get(slaveId);
    if (known === undefined) return done({ status: 404, reason: `no slave ${slaveId} is known` });
    if (known.standing === "gone") return done();
    if (this.#leaving.has(slaveId)) return done({ status: 503, reason: `slave ${slaveId} is being removed` });
    this.#leaving.set(slaveId, "gone");
    const gone = slavesOf(registrar.registry, "gone");
    const [oldest] = gone;
    if (oldest !== undefined && gone.length >= goneMax) {
      registrar.apply({ type: "removeSlave", slaveId: SlaveId(oldest) }, () => {});
    }
    registrar.apply({ type: "markSlaveGone", slaveId, atMs: ctx.clock.wall() }, () => {
      this.#leaving.delete(slaveId);
      pause.settled(slaveId);
      const slave = this.#slaves.get(slaveId);
      slave?.ref.tell("slaveRefused", { lead, reason: markedGone });
      if (slave !== undefined) this.#remove(slave, "AGENT_REMOVED_BY_OPERATOR", "gone_by_operator");
      done();
    });
  }

  /** Of all slaves that were let in and have not left, also of those that are out of reach for a moment. */
  get total(): Quantities {
    return quantitiesOf(this.#total);
  }

  shutdownExecutor(slaveId: SlaveId, frameworkId: FrameworkId, executorId: string): void {
    const slave = this.#slaves.get(slaveId);
    if (slave?.state !== "registered") return;
    slave.ref.tell("endExecutor", { lead: this.#state().lead, frameworkId, executorId });
  }

  use(slaveId: SlaveId, resources: Resources): void {
    const slave = this.#slaves.get(slaveId);
    if (slave !== undefined) slave.used = add(slave.used, resources);
    this.#state().publisher.slaveChanged(slaveId);
  }

  unuse(slaveId: SlaveId, resources: Resources): void {
    const slave = this.#slaves.get(slaveId);
    if (slave !== undefined) slave.used = subtract(slave.used, resources);
    this.#state().publisher.slaveChanged(slaveId);
  }

  offer(slave: Slave, resources: Resources): void {
    slave.offered = add(slave.offered, resources);
    this.#state().publisher.slaveChanged(slave.id);
  }

  unoffer(slaveId: SlaveId, resources: Resources): void {
    const slave = this.#slaves.get(slaveId);
    if (slave !== undefined) slave.offered = subtract(slave.offered, resources);
    this.#state().publisher.slaveChanged(slaveId);
  }

  /** Who holds what of a part of the slave: the used, the offered and what accepts wait with, by framework and role. */
  allocations(slave: Slave, short: boolean): readonly SlaveAllocation[] {
    const { tasks, offers, operations } = this.#state();
    const held = new Map<ClientId, SlaveAllocation>();
    const hold = (frameworkId: FrameworkId, role: string, resources: Resources) => {
      const key = clientId(frameworkId, role);
      held.set(key, { frameworkId, role, resources: add(held.get(key)?.resources ?? noResources, resources) });
    };
    const live = tasks.onSlave(slave.id).filter((task) => !task.released && isShort(task) === short);
    const shareOf = shareCounter();
    for (const task of live) hold(task.frameworkId, roleOf(task), shareOf(holderOf(task)));
    for (const { frameworkId, role, resources, maxTaskMs } of offers.onSlave(slave.id)) {
      if ((maxTaskMs !== undefined) === short) hold(frameworkId, role, resources);
    }
    for (const held of operations.heldOn(slave.id)) {
      if (held.short === short) hold(held.frameworkId, held.role, held.resources);
    }
    return [...held.values()];
  }

  placeable(resources: Resources): Placeable {
    return placeableOn(
      [...this.#slaves.values()].map(({ info }) => ({ ...info, resources: restOf(info) })),
      resources,
    );
  }

  change(id: SlaveId): ClusterChange {
    const slave = this.#slaves.get(id);
    if (slave === undefined) return { type: "slaveGone", id };
    const { info, state, registeredMs, used, offered } = slave;
    return { type: "slave", row: { id, info, state, registeredMs, used, offered } };
  }

  /** What the slave has said last while its registration was on its way to disk. */
  #admitted(registration: Registration): Registration {
    const last = this.#admitting.get(registration.self) ?? registration;
    this.#admitting.delete(registration.self);
    return last;
  }

  #accept(slaveId: SlaveId, { self, info, tasks, hello, slaveId: claimed }: Registration): void {
    const { ctx, lead, allocator, offers, tasks: book, publisher, registrar, counters, pause } = this.#state();
    const ref = ctx.ref(self);
    const known = this.#slaves.get(slaveId);
    const large = known === undefined ? uncountable(this.#total, info.resources) : undefined;
    if (large !== undefined) {
      ref.tell("slaveRefused", { lead, reason: `with its ${large} the cluster has more than can be counted` });
      registrar.apply({ type: "removeSlave", slaveId }, () => {});
      return;
    }
    const again = known !== undefined || claimed === slaveId;
    counters.count(again ? "master/slave_reregistrations" : "master/slave_registrations");
    if (known !== undefined) offers.rescindSlave(slaveId, "slaveLost");
    const slave = known ?? this.#admit(slaveId, info, ref);
    this.#byAddress.delete(slave.ref.address);
    this.#byAddress.set(self, slave);
    Object.assign(slave, { state: "registered", ref, missedPings: 0, hello });
    slave.toldLost.clear();
    book.reconcileSlave(slave, tasks);
    ctx.watch(ref, (down) => {
      if (slave.ref === ref && this.#slaves.get(slaveId) === slave) this.#lostLink(slave, down);
    });
    // It may have brought tasks that nobody here knew: the allocator hears its whole account again.
    allocator.closeAccounts(slave);
    allocator.openAccounts(slave);
    pause.settled(slaveId);
    ctx.log("info", `slave ${slaveId} registered`, { hostname: info.hostname, tasks: tasks.length });
    publisher.slaveChanged(slaveId);
    this.#welcome(slave);
    book.sendPendingKills(slave);
  }

  #admit(id: SlaveId, info: SlaveInfo, ref: ActorRef<SlaveProtocol>): Slave {
    const { ctx, registrar } = this.#state();
    const slave: Slave = {
      id,
      info: withReserved(info, registrar.registry.slaves.get(id)?.reserved),
      state: "registered",
      ref,
      registeredMs: ctx.clock.wall(),
      used: noResources,
      offered: noResources,
      missedPings: 0,
      hello: 0,
      parts: [],
      lost: [],
      toldLost: new Set(),
    };
    this.#slaves.set(id, slave);
    this.#total = add(this.#total, quantitiesOf(info.resources));
    return slave;
  }

  #welcome(slave: Slave): void {
    const { lead, config } = this.#state();
    const missesMs = config.slavePingMs * (config.slavePingMissesMax + 1);
    slave.ref.tell("slaveRegistered", { lead, slaveId: slave.id, missesMs, lost: slave.lost });
  }

  /** The link broke (the host may live) or the slave itself ended (its tasks with it). */
  #lostLink(slave: Slave, down: Down): void {
    const { ctx, allocator, offers, tasks, publisher } = this.#state();
    ctx.log("warn", `slave ${slave.id} is out of reach`, { reason: down.reason, certainty: down.certainty });
    slave.state = "disconnected";
    slave.missedPings = 0;
    offers.rescindSlave(slave.id, "slaveLost");
    for (const { account } of slave.parts) allocator.tell("slaveActive", { account, active: false });
    if (down.certainty === "dead" && !slave.info.checkpoint) {
      this.#leave(slave, "lost");
    } else {
      this.#giveUp(
        slave,
        tasks.onSlave(slave.id).filter((task) => !task.released && !tasks.outlivesLink(task)),
        "AGENT_DISCONNECTED",
        "lost",
      );
    }
    publisher.slaveChanged(slave.id);
  }

  /** Out of the registry, then out of the book. From now on nobody is let in under this id. */
  #leave(slave: Slave, state: "lost" | "gone"): void {
    if (this.#leaving.has(slave.id)) return;
    this.#leaving.set(slave.id, "removed");
    this.#state().registrar.apply({ type: "removeSlave", slaveId: slave.id }, () => {
      this.#leaving.delete(slave.id);
      this.#remove(slave, "AGENT_REMOVED", state);
    });
  }

  #pingAll(): void {
    const { lead, config } = this.#state();
    for (const slave of [...this.#slaves.values()]) {
      if (slave.missedPings++ >= config.slavePingMissesMax) this.#markUnreachable(slave.id);
      else if (slave.state === "registered") slave.ref.tell("ping", { lead });
    }
  }

  /** In memory only once it is in the registry: a restarted master must not believe otherwise. */
  #markUnreachable(slaveId: SlaveId): void {
    const { ctx, registrar, counters, pause } = this.#state();
    const slave = this.#slaves.get(slaveId);
    counters.count("master/slave_unreachable_scheduled");
    const atMs = ctx.clock.wall();
    registrar.apply({ type: "markSlaveUnreachable", slaveId, atMs }, () => {
      const present = this.#slaves.get(slaveId);
      pause.settled(slaveId);
      if (present === undefined) return counters.count("master/slave_unreachable_completed");
      const silent = present === slave && (slave.missedPings > 0 || slave.state === "disconnected");
      counters.count(silent ? "master/slave_unreachable_completed" : "master/slave_unreachable_canceled");
      if (silent) this.#remove(slave, "AGENT_REMOVED", "unreachable");
      else if (!this.#leaving.has(slaveId)) {
        registrar.apply({ type: "markSlaveReachable", slaveId, info: present.info, atMs }, () => {});
      }
    });
  }

  #remove(slave: Slave, reason: "AGENT_REMOVED" | "AGENT_REMOVED_BY_OPERATOR", state: Fate): void {
    const { ctx, allocator, offers, tasks, publisher, counters } = this.#state();
    counters.slaveRemoved(state);
    ctx.log("warn", `slave ${slave.id} is removed: its tasks are ${state}`);
    offers.rescindSlave(slave.id, "slaveLost");
    const awaited = tasks.onSlave(slave.id).filter((task) => tasks.isAwaited(task));
    this.#giveUp(slave, awaited, reason, state);
    tasks.forgetSlave(slave.id);
    this.#slaves.delete(slave.id);
    this.#total = subtract(this.#total, quantitiesOf(slave.info.resources));
    this.#byAddress.delete(slave.ref.address);
    allocator.closeAccounts(slave);
    publisher.slaveChanged(slave.id);
  }

  #giveUp(
    slave: Slave,
    given: readonly Task[],
    reason: "AGENT_DISCONNECTED" | "AGENT_REMOVED" | "AGENT_REMOVED_BY_OPERATOR",
    state: Fate,
  ): void {
    const { frameworks, tasks } = this.#state();
    for (const task of given) {
      slave.lost = [...slave.lost, { frameworkId: task.frameworkId, taskId: task.info.taskId }];
      tasks.giveUp(task, state, reason);
    }
    for (const { frameworkId } of given) {
      if (slave.toldLost.has(frameworkId)) continue;
      slave.toldLost.add(frameworkId);
      frameworks.get(frameworkId)?.ref?.tell("slaveLost", { slaveId: slave.id, hostname: slave.info.hostname });
    }
  }
}
