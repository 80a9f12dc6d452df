import type { SlaveId } from "./ids.ts";
import { id, object, optional, text, textUpTo, word } from "./shape.ts";

/**
 *   pending ── finished                  failed, error, dropped: nothing was changed
 *      └────── failed | error | dropped  unreachable, gone_by_operator, recovering, unknown: what can be said of an
 *                                        operation that the master has not heard of, by the state of its slave
 */
export type OperationState =
  | "pending"
  | "finished"
  | "failed"
  | "error"
  | "dropped"
  | "unreachable"
  | "gone_by_operator"
  | "recovering"
  | "unknown";

/** What became of an operation that its framework has given an id. */
export type OperationStatus = {
  readonly operationId: string;
  readonly state: OperationState;
  readonly message?: string;
  /** The slave whose resources it is about; unknown where the offers were not valid. */
  readonly slaveId?: SlaveId;
  /** It is told again and again until this is acknowledged. */
  readonly uuid?: string;
};

/** An operation that is asked after. */
export type AskedOperation = { readonly operationId: string; readonly slaveId?: SlaveId };

/** Longest id of an operation, in characters. */
const operationIdLengthMax = 255;

export const operationIdShape = textUpTo(operationIdLengthMax);

export const operationStateShape = word<OperationState>({
  pending: true,
  finished: true,
  failed: true,
  error: true,
  dropped: true,
  unreachable: true,
  gone_by_operator: true,
  recovering: true,
  unknown: true,
});

export const askedOperationShape = object<AskedOperation>({ operationId: text, slaveId: optional(id()) });
