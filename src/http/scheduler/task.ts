import type { WireValue } from "../../actors/wire-value.ts";
import { ok, type Result, refused } from "../../base/result.ts";
import { SlaveId, TaskId } from "../../protocol/ids.ts";
import type { UnfitTask } from "../../protocol/offer.ts";
import type { Command, TaskInfo as OurTask } from "../../protocol/task.ts";
import { resourcesFrom, resourcesTo } from "../resource-list.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import type { TaskInfo } from "../v1/task-messages.ts";
import { labelsFrom } from "./label.ts";

/** Characters of a task as JSON: it travels to its slave, and with others of its kind to every view, in one message. */
const taskLengthMax = 65_536;

type V1Task = ValueOf<typeof TaskInfo>;

/** The task that Mesos's form describes, or why there can be none. */
export function taskFrom(task: V1Task): { readonly fit: OurTask } | { readonly unfit: UnfitTask } {
  const taskId = TaskId(task.task_id.value);
  const slaveId = SlaveId(task.agent_id.value);
  const unfit = (fault: string) => ({ unfit: { taskId, slaveId, fault } });
  const fault = missingFault(task) ?? policyFault(task);
  if (fault !== undefined) return unfit(fault);
  const work = workFrom(task);
  if (!work.ok) return unfit(work.error);
  const allocated = resourcesFrom(task.resources);
  if (!allocated.ok) return unfit(allocated.error);
  const { kill_policy: kill, max_completion_time: completion, labels, discovery } = task;
  const grace = kill?.grace_period;
  const fit: OurTask = {
    taskId,
    slaveId,
    name: task.name,
    ...allocated.value,
    ...work.value,
    ...(grace === undefined ? {} : { killGraceMs: grace.nanoseconds / 1e6 }),
    ...(completion === undefined ? {} : { maxCompletionMs: completion.nanoseconds / 1e6 }),
    ...(labels === undefined ? {} : { labels: labelsFrom(labels) }),
    ...(discovery === undefined ? {} : { discovery: discovery as unknown as WireValue }),
  };
  const size = JSON.stringify(fit).length;
  return size > taskLengthMax ? unfit(`it is ${size} characters long, and the limit is ${taskLengthMax}`) : { fit };
}

/** A task of a group: what runs it is said once for all of them. */
export function memberFrom(task: V1Task): ReturnType<typeof taskFrom> {
  if (task.executor === undefined) return taskFrom(task);
  const [taskId, slaveId] = [TaskId(task.task_id.value), SlaveId(task.agent_id.value)];
  return { unfit: { taskId, slaveId, fault: "it has an executor of its own" } };
}

/** A task of ours in Mesos's form. What Mesos has no word for is in fields of our own. */
export function taskTo(task: OurTask): InputOf<typeof TaskInfo> {
  const { command, function: called, simulated, killGraceMs, maxCompletionMs, labels, discovery } = task;
  return {
    name: task.name,
    task_id: { value: task.taskId },
    agent_id: { value: task.slaveId },
    resources: resourcesTo(task.resources, {
      reservations: "stack",
      ...(task.role === undefined ? {} : { allocatedTo: task.role }),
    }),
    ...(command === undefined ? {} : { command: commandTo(command) }),
    ...(called === undefined
      ? {}
      : {
          mesolite_function: {
            module: called.module,
            export: called.export,
            args: Buffer.from(JSON.stringify(called.args)),
          },
        }),
    ...(simulated === undefined
      ? {}
      : { mesolite_simulated: { duration_ms: simulated.durationMs, outcome: simulated.outcome } }),
    ...(killGraceMs === undefined ? {} : { kill_policy: { grace_period: { nanoseconds: killGraceMs * 1e6 } } }),
    ...(maxCompletionMs === undefined ? {} : { max_completion_time: { nanoseconds: maxCompletionMs * 1e6 } }),
    ...(labels === undefined ? {} : { labels: { labels } }),
    ...(discovery === undefined ? {} : { discovery: discovery as unknown as InputOf<typeof TaskInfo>["discovery"] }),
  };
}

/** What a task may ask of Mesos and not yet of mesolite. To run it without would be to run another task. */
function missingFault({ executor, command, container, health_check, check, limits }: V1Task): string | undefined {
  if (executor !== undefined && command !== undefined) return "it has both a command and an executor";
  if (executor !== undefined) return "executors of frameworks are not implemented";
  if (command !== undefined && command.uris.length > 0) return "fetching URIs is not implemented";
  const confined = containerFault(container);
  if (confined !== undefined) return confined;
  if (health_check !== undefined || check !== undefined) return "checks are not implemented";
  return limits.size > 0 ? "limits need the agent capability TASK_RESOURCE_LIMITS, which no agent has" : undefined;
}

/** Containers that ask for no more than what every task has. */
export function containerFault(container: V1Task["container"]): string | undefined {
  const { type, volumes = [], docker, mesos, network_infos: networks = [], linux_info, rlimit_info } = container ?? {};
  const plain = type !== "DOCKER" && docker === undefined && mesos?.image === undefined && volumes.length === 0;
  return plain && networks.length === 0 && linux_info === undefined && rlimit_info === undefined
    ? undefined
    : "containers with an image, volumes, a network or limits of their own are not implemented";
}

function policyFault({ kill_policy: kill, max_completion_time: completion, command }: V1Task): string | undefined {
  const negative = [kill?.grace_period, completion].some((time) => time !== undefined && time.nanoseconds < 0);
  if (negative) return "its kill_policy or max_completion_time is below zero";
  const secret = command?.environment?.variables.find(({ type }) => type === "SECRET");
  if (secret !== undefined) return `secrets are not implemented: ${secret.name}`;
  const empty = command?.environment?.variables.find(({ value }) => value === undefined);
  return empty === undefined ? undefined : `the environment variable ${empty.name} has no value`;
}

function workFrom(task: V1Task): Result<Pick<OurTask, "command" | "function" | "simulated">> {
  const { command, mesolite_function: called, mesolite_simulated: simulated } = task;
  if (called !== undefined) {
    const args = called.args === undefined ? ok(null) : argsFrom(called.args);
    return args.ok ? ok({ function: { module: called.module, export: called.export, args: args.value } }) : args;
  }
  if (simulated !== undefined) {
    const { duration_ms: durationMs, outcome } = simulated;
    if (!(durationMs >= 0) || (outcome !== "finished" && outcome !== "failed"))
      return refused("it is simulated wrongly");
    return ok({ simulated: { durationMs, outcome } });
  }
  if (command === undefined) return refused("it has neither a command nor an executor");
  const { value, shell = true, arguments: argv, environment } = command;
  if (value === undefined) return refused("its command has no value");
  const variables = environment?.variables ?? [];
  return ok({
    command: {
      shell,
      value,
      ...(shell ? {} : { arguments: argv }),
      ...(variables.length === 0
        ? {}
        : { environment: Object.fromEntries(variables.map((one) => [one.name, one.value ?? ""])) }),
    },
  });
}

function argsFrom(bytes: Uint8Array): Result<WireValue> {
  try {
    return ok(JSON.parse(Buffer.from(bytes).toString("utf8")) as WireValue);
  } catch {
    return refused("the arguments of its function are not JSON");
  }
}

function commandTo({ shell, value, arguments: argv, environment }: Command) {
  const variables = Object.entries(environment ?? {}).map(([name, text]) => ({ name, value: text }));
  return {
    shell,
    value,
    ...(argv === undefined ? {} : { arguments: argv }),
    ...(variables.length === 0 ? {} : { environment: { variables } }),
  };
}
