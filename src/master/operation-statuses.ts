import { type FrameworkId, SlaveId } from "../protocol/ids.ts";
import type { AskedOperation, OperationState, OperationStatus } from "../protocol/operation-status.ts";
import type { MasterState } from "./state.ts";

/** Statuses of one framework that wait to be acknowledged. Beyond it the oldest is forgotten: reconciliation tells of none. */
const unacknowledgedMax = 1_000;
/** Pause before statuses that nobody has acknowledged are told again, in milliseconds. */
const repeatMs = 10_000;
/** Characters of the message of a refusal. */
const messageLengthMax = 500;

/** An operation as far as following it goes: whose it is and under which id, if it has one. */
export type Followed = {
  readonly frameworkId: FrameworkId;
  readonly slaveId?: SlaveId;
  readonly operationId?: string | undefined;
};

/**
 * What became of operations. Of what was changed a framework hears at least once: it is told again until it acknowledges,
 * and when it subscribes anew; of refusals it hears once. Nobody hears of an operation without an id, as in Mesos.
 */
export class OperationStatuses {
  readonly #state: () => MasterState;
  /** By framework and id, in the order in which they came: what is under way, and what waits to be acknowledged. */
  readonly #known = new Map<FrameworkId, Map<string, OperationStatus>>();

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  /** Whether the id is that of an operation which is not over for its framework. */
  has({ frameworkId, operationId }: Followed): boolean {
    return operationId !== undefined && this.#known.get(frameworkId)?.has(operationId) === true;
  }

  begun(operation: Followed): void {
    this.#keep(operation, { state: "pending" });
  }

  finished(operation: Followed): void {
    const { ctx } = this.#state();
    const status = this.#keep(operation, { state: "finished", uuid: ctx.ids.next() });
    if (status !== undefined) this.#tell(operation.frameworkId, status);
    this.#repeatLater();
  }

  /** What had begun could not be done. */
  dropped(operation: Followed, message: string): void {
    if (operation.operationId !== undefined) this.#forget(operation.frameworkId, operation.operationId);
    this.refused(operation, "dropped", message);
  }

  /** Nothing was changed. A message may quote what its framework has sent: it is cut. */
  refused(operation: Followed, state: "error" | "dropped", message: string): void {
    const { frameworkId, slaveId, operationId } = operation;
    if (operationId === undefined) return;
    const of = slaveId === undefined ? {} : { slaveId };
    this.#tell(frameworkId, { operationId, state, message: message.slice(0, messageLengthMax), ...of });
  }

  acknowledge(frameworkId: FrameworkId, operationId: string, uuid: string): void {
    if (this.#known.get(frameworkId)?.get(operationId)?.uuid === uuid) this.#forget(frameworkId, operationId);
  }

  /** Its scheduler is new, or may have missed something. */
  tellAgain(frameworkId: FrameworkId): void {
    for (const status of this.#known.get(frameworkId)?.values() ?? []) {
      if (status.uuid !== undefined) this.#tell(frameworkId, status);
    }
  }

  forgetFramework(frameworkId: FrameworkId): void {
    this.#known.delete(frameworkId);
  }

  /** The statuses of these, or of all that are known. */
  reconcile(frameworkId: FrameworkId, asked: readonly AskedOperation[]): readonly OperationStatus[] {
    const known = this.#known.get(frameworkId) ?? new Map<string, OperationStatus>();
    if (asked.length === 0) return [...known.values()];
    return asked.map(({ operationId, slaveId }) => {
      const of = slaveId === undefined ? {} : { slaveId };
      return known.get(operationId) ?? { operationId, state: this.#stateWithout(slaveId), ...of };
    });
  }

  /** What can be said of an operation that is not known, by the slave it is said to be of. */
  #stateWithout(slaveId: SlaveId | undefined): OperationState {
    const { registrar, slaves } = this.#state();
    const standing = slaveId === undefined ? undefined : registrar.registry.slaves.get(slaveId)?.standing;
    if (slaveId === undefined || standing === undefined) return "unknown";
    if (standing === "gone") return "gone_by_operator";
    if (standing === "unreachable") return "unreachable";
    return slaves.get(SlaveId(slaveId)) === undefined ? "recovering" : "unknown";
  }

  #keep(
    { frameworkId, slaveId, operationId }: Followed,
    news: Pick<OperationStatus, "state" | "uuid">,
  ): OperationStatus | undefined {
    if (operationId === undefined || this.#state().frameworks.get(frameworkId)?.state === "completed") return undefined;
    const status = { operationId, ...news, ...(slaveId === undefined ? {} : { slaveId }) };
    const known = this.#known.get(frameworkId) ?? new Map<string, OperationStatus>();
    this.#known.set(frameworkId, known);
    known.delete(operationId);
    known.set(operationId, status);
    const oldest =
      known.size > unacknowledgedMax ? [...known.values()].find(({ uuid }) => uuid !== undefined) : undefined;
    if (oldest !== undefined) known.delete(oldest.operationId);
    return status;
  }

  #forget(frameworkId: FrameworkId, operationId: string): void {
    const known = this.#known.get(frameworkId);
    known?.delete(operationId);
    if (known?.size === 0) this.#known.delete(frameworkId);
  }

  #tell(frameworkId: FrameworkId, status: OperationStatus): void {
    this.#state().frameworks.get(frameworkId)?.ref?.tell("operationUpdate", status);
  }

  #repeatLater(): void {
    const { ctx } = this.#state();
    if (this.#known.size === 0) return;
    ctx.after("operations.repeat", repeatMs, () => {
      for (const frameworkId of this.#known.keys()) this.tellAgain(frameworkId);
      this.#repeatLater();
    });
  }
}
