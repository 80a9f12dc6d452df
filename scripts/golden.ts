/**
 * How each message looks on a link, as hex. `node scripts/golden.ts` writes `test/actors/link/golden.json`, which a
 * test compares: bytes change only when somebody means them to.
 *
 * A changed line means that programs from before and after do not understand one another. The hash of the kind table
 * tells them apart if names or positions of fields changed; for any other change raise `version` in
 * `src/actors/link/hello.ts`.
 */

import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Codec } from "../src/actors/link/codec.ts";
import { encodeFrame, type FrameType, frameTypes } from "../src/actors/link/frame.ts";
import { FrameSeal, type Hmac } from "../src/actors/link/frame-seal.ts";
import { packHello } from "../src/actors/link/hello.ts";
import type { LinkItem } from "../src/actors/link/item.ts";
import type { WireBody, WireValue } from "../src/actors/wire-value.ts";
import { kinds } from "../src/cli/catalogue.ts";

export type Golden = {
  /** Of the kind table. */
  readonly hash: string;
  readonly frames: Readonly<Record<string, string>>;
  /** Batches of one item, of every type but `tell`. */
  readonly items: Readonly<Record<string, string>>;
  /** Batches of one tell, of every kind. */
  readonly kinds: Readonly<Record<string, string>>;
};

export const goldenFile = fileURLToPath(new URL("../test/actors/link/golden.json", import.meta.url));

const slaveId = "S-1";
const frameworkId = "F-1";
const taskId = "task-1";
const place = "slave-1~1/slaves.1";
const address = `${place}:2.1`;
const uuid = "0123456789abcdef";
const resources = { cpus: 2_000, mem: 2_048_000, ports: { ranges: [[31_000, 32_000]] } };
const info = { hostname: "localhost", port: 5051, resources, attributes: { rack: "r1" }, checkpoint: true };
const task = { taskId, slaveId, name: "a task", resources, command: { command: "true", arguments: ["-v"] } };
const status = { taskId, state: "running", uuid, timestampMs: 1_700_000_000_000 };
const filters = { refuseMs: 5_000 };
const offer = { offerId: "O-1", frameworkId, slaveId, hostname: "localhost", resources };

/** One value for each name of a field, of the shape that it has in the protocols. */
const samples: Readonly<Record<string, WireValue>> = {
  account: 3,
  accounts: [3, 4],
  active: true,
  allocated: { [frameworkId]: resources },
  columns: Uint8Array.of(0, 0, 0, 0, 0, 0, 240, 63),
  attempts: 3,
  attributes: { rack: "r1" },
  call: { type: "teardown", frameworkId },
  changes: [{ type: "slaveLost", slaveId }],
  clients: [{ frameworkId, role: "*" }],
  config: { allocationIntervalMs: 1_000, minAllocatable: [{ cpus: 10 }, { mem: 32_000 }] },
  details: { maps: 3, reduces: 1 },
  ending: { kind: "done", result: { words: 7 } },
  executorId: "e 1",
  filter: filters,
  filters,
  framework: { name: "batch", scheduler: address },
  frameworkId,
  from: 7,
  gpus: false,
  graceMs: 1_000,
  hostname: "localhost",
  info,
  journal: "slave",
  last: false,
  lead: 1_700_000_000_001,
  lost: [taskId],
  master: address,
  message: "went wrong",
  hello: 2,
  maxTaskMs: 60_000,
  minOffer: { cpus: 1_000 },
  missesMs: 15_000,
  more: true,
  names: ["cpus", "mem"],
  need: { cpus: 4_000 },
  offered: [],
  offerIds: ["O-1", "O-2"],
  offers: [offer],
  operationId: "o-1",
  operations: [{ type: "launch", tasks: [task] }],
  quotas: { web: { limits: { cpus: 8_000 }, guarantees: {}, graceMs: 30_000 } },
  reason: "slave lost",
  record: { type: "task", bytes: new Uint8Array([0, 127, 255]) },
  records: [{ type: "task" }, null],
  refuseMs: 5_000,
  resources,
  rows: 2,
  rests: [{ ports: { ranges: [[31_000, 32_000]] } }],
  role: "*",
  roles: ["*", "web"],
  row: { name: "a row", at: 0.5, none: null, large: 2n ** 60n },
  self: address,
  seq: 300,
  slaveId,
  slaveIds: [slaveId],
  state: "connected",
  status,
  suppressedRoles: ["web"],
  task,
  taskId,
  tasks: [task],
  to: resources,
  total: resources,
  update: { status, frameworkId },
  uuid,
  version: 2,
  weights: { web: 2 },
};

const codec = new Codec(kinds);

/** Throws when a field has no sample. */
export function golden(): Golden {
  return { hash: kinds.hash, frames: frames(), items: items(), kinds: tells() };
}

function tells(): Golden["kinds"] {
  return Object.fromEntries(
    kinds.entries.map(({ name, fields }) => {
      const item = { type: "tell", to: { name: "master" }, kind: name, body: bodyOf(name, fields) } as const;
      return [name, hexOf(item)];
    }),
  );
}

function bodyOf(kind: string, fields: readonly string[]): WireBody {
  const unknown = fields.find((field) => !Object.hasOwn(samples, field));
  if (unknown !== undefined) throw new Error(`${kind}.${unknown} has no sample: give it one in scripts/golden.ts`);
  return Object.fromEntries(fields.map((field) => [field, samples[field] ?? null]));
}

function items(): Golden["items"] {
  const to = { slot: 70_000, generation: 3 };
  const all: readonly LinkItem[] = [
    { type: "ask", to, kind: "read", body: { journal: "slave", from: 7 }, correlation: 300, remainingMs: 1_500 },
    { type: "reply", correlation: 300, value: { ok: true } },
    { type: "askFailed", correlation: 300, code: "overloaded", outcome: "not-run" },
    { type: "watch", to, watch: 4 },
    { type: "unwatch", watch: 4 },
    { type: "down", watch: 4, who: "master/allocator", reason: { failed: "out of luck" } },
    { type: "by", slot: 70_000, generation: 3, cause: 300 },
    { type: "refused", slot: 70_000, generation: 3, to: `${place}:@slave`, kind: "read", count: 2 },
  ];
  return Object.fromEntries(all.map((item) => [item.type, hexOf(item)]));
}

function hexOf(item: LinkItem): string {
  return Buffer.from(codec.encode({ firstSeq: 5, credit: 1_000, items: [item] })).toString("hex");
}

function frames(): Golden["frames"] {
  const self = { node: "slave-1", epoch: 1, thread: "slaves", threadEpoch: 1 };
  const nonce = new Uint8Array(32).fill(7);
  const hello = packHello({ place: self, tableHash: uuid, clusterId: "dev", secret: true, frameMac: true, nonce });
  const hmac: Hmac = (key, data) => createHmac("sha256", key).update(data).digest();
  const seal = new FrameSeal(new Uint8Array(32).fill(8), hmac);
  const payloads = Object.keys(frameTypes).map((type) => [type as FrameType, Uint8Array.of(1, 2, 3)] as const);
  const plain = payloads.map(
    ([type, payload]) => [type, encodeFrame(type, type === "hello" ? hello : payload)] as const,
  );
  const sealed = ["sealed data", encodeFrame("data", seal.seal("data", Uint8Array.of(1, 2, 3)))] as const;
  return Object.fromEntries([...plain, sealed].map(([name, bytes]) => [name, Buffer.from(bytes).toString("hex")]));
}

if (import.meta.main) writeFileSync(goldenFile, `${JSON.stringify(golden(), null, 2)}\n`);
