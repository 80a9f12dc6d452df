import { protocolTable, type Tell } from "../actors/protocol.ts";
import type { Spec } from "../actors/spec.ts";
import type { ProcessExit } from "../actors/world.ts";
import { type ExecutorProtocol, type ExecutorStatus, executorTable } from "../protocol/executor-api.ts";
import type { TaskId } from "../protocol/ids.ts";
import type { Command, TaskInfo } from "../protocol/task.ts";
import type { ExecutorArgs } from "./executor.ts";
import { sandboxEnvironment } from "./sandbox.ts";

type ProcessEvents = {
  processStarted: Tell<{ readonly pid: number }>;
  processFailed: Tell<{ readonly reason: string }>;
  processExited: Tell<{ readonly exit: ProcessExit }>;
};

type Running = { readonly taskId: TaskId; pid?: number; killed: boolean; graceMs: number };

/** Runs one command as an OS process in a group of its own: SIGTERM, then after the grace period SIGKILL. */
export const commandExecutor: Spec<ExecutorProtocol & ProcessEvents, ExecutorArgs> = {
  name: "command-executor",
  protocol: protocolTable<ExecutorProtocol & ProcessEvents>("command-executor", {
    ...executorTable.fields,
    processStarted: { pid: 0 },
    processFailed: { reason: 0 },
    processExited: { exit: 0 },
  }),
  start(ctx, args) {
    const slave = ctx.ref(args.slave);
    let running: Running | undefined;
    let over = false;
    const report = (status: Omit<ExecutorStatus, "taskId">) => {
      if (running !== undefined)
        slave.tell("update", { frameworkId: args.frameworkId, status: { taskId: running.taskId, ...status } });
    };
    const end = (status: Omit<ExecutorStatus, "taskId">) => {
      report(status);
      ctx.stop();
    };
    const kill = (graceMs: number) => {
      if (running === undefined || running.killed) return;
      running.killed = true;
      running.graceMs = graceMs;
      const { pid } = running;
      if (pid === undefined) return;
      ctx.act(({ processes }) => processes.signal(pid, "SIGTERM"));
      ctx.after("grace", graceMs, () => ctx.act(({ processes }) => processes.signal(pid, "SIGKILL")));
    };
    return {
      launch: ({ task }) => {
        running = { taskId: task.taskId, killed: false, graceMs: 0 };
        const command = processCommand(task, args);
        ctx.act(({ processes }) =>
          processes.start(command, {
            started: (pid) => {
              // Nobody would ever end a process whose executor is gone.
              if (over) processes.signal(pid, "SIGKILL");
              else ctx.self.tell("processStarted", { pid });
            },
            failed: (reason) => ctx.self.tell("processFailed", { reason }),
            exited: (exit) => ctx.self.tell("processExited", { exit }),
          }),
        );
      },
      kill: ({ graceMs }) => kill(graceMs),
      shutdown: ({ graceMs }) => kill(graceMs),
      processStarted: ({ pid }) => {
        if (running === undefined) return;
        running.pid = pid;
        report({ state: "running", worker: String(pid) });
        if (running.killed) {
          running.killed = false;
          kill(running.graceMs);
        }
      },
      processFailed: ({ reason }) => end({ state: "failed", reason: "CONTAINER_LAUNCH_FAILED", message: reason }),
      processExited: ({ exit }) => {
        end(outcome(exit, running?.killed === true));
        running = undefined;
      },
      onStop: () => {
        over = true;
        const pid = running?.pid;
        if (pid !== undefined) ctx.act(({ processes }) => processes.signal(pid, "SIGKILL"));
      },
    };
  },
};

function processCommand(task: TaskInfo, args: ExecutorArgs) {
  const command: Command = task.command ?? { shell: true, value: "" };
  const { slaveId, frameworkId, executorId, directory } = args;
  return {
    argv: command.shell ? ["/bin/sh", "-c", command.value] : [command.value, ...(command.arguments?.slice(1) ?? [])],
    env: {
      ...args.environment,
      ...sandboxEnvironment({ slaveId, frameworkId, executorId, taskId: task.taskId, directory }),
      ...command.environment,
    },
    directory,
    stdout: "stdout",
    stderr: "stderr",
  };
}

/** The words are Mesos's command executor's. A task that was asked to end and did is killed, however it ended. */
function outcome(exit: ProcessExit, killed: boolean): Omit<ExecutorStatus, "taskId"> {
  if (exit.kind === "signalled") {
    const message = `Command terminated with signal ${exit.signal}`;
    return { state: killed ? "killed" : "failed", message, exit: { signal: exit.signal } };
  }
  const message = `Command exited with status ${exit.status}`;
  const state = killed ? "killed" : exit.status === 0 ? "finished" : "failed";
  return { state, message, exit: { status: exit.status } };
}
