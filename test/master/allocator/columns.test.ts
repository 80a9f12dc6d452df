/** The parts that the allocator's book is made of: who holds what, quotas, minima, and the rows to be looked at. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import { AmountTable } from "../../../src/master/allocator/amount-table.ts";
import { Candidates } from "../../../src/master/allocator/candidates.ts";
import { Holdings, none } from "../../../src/master/allocator/holdings.ts";
import { Minimum } from "../../../src/master/allocator/minimum.ts";
import { drf } from "../../../src/master/allocator/policies/drf.ts";
import { Quotas } from "../../../src/master/allocator/quotas.ts";
import { RoleTree } from "../../../src/master/allocator/role-tree.ts";
import { Bundle, ScalarNames } from "../../../src/master/allocator/scalar-names.ts";
import { SlaveRows } from "../../../src/master/allocator/slave-rows.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import { add, equal, noResources, type Resources, subtract } from "../../../src/protocol/resources.ts";
import { quantities } from "../../protocol/quantities.ts";

const names = new ScalarNames();

function bundle(resources: string | Resources): Bundle {
  return new Bundle().read(typeof resources === "string" ? quantities(resources) : resources, names);
}

test("whoever brings a name, every table has a column for it at once", () => {
  const own = new ScalarNames();
  own.add("cpus");
  const slaves = new SlaveRows(own);
  const widths = () => [slaves.total.length, slaves.free.length];
  expect(widths()).toEqual([1, 1]);
  new Bundle().read({ mem: 1, disk: 1 }, own);
  expect(widths()).toEqual([3, 3]);
});

test("a table of amounts keeps them as it grows in both directions, and says when there is too little", () => {
  const change = fc.record({ row: fc.nat(40), by: fc.array(fc.nat(9), { maxLength: 12 }), isMore: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const own = new ScalarNames();
      const table = new AmountTable(own);
      const model = new Map<number, number[]>();
      let capacity = 16;
      for (const { row, by, isMore } of changes) {
        for (const column of by.keys()) own.add(`scalar${column}`);
        capacity = Math.max(capacity, 2 * row);
        table.grow(capacity);
        const held = Array.from({ length: 12 }, (_, column) => model.get(row)?.[column] ?? 0);
        const next = held.map((amount, column) => amount + (isMore ? 1 : -1) * (by[column] ?? 0));
        if (isMore) table.add(row, Float64Array.from(by), by.length);
        else {
          const isEnough = next.every((amount) => amount >= 0);
          const whole = Float64Array.from(isEnough ? by : held.slice(0, own.size).map((amount) => amount + 1));
          expect(table.subtract(row, whole, whole.length)).toBe(isEnough || whole.length === 0);
          if (!isEnough) continue;
        }
        model.set(row, next);
      }
      for (const [row, held] of model) {
        expect(Array.from({ length: own.size }, (_, column) => table.get(row, column))).toEqual(
          held.slice(0, own.size),
        );
        expect(table.isZero(row)).toBe(held.every((amount) => amount === 0));
      }
    }),
  );
});

test("a row of a table is added to another, or cleared", () => {
  const own = new ScalarNames();
  const table = new AmountTable(own);
  for (let column = 0; column < 6; column++) own.add(`scalar${column}`);
  table.add(1, Float64Array.of(1, 2, 3, 4, 5, 6), 6);
  table.addRow(0, 1);
  table.addRow(0, 1);
  table.clear(1);
  expect([table.get(0, 5), table.get(1, 5), table.isZero(1)]).toEqual([12, 0, true]);
});

describe("candidates", () => {
  /** So many slaves, of which one cpu each is free. */
  function rows(count: number): SlaveRows {
    const scalars = new ScalarNames();
    scalars.add("cpus");
    const slaves = new SlaveRows(scalars);
    for (let account = 0; account < count; account++) {
      const row = slaves.open({ slaveId: SlaveId(`s${account}`), account, hostname: "h", attributes: {} }, true);
      (slaves.free[0] as Float64Array)[row] = 1_000;
    }
    return slaves;
  }

  test("are the rows that were touched, each once, until they are taken", () => {
    const candidates = new Candidates();
    for (const row of [3, 40, 3]) candidates.touch(row);
    expect([candidates.any, [...candidates.take(rows(50))], candidates.any, [...candidates.take(rows(50))]]).toEqual([
      true,
      [3, 40],
      false,
      [],
    ]);
    candidates.touch(3);
    expect([...candidates.take(rows(50))]).toEqual([3]);
  });

  test("are all rows when all were touched, and not once more afterwards", () => {
    const candidates = new Candidates();
    candidates.touch(1);
    candidates.touchAll();
    expect([[...candidates.take(rows(3))], candidates.any]).toEqual([[0, 1, 2], false]);
    candidates.touch(1);
    expect([...candidates.take(rows(3))]).toEqual([1]);
  });

  test("are no rows that have nothing to offer", () => {
    const [candidates, slaves] = [new Candidates(), rows(4)];
    (slaves.free[0] as Float64Array)[1] = 0;
    slaves.freeRest[0] = quantities("ports:[1-2]");
    (slaves.free[0] as Float64Array)[0] = 0;
    slaves.active[3] = 0;
    candidates.touchAll();
    expect([...candidates.take(slaves)]).toEqual([0, 2]);
    for (const row of [3, 2, 1, 0]) candidates.touch(row);
    expect([...candidates.take(slaves)]).toEqual([2, 0]);
  });

  test("wait for the next batch when they are told to, one or all", () => {
    const candidates = new Candidates();
    candidates.wait(2);
    expect([candidates.any, candidates.isWaiting(2), candidates.isWaiting(1)]).toEqual([false, true, false]);
    candidates.wake();
    expect([[...candidates.take(rows(4))], candidates.isWaiting(2)]).toEqual([[2], false]);
    candidates.waitAll();
    expect([candidates.any, candidates.isWaiting(1)]).toEqual([false, true]);
    candidates.wake();
    expect([[...candidates.take(rows(2))], candidates.isWaiting(1), candidates.any]).toEqual([[0, 1], false, false]);
  });
});

