import type { Address } from "../actors/address.ts";
import type { ExecutorCalls } from "../protocol/executor-api.ts";
import type { FrameworkId, SlaveId } from "../protocol/ids.ts";

/** What every kind of executor is started with. Each runs one task, and ends when it has reported its end. */
export type ExecutorArgs = {
  readonly slave: Address<ExecutorCalls>;
  readonly slaveId: SlaveId;
  readonly frameworkId: FrameworkId;
  /** The name of the executor in Mesos's sense: tasks of a group have one together. */
  readonly executorId: string;
  /** The task's sandbox. */
  readonly directory: string;
  /** What a command finds in its environment besides its own variables and the sandbox's. */
  readonly environment: { readonly [name: string]: string };
};
