import type { ActorRef } from "../actors/ref.ts";
import { MultiMap } from "../base/multi-map.ts";
import { type FrameworkId, OfferId } from "../protocol/ids.ts";
import type { InverseOffer } from "../protocol/inverse-offer.ts";
import { amountIn, type Quantities } from "../protocol/quantities.ts";
import { add, noResources, type Resources } from "../protocol/resources.ts";
import type { SlaveProtocol } from "../protocol/slave-api.ts";
import type { LackingRole } from "./allocator/protocol.ts";
import { Appetite, type Place, placeKey } from "./appetite.ts";
import type { Framework } from "./frameworks.ts";
import { holdingOf, revocableOffers, revocableTasks, surplusesOf, type Victim } from "./revocable.ts";
import type { MasterState } from "./state.ts";
import type { Task } from "./tasks.ts";
import { brought, type Claim, chosenVictims, type Holding, needed, type Surpluses } from "./victims.ts";

/** That a task has to give way, or a group. */
export type Notice = {
  readonly id: OfferId;
  /** Whose guarantee it is for. */
  readonly role: string;
  readonly tasks: Victim;
  /** When it is killed, by the master's clock. */
  readonly deadlineMs: number;
  /** The same for its framework, in Unix milliseconds. */
  readonly startMs: number;
  /** What its framework says to it. It changes nothing. */
  answer?: "accepted" | "declined";
  /** The life of the slave that was told to kill it. */
  toldTo?: ActorRef<SlaveProtocol>;
};

/** Notices that stand at a time; more have to wait until some tasks have ended. */
const noticesMax = 1_000;
/** Between two looks at what is lacking while something is, in milliseconds. */
const lookMs = 1_000;

/**
 * Guaranteed shares (paper §3.3): while a role has less than it is guaranteed and wants more, others that have more than
 * they are guaranteed give way. First what they are only offered; then tasks, which are told so and killed when the grace
 * is over.
 *
 *     lacking ──► offers rescinded
 *            └──► inverse offer ── grace ──► killed, REVOKED        only if the allocator says, asked again at that moment,
 *                       └─ no longer needed: withdrawn              that it is lacking still
 *
 * Soft state: a new master begins anew.
 */
export class Revocations {
  readonly #state: () => MasterState;
  /** The oldest first. */
  readonly #notices = new Map<OfferId, Notice>();
  readonly #byTask = new Map<Task, Notice>();
  #lacking: readonly LackingRole[] = [];
  #made = 0;

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  get notices(): readonly Notice[] {
    return [...this.#notices.values()];
  }

  /** All who lack something. */
  lacking(roles: readonly LackingRole[]): void {
    this.#lacking = roles;
    this.#settle();
    this.#arm();
  }

  /** The task has given back what it had. */
  ended(task: Task): void {
    const notice = this.#byTask.get(task);
    if (notice?.tasks.every(({ released }) => released)) this.#forget(notice);
  }

  answered(frameworkId: FrameworkId, ids: readonly OfferId[], answer: "accepted" | "declined"): void {
    for (const id of ids) {
      const notice = this.#notices.get(id);
      if (notice?.tasks[0].frameworkId === frameworkId) notice.answer = answer;
    }
  }

  /** A scheduler that has just come knows of none. */
  tellAgain({ id }: Framework): void {
    this.#tell(this.notices.filter(({ tasks: [task], toldTo }) => task.frameworkId === id && toldTo === undefined));
  }

  /** The next look: when a grace is over, and soon in any case. */
  #arm(): void {
    const { ctx } = this.#state();
    if (this.#lacking.length === 0 && this.#notices.size === 0) return ctx.cancel("revocations");
    let dueMs = ctx.clock.now() + lookMs;
    for (const { deadlineMs, toldTo } of this.#notices.values()) {
      if (toldTo === undefined) dueMs = Math.min(dueMs, deadlineMs);
    }
    this.#lookIn(Math.max(0, dueMs - ctx.clock.now()));
  }

  #lookIn(delayMs: number): void {
    this.#state().ctx.after("revocations", delayMs, () => this.#look());
  }

