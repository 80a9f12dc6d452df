import { expect, test } from "vitest";
import { isOlderLead } from "../../src/protocol/lead.ts";

test("the epoch counts first, then the term; a leadership is not older than itself", () => {
  const ascending = [
    { epoch: 1, term: 1 },
    { epoch: 1, term: 2 },
    { epoch: 2, term: 1 },
    { epoch: 10, term: 0 },
  ];
  for (const [left, a] of ascending.entries()) {
    for (const [right, b] of ascending.entries()) expect(isOlderLead(a, b)).toBe(left < right);
  }
});
