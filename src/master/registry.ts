import type { SlaveId } from "../protocol/ids.ts";
import type { SlaveInfo } from "../protocol/slave-info.ts";

/**
 * The master's only durable state: which slaves were let in, and which of them are out of reach or gone for ever.
 * Everything else is told to a new master by slaves and frameworks (paper §3.6).
 */
export type Registry = { readonly [slaveId: string]: RegisteredSlave };

/**
 *   admitted ⇄ unreachable          gone: an operator has given it up; it is never let in again, and remembered so that
 *       └────────┴──► gone          its tasks can be answered for
 */
export type RegisteredSlave = {
  readonly info: SlaveInfo;
  readonly standing: "admitted" | "unreachable" | "gone";
  /** Unix milliseconds. */
  readonly sinceMs: number;
};

export const emptyRegistry: Registry = {};

/** A named change of the registry, small enough to be read in a log. `atMs`: Unix milliseconds. */
export type RegistryOperation =
  | { readonly type: "admitSlave"; readonly slaveId: SlaveId; readonly info: SlaveInfo; readonly atMs: number }
  | { readonly type: "markSlaveUnreachable"; readonly slaveId: SlaveId; readonly atMs: number }
  | { readonly type: "markSlaveReachable"; readonly slaveId: SlaveId; readonly info: SlaveInfo; readonly atMs: number }
  | { readonly type: "markSlaveGone"; readonly slaveId: SlaveId; readonly atMs: number }
  | { readonly type: "removeSlave"; readonly slaveId: SlaveId };

/** The registry after an operation. Operations about slaves it does not know change nothing: they may be repeated. */
export function perform(registry: Registry, operation: RegistryOperation): Registry {
  const { slaveId } = operation;
  const { [slaveId]: known, ...others } = registry;
  switch (operation.type) {
    case "admitSlave":
    case "markSlaveReachable":
      return { ...registry, [slaveId]: { info: operation.info, standing: "admitted", sinceMs: operation.atMs } };
    case "markSlaveUnreachable":
      if (known?.standing !== "admitted") return registry;
      return { ...registry, [slaveId]: { ...known, standing: "unreachable", sinceMs: operation.atMs } };
    case "markSlaveGone":
      if (known === undefined || known.standing === "gone") return registry;
      return { ...registry, [slaveId]: { ...known, standing: "gone", sinceMs: operation.atMs } };
    case "removeSlave":
      return known === undefined ? registry : others;
  }
}

/** What the registry knows of a slave. Any text may be asked after, also one that every object inherits. */
export function registered(registry: Registry, slaveId: SlaveId): RegisteredSlave | undefined {
  return Object.hasOwn(registry, slaveId) ? registry[slaveId] : undefined;
}

/** The slaves of one standing. */
export function slavesOf(registry: Registry, standing: RegisteredSlave["standing"]): readonly string[] {
  return Object.keys(registry).filter((slaveId) => registry[slaveId]?.standing === standing);
}

/** The registry as a list, in the order in which slaves came. */
export function storedSlaves(registry: Registry) {
  return Object.entries(registry).map(([slaveId, slave]) => ({ slaveId, ...slave }));
}