  /** Nobody is killed on old news. */
  #look(): void {
    this.#state().allocator.askWhoLacks((roles) => {
      if (roles === undefined) return this.#lookIn(lookMs);
      this.#lacking = roles;
      this.#settle();
      this.#killDue();
      this.#arm();
    });
  }

  /** Brings the notices in line with what is lacking. */
  #settle(): void {
    if (this.#lacking.length === 0 && this.#notices.size === 0) return;
    const withdrawn = [...this.#dropLost(), ...this.#dropIdle()];
    const surpluses = surplusesOf(this.#state());
    withdrawn.push(...this.#spendSurpluses(surpluses));
    for (const lacking of this.#lacking) {
      const { claim, rest, appetite } = this.#reviewed(lacking, surpluses, withdrawn);
      if (Object.keys(rest.lacking).length > 0) this.#revoke(claim, rest, appetite, surpluses);
    }
    this.#tellWithdrawn(withdrawn);
  }

  /** Notices of tasks whose slave is out of reach, or was when it was to kill them: they may be chosen anew. */
  #dropLost(): Notice[] {
    const { slaves } = this.#state();
    const lost = this.notices.filter(({ tasks: [task], toldTo }) => {
      const slave = slaves.get(task.slaveId);
      return slave?.state !== "registered" || (toldTo !== undefined && slave.ref !== toldTo);
    });
    for (const notice of lost) this.#forget(notice);
    return lost.filter(({ toldTo }) => toldTo === undefined);
  }

  /** Notices for roles that lack nothing any more. */
  #dropIdle(): readonly Notice[] {
    const lacking = new Set(this.#lacking.map(({ role }) => role));
    const idle = this.notices.filter(({ role, toldTo }) => toldTo === undefined && !lacking.has(role));
    for (const notice of idle) this.#forget(notice);
    return idle;
  }

  /** What is about to end is gone already, as far as its role is concerned. Drops what a role cannot spare any more. */
  #spendSurpluses(surpluses: Surpluses): readonly Notice[] {
    const beyond: Notice[] = [];
    const { notices } = this;
    for (const notice of notices) {
      const { role, weight } = this.#holdingOf(notice);
      if (notice.toldTo !== undefined) surpluses.take(role, weight);
    }
    for (const notice of notices.filter(({ toldTo }) => toldTo === undefined)) {
      const { role, weight } = this.#holdingOf(notice);
      if (surpluses.spares(role, weight)) surpluses.take(role, weight);
      else beyond.push(notice);
    }
    for (const notice of beyond) this.#forget(notice);
    return beyond;
  }

  /** Withdraws what a role does not need any more, the youngest first, and says what it lacks besides what is coming. */
  #reviewed({ role, lacking, clients }: LackingRole, surpluses: Surpluses, withdrawn: Notice[]) {
    const state = this.#state();
    const appetite = new Appetite(state, clients);
    const claim = claimOf(state, role, lacking, appetite);
    const mine = this.notices.filter((notice) => notice.role === role);
    const ending = mine.filter(({ toldTo }) => toldTo !== undefined).map((notice) => this.#holdingOf(notice));
    const open = mine.filter(({ toldTo }) => toldTo === undefined);
    const kept = needed(
      claim,
      open.map((notice) => this.#holdingOf(notice)),
      ending,
    );
    const keptTasks = new Set(kept.map(({ of }) => of));
    for (const notice of open) {
      if (keptTasks.has(notice.tasks)) continue;
      const { role: victim, weight } = this.#holdingOf(notice);
      surpluses.take(victim, weight, -1);
      this.#forget(notice);
      withdrawn.push(notice);
    }
    return { claim, appetite, rest: restOf(claim, [...ending, ...kept]) };
  }

  /** Takes offers, and gives notice to tasks for what they do not bring. */
  #revoke(claim: Claim, rest: Claim, appetite: Appetite, surpluses: Surpluses): void {
    const state = this.#state();
    const offers = chosenVictims(rest, revocableOffers(state, appetite), surpluses, Number.POSITIVE_INFINITY);
    for (const { of: offer } of offers) state.offers.revoke(offer.id);
    const still = restOf(rest, offers);
    if (Object.keys(still.lacking).length === 0) return;
    const candidates = revocableTasks(state, appetite).filter(({ of: tasks }) => !this.#byTask.has(tasks[0]));
    const victims = chosenVictims(still, candidates, surpluses, noticesMax - this.#notices.size);
    this.#tell(victims.map(({ of: tasks }) => this.#notice(claim.role, tasks)));
  }

  #holdingOf({ tasks }: Notice): Holding<Victim> {
    return holdingOf(tasks, this.#state().tasks);
  }

  #notice(role: string, tasks: Victim): Notice {
    const { id: masterId, ctx, registrar } = this.#state();
    const graceMs = registrar.registry.quotas.get(role)?.graceMs ?? 0;
    const notice: Notice = {
      id: OfferId(`${masterId}-R${this.#made++}`),
      role,
      tasks,
      deadlineMs: ctx.clock.now() + graceMs,
      startMs: Math.ceil(ctx.clock.wall() + graceMs),
    };
    this.#notices.set(notice.id, notice);
    for (const task of tasks) this.#byTask.set(task, notice);
    const [{ info }, ...others] = tasks;
    const what = others.length === 0 ? `task ${info.taskId}` : `task ${info.taskId} with its group`;
    ctx.log("info", `${what} has to give way to role ${role}`, { graceMs });
    return notice;
  }

  #killDue(): void {
    const { ctx, slaves, tasks } = this.#state();
    for (const notice of this.notices) {
      if (notice.toldTo !== undefined || notice.deadlineMs > ctx.clock.now()) continue;
      const slave = slaves.get(notice.tasks[0].slaveId);
      if (slave === undefined) continue;
      notice.toldTo = slave.ref;
      for (const task of notice.tasks) if (!task.released) tasks.revoke(task, slave);
    }
  }

  #forget(notice: Notice): void {
    this.#notices.delete(notice.id);
    for (const task of notice.tasks) this.#byTask.delete(task);
  }

  #tell(notices: readonly Notice[]): void {
    const { frameworks } = this.#state();
    const offers = new MultiMap<FrameworkId, InverseOffer>();
    for (const notice of notices)
      offers.add(notice.tasks[0].frameworkId, inverseOffer(notice, this.#holdingOf(notice)));
    for (const id of new Set(notices.map(({ tasks: [task] }) => task.frameworkId))) {
      frameworks.get(id)?.ref?.tell("inverseOffers", { offers: [...offers.get(id)] });
    }
  }

  #tellWithdrawn(notices: readonly Notice[]): void {
    const { frameworks } = this.#state();
    for (const frameworkId of new Set(notices.map(({ tasks: [task] }) => task.frameworkId))) {
      const offerIds = notices.filter(({ tasks: [task] }) => task.frameworkId === frameworkId).map(({ id }) => id);
      frameworks.get(frameworkId)?.ref?.tell("inverseOffersRescinded", { offerIds });
    }
  }
}

