import { expect, test } from "vitest";
import { partTotals, withReserved } from "../../src/master/slave-parts.ts";
import { equal } from "../../src/protocol/resources.ts";
import type { SlaveInfo } from "../../src/protocol/slave-info.ts";
import { quantities } from "../protocol/quantities.ts";

const plain: SlaveInfo = {
  hostname: "s1",
  ip: "10.0.0.1",
  port: 0,
  resources: quantities("cpus:4;mem:100"),
  attributes: {},
  checkpoint: false,
};
const parted: SlaveInfo = { ...plain, shortTasks: { resources: quantities("cpus:1;mem:20"), maxTaskMs: 500 } };
const dynamic = 'cpus(["web","dynamic"])';

test("a slave has one part, or two that make it up", () => {
  expect([...partTotals(plain)]).toEqual([[false, plain.resources]]);
  const parts = partTotals(parted);
  expect([parts.get(false), parts.get(true)]).toEqual([quantities("cpus:3;mem:80"), quantities("cpus:1;mem:20")]);
});

test("what was reserved by calls is under its own key, and the total is as much as before", () => {
  const info = withReserved(plain, { [dynamic]: 3_000 });
  expect(equal(info.resources, { cpus: 1_000, [dynamic]: 3_000, mem: 100_000 })).toBe(true);
  expect(withReserved(plain, undefined)).toBe(plain);
});

test("a reservation that there is no room for is void, alone; the part for short tasks is never reserved", () => {
  const [small, large] = [`mem(["web","dynamic"])`, dynamic];
  const info = withReserved(parted, { [large]: 3_500, [small]: 80_000 });
  expect(equal(info.resources, { cpus: 4_000, mem: 20_000, [small]: 80_000 })).toBe(true);
  const parts = partTotals(withReserved(parted, { [large]: 3_000 }));
  expect(parts.get(true)).toEqual(quantities("cpus:1;mem:20"));
  expect(equal(parts.get(false) ?? {}, { [large]: 3_000, mem: 80_000 })).toBe(true);
});
