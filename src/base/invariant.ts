/** A bug, not a failure: nobody catches it but the cell that runs the actor, whose supervisor then decides. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}

/** Crashes the running actor when a condition that the code relies on does not hold. One condition per call. */
export function invariant(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantViolation(typeof message === "string" ? message : message());
}

/** Ends an exhaustive switch: compiles only while every variant is handled. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unreachable variant: ${JSON.stringify(value)}`);
}
