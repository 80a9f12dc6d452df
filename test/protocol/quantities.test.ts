import fc from "fast-check";
import { expect, test } from "vitest";
import { amountsOf, quantitiesOf } from "../../src/protocol/quantities.ts";
import { flattened } from "../../src/protocol/reservation.ts";
import { add, scalarsOf } from "../../src/protocol/resources.ts";
import { quantities } from "./quantities.ts";
import { anyResources } from "./reserved.ts";

const mixed = quantities("cpus:1;cpus(ads):2;mem(web):64;ports:[1-2,5-5];ports(ads):[10-19];disks:{a,b}");

test("quantities are the scalars, whoever they are reserved for", () => {
  expect(quantitiesOf(mixed)).toEqual({ cpus: 3_000, mem: 64_000 });
  expect(quantitiesOf(quantities("toString:1"))).toEqual({ toString: 1_000 });
  fc.assert(
    fc.property(anyResources, anyResources, (a, b) => {
      expect(quantitiesOf(a)).toEqual(scalarsOf(flattened(a)));
      expect(quantitiesOf(add(a, b))).toEqual(add(quantitiesOf(a), quantitiesOf(b)));
    }),
  );
});

test("amounts also count the numbers in ranges and the items", () => {
  expect(amountsOf(mixed)).toEqual({ cpus: 3_000, mem: 64_000, ports: 13_000, disks: 2_000 });
});

test("amounts beyond counting are the most that can be counted; scalars beyond it are a bug", () => {
  const { MAX_SAFE_INTEGER: max } = Number;
  expect(amountsOf({ ports: { ranges: [[0, max]] }, "ports(a)": { ranges: [[0, max]] } })).toEqual({ ports: max });
  expect(() => quantitiesOf({ cpus: max, "cpus(a)": 1 })).toThrow("cpus adds up to more than can be counted");
});
