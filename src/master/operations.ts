import { MultiMap } from "../base/multi-map.ts";
import type { SlaveId } from "../protocol/ids.ts";
import type { ReservationOperation } from "../protocol/offer.ts";
import { operationIdShape } from "../protocol/operation-status.ts";
import type { OperatorReservation } from "../protocol/operator-api.ts";
import { add, contains, noResources, type Resources, shortfall, subtract, sum } from "../protocol/resources.ts";
import { heldBy } from "../protocol/task-group.ts";
import type { Holding } from "./allocator-link.ts";
import { type Conversion, converted, ends } from "./conversion.ts";
import type { Followed } from "./operation-statuses.ts";
import { reservationFault } from "./reservation-fault.ts";
import { partTotals } from "./slave-parts.ts";
import type { Slave } from "./slaves.ts";
import type { MasterState } from "./state.ts";
import { holderOf } from "./tasks.ts";

/** Reservations, or ends of some, that wait for the registry. What comes beyond it is refused. */
const waitingMax = 10_000;

/** Why an operator's call cannot be carried out, as HTTP would have it. */
export type OperationRefusal = { readonly status: 400 | 404 | 409 | 503; readonly reason: string };

/**
 * RESERVE and UNRESERVE. What is reserved must outlive the master: nothing is done with the resources until the change is
 * in the registry, and they are nobody else's meanwhile.
 *
 *     a framework's   the resources of its accept stay offered to it, and its other operations wait
 *     an operator's   the resources are taken out of the slave's accounts, so that nobody is offered them
 *
 * The registry performs changes in order, so a change that waits is about the slave as it is then: one that has left the
 * registry meanwhile keeps nothing.
 */
export class Operations {
  readonly #state: () => MasterState;
  readonly #held = new MultiMap<SlaveId, Holding>();
  readonly #withheld = new MultiMap<SlaveId, Resources>();
  #waiting = 0;

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  /** What accepts hold of a slave while they wait. */
  heldOn(slaveId: SlaveId): readonly Holding[] {
    return [...this.#held.get(slaveId)];
  }

  /** What nobody is offered of a slave, nor may launch on, because operators wait for it. */
  withheldOf(slaveId: SlaveId): Resources {
    return sum(this.#withheld.get(slaveId));
  }

  /**
   * Begins an operation of an accept on what the ones before it have left over. `then` hears what it makes of that, when
   * it is in the registry. A refusal is told, and nothing else happens: answers false.
   */
  begin(holding: Holding, slave: Slave, operation: ReservationOperation, then: (left: Resources) => void): boolean {
    const { statuses } = this.#state();
    const { frameworkId, slaveId, resources: left } = holding;
    const { operationId } = operation;
    const followed = { frameworkId, slaveId, operationId };
    const fault = this.#faultOf(holding, slave, operation, followed);
    if (fault !== undefined) {
      statuses.refused(followed, "error", fault);
      return false;
    }
    if (this.#waiting >= waitingMax) {
      statuses.refused(followed, "dropped", `${waitingMax} operations wait already`);
      return false;
    }
    statuses.begun(followed);
    this.#hold(holding, slave);
    this.#commit(slave, operation, (done) => {
      this.#unhold(holding);
      if (!done) {
        statuses.dropped(followed, `slave ${slaveId} was removed before it could be done`);
        return then(left);
      }
      const { from, to } = ends(operation);
      this.#convert(slave, operation);
      this.#state().allocator.converted({ ...holding, resources: from }, to);
      statuses.finished(followed);
      then(converted(left, operation));
    });
    return true;
  }

