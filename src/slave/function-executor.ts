import { protocolTable, type Tell } from "../actors/protocol.ts";
import type { Spec } from "../actors/spec.ts";
import type { FunctionOutcome } from "../actors/world.ts";
import { type ExecutorProtocol, type ExecutorStatus, executorTable } from "../protocol/executor-api.ts";
import type { TaskId } from "../protocol/ids.ts";
import type { ExecutorArgs } from "./executor.ts";

type CallEvents = { callEnded: Tell<{ readonly outcome: FunctionOutcome }> };

/** Runs one function on the task pool. Killing it ends its thread: a function has no signal handlers to wait for. */
export const functionExecutor: Spec<ExecutorProtocol & CallEvents, ExecutorArgs> = {
  name: "function-executor",
  protocol: protocolTable<ExecutorProtocol & CallEvents>("function-executor", {
    ...executorTable.fields,
    callEnded: { outcome: 0 },
  }),
  start(ctx, args) {
    const slave = ctx.ref(args.slave);
    let running: TaskId | undefined;
    let abort: (() => void) | undefined;
    const report = (status: Omit<ExecutorStatus, "taskId">) => {
      if (running !== undefined)
        slave.tell("update", { frameworkId: args.frameworkId, status: { taskId: running, ...status } });
    };
    const kill = () => ctx.act(() => abort?.());
    return {
      launch: ({ task }) => {
        const { taskId, function: wanted } = task;
        if (wanted === undefined) return;
        running = taskId;
        const context = { taskId, slaveId: args.slaveId, directory: args.directory };
        ctx.act(({ pool }) => {
          abort = pool.call({ ...wanted, context }, (outcome) => ctx.self.tell("callEnded", { outcome }));
        });
        report({ state: "running" });
      },
      kill,
      shutdown: kill,
      callEnded: ({ outcome }) => {
        report(statusOf(outcome));
        ctx.stop();
      },
      onStop: kill,
    };
  },
};

function statusOf(outcome: FunctionOutcome): Omit<ExecutorStatus, "taskId"> {
  if (outcome.kind === "returned") return { state: "finished", data: outcome.value, worker: outcome.worker };
  if (outcome.kind === "threw") return { state: "failed", message: outcome.message };
  return { state: "killed", message: "Function was aborted" };
}
