import { expect, test } from "vitest";
import { isTerminal, type TaskState } from "../../src/protocol/task.ts";

const ends = {
  staging: false,
  starting: false,
  running: false,
  killing: false,
  unreachable: false,
  unknown: false,
  finished: true,
  failed: true,
  killed: true,
  error: true,
  lost: true,
  dropped: true,
  gone: true,
  gone_by_operator: true,
} as const satisfies Record<TaskState, boolean>;

test.each(Object.entries(ends) as [TaskState, boolean][])("whether %s is the end: %s", (state, end) => {
  expect(isTerminal(state)).toBe(end);
});
