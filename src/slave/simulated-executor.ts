import type { Spec } from "../actors/spec.ts";
import { type ExecutorProtocol, type ExecutorStatus, executorTable } from "../protocol/executor-api.ts";
import type { TaskId } from "../protocol/ids.ts";
import type { ExecutorArgs } from "./executor.ts";

/** Runs a task that only takes time. */
export const simulatedExecutor: Spec<ExecutorProtocol, ExecutorArgs> = {
  name: "simulated-executor",
  protocol: executorTable,
  start(ctx, args) {
    const slave = ctx.ref(args.slave);
    let running: TaskId | undefined;
    const report = (status: Omit<ExecutorStatus, "taskId">) => {
      if (running !== undefined)
        slave.tell("update", { frameworkId: args.frameworkId, status: { taskId: running, ...status } });
    };
    const end = (state: "finished" | "failed" | "killed") => {
      report({ state });
      ctx.stop();
    };
    return {
      launch: ({ task: { taskId, simulated } }) => {
        if (simulated === undefined) return;
        running = taskId;
        report({ state: "running" });
        ctx.after("end", simulated.durationMs, () => end(simulated.outcome));
      },
      kill: () => end("killed"),
      shutdown: () => end("killed"),
    };
  },
};
