import type { Context } from "../actors/context.ts";
import type { ActorRef } from "../actors/ref.ts";
import type { Down } from "../actors/spec.ts";
import { MultiMap } from "../base/multi-map.ts";
import { taskKey } from "../protocol/cluster-events.ts";
import type { ExecutorCalls, ExecutorProtocol } from "../protocol/executor-api.ts";
import type { FrameworkInfo } from "../protocol/framework-info.ts";
import type { FrameworkId, SlaveId, TaskId } from "../protocol/ids.ts";
import { isTerminal, killGraceMsDefault, type TaskInfo, type TaskStatus } from "../protocol/task.ts";
import { executorIdOf } from "../protocol/task-group.ts";
import { commandExecutor } from "./command-executor.ts";
import type { ExecutorArgs } from "./executor.ts";
import { functionExecutor } from "./function-executor.ts";
import { sandboxDirectory } from "./sandbox.ts";
import { simulatedExecutor } from "./simulated-executor.ts";

export type Entry = {
  readonly frameworkId: FrameworkId;
  readonly framework: FrameworkInfo;
  readonly task: TaskInfo;
  /** Absent when the task ran in an earlier life of the slave. */
  readonly executor?: ActorRef<ExecutorProtocol>;
  /** The run of the executor; absent as that is. */
  readonly containerId?: string;
  /** Whether the executor has been told to begin; before that the launch is on its way to disk. */
  begun: boolean;
  status: TaskStatus;
  /** Its end is not reported to anybody: the master gave it up before. */
  disowned: boolean;
  /** Why it was ended, if not for a kill of its framework. */
  endedFor?: "EXECUTOR_TERMINATED" | "MAX_COMPLETION_TIME_REACHED" | "REVOKED";
  /** Why its group ends, if it was ended with it. */
  endedWith?: string;
  /** Whether its executor has stopped. */
  exited: boolean;
};

export type ExecutorsConfig = {
  readonly workDir: string;
  readonly environment: { readonly [name: string]: string };
};

/** The tasks of a slave and the executors that run them, one each. */
export class Executors {
  readonly #ctx: Context<ExecutorCalls>;
  readonly #config: ExecutorsConfig;
  readonly #ended: (frameworkId: FrameworkId, taskId: TaskId, down: Down) => void;
  readonly #entries = new Map<string, Entry>();
  readonly #groups = new MultiMap<string, Entry>();

  /** `ended` hears of an executor that stopped, whether or not it had reported its task's end. */
  constructor(
    ctx: Context<ExecutorCalls>,
    config: ExecutorsConfig,
    ended: (frameworkId: FrameworkId, taskId: TaskId, down: Down) => void,
  ) {
    this.#ctx = ctx;
    this.#config = config;
    this.#ended = ended;
  }

  get(frameworkId: FrameworkId, taskId: TaskId): Entry | undefined {
    return this.#entries.get(taskKey(frameworkId, taskId));
  }

  all(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** The tasks of an executor, which are several if groups share it. */
  under(frameworkId: FrameworkId, executorId: string): readonly Entry[] {
    return [...this.#entries.values()].filter(
      (entry) => entry.frameworkId === frameworkId && executorIdOf(entry.task) === executorId,
    );
  }

  /** The other tasks of its group. */
  companions(entry: Entry): readonly Entry[] {
    const key = groupKey(entry);
    return key === undefined ? [] : [...this.#groups.get(key)].filter((other) => other !== entry);
  }

  /** Makes an executor for the task; it waits for `begin`. */
  launch(
    slaveId: SlaveId,
    frameworkId: FrameworkId,
    framework: FrameworkInfo,
    task: TaskInfo,
    staged: TaskStatus,
  ): Entry {
    const { taskId } = task;
    const containerId = this.#ctx.ids.next();
    const ids = { slaveId, frameworkId, taskId, run: containerId };
    const args: ExecutorArgs = {
      slave: this.#ctx.self.address,
      slaveId,
      frameworkId,
      directory: sandboxDirectory(this.#config.workDir, ids),
      executorId: executorIdOf(task),
      environment: this.#config.environment,
    };
    const executor = this.#spawn(task, args);
    const entry: Entry = {
      frameworkId,
      framework,
      task,
      executor,
      containerId,
      begun: false,
      status: staged,
      disowned: false,
      exited: false,
    };
    this.#add(entry);
    this.#ctx.watch(executor, (down) => {
      entry.exited = true;
      this.#ended(frameworkId, taskId, down);
    });
    return entry;
  }

  /** The launch is on disk: the executor may begin. */
  begin(entry: Entry): void {
    const { frameworkId, task } = entry;
    entry.begun = true;
    entry.executor?.tell("launch", { task });
    if (task.maxCompletionMs === undefined) return;
    this.#ctx.after(`completion.${taskKey(frameworkId, task.taskId)}`, task.maxCompletionMs, () => {
      if (isTerminal(entry.status.state)) return;
      entry.endedFor ??= "MAX_COMPLETION_TIME_REACHED";
      this.kill(entry, undefined);
    });
  }

  /** A task of an earlier life, of which only its news are left. */
  restore(frameworkId: FrameworkId, framework: FrameworkInfo, task: TaskInfo, status: TaskStatus): void {
    this.#add({ frameworkId, framework, task, begun: true, status, disowned: false, exited: true });
  }

  /** Ends an executor whose task has not begun. */
  stop(entry: Entry): void {
    if (entry.executor !== undefined) this.#ctx.stop(entry.executor);
  }

  /** Ends an executor and its task, which has failed thereby. */
  shutdown(entry: Entry): void {
    if (isTerminal(entry.status.state)) return;
    entry.endedFor ??= "EXECUTOR_TERMINATED";
    entry.executor?.tell("shutdown", { graceMs: entry.task.killGraceMs ?? killGraceMsDefault });
  }

  kill(entry: Entry, graceMs: number | undefined): void {
    if (isTerminal(entry.status.state)) return;
    entry.executor?.tell("kill", {
      taskId: entry.task.taskId,
      graceMs: graceMs ?? entry.task.killGraceMs ?? killGraceMsDefault,
    });
  }

  forget(frameworkId: FrameworkId, taskId: TaskId): void {
    const key = taskKey(frameworkId, taskId);
    const entry = this.#entries.get(key);
    this.#ctx.cancel(`completion.${key}`);
    this.#entries.delete(key);
    const group = entry && groupKey(entry);
    if (entry !== undefined && group !== undefined) this.#groups.delete(group, entry);
  }

  #add(entry: Entry): void {
    this.#entries.set(taskKey(entry.frameworkId, entry.task.taskId), entry);
    const group = groupKey(entry);
    if (group !== undefined) this.#groups.add(group, entry);
  }

  #spawn(task: TaskInfo, args: ExecutorArgs): ActorRef<ExecutorProtocol> {
    if (task.function !== undefined) return this.#ctx.spawn(functionExecutor, args);
    if (task.simulated !== undefined) return this.#ctx.spawn(simulatedExecutor, args);
    return this.#ctx.spawn(commandExecutor, args);
  }
}

function groupKey({ frameworkId, task }: Entry): string | undefined {
  return task.group && `${frameworkId}/${task.group.groupId}`;
}
