import type { Address } from "../../src/actors/address.ts";
import type { BodyOf } from "../../src/actors/protocol.ts";
import type { FrameworkInfo } from "../../src/protocol/framework-info.ts";
import { FrameworkId, OfferId, SlaveId, TaskId } from "../../src/protocol/ids.ts";
import type { InverseOffer } from "../../src/protocol/inverse-offer.ts";
import type { MasterProtocol } from "../../src/protocol/master-api.ts";
import type { Offer, Operation } from "../../src/protocol/offer.ts";
import type { RoleFilters } from "../../src/protocol/offer-filters.ts";
import type { SchedulerProtocol } from "../../src/protocol/scheduler-api.ts";
import type { SlaveProtocol } from "../../src/protocol/slave-api.ts";
import type { SlaveInfo } from "../../src/protocol/slave-info.ts";
import type { TaskInfo, TaskStatus } from "../../src/protocol/task.ts";

type Bodies<P> = { readonly [K in keyof P & string]: BodyOf<P[K]> };

const slaveId = SlaveId("S-1");
const frameworkId = FrameworkId("F-1");
const taskId = TaskId("t 1");
const offerId = OfferId("O-1");
const self: Address<never> = "slave-1~1/slaves.1:2.1";
const uuid = "V1StGXR8_Z5jdHi6B-myT";
const lead = { epoch: 2, term: 3 };
const resources = { cpus: 1_500, ports: { ranges: [[31_000, 31_009] as const] }, disks: { items: ["a", "b"] } };
const info: SlaveInfo = {
  hostname: "h1",
  ip: "10.0.0.1",
  port: 5_051,
  resources,
  attributes: { rack: "r1" },
  checkpoint: true,
};
const framework: FrameworkInfo = {
  name: "f",
  user: "",
  roles: ["*"],
  failoverTimeoutMs: 0,
  checkpoint: true,
  capabilities: ["PARTITION_AWARE"],
  principal: "p",
  hostname: "h0",
  webuiUrl: "http://h0",
  labels: [{ key: "team", value: "a" }, { key: "team" }],
};
const executor = { executorId: "e 1", resources, role: "*" };
const task: TaskInfo = {
  taskId,
  name: "a task",
  slaveId,
  resources,
  command: { shell: false, value: "/bin/true", arguments: ["true"], environment: { A: "b" } },
  killGraceMs: 1_000,
  labels: [{ key: "kind", value: "map" }, { key: "kind" }],
  discovery: { visibility: "CLUSTER" },
  maxCompletionMs: 60_000,
  role: "*",
  short: true,
  group: { groupId: "g 1", executor },
};
const status: TaskStatus = {
  taskId,
  state: "failed",
  source: "executor",
  reason: "EXECUTOR_TERMINATED",
  message: "it ended",
  slaveId,
  timestampMs: 1_700_000_000_000,
  uuid,
  data: { words: 7, rest: [null, true] },
  exit: { signal: "SIGKILL" },
  worker: "17",
  containerId: "c-1",
  executorId: "e 1",
  unreachableMs: 1_700_000_000_000,
};
const offer: Offer = {
  id: offerId,
  frameworkId,
  slaveId,
  hostname: "h1",
  ip: "10.0.0.1",
  port: 5_051,
  resources,
  attributes: {},
  role: "*",
  unavailability: { startMs: 1_700_000_000_000, durationMs: 0.5 },
};
const inverseOffer: InverseOffer = {
  id: offerId,
  frameworkId,
  slaveId,
  resources,
  tasks: [taskId],
  unavailability: { startMs: 1_700_000_000_000, durationMs: 3_600_000 },
  reason: "revocation",
};
const unfit = [{ taskId, slaveId, fault: "no" }];
const operations: readonly Operation[] = [
  { type: "launch", tasks: [task], unfit },
  { type: "launchGroup", executor, tasks: [task] },
  { type: "unfitGroup", unfit },
  { type: "reserve", resources: { 'cpus(["ads","dynamic"])': 500 }, role: "ads", operationId: "o 1" },
  { type: "unreserve", resources: { 'cpus(["ads","dynamic"])': 500 }, role: "ads", operationId: "o 2" },
  { type: "unknown", name: "CREATE", fault: "no", operationId: "o 3" },
];
const filter = { refuseMs: 5_000 };
const attribute = { attribute: "rack" };
const roleFilters: RoleFilters = {
  minAllocatable: [{ cpus: 100 }, { mem: 32_000 }],
  constraints: [
    [
      { selector: attribute, predicate: { type: "exists" } },
      { selector: { pseudo: "zone" }, predicate: { type: "notExists" } },
    ],
    [
      { selector: attribute, predicate: { type: "equals", value: "r1" } },
      { selector: attribute, predicate: { type: "notEquals", value: "r1" } },
    ],
    [
      { selector: { pseudo: "hostname" }, predicate: { type: "matches", regex: "h[0-9]+" } },
      { selector: attribute, predicate: { type: "notMatches", regex: "r.*" } },
    ],
  ],
};

