import fc from "fast-check";
import { expect, test } from "vitest";
import { cover } from "../../src/frameworks/cover.ts";
import { flattened, unreserved } from "../../src/protocol/reservation.ts";
import { contains, equal } from "../../src/protocol/resources.ts";
import { anyResources, plainResources } from "../protocol/reserved.ts";
import { quantities } from "./kit.ts";

test("a need is covered exactly when there is enough, whoever it is reserved for, and by no more than it is", () => {
  fc.assert(
    fc.property(anyResources, plainResources, (available, needed) => {
      const taken = cover(available, needed);
      expect(taken !== undefined).toBe(contains(flattened(available), needed));
      if (taken === undefined) return;
      expect(contains(available, taken)).toBe(true);
      expect(equal(flattened(taken), needed)).toBe(true);
    }),
  );
});

test("everything there is covers itself, and nothing covers nothing", () => {
  fc.assert(
    fc.property(anyResources, (available) => {
      expect(cover(available, available)).toEqual(available);
      expect(cover(available, {})).toEqual({});
      const free = unreserved(available);
      expect(cover(free, free)).toEqual(free);
    }),
  );
});

test.each([
  ["cpus:4;cpus(ads):2", "cpus:3", "cpus(ads):2;cpus:1"],
  ["cpus:4;cpus(ads):2", "cpus:1", "cpus(ads):1"],
  ["cpus:4;cpus(ads):2", "cpus:1;cpus(ads):2", "cpus(ads):2;cpus:1"],
  ["ports:[1-5];ports(ads):[8-9]", "ports:[3-3,8-8]", "ports(ads):[8-8];ports:[3-3]"],
  ["disks:{a};disks(ads):{b}", "disks:{a,b}", "disks(ads):{b};disks:{a}"],
])("of %s, %s takes %s", (available, needed, taken) => {
  expect(cover(quantities(available), quantities(needed))).toEqual(quantities(taken));
});

test.each([
  ["cpus:4;cpus(ads):2", "cpus:7"],
  ["cpus:4;cpus(ads):2", "cpus(ads):3"],
  ["cpus:4;cpus(ads):2", "cpus:5;cpus(ads):2"],
  ["cpus(ads):2", "mem:1"],
  ["ports:[1-5];ports(ads):[8-9]", "ports:[7-8]"],
  ["cpus(ads):2", "toString:1"],
])("%s is not enough for %s", (available, needed) => {
  expect(cover(quantities(available), quantities(needed))).toBeUndefined();
});
