import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Quantity } from "../../src/protocol/quantity.ts";
import { pushed, reservedKey } from "../../src/protocol/reservation.ts";
import {
  add,
  contains,
  equal,
  format,
  isEmpty,
  joined,
  malformation,
  noResources,
  parse,
  type Resources,
  resourcesShape,
  scalar,
  scalarsOf,
  shortfall,
  subtract,
  sum,
  uncountable,
} from "../../src/protocol/resources.ts";
import { shapeFault } from "../../src/protocol/shape.ts";
import { quantities } from "./quantities.ts";
import { anyResources, plainResources } from "./reserved.ts";

const interval = fc.tuple(fc.nat(40), fc.nat(10)).map(([begin, length]) => `${begin}-${begin + length}`);

/** Resources without a unit in common with others: ranges and items of two are disjoint by their names. */
function renamed(given: Resources, suffix: string): Resources {
  return Object.fromEntries(
    Object.entries(given).map(([key, quantity]) => [typeof quantity === "number" ? key : suffix + key, quantity]),
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
      fc.property(anyResources, anyResources, (left, right) => {
        const [a, b] = [renamed(left, "1"), renamed(right, "2")];
        expect(subtract(add(a, b), b)).toEqual(a);
        expect(equal(add(subtract(add(a, b), a), a), add(a, b))).toBe(true);
      }),
    );
  });

  test("taking out and putting back what is contained changes nothing", () => {
    fc.assert(
      fc.property(anyResources, anyResources, (left, right) => {
        const whole = add(left, right);
        for (const part of [left, right]) expect(equal(add(subtract(whole, part), part), whole)).toBe(true);
      }),
    );
  });

  test("adding is associative and commutative, and nothing is its zero", () => {
    fc.assert(
      fc.property(anyResources, anyResources, anyResources, (a, b, c) => {
        expect(equal(add(add(a, b), c), add(a, add(b, c)))).toBe(true);
        expect(equal(add(a, b), add(b, a))).toBe(true);
        expect(add(a, noResources)).toEqual(a);
        expect(equal(sum([a, b, c]), add(add(a, b), c))).toBe(true);
      }),
    );
  });

  test("leave their arguments as they were", () => {
    fc.assert(
      fc.property(anyResources, anyResources, (a, b) => {
        const copies = structuredClone([a, b]);
        subtract(add(a, b), b);
        expect([a, b]).toEqual(copies);
      }),
    );
  });

  test("taking out everything leaves nothing at all, not even names", () => {
    fc.assert(
      fc.property(anyResources, (a) => {
        expect(subtract(a, a)).toEqual({});
      }),
    );
  });

  test("a million thousandths are a thousand, exactly, in any order", () => {
    const step = quantities("cpus:0.001;mem(ads):0.1");
    let total = noResources;
    for (let count = 0; count < 1_000_000; count++) total = add(total, step);
    expect(total).toEqual(quantities("cpus:1000;mem(ads):100000"));
    for (let count = 0; count < 999_999; count++) total = subtract(total, step);
    expect(total).toEqual(step);
  });

  test("what is reserved is never taken for what is not, nor for what is reserved otherwise", () => {
    const reserved = { [reservedKey("cpus", { role: "ads", dynamic: true })]: 8_000 };
    const total = add(quantities("cpus:1;cpus(ads):2"), reserved);
    expect(Object.keys(total).length).toBe(3);
    for (const wanted of ["cpus:2", "cpus(ads):3", "cpus(web):1"])
      expect(contains(total, quantities(wanted))).toBe(false);
    expect(subtract(total, quantities("cpus(ads):2"))).toEqual({ cpus: 1_000, ...reserved });
    expect(shortfall(total, quantities("cpus(ads):3"))).toBe("cpus(ads):3 of 2");
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
      fc.property(anyResources, anyResources, anyResources, (a, b, c) => {
        const [ab, abc] = [add(a, b), add(add(a, b), c)];
        expect(contains(a, a)).toBe(true);
        expect(contains(ab, a) && contains(abc, ab) && contains(abc, a)).toBe(true);
        expect(contains(a, b) && contains(b, a)).toBe(equal(a, b));
      }),
    );
  });

  test("a sum contains each part, and a part the sum only if the rest adds nothing", () => {
    fc.assert(
      fc.property(anyResources, anyResources, (a, b) => {
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
      fc.property(anyResources, anyResources, (a, b) => {
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
      fc.property(
        plainResources,
        plainResources,
        fc.constantFrom("ads", "a/b", "a:b", "a(b", "[x"),
        (free, held, role) => {
          const given = add(free, pushed(held, { role, dynamic: false }));
          expect(quantities(format(given))).toEqual(given);
        },
      ),
    );
    fc.assert(
      fc.property(anyResources, (given) => {
        expect(malformation(given)).toBeUndefined();
        expect(shapeFault(resourcesShape, given)).toBeUndefined();
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
    expect(quantities("cpus( ads ) : 8;mem(*):1024")).toEqual({ "cpus(ads)": 8_000, mem: 1_024_000 });
  });

  test("is rounded to thousandths", () => {
    expect(quantities("cpus:1.5123;mem:0.0006")).toEqual({ cpus: 1_512, mem: 1 });
  });

  test("shows dynamic reservations to people, and takes none from them", () => {
    const reserved = pushed(quantities("cpus:8"), { role: "ads", dynamic: true, principal: "ada" });
    expect(format(reserved)).toBe("cpus(ads, dynamic, principal ada):8");
    expect(parse(format(reserved)).ok).toBe(false);
  });

  test.each([
    ["cpus", '"cpus" is not name:value, as in cpus:4;mem:1024'],
    ["cpus:1;:4", '":4" is not name:value'],
    ["cpus:1;mem:lots", '"mem:lots": the value is a number, [begin-end,…] or {item,…}'],
    ["cpus:-1", '"cpus:-1"'],
    ["cpus:NaN", '"cpus:NaN"'],
    ["cpus:Infinity", '"cpus:Infinity"'],
    ["cpus:1e300", '"cpus:1e300"'],
    [`${"x".repeat(256)}:1`, "is longer than 255 characters"],
    ["__proto__:1", "is no name"],
    ["cpus(ads:1", "is not name:value"],
    ["cpus():1", 'role "" is empty'],
    ["cpus(a b):1", "whitespace"],
    ["cpus(-a):1", "begins with -"],
    [`cpus(${"r".repeat(256)}):1`, "is longer than 255 characters"],
    ["gpus:1.5", 'the "gpus" resource must be an unsigned integer, not 1.5'],
    ["gpus(ads):0.5;gpus(ads):0.5", "must be an unsigned integer"],
    ["ports(ads):[1-2];ports:3", "ports is given in two kinds"],
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
  test.each<[Resources, string]>([
    [{ "cpus(ads": 1 }, "cpus(ads is reserved in a way that cannot be read"],
    [{ "cpus(*)": 1 }, "cannot be reserved"],
    [{ 'cpus(["ads","static"])': 1 }, "not in normal form"],
    [{ "": 1 }, "is empty"],
    [{ ["x".repeat(300)]: 1 }, `${"x".repeat(40)}… is longer than 255 characters`],
    [{ ports: 1, "ports(ads)": { ranges: [[1, 2]] } }, "ports is given in two kinds"],
    [{ cpus: Number.MAX_SAFE_INTEGER, "cpus(ads)": 1 }, "cpus adds up to more than can be counted"],
  ])("%j is refused, also between hosts", (resources, message) => {
    expect(malformation(resources)).toContain(message);
    expect(shapeFault(resourcesShape, resources)).toContain(message.replace("…", "").slice(0, 40));
  });

  test("what cannot be counted together is told before it is added", () => {
    const { MAX_SAFE_INTEGER: cpus } = Number;
    expect(joined({ cpus }, { "cpus(ads)": 1 })).toEqual({ ok: false, error: expect.stringContaining("cpus adds up") });
    expect(joined({ cpus }, { mem: 1 })).toEqual({ ok: true, value: { cpus, mem: 1 } });
    expect(uncountable({ "cpus(a)": cpus }, { "cpus(b)": 1 })).toBe("cpus");
  });

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
