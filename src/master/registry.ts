import type { SlaveId } from "../protocol/ids.ts";
import type { SlaveInfo } from "../protocol/slave-info.ts";

/**
 * The master's only durable state: which slaves were let in, and which of them are out of reach. Everything else is
 * told to a new master by slaves and frameworks (paper §3.6).
 */
export type Registry = {
  readonly admitted: { readonly [slaveId: string]: SlaveInfo };
  readonly unreachable: { readonly [slaveId: string]: SlaveInfo };
};

export const emptyRegistry: Registry = { admitted: {}, unreachable: {} };

/** A named change of the registry, small enough to be read in a log. */
export type RegistryOperation =
  | { readonly type: "admitSlave"; readonly slaveId: SlaveId; readonly info: SlaveInfo }
  | { readonly type: "markSlaveUnreachable"; readonly slaveId: SlaveId }
  | { readonly type: "markSlaveReachable"; readonly slaveId: SlaveId; readonly info: SlaveInfo }
  | { readonly type: "removeSlave"; readonly slaveId: SlaveId };

/** The registry after an operation. Operations about slaves it does not know change nothing: they may be repeated. */
export function perform(registry: Registry, operation: RegistryOperation): Registry {
  const { slaveId } = operation;
  const { [slaveId]: admitted, ...otherAdmitted } = registry.admitted;
  const { [slaveId]: unreachable, ...otherUnreachable } = registry.unreachable;
  switch (operation.type) {
    case "admitSlave":
    case "markSlaveReachable":
      return { admitted: { ...registry.admitted, [slaveId]: operation.info }, unreachable: otherUnreachable };
    case "markSlaveUnreachable":
      if (admitted === undefined) return registry;
      return { admitted: otherAdmitted, unreachable: { ...registry.unreachable, [slaveId]: admitted } };
    case "removeSlave":
      return { admitted: otherAdmitted, unreachable: otherUnreachable };
  }
}
