import fc from "fast-check";
import type { RegistryOperation } from "../../src/master/registry.ts";
import { SlaveId } from "../../src/protocol/ids.ts";
import type { SlaveInfo } from "../../src/protocol/slave-info.ts";

/** A slave that differs from others by its port. */
export function slaveInfo(port: number): SlaveInfo {
  return { hostname: "h", ip: "10.0.0.1", port, resources: { cpus: 1_000 }, attributes: {}, checkpoint: false };
}

const slaveId = fc.constantFrom("s1", "s2", "s3").map(SlaveId);

const atMs = fc.nat(3);

export const registryOperation: fc.Arbitrary<RegistryOperation> = fc.oneof(
  fc.record({
    type: fc.constantFrom<"admitSlave" | "markSlaveReachable">("admitSlave", "markSlaveReachable"),
    slaveId,
    info: fc.nat(3).map(slaveInfo),
    atMs,
  }),
  fc.record({
    type: fc.constantFrom<"markSlaveUnreachable" | "markSlaveGone">("markSlaveUnreachable", "markSlaveGone"),
    slaveId,
    atMs,
  }),
  fc.record({ type: fc.constant<"removeSlave">("removeSlave"), slaveId }),
);

/** Whatever may happen to three slaves, in any order. */
export const registryStory = fc.array(registryOperation, { maxLength: 30 });
