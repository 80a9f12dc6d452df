import { expect, test } from "vitest";
import { clientId } from "../../../src/master/allocator/client.ts";
import { Ledger } from "../../../src/master/allocator/ledger.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import { quantities } from "../../protocol/quantities.ts";

const s1 = SlaveId("s1");
const a = clientId(FrameworkId("a"), "*");

function ledger(): Ledger {
  const made = new Ledger();
  made.addSlave(s1, quantities("cpus:4;ports:[1-10]"), true);
  return made;
}

test("what is granted is not available, and comes back whole", () => {
  const book = ledger();
  book.grant(s1, a, quantities("cpus:1;ports:[3-4]"));
  expect(book.available(s1)).toEqual(quantities("cpus:3;ports:[1-2,5-10]"));
  expect(book.fault()).toBeUndefined();
  book.release(s1, a, quantities("cpus:1;ports:[3-4]"));
  expect(book.available(s1)).toEqual(quantities("cpus:4;ports:[1-10]"));
  expect([...book.allocations(s1)]).toEqual([]);
});

test("an inactive slave has nothing to give and keeps its account", () => {
  const book = ledger();
  book.grant(s1, a, quantities("cpus:1"));
  book.setActive(s1, false);
  expect(book.available(s1)).toEqual({});
  expect(book.allocations(s1).get(a)).toEqual(quantities("cpus:1"));
  book.setActive(s1, true);
  expect(book.available(s1)).toEqual(quantities("cpus:3;ports:[1-10]"));
});

test("a removed slave is unknown, and what was held there is told", () => {
  const book = ledger();
  book.grant(s1, a, quantities("cpus:1"));
  expect([...book.removeSlave(s1)]).toEqual([[a, quantities("cpus:1")]]);
  expect(book.has(s1)).toBe(false);
  expect(book.available(s1)).toEqual({});
});

test("granting what is not there, or taking back what was not granted, is a bug", () => {
  const book = ledger();
  book.grant(s1, a, quantities("cpus:1"));
  expect(() => book.grant(s1, a, quantities("cpus:4"))).toThrow("cannot take");
  expect(() => book.release(s1, a, quantities("cpus:2"))).toThrow("cannot take");
  expect(() => book.addSlave(s1, {}, true)).toThrow("is in the ledger");
  expect(() => book.grant(SlaveId("s2"), a, {})).toThrow("is not in the ledger");
});
