import type { Plain } from "./client.ts";

/** Parts of calls, as a scheduler writes them. */

export const scalar = (name: string, value: number) => ({ name, type: "SCALAR", scalar: { value } });

type Wanted = {
  readonly cpus?: number;
  readonly durationMs?: number;
  readonly outcome?: "finished" | "failed";
  /** Fields of the task in place of the usual ones. */
  readonly task?: object;
};

/** A task that only takes time. */
export function sleeper(
  { agent_id }: Plain,
  id: string,
  { cpus = 1, durationMs = 60_000, outcome = "finished", task }: Wanted = {},
) {
  return {
    name: id,
    task_id: { value: id },
    agent_id,
    resources: [scalar("cpus", cpus)],
    mesolite_simulated: { duration_ms: durationMs, outcome },
    ...task,
  };
}

export const launch = (...task_infos: readonly object[]) => ({ type: "LAUNCH", launch: { task_infos } });

export const capabilities = (...types: readonly string[]) => ({ capabilities: types.map((type) => ({ type })) });

/** A framework of several roles. */
export const multiRole = (...roles: readonly string[]) => ({ ...capabilities("MULTI_ROLE"), roles });

/** A group of tasks that only take time, under one executor. */
export function group(offer: Plain, ...names: readonly string[]) {
  const executor = {
    type: "DEFAULT",
    executor_id: { value: "e" },
    resources: [scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 1)],
  };
  return { executor, task_group: { tasks: names.map((name) => sleeper(offer, name)) } };
}

export const launchGroup = (launch_group: object, more: object = {}) => ({
  type: "LAUNCH_GROUP",
  launch_group,
  ...more,
});
