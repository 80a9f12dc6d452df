import { invariant } from "../../base/invariant.ts";
import type { Resources } from "../../protocol/resources.ts";
import type { TaskStatus } from "../../protocol/task.ts";
import type { SchedulerDefinition } from "../scheduler.ts";
import { schedulerDriver } from "../scheduler-driver.ts";
import type { Attempt, Piece } from "../workload.ts";
import { type WorkloadProgress, workloadScheduler } from "../workload-scheduler.ts";

export type BatchOptions = {
  /** Default `batch`. */
  readonly name?: string;
  readonly role?: string;
  readonly user?: string;
  readonly commands: readonly BatchCommand[];
  /** Per command, unless it has its own. Default cpus:0.1;mem:32. */
  readonly resources?: Resources;
};

export type BatchCommand = {
  /** A line for `/bin/sh -c`, or with `arguments` the program to execute. */
  readonly command: string;
  /** The whole argv, its first word included: no shell reads it. */
  readonly arguments?: readonly string[];
  /** Variables besides those that every task has. */
  readonly environment?: { readonly [name: string]: string };
  /** Default: the command, as far as it is short. */
  readonly name?: string;
  readonly resources?: Resources;
};

/** The outcome of one command, told once as a `record` of the report. */
export type BatchRow = {
  /** Which of the options' commands. */
  readonly index: number;
  readonly name: string;
  readonly state: TaskStatus["state"];
  /** Absent when it never ran to its end. */
  readonly exit?: { readonly status: number } | { readonly signal: string };
  readonly slaveId: string;
  readonly hostname: string;
  readonly pid?: number;
  readonly taskId: string;
  /** How many tasks it took. */
  readonly attempts: number;
  readonly message?: string;
};

/** The result of a batch that ran to its end, whether or not its commands went well. */
export type BatchResult = { readonly succeeded: number; readonly failed: number } & WorkloadProgress;

const resourcesDefault: Resources = { cpus: 100, mem: 32_000 };
const nameLengthMax = 60;
/** A command with its task must fit into one message. */
const commandLengthMax = 100_000;

/** What is wrong with the options, or undefined. */
export function batchFault({ commands }: BatchOptions): string | undefined {
  if (commands.length === 0) return "there is no command to run";
  const empty = commands.findIndex(({ command }) => command.trim() === "");
  if (empty >= 0) return `command ${empty + 1} is empty`;
  const long = commands.findIndex(({ command }) => command.length > commandLengthMax);
  return long < 0
    ? undefined
    : `command ${long + 1} is longer than ${commandLengthMax} characters: put it into a script`;
}

/** Runs commands as process tasks, once each: one that fails is reported, one that is lost is run again. */
export function batch(options: BatchOptions): SchedulerDefinition {
  const fault = batchFault(options);
  invariant(fault === undefined, () => `the options of a batch were not checked: ${fault}`);
  const { name, commands, resources = resourcesDefault, ...identity } = options;
  let over = 0;
  let succeeded = 0;
  return workloadScheduler({
    name: name ?? "batch",
    ...identity,
    begin: (work) => work.add(commands.map((command, index) => pieceOf(command, index, resources))),
    over(attempt, status, work) {
      over++;
      if (status.state === "finished") succeeded++;
      work.record(rowOf(attempt, status));
      if (over < commands.length) return;
      const result: BatchResult = { succeeded, failed: over - succeeded, ...work.progress };
      work.end({ kind: "done", result });
    },
  });
}

export const batchFramework = schedulerDriver(batch);

function pieceOf({ command, name, resources, ...how }: BatchCommand, index: number, usual: Resources): Piece {
  return {
    key: `command-${index}`,
    kind: "command",
    name: name ?? shortened(command),
    resources: resources ?? usual,
    work: { command: { shell: how.arguments === undefined, value: command, ...how } },
    retriesMax: 0,
  };
}

function shortened(command: string): string {
  return command.length <= nameLengthMax ? command : `${command.slice(0, nameLengthMax - 1)}…`;
}

function rowOf({ piece, taskId, slaveId, hostname, number, worker }: Attempt, status: TaskStatus): BatchRow {
  return {
    index: Number(piece.key.slice("command-".length)),
    name: piece.name,
    state: status.state,
    ...(status.exit !== undefined && { exit: status.exit }),
    slaveId,
    hostname,
    ...(worker !== undefined && { pid: Number(worker) }),
    taskId,
    attempts: number,
    ...(status.message !== undefined && { message: status.message }),
  };
}
