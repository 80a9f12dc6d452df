import { KindTable } from "../actors/link/kind-table.ts";
import type { Spec } from "../actors/spec.ts";
import { storageTable } from "../actors/storage.ts";
import { type ChildSpec, child } from "../actors/supervisor.ts";
import type { WireValue } from "../actors/wire-value.ts";
import { batchFramework } from "../frameworks/batch/batch.ts";
import { reportTable } from "../frameworks/report.ts";
import { wordcountFramework } from "../frameworks/wordcount/wordcount.ts";
import { allocatorTable } from "../master/allocator/protocol.ts";
import { master } from "../master/master.ts";
import { registryStoreTable } from "../master/ports.ts";
import { viewTable } from "../protocol/cluster-events.ts";
import { schedulerTable } from "../protocol/scheduler-api.ts";
import { sibling } from "../runtime/sibling.ts";
import { slave } from "../slave/slave.ts";

/** Every message that a mesolite process can send: each program of a cluster has the same table. */
export const kinds = new KindTable([
  allocatorTable,
  master.protocol,
  registryStoreTable,
  reportTable,
  schedulerTable,
  slave.protocol,
  storageTable,
  viewTable,
]);

/** Behaviours by the name under which they travel to a thread. Their arguments were made by this same program. */
const behaviours = {
  master,
  slave,
  batch: batchFramework,
  wordcount: wordcountFramework,
} as const satisfies Record<string, unknown>;

export type BehaviourName = keyof typeof behaviours;

export function isBehaviour(name: string): name is BehaviourName {
  return Object.hasOwn(behaviours, name);
}

/** An entry for a supervisor, from what travelled. */
export function childOf(behaviour: BehaviourName, name: string, args: WireValue, exported: boolean): ChildSpec {
  const spec = behaviours[behaviour] as unknown as Spec<unknown, WireValue>;
  const finite = behaviour === "batch" || behaviour === "wordcount";
  return child(name, spec, args, { exported, restart: finite ? "temporary" : "permanent" });
}

/** The modules whose functions tasks may name as `mesolite:NAME`. */
export const bundledModules: Readonly<Record<string, URL>> = {
  wordcount: sibling("../frameworks/wordcount/tasks/wordcount", import.meta.url),
};