describe("holdings", () => {
  const step = fc.record({
    chain: fc.nat(2),
    client: fc.nat(6),
    cpus: fc.nat(3),
    port: fc.nat(3),
    gives: fc.boolean(),
  });

  test("of several slaves are what was added and not taken, however their rows are used again", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (script) => {
        const holdings = new Holdings(names);
        const first = [none, none, none];
        const model = new Map<string, Resources>();
        for (const { chain, client, cpus, port, gives } of script) {
          const key = `${chain} ${client}`;
          const resources: Resources = { cpus: 1 + cpus, "mem(web)": 1 + port };
          let holding = holdings.find(first[chain] as number, client);
          if (gives) {
            if (holding === none) holding = holdings.begin(first[chain] as number, client, chain);
            if (!model.has(key)) first[chain] = holding;
            holdings.addTo(holding, bundle(resources), names.size);
            model.set(key, add(model.get(key) ?? noResources, resources));
          } else if (holding !== none) {
            const held = model.get(key) ?? noResources;
            const part =
              (client + cpus) % 2 === 0 || held["cpus"] === undefined || held["cpus"] === 0 ? held : { cpus: 1 };
            holdings.takeFrom(holding, bundle(part), names.size);
            const left = subtract(held, part);
            model.set(key, left);
            expect(holdings.isEmpty(holding)).toBe(equal(left, noResources));
            if (!holdings.isEmpty(holding)) continue;
            first[chain] = holdings.drop(first[chain] as number, holding);
            model.delete(key);
          }
        }
        const found = new Map<string, Resources>();
        for (const [chain, head] of first.entries()) {
          for (let each = head; each !== none; each = holdings.next[each] as number) {
            const held = new Bundle();
            holdings.copyTo(each, held, names.size);
            found.set(`${chain} ${holdings.client[each]}`, held.resources(names));
          }
        }
        expect([...found.keys()].sort()).toEqual([...model.keys()].sort());
        for (const [key, held] of found) expect([key, equal(held, model.get(key) ?? noResources)]).toEqual([key, true]);
      }),
    );
  });

  test("stand at the number of their slave, unless it is taken", () => {
    const holdings = new Holdings(names);
    const [one, two] = [holdings.begin(none, 1, 3), holdings.begin(none, 2, 1)];
    expect([one, two]).toEqual([3, 1]);
    const more = holdings.begin(one, 2, 3);
    expect([1, 3]).not.toContain(more);
    expect(holdings.drop(more, one)).toBe(more);
    expect(holdings.begin(more, 4, 3)).toBe(3);
    // Of all that are vacant none is given twice.
    const others = Array.from({ length: 40 }, () => holdings.begin(none, 5, 3));
    expect(new Set([...others, 3, two, more]).size).toBe(43);
  });

  test("never go below zero", () => {
    const holdings = new Holdings(names);
    const holding = holdings.begin(none, 1, 5);
    holdings.addTo(holding, bundle("cpus:1"), names.size);
    expect(() => holdings.takeFrom(holding, bundle("cpus:2"), names.size)).toThrow("more is given back than is held");
  });
});

