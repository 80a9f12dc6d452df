import { expect, test } from "vitest";
import { IngressBudget } from "../../../src/actors/link/ingress-budget.ts";

test("grants growth as long as there is some, and first windows always", () => {
  const budget = new IngressBudget(100);
  budget.take(30);
  expect(budget.draw(50)).toBe(50);
  expect(budget.draw(50)).toBe(20);
  expect(budget.draw(50)).toBe(0);
  budget.take(30);
  expect([budget.bytes, budget.overdrawnBytes, budget.draw(1)]).toEqual([130, 30, 0]);
  budget.giveBack(50);
  expect([budget.bytes, budget.overdrawnBytes, budget.draw(50)]).toEqual([80, 0, 20]);
});
