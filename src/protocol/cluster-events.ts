import { protocolTable, type Tell } from "../actors/protocol.ts";
import type { FrameworkInfo } from "./framework-info.ts";
import type { FrameworkId, OfferId, SlaveId, TaskId } from "./ids.ts";
import type { Lead } from "./lead.ts";
import type { MaintenanceWindow } from "./maintenance.ts";
import type { Quota } from "./quota.ts";
import type { Resources } from "./resources.ts";
import type { SlaveInfo } from "./slave-info.ts";
import type { TaskInfo, TaskStatus } from "./task.ts";

/**
 * What a read view hears from the master: a snapshot in chunks of at most 1 000 rows, the last one marked, then
 * numbered changes. `seq` grows by one per batch; a gap means that the view must ask again.
 */
export type ViewProtocol = {
  clusterSnapshot: Tell<{
    readonly seq: number;
    readonly master: MasterRow;
    readonly changes: readonly ClusterChange[];
    readonly last: boolean;
  }>;
  clusterChanged: Tell<{ readonly seq: number; readonly changes: readonly ClusterChange[] }>;
};

/** A whole row replaces the one before it; tasks send their body once and then only statuses. */
export type ClusterChange =
  | { readonly type: "slave"; readonly row: SlaveRow }
  | { readonly type: "slaveGone"; readonly id: SlaveId }
  | { readonly type: "framework"; readonly row: FrameworkRow }
  | { readonly type: "task"; readonly row: TaskRow }
  | { readonly type: "taskStatus"; readonly frameworkId: FrameworkId; readonly status: TaskStatus }
  | { readonly type: "offer"; readonly row: OfferRow }
  | { readonly type: "offerGone"; readonly id: OfferId }
  | { readonly type: "counters"; readonly counts: Counts }
  /** All of them. Without any, until one is told. */
  | { readonly type: "settings"; readonly settings: ClusterSettings }
  /** Without any, nothing is scheduled. */
  | { readonly type: "maintenance"; readonly maintenance: MaintenanceFacts }
  /** Without progress when offers are made, as they are until it is told otherwise. */
  | { readonly type: "offerPause"; readonly progress?: PauseProgress };

/** What operators have set, by role: only those that were. */
export type ClusterSettings = {
  readonly weights: { readonly [role: string]: number };
  readonly quotas: { readonly [role: string]: Quota };
};

/** What is scheduled, and who was told of it. */
export type MaintenanceFacts = {
  readonly windows: readonly MaintenanceWindow[];
  readonly answers: readonly MaintenanceAnswer[];
};

/** A framework with tasks on a slave that is in a window, and what it said last. `atMs`: Unix milliseconds. */
export type MaintenanceAnswer = {
  readonly slaveId: SlaveId;
  readonly frameworkId: FrameworkId;
  readonly said?: { readonly answer: "accepted" | "declined"; readonly atMs: number };
};

/** After a restart of the master: how many of the slaves that were known are back, or given up. */
export type PauseProgress = { readonly back: number; readonly known: number };

/** What the master has counted since it was elected, by Mesos's names of its metrics. Sent once a second at most. */
export type Counts = { readonly [name: string]: number };

export type MasterRow = {
  /** Also the cluster's id in every id the master makes. */
  readonly id: string;
  readonly lead: Lead;
  /** Unix milliseconds. */
  readonly startedMs: number;
};

export type SlaveRow = {
  readonly id: SlaveId;
  readonly info: SlaveInfo;
  readonly state: "registered" | "disconnected" | "unreachable";
  readonly registeredMs: number;
  readonly used: Resources;
  readonly offered: Resources;
};

export type FrameworkRow = {
  readonly id: FrameworkId;
  readonly info: FrameworkInfo;
  readonly state: "connected" | "disconnected" | "completed";
  readonly registeredMs: number;
  readonly used: Resources;
  readonly offered: Resources;
  /** Since the master started. */
  readonly offers: {
    readonly sent: number;
    readonly accepted: number;
    readonly declined: number;
    readonly rescinded: number;
  };
};

export type TaskRow = { readonly frameworkId: FrameworkId; readonly task: TaskInfo; readonly status: TaskStatus };

export type OfferRow = {
  readonly id: OfferId;
  readonly frameworkId: FrameworkId;
  readonly slaveId: SlaveId;
  readonly role: string;
  readonly resources: Resources;
  readonly madeMs: number;
};

/** Identifies a task in the cluster: frameworks choose their task ids independently. */
export function taskKey(frameworkId: FrameworkId, taskId: TaskId): string {
  return `${frameworkId}/${taskId}`;
}

export const viewTable = protocolTable<ViewProtocol>("view", {
  clusterSnapshot: { seq: 0, master: 1, changes: 2, last: 3 },
  clusterChanged: { seq: 0, changes: 1 },
});