/** A body of every kind, with every field that it may have. */
export const masterBodies: Bodies<MasterProtocol> = {
  registerSlave: {
    self,
    slaveId,
    info,
    tasks: [{ frameworkId, framework: { ...framework, id: frameworkId }, task, status, over: true }],
    hello: 2,
  },
  pong: { slaveId },
  statusUpdate: { slaveId, update: { frameworkId, status } },
  unregisterSlave: { slaveId },
  executorExited: { slaveId, frameworkId, executorId: "e 1", status: 9 },
  subscribe: { self, info: { ...framework, id: frameworkId }, suppressedRoles: ["*"], filters: { slaves: [slaveId] } },
  updateFramework: { frameworkId, info: framework, suppressedRoles: ["*"], filters: { slaves: [slaveId] } },
  accept: { frameworkId, offerIds: [offerId], operations, filter },
  decline: { frameworkId, offerIds: [offerId], filter },
  acceptInverseOffers: { frameworkId, offerIds: [offerId], filter },
  declineInverseOffers: { frameworkId, offerIds: [offerId], filter },
  suppress: { frameworkId, roles: ["*"] },
  revive: { frameworkId, roles: ["*"] },
  setFilters: { frameworkId, filters: { slaves: [slaveId], minFree: { cpus: 100 }, roles: { "*": roleFilters } } },
  killTask: { frameworkId, taskId, graceMs: 0.5, slaveId },
  shutdownExecutor: { frameworkId, slaveId, executorId: "e 1" },
  acknowledge: { frameworkId, slaveId, taskId, uuid },
  reconcile: { frameworkId, tasks: [{ taskId, slaveId }, { taskId }] },
  acknowledgeOperation: { frameworkId, operationId: "o 1", uuid },
  reconcileOperations: { frameworkId, operations: [{ operationId: "o 1", slaveId }, { operationId: "o 2" }] },
  teardown: { frameworkId },
  guaranteedShare: { frameworkId },
  placeable: { resources },
  watchCluster: { self },
  operate: { call: { type: "TEARDOWN", frameworkId } },
};

export const slaveBodies: Bodies<SlaveProtocol> = {
  slaveRegistered: { lead, slaveId, missesMs: 15_000, lost: [{ frameworkId, taskId }] },
  slaveRefused: { lead, reason: "no" },
  runTask: { lead, frameworkId, framework, task, hello: 1 },
  runGroup: { lead, frameworkId, framework, tasks: [task], hello: 1 },
  killOnSlave: { lead, frameworkId, taskId, graceMs: 0, reason: "REVOKED" },
  endExecutor: { lead, frameworkId, executorId: "e 1" },
  shutdownFramework: { lead, frameworkId },
  updateAcknowledged: { lead, frameworkId, taskId, uuid },
  ping: { lead },
};

export const schedulerBodies: Bodies<SchedulerProtocol> = {
  subscribed: { frameworkId, lead },
  frameworkError: { message: "over" },
  resourceOffers: { offers: [offer] },
  offersRescinded: { offerIds: [offerId], reason: "slaveLost" },
  inverseOffers: { offers: [inverseOffer] },
  inverseOffersRescinded: { offerIds: [offerId] },
  taskUpdate: { status },
  slaveLost: { slaveId, hostname: "h1" },
  executorEnded: { slaveId, executorId: "e 1", status: 9 },
  operationUpdate: { operationId: "o 1", state: "finished", message: "no", slaveId, uuid },
};

/** The body with another value at the path; `undefined` takes the field away. */
export function changed<T>(body: T, path: readonly (string | number)[], value: unknown): T {
  const [key, ...rest] = path;
  if (key === undefined) return value as T;
  const inner = changed((body as Record<string | number, unknown>)[key], rest, value);
  if (Array.isArray(body)) return body.map((each, index) => (index === key ? inner : each)) as T;
  const { [key]: _, ...others } = body as Record<string | number, unknown>;
  return (inner === undefined ? others : { ...others, [key]: inner }) as T;
}

/** The way to each value inside a body, the body itself left out. */
export function pathsOf(value: unknown): readonly (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => [[key], ...pathsOf(inner).map((path) => [key, ...path])]);
}