function inverseOffer({ id, tasks, startMs }: Notice, { yields }: Holding<Victim>): InverseOffer {
  const [{ frameworkId, slaveId }] = tasks;
  return {
    id,
    frameworkId,
    slaveId,
    resources: yields,
    tasks: tasks.filter(({ released }) => !released).map(({ info }) => info.taskId),
    unavailability: { startMs },
    reason: "revocation",
  };
}

function claimOf({ slaves }: MasterState, role: string, lacking: Quantities, appetite: Appetite): Claim {
  const places = new Map<string, Place>();
  for (const slave of slaves.all()) {
    for (const { short } of slave.parts) places.set(placeKey(slave.id, short), { slave, short });
  }
  return {
    role,
    lacking,
    takes: (key, besides) => {
      const place = places.get(key);
      return place !== undefined && appetite.takes(place, besides);
    },
  };
}

/** What is lacking besides what these bring, and who takes it on top of them. */
function restOf<T>(claim: Claim, coming: readonly Holding<T>[]): Claim {
  const have = brought(claim, coming);
  const there = new Map<string, Resources>();
  for (const { place, yields } of coming) there.set(place, add(there.get(place) ?? noResources, yields));
  const left = Object.entries(claim.lacking).map(([name, amount]) => [name, amount - amountIn(have, name)] as const);
  return {
    role: claim.role,
    lacking: Object.fromEntries(left.filter(([, amount]) => amount > 0)),
    takes: (place, besides) => claim.takes(place, add(there.get(place) ?? noResources, besides)),
  };
}
