import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Quantity } from "../../src/protocol/quantity.ts";
import {
  add,
  contains,
  equal,
  format,
  isEmpty,
  malformation,
  noResources,
  parse,
  type Resources,
  scalar,
  scalarsOf,
  shortfall,
  subtract,
  sum,
} from "../../src/protocol/resources.ts";
import { quantities } from "./quantities.ts";

const interval = fc.tuple(fc.nat(40), fc.nat(10)).map(([begin, length]) => `${begin}-${begin + length}`);
const text = fc
  .record(
    {
      cpus: fc.integer({ min: 1, max: 1_000_000 }).map((milli) => String(milli / 1_000)),
      mem: fc.integer({ min: 1, max: 1_000_000_000 }).map((milli) => String(milli / 1_000)),
      ports: fc.array(interval, { minLength: 1, maxLength: 5 }).map((all) => `[${all.join(",")}]`),
      disks: fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1 }).map((all) => `{${all.join(",")}}`),
    },
    { requiredKeys: [] },
  )
  .map((parts) =>
    Object.entries(parts)
      .map(([name, value]) => `${name}:${value}`)
      .join(";"),
  );
/** Resources of any kinds, made by the parser and therefore in normal form. */
const resources = text.map(quantities);

/** Resources without a unit in common with others: ranges and items of two are disjoint by their names. */
function renamed(given: Resources, suffix: string): Resources {
  return Object.fromEntries(
    Object.entries(given).map(([name, quantity]) => [typeof quantity === "number" ? name : name + suffix, quantity]),
  );
}

describe("adding and subtracting", () => {
  test("nothing of one kind and something of another go together", () => {
    for (const nothing of [0, { ranges: [] }, { items: [] }]) {
      const { x } = { x: { ranges: [[1, 2]] as const } };
      expect(add({ x }, { x: nothing })).toEqual({ x });
      expect(add({ x: nothing }, { x })).toEqual({ x });
      expect(subtract({ x }, { x: nothing })).toEqual({ x });
    }
  });

  test("are each other's inverse for what is disjoint", () => {
    fc.assert(
      fc.property(resources, resources, (left, right) => {
        const [a, b] = [renamed(left, "1"), renamed(right, "2")];
        expect(subtract(add(a, b), b)).toEqual(a);
        expect(equal(add(subtract(add(a, b), a), a), add(a, b))).toBe(true);
      }),
    );
  });

  test("taking out and putting back what is contained changes nothing", () => {
    fc.assert(
      fc.property(resources, resources, (left, right) => {
        const whole = add(left, right);
        for (const part of [left, right]) expect(equal(add(subtract(whole, part), part), whole)).toBe(true);
      }),
    );
  });

  test("adding is associative and commutative, and nothing is its zero", () => {
    fc.assert(
      fc.property(resources, resources, resources, (a, b, c) => {
        expect(equal(add(add(a, b), c), add(a, add(b, c)))).toBe(true);
        expect(equal(add(a, b), add(b, a))).toBe(true);
        expect(add(a, noResources)).toEqual(a);
        expect(equal(sum([a, b, c]), add(add(a, b), c))).toBe(true);
      }),
    );
  });

  test("leave their arguments as they were", () => {
    fc.assert(
      fc.property(resources, resources, (a, b) => {
        const copies = structuredClone([a, b]);
        subtract(add(a, b), b);
        expect([a, b]).toEqual(copies);
      }),
    );
  });

  test("taking out everything leaves nothing at all, not even names", () => {
    fc.assert(
      fc.property(resources, (a) => {
        expect(subtract(a, a)).toEqual({});
      }),
    );
  });

  test("ten thousand thousandths are ten, exactly, in any order", () => {
    const step = quantities("cpus:0.001;mem:0.1");
    let total = noResources;
    for (let count = 0; count < 10_000; count++) total = add(total, step);
    expect(total).toEqual(quantities("cpus:10;mem:1000"));
    for (let count = 0; count < 9_999; count++) total = subtract(total, step);
    expect(total).toEqual(step);
  });

  test("what cannot be counted exactly, is not there, or is of another kind is a bug", () => {
    const huge = { cpus: Number.MAX_SAFE_INTEGER };
    expect(() => add(huge, { cpus: 1 })).toThrow("cpus adds up to more than can be counted exactly");
    expect(() => subtract({ cpus: 1_000 }, { cpus: 1_500 })).toThrow("cannot take cpus:1.5 out of cpus:1");
    expect(() => add({ ports: 1 }, quantities("ports:[1-2]"))).toThrow("ports is a scalar on one side");
  });
});

describe("containing", () => {
  test("is an order: reflexive, antisymmetric up to equality, transitive", () => {
    fc.assert(
      fc.property(resources, resources, resources, (a, b, c) => {
        const [ab, abc] = [add(a, b), add(add(a, b), c)];
        expect(contains(a, a)).toBe(true);
        expect(contains(ab, a) && contains(abc, ab) && contains(abc, a)).toBe(true);
        expect(contains(a, b) && contains(b, a)).toBe(equal(a, b));
      }),
    );
  });

  test("a sum contains each part, and a part the sum only if the rest adds nothing", () => {
    fc.assert(
      fc.property(resources, resources, (a, b) => {
        expect(contains(a, add(a, b))).toBe(equal(add(a, b), a));
      }),
    );
  });

  test("knows names that every object inherits as any other", () => {
    const odd: Resources = { constructor: 1_000, toString: 2_000 } as never;
    expect(contains(noResources, odd)).toBe(false);
    expect(scalar(noResources, "constructor")).toBe(0);
    expect(subtract(add({ cpus: 1 }, odd), odd)).toEqual({ cpus: 1 });
    expect(quantities("toString:1")).toEqual({ toString: 1_000 });
  });

  test("the shortfall names what is missing, and is empty exactly when it fits", () => {
    expect(shortfall(quantities("cpus:4"), quantities("cpus:64;gpus:1;mem:0"))).toBe("cpus:64 of 4, gpus:1 of 0");
    fc.assert(
      fc.property(resources, resources, (a, b) => {
        expect(shortfall(a, b) === "").toBe(contains(a, b));
      }),
    );
  });
});

