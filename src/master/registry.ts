import type { SlaveId } from "../protocol/ids.ts";
import type { MaintenanceWindow } from "../protocol/maintenance.ts";
import type { Quota } from "../protocol/quota.ts";
import { add, contains, isEmpty, noResources, type Resources, subtract } from "../protocol/resources.ts";
import type { SlaveInfo } from "../protocol/slave-info.ts";

/**
 *   admitted ⇄ unreachable          gone: an operator has given it up; it is never let in again, and remembered so that
 *       └────────┴──► gone          its tasks can be answered for
 */
export type RegisteredSlave = {
  readonly info: SlaveInfo;
  readonly standing: "admitted" | "unreachable" | "gone";
  /** Unix milliseconds. */
  readonly sinceMs: number;
  /** What of its resources is reserved dynamically, under the keys of the reservations; never empty. Gone slaves have none. */
  readonly reserved?: Resources;
};

export type StoredSlave = RegisteredSlave & { readonly slaveId: string };

/** What operators have set for the whole cluster. It fits into one message between threads, as its limits are. */
export type Settings = {
  readonly weights: { readonly [role: string]: number };
  readonly quotas: { readonly [role: string]: Quota };
  readonly maintenance: readonly MaintenanceWindow[];
};

/**
 * A named change of the registry, small enough to be read in a log. `atMs`: Unix milliseconds. Whoever asks for one has
 * checked what is in it.
 */
export type RegistryOperation =
  | SlaveOperation
  /** Of the roles it names, and no others. */
  | { readonly type: "updateWeights"; readonly weights: { readonly [role: string]: number } }
  /** Of the roles it names, and no others; `null` takes a quota away. */
  | { readonly type: "updateQuotas"; readonly quotas: { readonly [role: string]: Quota | null } }
  /** The whole schedule. */
  | { readonly type: "setMaintenance"; readonly windows: readonly MaintenanceWindow[] };

export type SlaveOperation =
  | { readonly type: "admitSlave"; readonly slaveId: SlaveId; readonly info: SlaveInfo; readonly atMs: number }
  | { readonly type: "markSlaveUnreachable"; readonly slaveId: SlaveId; readonly atMs: number }
  | { readonly type: "markSlaveReachable"; readonly slaveId: SlaveId; readonly info: SlaveInfo; readonly atMs: number }
  | { readonly type: "markSlaveGone"; readonly slaveId: SlaveId; readonly atMs: number }
  | { readonly type: "removeSlave"; readonly slaveId: SlaveId }
  /** Under the keys of the reservations, to be added to what is reserved. */
  | { readonly type: "reserve"; readonly slaveId: SlaveId; readonly resources: Resources }
  /** Under the keys of the reservations. Changes nothing unless all of it is reserved. */
  | { readonly type: "unreserve"; readonly slaveId: SlaveId; readonly resources: Resources };

/**
 * The master's only durable state: which slaves were let in, which of them are out of reach or gone for ever, what of
 * them is reserved, and what operators have set. Everything else is told to a new master by slaves and frameworks (paper
 * §3.6). An operation costs as much with fifty thousand slaves as with one; what is kept of a slave is replaced and never
 * changed in place.
 */
export class Registry {
  readonly #slaves = new Map<string, RegisteredSlave>();
  readonly #weights = new Map<string, number>();
  readonly #quotas = new Map<string, Quota>();
  #maintenance: readonly MaintenanceWindow[] = [];

  constructor(slaves: Iterable<StoredSlave> = [], settings: Partial<Settings> = {}) {
    for (const { slaveId, ...slave } of slaves) this.#slaves.set(slaveId, slave);
    const { weights = {}, quotas = {}, maintenance = [] } = settings;
    this.perform({ type: "updateWeights", weights });
    this.perform({ type: "updateQuotas", quotas });
    this.#maintenance = maintenance;
  }

  /** By id, in the order in which they came. */
  get slaves(): ReadonlyMap<string, RegisteredSlave> {
    return this.#slaves;
  }

  /** Those that were set, by role. */
  get weights(): ReadonlyMap<string, number> {
    return this.#weights;
  }

  /** By role. */
  get quotas(): ReadonlyMap<string, Quota> {
    return this.#quotas;
  }

  get maintenance(): readonly MaintenanceWindow[] {
    return this.#maintenance;
  }

  /** Operations about slaves it does not know change nothing. All but `reserve` and `unreserve` may be repeated. */
  perform(operation: RegistryOperation): void {
    switch (operation.type) {
      case "updateWeights":
        for (const [role, weight] of Object.entries(operation.weights)) this.#weights.set(role, weight);
        return;
      case "updateQuotas":
        for (const [role, quota] of Object.entries(operation.quotas)) {
          if (quota === null) this.#quotas.delete(role);
          else this.#quotas.set(role, quota);
        }
        return;
      case "setMaintenance":
        this.#maintenance = operation.windows;
        return;
      default: {
        const { slaveId } = operation;
        const after = slaveAfter(operation, this.#slaves.get(slaveId));
        if (after === undefined) this.#slaves.delete(slaveId);
        else this.#slaves.set(slaveId, after);
      }
    }
  }

  /** Everything but the slaves, as plain data. */
  settings(): Settings {
    return {
      weights: Object.fromEntries(this.#weights),
      quotas: Object.fromEntries(this.#quotas),
      maintenance: this.#maintenance,
    };
  }
}

/** What is kept of a slave after an operation, undefined for nothing: the very same when it changes nothing. */
export function slaveAfter(operation: SlaveOperation, known: RegisteredSlave | undefined): RegisteredSlave | undefined {
  switch (operation.type) {
    case "admitSlave":
    case "markSlaveReachable": {
      const { info, atMs } = operation;
      return withReserved({ info, standing: "admitted", sinceMs: atMs }, known?.reserved ?? noResources);
    }
    case "markSlaveUnreachable":
      if (known?.standing !== "admitted") return known;
      return { ...known, standing: "unreachable", sinceMs: operation.atMs };
    case "markSlaveGone":
      if (known === undefined || known.standing === "gone") return known;
      return { info: known.info, standing: "gone", sinceMs: operation.atMs };
    case "removeSlave":
      return undefined;
    case "reserve":
      if (known === undefined || known.standing === "gone") return known;
      return withReserved(known, add(known.reserved ?? noResources, operation.resources));
    case "unreserve":
      if (known?.reserved === undefined || !contains(known.reserved, operation.resources)) return known;
      return withReserved(known, subtract(known.reserved, operation.resources));
  }
}

function withReserved({ info, standing, sinceMs }: RegisteredSlave, reserved: Resources): RegisteredSlave {
  return isEmpty(reserved) ? { info, standing, sinceMs } : { info, standing, sinceMs, reserved };
}

/** The slaves of one standing, in the order in which they came. */
export function slavesOf(registry: Registry, standing: RegisteredSlave["standing"]): readonly string[] {
  const found: string[] = [];
  for (const [slaveId, slave] of registry.slaves) if (slave.standing === standing) found.push(slaveId);
  return found;
}

/** Its slaves as they are stored, in the order in which they came, without the first `from`. */
export function* storedSlaves({ slaves }: Registry, from = 0): Iterable<StoredSlave> {
  let index = 0;
  for (const [slaveId, slave] of slaves) if (index++ >= from) yield { slaveId, ...slave };
}
