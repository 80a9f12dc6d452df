import fc from "fast-check";
import {
  Registry,
  type RegistryOperation,
  type Settings,
  type StoredSlave,
  storedSlaves,
} from "../../src/master/registry.ts";
import { SlaveId } from "../../src/protocol/ids.ts";
import type { MaintenanceWindow } from "../../src/protocol/maintenance.ts";
import type { Quota } from "../../src/protocol/quota.ts";
import type { Resources } from "../../src/protocol/resources.ts";
import type { SlaveInfo } from "../../src/protocol/slave-info.ts";

/** A slave that differs from others by its port. */
export function slaveInfo(port: number): SlaveInfo {
  return { hostname: "h", ip: "10.0.0.1", port, resources: { cpus: 1_000 }, attributes: {}, checkpoint: false };
}

/** One operation of every type, each of which changes what those before it have left. */
export const everyOperation: readonly RegistryOperation[] = [
  { type: "admitSlave", slaveId: SlaveId("s1"), info: slaveInfo(1), atMs: 10 },
  { type: "admitSlave", slaveId: SlaveId("s2"), info: slaveInfo(2), atMs: 20 },
  { type: "reserve", slaveId: SlaveId("s1"), resources: { 'cpus(["a","dynamic"])': 500, "cpus(b)": 250 } },
  { type: "reserve", slaveId: SlaveId("s2"), resources: { 'ports(["a"])': { ranges: [[1, 9]] } } },
  { type: "unreserve", slaveId: SlaveId("s1"), resources: { "cpus(b)": 250 } },
  { type: "markSlaveUnreachable", slaveId: SlaveId("s1"), atMs: 30 },
  { type: "markSlaveReachable", slaveId: SlaveId("s1"), info: slaveInfo(3), atMs: 40 },
  { type: "markSlaveGone", slaveId: SlaveId("s2"), atMs: 50 },
  { type: "admitSlave", slaveId: SlaveId("s3"), info: slaveInfo(4), atMs: 60 },
  { type: "removeSlave", slaveId: SlaveId("s3") },
  { type: "updateWeights", weights: { a: 2, "a/b": 0.25 } },
  { type: "updateWeights", weights: { a: 3 } },
  { type: "updateQuotas", quotas: { a: quota(1), b: quota(2) } },
  { type: "updateQuotas", quotas: { a: null, c: quota(3) } },
  { type: "setMaintenance", windows: [{ machines: [{ hostname: "h1" }], startMs: 1 }] },
  { type: "setMaintenance", windows: [{ machines: [{ hostname: "h2", ip: "::1" }], startMs: 2, durationMs: 3 }] },
];

/** What they leave. */
export const afterEveryOperation: { readonly slaves: readonly StoredSlave[] } & Settings = {
  slaves: [
    {
      slaveId: "s1",
      info: slaveInfo(3),
      standing: "admitted",
      sinceMs: 40,
      reserved: { 'cpus(["a","dynamic"])': 500 },
    },
    { slaveId: "s2", info: slaveInfo(2), standing: "gone", sinceMs: 50 },
  ],
  weights: { a: 3, "a/b": 0.25 },
  quotas: { b: quota(2), c: quota(3) },
  maintenance: [{ machines: [{ hostname: "h2", ip: "::1" }], startMs: 2, durationMs: 3 }],
};

/** The registry that these make of an empty one. */
export function performed(operations: readonly RegistryOperation[]): Registry {
  const registry = new Registry();
  for (const operation of operations) registry.perform(operation);
  return registry;
}

/** All of a registry as plain data, in its order. */
export function contents(registry: Registry): { readonly slaves: readonly StoredSlave[] } & Settings {
  return structuredClone({ slaves: [...storedSlaves(registry)], ...registry.settings() });
}

function quota(milli: number): Quota {
  return { limits: { cpus: 4 * milli }, guarantees: { cpus: milli, mem: 1 }, graceMs: 1_000 };
}

const slaveId = fc.constantFrom("s1", "s2", "s3").map(SlaveId);

const atMs = fc.nat(3);

/** Also a word that every object knows: it is a role like any other. */
const role = fc.constantFrom("a", "a/b", "constructor");

const resources: fc.Arbitrary<Resources> = fc.oneof(
  fc.record({ "cpus(a)": fc.nat(3) }),
  fc.record({ 'cpus(["a","dynamic"])': fc.nat(3), "cpus(a)": fc.nat(1) }),
  fc.nat(5).map((begin) => ({ "ports(a)": { ranges: [[begin, begin + 1] as const] } })),
);

const window: fc.Arbitrary<MaintenanceWindow> = fc.record(
  {
    machines: fc.constantFrom([{ hostname: "h1" }], [{ ip: "10.0.0.1" }, { hostname: "h2" }]),
    startMs: atMs,
    durationMs: atMs,
  },
  { requiredKeys: ["machines", "startMs"] },
);

/** Whatever may happen to three slaves. */
export const slaveOperation = fc.oneof(
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
  fc.record({ type: fc.constantFrom<"reserve" | "unreserve">("reserve", "unreserve"), slaveId, resources }),
  fc.record({ type: fc.constant<"removeSlave">("removeSlave"), slaveId }),
);

export const registryOperation: fc.Arbitrary<RegistryOperation> = fc.oneof(
  { weight: 3, arbitrary: slaveOperation },
  fc.record({
    type: fc.constant<"updateWeights">("updateWeights"),
    weights: fc.dictionary(role, fc.constantFrom(0.1, 1, 2.5)),
  }),
  fc.record({
    type: fc.constant<"updateQuotas">("updateQuotas"),
    quotas: fc.dictionary(role, fc.option(fc.integer({ min: 1, max: 3 }).map(quota))),
  }),
  fc.record({ type: fc.constant<"setMaintenance">("setMaintenance"), windows: fc.array(window, { maxLength: 3 }) }),
);

/** Any of it, in any order. */
export const registryStory = fc.array(registryOperation, { maxLength: 30 });