describe("ranges", () => {
  test.each([
    ["[1-2,3-4]", "[1-4]"],
    ["[5-9,1-6]", "[1-9]"],
    ["[1-1,3-3]", "[1-1,3-3]"],
    ["[1-10,2-3]", "[1-10]"],
  ])("%s is %s", (given, joined) => {
    expect(format(quantities(`ports:${given}`))).toBe(`ports:${joined}`);
  });

  test("behave as the sets of their members", () => {
    const members = ({ ports }: Resources) => {
      if (ports === undefined) return [];
      if (typeof ports === "number" || !("ranges" in ports)) throw new Error("not ranges");
      return ports.ranges.flatMap(([begin, end]) => Array.from({ length: end - begin + 1 }, (_, i) => begin + i));
    };
    const some = fc
      .array(interval, { minLength: 1, maxLength: 6 })
      .map((all) => quantities(`ports:[${all.join(",")}]`));
    fc.assert(
      fc.property(some, some, (a, b) => {
        const union = [...new Set([...members(a), ...members(b)])].sort((x, y) => x - y);
        expect(members(add(a, b))).toEqual(union);
        expect(contains(a, b)).toBe(members(b).every((member) => members(a).includes(member)));
        expect(members(subtract(add(a, b), b))).toEqual(union.filter((member) => !members(b).includes(member)));
      }),
    );
  });
});

describe("text", () => {
  test("is read and written without loss", () => {
    fc.assert(
      fc.property(resources, (given) => {
        expect(quantities(format(given))).toEqual(given);
        expect(malformation(given)).toBeUndefined();
      }),
    );
  });

  test("every thousandth is read and written exactly", () => {
    for (let milli = 1; milli <= 5_000; milli++) {
      expect(quantities(`cpus:${(milli / 1_000).toFixed(3)}`)).toEqual({ cpus: milli });
      expect(format({ cpus: milli })).toBe(`cpus:${milli / 1_000}`);
    }
  });

  test("may have spaces, empty parts, and a name more than once", () => {
    expect(quantities(" cpus : 1.5 ;; mem:64; cpus:0.5; ")).toEqual({ cpus: 2_000, mem: 64_000 });
    expect(quantities("ports:[ 1-2 , 8-9 ];disks:{ b , a }")).toEqual(quantities("ports:[1-2,8-9];disks:{a,b}"));
    expect(quantities("")).toEqual({});
  });

  test.each([
    ["cpus", '"cpus" is not name:value, as in cpus:4;mem:1024'],
    ["cpus:1;:4", '":4" is not name:value'],
    ["cpus:1;mem:lots", '"mem:lots": the value is a number, [begin-end,…] or {item,…}'],
    ["cpus:-1", '"cpus:-1"'],
    ["cpus:1e3", '"cpus:1e3"'],
    ["cpus:0.0004", '"cpus:0.0004": 0.0004 is not 0, and less than the 0.001 that can be counted'],
    ["cpus:1234567890123", '"cpus:1234567890123"'],
    ["ports:[9-1]", '"ports:[9-1]"'],
    ["ports:[1]", '"ports:[1]"'],
    ["ports:[1-2", '"ports:[1-2"'],
    ["disks:{a,,b}", '"disks:{a,,b}"'],
    ["disks:{}", '"disks:{}"'],
    ["cpus:1;cpus:[1-2]", "cpus is given in two kinds"],
  ])("%s is refused by naming the part", (wrong, message) => {
    expect(parse(wrong)).toEqual({ ok: false, error: expect.stringContaining(message) });
  });
});

describe("what comes from outside", () => {
  test.each<[unknown]>([
    [-1],
    [0.5],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    ["1"],
    [null],
    [[]],
    [{}],
    [{ ranges: [[2, 1]] }],
    [
      {
        ranges: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    [
      {
        ranges: [
          [5, 6],
          [1, 2],
        ],
      },
    ],
    [{ items: ["b", "a"] }],
    [{ items: [1] }],
  ])("%j is no quantity", (quantity) => {
    expect(malformation({ cpus: 1, odd: quantity as Quantity })).toBe("odd is not a quantity");
  });
});

test("only scalars count for shares, and nothing is empty but nothing", () => {
  const mixed = quantities("cpus:1;ports:[1-2];disks:{a}");
  expect(scalarsOf(mixed)).toEqual({ cpus: 1_000 });
  expect(scalar(mixed, "ports")).toBe(0);
  expect(isEmpty(mixed)).toBe(false);
  expect(isEmpty({ cpus: 0, ports: { ranges: [] }, disks: { items: [] } })).toBe(true);
});
