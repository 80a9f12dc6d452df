import { beforeEach, expect, test } from "vitest";
import { Filters } from "../../../src/master/allocator/filters.ts";
import { Bundle, ScalarNames } from "../../../src/master/allocator/scalar-names.ts";
import { quantities } from "../../protocol/quantities.ts";

const [one, other] = [3, 7];
const rows = 40;

let filters: Filters;
let names: ScalarNames;
let shown: number[];

beforeEach(() => {
  filters = new Filters();
  names = new ScalarNames();
  shown = [];
});

function bundle(text: string): Bundle {
  return new Bundle().read(quantities(text), names);
}

function refuse(client: number, row: number, text: string, untilMs: number): void {
  filters.refuse(client, row, bundle(text), names.size, untilMs, rows);
}

function hidden(client: number, row: number, text: string, nowMs = 0): number {
  return filters.hiddenUntilMs(client, row, bundle(text), names.size, nowMs);
}

function expire(nowMs: number): void {
  filters.expire(nowMs, (row) => shown.push(row));
}

test("a decline hides what is no more than was declined, from that client, of that slave, until it expires", () => {
  refuse(one, 0, "cpus:2;mem:100;ports:[1-10]", 500);
  expect([
    hidden(one, 0, "cpus:2;mem:100;ports:[1-10]"),
    hidden(one, 0, "cpus:1;ports:[3-4]"),
    hidden(one, 0, "cpus:1", 499),
  ]).toEqual([500, 500, 500]);
  expect([
    hidden(one, 0, "cpus:3"),
    hidden(one, 0, "cpus:1;ports:[9-11]"),
    hidden(one, 0, "cpus:1;disk:1"),
    hidden(one, 0, "cpus(web):1"),
    hidden(one, 1, "cpus:1"),
    hidden(other, 0, "cpus:1"),
    hidden(one, 0, "cpus:1", 500),
  ]).toEqual([0, 0, 0, 0, 0, 0, 0]);
});

test("a later decline of the same slave takes the place of the earlier one", () => {
  refuse(one, 0, "cpus:4", 500);
  refuse(one, 0, "cpus:1", 900);
  expect([hidden(one, 0, "cpus:2"), hidden(one, 0, "cpus:1"), filters.active[one]]).toEqual([0, 900, 1]);
  expire(899);
  expect([shown, filters.nextExpiryMs]).toEqual([[], 900]);
});

test("what expires shows the slaves that it hid, each once, whether they were declined together or apart", () => {
  for (const row of [1, 2, 3]) refuse(one, row, "cpus:1", 500);
  refuse(one, 4, "cpus:2", 500);
  refuse(other, 1, "cpus:1", 400);
  refuse(one, 5, "cpus:1", 600);
  expire(500);
  expect(shown.sort()).toEqual([1, 1, 2, 3, 4]);
  expect([filters.active[one], filters.active[other], filters.nextExpiryMs]).toEqual([1, 0, 600]);
  expect(hidden(one, 5, "cpus:1", 500)).toBe(600);
});

test("of those declined together one may be declined again, and is not shown with the others", () => {
  for (const row of [1, 2]) refuse(one, row, "cpus:1", 500);
  refuse(one, 1, "cpus:1", 700);
  expire(500);
  expect(shown).toEqual([2]);
  expire(700);
  expect([shown, filters.active[one], filters.nextExpiryMs]).toEqual([[2, 1], 0, Number.POSITIVE_INFINITY]);
});

test("a revive forgets the declines of one client, of one slave or of all", () => {
  for (const row of [1, 2, 3]) refuse(one, row, "cpus:1", 500);
  refuse(other, 1, "cpus:1", 500);
  filters.revive(one, 2);
  expect([hidden(one, 1, "cpus:1"), hidden(one, 2, "cpus:1"), filters.active[one]]).toEqual([500, 0, 2]);
  filters.revive(one);
  expect([hidden(one, 1, "cpus:1"), hidden(other, 1, "cpus:1"), filters.active[one]]).toEqual([0, 500, 0]);
  expire(500);
  expect(shown).toEqual([1]);
});

test("the number of a client that is gone is another's, who has declined nothing", () => {
  for (const row of [1, 2]) refuse(one, row, "cpus:1", 500);
  filters.removeClient(one);
  expect([hidden(one, 1, "cpus:1"), filters.nextExpiryMs]).toEqual([0, Number.POSITIVE_INFINITY]);
  refuse(one, 1, "cpus:1", 500);
  expect([hidden(one, 1, "cpus:1"), hidden(one, 2, "cpus:1"), filters.active[one]]).toEqual([500, 0, 1]);
});

test("the row of a slave that is gone is another's, which nobody has declined", () => {
  refuse(one, 1, "cpus:1", 500);
  refuse(other, 1, "cpus:1", 500);
  filters.removeSlave(1);
  expect([hidden(one, 1, "cpus:1"), hidden(other, 1, "cpus:1"), filters.nextExpiryMs]).toEqual([
    0,
    0,
    Number.POSITIVE_INFINITY,
  ]);
});

test("groups are used again with what they are of now, also when there are more of them than there was room for", () => {
  for (let row = 0; row < rows; row++) refuse(row % 2 === 0 ? one : other, row, `cpus:${1 + row}`, 1_000 + 10 * row);
  expire(1_190);
  expect(shown.length).toBe(20);
  for (let row = 0; row < 20; row++) refuse(other, row, "mem:5", 10_000);
  for (let row = 0; row < 20; row++) {
    expect([hidden(other, row, "mem:5", 1_190), hidden(other, row, "cpus:0.1", 1_190)]).toEqual([10_000, 0]);
  }
  for (let row = 20; row < rows; row++) {
    expect(hidden(row % 2 === 0 ? one : other, row, `cpus:${1 + row}`, 1_190)).toBe(1_000 + 10 * row);
  }
});

test("a filter ends at the next hundredth of a second, so that declines of one moment are one group", () => {
  for (let row = 0; row < 8; row++) refuse(one, row, row % 2 === 0 ? "cpus:1" : "mem:5", 1_000.25 + row);
  expect([hidden(one, 0, "cpus:1", 1_009), filters.nextExpiryMs]).toEqual([1_010, 1_010]);
  expire(1_009.9);
  expect(shown).toEqual([]);
  expire(1_010);
  expect([...shown].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});