  /** Offers that stand in the way are taken back. Answers with a refusal, or with nothing once it is in the registry. */
  perform(call: OperatorReservation, done: (refusal?: OperationRefusal) => void): void {
    const { slaves, registrar } = this.#state();
    const { slaveId, resources, principal } = call;
    const slave = slaves.get(slaveId);
    if (slave === undefined) return done({ status: 404, reason: `no slave ${slaveId} is registered` });
    const type = call.type === "RESERVE_RESOURCES" ? "reserve" : "unreserve";
    const conversion: Conversion = { type, resources };
    const reserved = registrar.registry.slaves.get(slaveId)?.reserved;
    const fault = reservationFault(conversion, { principal, total: slave.info.resources, reserved });
    if (fault !== undefined) return done({ status: 400, reason: fault });
    if (slave.state !== "registered") return done({ status: 409, reason: `slave ${slaveId} is out of reach` });
    if (this.#waiting >= waitingMax) return done({ status: 503, reason: `${waitingMax} operations wait already` });
    const { from } = ends(conversion);
    const free = this.#free(slave);
    if (!contains(free, from)) {
      return done({ status: 409, reason: `not as much is free: ${shortfall(free, from)}` });
    }
    this.#clear(slave, free, from);
    this.#withhold(slave, from);
    this.#commit(slave, conversion, (took) => {
      if (took) this.#convert(slave, conversion);
      this.#release(slave, from);
      done(took ? undefined : { status: 409, reason: `slave ${slaveId} was removed before it could be done` });
    });
  }

  /** What is wrong with an operation of an accept, or undefined. */
  #faultOf(holding: Holding, slave: Slave, operation: ReservationOperation, followed: Followed): string | undefined {
    const { statuses, frameworks, registrar } = this.#state();
    const { frameworkId, slaveId, role, short, resources: left } = holding;
    const id = operation.operationId;
    if (id !== undefined && operationIdShape(id) !== undefined) return `the operation's id${operationIdShape(id)}`;
    if (statuses.has(followed)) return `operation id ${id} is in use`;
    if (short) return "the part of a slave that is for short tasks cannot be reserved";
    const named = operation.role;
    if (named !== undefined && named !== role) {
      return `the resources are said to be allocated to role ${named}, the offer is to ${role}`;
    }
    const fault = reservationFault(operation, {
      role,
      principal: frameworks.get(frameworkId)?.info.principal,
      total: slave.info.resources,
      reserved: registrar.registry.slaves.get(slaveId)?.reserved,
    });
    if (fault !== undefined) return fault;
    const { from } = ends(operation);
    return contains(left, from) ? undefined : `the offer has not as much: ${shortfall(left, from)}`;
  }

  #commit(slave: Slave, { type, resources }: Conversion, done: (took: boolean) => void): void {
    const { registrar } = this.#state();
    this.#waiting++;
    registrar.apply({ type, slaveId: slave.id, resources }, () => {
      this.#waiting--;
      const standing = registrar.registry.slaves.get(slave.id)?.standing;
      done(standing !== undefined && standing !== "gone");
    });
  }

  /** In the book. A slave that is not there any more comes back with what the registry has. */
  #convert(slave: Slave, conversion: Conversion): void {
    const { slaves, publisher } = this.#state();
    if (slaves.get(slave.id) !== slave) return;
    slave.info = { ...slave.info, resources: converted(slave.info.resources, conversion) };
    publisher.slaveChanged(slave.id);
  }

  #hold(holding: Holding, slave: Slave): void {
    const { slaves, frameworks } = this.#state();
    this.#held.add(holding.slaveId, holding);
    slaves.offer(slave, holding.resources);
    frameworks.hold(holding.frameworkId, holding.resources);
  }

  #unhold(holding: Holding): void {
    const { slaves, frameworks } = this.#state();
    this.#held.delete(holding.slaveId, holding);
    slaves.unoffer(holding.slaveId, holding.resources);
    frameworks.unhold(holding.frameworkId, holding.resources);
  }

  /** What nobody uses of the part of a slave that can be reserved: free, or only offered. */
  #free({ id, info }: Slave): Resources {
    const { tasks } = this.#state();
    const whole = partTotals(info).get(false) ?? noResources;
    const used = tasks.onSlave(id).filter((task) => !task.released && task.info.short !== true);
    const held = this.heldOn(id).filter(({ short }) => !short);
    const taken = sum([heldBy(used.map(holderOf)), ...held.map(({ resources }) => resources)]);
    return subtract(subtract(whole, taken), this.withheldOf(id));
  }

  /** Takes back offers, the oldest first, until what is needed is offered to nobody. */
  #clear(slave: Slave, free: Resources, needed: Resources): void {
    const { offers } = this.#state();
    const standing = offers.onSlave(slave.id).filter(({ maxTaskMs }) => maxTaskMs === undefined);
    let idle = standing.reduce((left, { resources }) => subtract(left, resources), free);
    for (const offer of standing) {
      if (contains(idle, needed)) return;
      if (!Object.keys(needed).some((key) => Object.hasOwn(offer.resources, key))) continue;
      offers.rescind(offer, "reserved");
      idle = add(idle, offer.resources);
    }
  }

  /** New accounts: what the allocator has offered of the old ones by now is nothing. */
  #withhold(slave: Slave, resources: Resources): void {
    this.#withheld.add(slave.id, resources);
    this.#reopen(slave);
  }

  #release(slave: Slave, resources: Resources): void {
    this.#withheld.delete(slave.id, resources);
    if (this.#state().slaves.get(slave.id) === slave) this.#reopen(slave);
  }

  #reopen(slave: Slave): void {
    const { allocator } = this.#state();
    allocator.closeAccounts(slave);
    allocator.openAccounts(slave);
  }
}