test("a minimum is met by all of any one list; reserved scalars count, and how many numbers and items there are", () => {
  const met = (lists: readonly { readonly [name: string]: number }[], text: string) =>
    new Minimum(lists, names).isMetBy(bundle(text));
  const lists = [{ cpus: 2_000, mem: 64_000 }, { ports: 3_000 }, { gpus: 1_000 }];
  expect(
    ["cpus:2;mem:64", "cpus:1;cpus(web):1;mem:64", "ports:[1-3]", "gpus(web):1"].map((text) => met(lists, text)),
  ).toEqual([true, true, true, true]);
  expect(["cpus:2;mem:63", "cpus:1.999;mem:64", "ports:[1-2]", "disk:9"].map((text) => met(lists, text))).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect([met([], "disk:1"), met([{}], "disk:1")]).toEqual([true, true]);
});

describe("quotas", () => {
  function scene() {
    const own = new ScalarNames();
    for (const name of ["cpus", "mem"]) own.add(name);
    const tree = new RoleTree(drf, own, new Float64Array(64), new Prng("quotas"));
    tree.totalsChanged();
    const quotas = new Quotas(tree, own);
    const join = (role: string) => tree.addClient({ frameworkId: FrameworkId("x"), role });
    const read = (text: string) => new Bundle().read(quantities(text), own);
    return { tree, quotas, join, read, own };
  }

  const web = { limits: { cpus: 4_000 }, guarantees: { cpus: 2_000, mem: 1_000 }, graceMs: 0 };

  test("cut scalars down to what the limit of the role at the top leaves, and nothing else", () => {
    const { tree, quotas, join, read, own } = scene();
    quotas.set({ web, other: { limits: {}, guarantees: {}, graceMs: 0 } }, 1);
    tree.gain(join("web/a"), read("cpus:1").amounts);
    const part = read("cpus:8;mem:5;ports:[1-2]");
    expect([quotas.cut("web/b", part), part.resources(own)]).toEqual([true, quantities("cpus:3;mem:5;ports:[1-2]")]);
    const whole = read("cpus:8");
    expect([quotas.cut("other", whole), quotas.cut("db", whole), whole.resources(own)]).toEqual([
      false,
      false,
      quantities("cpus:8"),
    ]);
    expect(["web", "web/b", "webby", "other", "db"].map((role) => quotas.isLimited(role))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test("count what is reserved to a role as consumed, once, whether it is used or not", () => {
    const { tree, quotas, join, read } = scene();
    quotas.set({ web }, 1);
    const left = () => {
      const part = read("cpus:8");
      quotas.cut("web", part);
      return part.amounts[0];
    };
    quotas.slave(quantities("cpus(web/a):3;cpus(db):2"), 1);
    expect(left()).toBe(1_000);
    tree.gain(join("web/a"), read("cpus:3").amounts);
    quotas.held(quantities("cpus(web/a):3"), 1);
    expect(left()).toBe(1_000);
    tree.gain(join("web"), read("cpus:0.25").amounts);
    expect(left()).toBe(750);
    quotas.slave(quantities("cpus(web/a):3;cpus(db):2"), -1);
    quotas.held(quantities("cpus(web/a):3"), -1);
    expect(left()).toBe(750);
    quotas.set({ web: { ...web, limits: { cpus: 1_000 } } }, 1);
    expect(left(), "more is held than the limit").toBe(0);
  });

  test("name the roles below their guarantees, those furthest below first, and what they lack", () => {
    const { tree, quotas, join, read } = scene();
    quotas.set({ web, db: { ...web, guarantees: { cpus: 8_000 } }, full: { ...web, guarantees: { cpus: 0 } } }, 1);
    const [one, other] = [join("web/a"), join("db")];
    tree.gain(one, read("cpus:1;mem:5").amounts);
    tree.gain(other, read("cpus:2").amounts);
    expect(quotas.below()).toMatchObject([
      { role: "db", lacking: { cpus: 6_000 } },
      { role: "web", lacking: { cpus: 1_000 } },
    ]);
    tree.gain(other, read("cpus:6").amounts);
    expect(quotas.below().map(({ role }) => role)).toEqual(["web"]);
    tree.gain(one, read("cpus:1").amounts);
    expect(quotas.below()).toEqual([]);
  });
});
