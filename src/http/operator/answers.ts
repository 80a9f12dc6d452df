import type { TaskRow } from "../../protocol/cluster-events.ts";
import type { OperatorRead } from "../../protocol/operator-schema.ts";
import { type ClusterFacts, versionInfo } from "../cluster-facts.ts";
import type { RoleAction } from "../guards/authorization.ts";
import { masterInfo } from "../master-info.ts";
import { pauseField } from "../reads/pause-field.ts";
import { maintenanceSchedule, maintenanceStatus } from "./maintenance-answers.ts";
import { quotaStatus, roles, weightInfos } from "./role-answers.ts";
import { agentJson, frameworkJson, offerJson, taskJson } from "./rows.ts";

/** The answer to each read of the operator API, in the JSON of Mesos's v1 `Response`. */
export const operatorAnswers = {
  GET_AGENTS: (facts: ClusterFacts) => ({ type: "GET_AGENTS" as const, get_agents: agents(facts) }),
  GET_FRAMEWORKS: (facts: ClusterFacts) => ({ type: "GET_FRAMEWORKS" as const, get_frameworks: frameworks(facts) }),
  GET_HEALTH: () => ({ type: "GET_HEALTH" as const, get_health: { healthy: true } }),
  GET_MAINTENANCE_SCHEDULE: (facts: ClusterFacts) => ({
    type: "GET_MAINTENANCE_SCHEDULE" as const,
    get_maintenance_schedule: { schedule: maintenanceSchedule(facts) },
  }),
  GET_MAINTENANCE_STATUS: (facts: ClusterFacts) => ({
    type: "GET_MAINTENANCE_STATUS" as const,
    get_maintenance_status: { status: maintenanceStatus(facts) },
  }),
  GET_MASTER: (facts: ClusterFacts) => ({ type: "GET_MASTER" as const, get_master: master(facts) }),
  GET_OFFERS: (facts: ClusterFacts) => ({ type: "GET_OFFERS" as const, get_offers: offers(facts) }),
  GET_QUOTA: (facts: ClusterFacts, mayDo: MayDo) => ({
    type: "GET_QUOTA" as const,
    get_quota: { status: quotaStatus(facts, (role) => mayDo("get_quotas", role)) },
  }),
  GET_ROLES: (facts: ClusterFacts, mayDo: MayDo) => ({
    type: "GET_ROLES" as const,
    get_roles: { roles: roles(facts, (role) => mayDo("view_roles", role)) },
  }),
  GET_STATE: (facts: ClusterFacts) => ({
    type: "GET_STATE" as const,
    get_state: {
      get_tasks: tasks(facts),
      get_executors: { executors: [] },
      get_frameworks: frameworks(facts),
      get_agents: agents(facts),
    },
  }),
  GET_TASKS: (facts: ClusterFacts) => ({ type: "GET_TASKS" as const, get_tasks: tasks(facts) }),
  GET_VERSION: ({ version }: ClusterFacts) => ({
    type: "GET_VERSION" as const,
    get_version: { version_info: versionInfo(version) },
  }),
  GET_WEIGHTS: (facts: ClusterFacts, mayDo: MayDo) => ({
    type: "GET_WEIGHTS" as const,
    get_weights: { weight_infos: weightInfos(facts, (role) => mayDo("view_roles", role)) },
  }),
} as const satisfies {
  readonly [Type in OperatorRead]: (facts: ClusterFacts, mayDo: MayDo) => { readonly type: Type };
};

/** What whoever asks may do to a role, or see of it. */
export type MayDo = (action: RoleAction, role: string) => boolean;

/** What a read is answered with. */
export type OperatorAnswer<Type extends OperatorRead> = ReturnType<(typeof operatorAnswers)[Type]>;

function agents({ rows, version }: ClusterFacts) {
  return { agents: [...rows.slaves.values()].map((row) => agentJson(row, version)), recovered_agents: [] };
}

function frameworks({ rows }: ClusterFacts) {
  return {
    frameworks: [...rows.frameworks.values()].map(frameworkJson),
    completed_frameworks: [...rows.completedFrameworks.values()].map(frameworkJson),
    recovered_frameworks: [],
  };
}

function tasks({ rows }: ClusterFacts) {
  const live = [...rows.tasks.values()];
  const json = (row: TaskRow) => taskJson(row, rows.slaves.get(row.task.slaveId)?.info.ip);
  const isOrphan = (row: TaskRow) => rows.framework(row.frameworkId) === undefined;
  const isUnreachable = (row: TaskRow) => row.status.state === "unreachable";
  return {
    pending_tasks: [],
    tasks: live.filter((row) => !isOrphan(row) && !isUnreachable(row)).map(json),
    unreachable_tasks: live.filter((row) => !isOrphan(row) && isUnreachable(row)).map(json),
    completed_tasks: [...rows.histories.values()].flatMap((history) => [...history.values()].map(json)),
    orphan_tasks: live.filter(isOrphan).map(json),
  };
}

function offers({ rows }: ClusterFacts) {
  return {
    offers: [...rows.offers.values()].map((row) =>
      offerJson(row, {
        hostname: rows.slaves.get(row.slaveId)?.info.hostname ?? "",
        framework: rows.framework(row.frameworkId)?.info.name ?? "",
      }),
    ),
  };
}

function master(facts: ClusterFacts) {
  const { master: row } = facts;
  return {
    master_info: masterInfo(facts),
    start_time: row.startedMs / 1000,
    elected_time: row.startedMs / 1000,
    ...pauseField(facts.rows),
  };
}
