import { expect, test } from "vitest";
import { idFault } from "../../src/protocol/ids.ts";

test.each(["t", "a.b", "...", "task-1_2:3", "naïve", "x".repeat(255)])("%j may be an id", (id) => {
  expect(idFault(id)).toBeUndefined();
});

test.each([
  ["", "is empty"],
  [".", "is . or .."],
  ["..", "is . or .."],
  ["a/b", 'contains "/"'],
  ["a\\b", 'contains "\\\\"'],
  ["a\nb", 'contains "\\n"'],
  ["a\u0000", 'contains "\\u0000"'],
  ["a\u007f", "contains"],
  ["x".repeat(256), "is longer than 255"],
  ["é".repeat(128), "is longer than 255"],
])("%j may not", (id, fault) => {
  expect(idFault(id)).toContain(fault);
});
