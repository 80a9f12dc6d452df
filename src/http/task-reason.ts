import type { TaskReason } from "../protocol/task.ts";

/** A reason in Mesos's words. It has none for what is revoked; `CONTAINER_PREEMPTED` comes closest. */
export function mesosReason(reason: TaskReason) {
  return reason === "REVOKED" ? "REASON_CONTAINER_PREEMPTED" : (`REASON_${reason}` as const);
}

/** The reason that Mesos's word stands for. */
export function reasonFrom(reason: `REASON_${string}`): TaskReason {
  return reason === "REASON_CONTAINER_PREEMPTED" ? "REVOKED" : (reason.slice("REASON_".length) as TaskReason);
}
