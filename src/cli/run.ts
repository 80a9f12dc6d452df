import { constants } from "node:os";
import type { LogLevel } from "../actors/world.ts";
import type { BatchRow } from "../frameworks/batch/batch.ts";
import type { Credential } from "../http/guards/credentials-file.ts";
import { callOperator } from "../http/master-client.ts";
import type { Resources } from "../protocol/resources.ts";
import { type CredentialFiles, credentialFiles } from "./credentials.ts";
import { CliFailure } from "./failure.ts";
import { endingFailure, FrameworkProcess } from "./framework-process.ts";
import { credentialFrom } from "./http-access.ts";
import { aborted, interruption } from "./interrupt.ts";
import { LocalCluster } from "./local-cluster.ts";
import { nodeName } from "./node-name.ts";
import { type DoorName, doorPlan } from "./options.ts";
import { TaskOutput } from "./task-output.ts";

export type RunOptions = CredentialFiles & {
  readonly master: string;
  readonly door: DoorName;
  /** File of what to prove oneself with by HTTP. */
  readonly credential?: string;
  readonly cpus: number;
  readonly mem: number;
  readonly name?: string;
  readonly instances: number;
  readonly env: readonly string[];
  readonly logLevel: LogLevel;
};

/** Pause between two looks for tasks that have begun, in milliseconds. */
const pollMs = 50;

/** Runs a command as a task, prints its output, and answers with its exit code. */
export async function run(argv: readonly string[], options: RunOptions): Promise<number> {
  const { master, logLevel } = options;
  const credential = credentialFrom(options.credential);
  await requireMaster(master, credential);
  const interrupted = interruption();
  const cluster = new LocalCluster({
    node: nodeName("run", options),
    logLevel,
    prettyLog: process.stderr.isTTY,
    ...credentialFiles(options),
  });
  try {
    const rows: BatchRow[] = [];
    let frameworkId: string | undefined;
    const framework = new FrameworkProcess(cluster, {
      behaviour: "batch",
      master,
      credential,
      door: doorPlan(options.door, master, options.credential),
      options: batchOptions(argv, options),
      events: {
        connection: (report) => {
          frameworkId ??= report.frameworkId;
        },
        record: (row) => rows.push(row as unknown as BatchRow),
      },
    });
    void aborted(interrupted).then(() => framework.stop());
    const outputs = new Outputs(master, credential, () => frameworkId);
    const end = await Promise.race([framework.ended, outputs.follow()]);
    await outputs.finish(rows);
    const failure = end === undefined ? undefined : endingFailure(end);
    if (failure !== undefined) throw failure;
    return Math.max(0, ...rows.map(exitCodeOf));
  } finally {
    await cluster.close();
  }
}

/** Fails with code 5 unless a master answers, and with 6 when it refuses to. */
export async function requireMaster(master: string, credential: Credential | undefined): Promise<void> {
  const answer = await callOperator(master, { type: "GET_HEALTH" }, credential);
  if (!answer.ok && answer.error.code === "refused") throw new CliFailure(answer.error.message, { exit: "denied" });
  if (!answer.ok)
    throw new CliFailure(`${answer.error.message}; start one with \`mesolite dev\` or name it with --master`, {
      exit: "noMaster",
    });
}

function batchOptions(argv: readonly string[], { cpus, mem, name, instances, env }: RunOptions) {
  const [command = ""] = argv;
  const resources: Resources = { cpus, mem };
  const environment = Object.fromEntries(env.map(variable));
  const entry = { command, arguments: argv, name: name ?? argv.join(" ").slice(0, 60), environment };
  return { name: "run", resources, commands: Array.from({ length: instances }, () => entry) };
}

function variable(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new CliFailure(`--env ${text}: write NAME=VALUE`, { exit: "usage" });
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** Finds the framework's tasks as they begin, and prints what they write. */
class Outputs {
  readonly #master: string;
  readonly #credential: Credential | undefined;
  readonly #frameworkId: () => string | undefined;
  readonly #followed = new Map<string, { readonly output: TaskOutput; readonly done: Promise<unknown> }>();
  #over = false;

  constructor(master: string, credential: Credential | undefined, frameworkId: () => string | undefined) {
    this.#master = master;
    this.#credential = credential;
    this.#frameworkId = frameworkId;
  }

  /** Never resolves before `finish`. */
  async follow(): Promise<undefined> {
    while (!this.#over) {
      await this.#look();
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    return undefined;
  }

  /** Prints the rest of every task, also of those that were over before they were seen. */
  async finish(rows: readonly BatchRow[]): Promise<void> {
    this.#over = true;
    for (const { taskId, slaveId } of rows) this.#start(taskId, slaveId);
    for (const { output } of this.#followed.values()) output.finish();
    await Promise.all([...this.#followed.values()].map(({ done }) => done));
  }

  async #look(): Promise<void> {
    const frameworkId = this.#frameworkId();
    if (frameworkId === undefined) return;
    const answer = await callOperator(this.#master, { type: "GET_TASKS" }, this.#credential);
    // What begins to be followed after the end would be followed for ever.
    if (!answer.ok || this.#over) return;
    for (const task of answer.value.get_tasks.tasks) {
      if (task.framework_id.value === frameworkId && task.state === "TASK_RUNNING") {
        this.#start(task.task_id.value, task.agent_id.value);
      }
    }
  }

  #start(taskId: string, slaveId: string): void {
    const frameworkId = this.#frameworkId();
    if (frameworkId === undefined || this.#followed.has(taskId)) return;
    const output = new TaskOutput(this.#master, this.#credential, { frameworkId, taskId });
    this.#followed.set(taskId, { output, done: output.follow(slaveId) });
  }
}

function exitCodeOf({ exit, state, message, name }: BatchRow): number {
  if (exit !== undefined && "status" in exit) return exit.status;
  if (exit !== undefined) return 128 + (constants.signals[exit.signal as NodeJS.Signals] ?? 0);
  process.stderr.write(`mesolite: ${name}: ${message ?? state}\n`);
  return state === "finished" ? 0 : 1;
}
