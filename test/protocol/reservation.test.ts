import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  flattened,
  formatKey,
  keyFault,
  nameOf,
  ordered,
  pushed,
  type Reservation,
  reservationFault,
  reservationOf,
  reservedByRole,
  reservedFor,
  reservedKey,
  unreserved,
} from "../../src/protocol/reservation.ts";
import { add, equal, type Resources, sum } from "../../src/protocol/resources.ts";
import { quantities } from "./quantities.ts";
import { anyReservation, anyResources } from "./reserved.ts";

const name = fc.string({ minLength: 1, maxLength: 8, unit: "binary" }).filter((each) => !/\(|^__proto__$/.test(each));
/** Whatever a peer may have sent for a reservation, not only what may be reserved. */
const wild: fc.Arbitrary<Reservation> = fc
  .record(
    {
      role: fc.string({ unit: "binary", maxLength: 12 }),
      dynamic: fc.boolean(),
      principal: fc.string({ unit: "binary", maxLength: 12 }),
      labels: fc.array(
        fc.record(
          { key: fc.string({ unit: "binary" }), value: fc.string({ unit: "binary" }) },
          { requiredKeys: ["key"] },
        ),
        { minLength: 1, maxLength: 4 },
      ),
    },
    { requiredKeys: ["role", "dynamic"] },
  )
  .map((each) => ("labels" in each ? { ...each, labels: ordered(each.labels ?? []) } : each) as Reservation);

describe("a key", () => {
  test("tells its name and its reservation as they were, whatever they are", () => {
    fc.assert(
      fc.property(name, wild, (base, reservation) => {
        const key = reservedKey(base, reservation);
        expect(nameOf(key)).toBe(base);
        expect(reservationOf(key)).toEqual(reservation);
        expect(reservedKey(nameOf(key), reservationOf(key) as Reservation)).toBe(key);
      }),
    );
  });

  test("is one for one reservation, in whatever order its labels come, and another for another", () => {
    fc.assert(
      fc.property(wild, wild, (a, b) => {
        const turned = { ...a, ...(a.labels === undefined ? {} : { labels: a.labels.toReversed() }) };
        expect(reservedKey("cpus", turned)).toBe(reservedKey("cpus", a));
        const same = JSON.stringify(sortedFields(a)) === JSON.stringify(sortedFields(b));
        expect(reservedKey("cpus", a) === reservedKey("cpus", b)).toBe(same);
      }),
    );
  });

  test("from outside is taken exactly when it is the one of a reservation that may be", () => {
    fc.assert(
      fc.property(wild, (reservation) => {
        const key = reservedKey("cpus", reservation);
        expect(keyFault(key) === undefined).toBe(reservationFault(reservation) === undefined);
      }),
    );
    fc.assert(
      fc.property(anyReservation, (reservation) => {
        expect(keyFault(reservedKey("cpus", reservation))).toBeUndefined();
      }),
    );
  });
});

describe("keys", () => {
  test.each([
    ["cpus(ads)", { role: "ads", dynamic: false }],
    ["cpus(ads/a)", { role: "ads/a", dynamic: false }],
    ["cpus(a(b)", { role: "a(b", dynamic: false }],
    ["cpus(a)b)", { role: "a)b", dynamic: false }],
    ['cpus(["[ads","static"])', { role: "[ads", dynamic: false }],
    ['cpus(["ads","dynamic"])', { role: "ads", dynamic: true }],
    ['cpus(["ads","static","ada"])', { role: "ads", dynamic: false, principal: "ada" }],
    [
      'cpus(["ads","dynamic",null,[["k"],["k","v"]]])',
      { role: "ads", dynamic: true, labels: [{ key: "k" }, { key: "k", value: "v" }] },
    ],
  ])("%s", (key, reservation) => {
    expect(reservationOf(key)).toEqual(reservation);
    expect(reservedKey("cpus", reservation)).toBe(key);
    expect(keyFault(key)).toBeUndefined();
  });

  test.each([
    ["", "is empty"],
    ["(ads)", "is empty"],
    ["__proto__", "is no name"],
    ["__proto__(ads)", "is no name"],
    ["x".repeat(256), "is longer than 255 characters"],
    ["cpus(", "cannot be read"],
    ["cpus(ads", "cannot be read"],
    ["cpus(ads) ", "cannot be read"],
    ["cpus()", 'role "" is empty'],
    ["cpus(*)", 'role "*" cannot be reserved'],
    ["cpus(a b)", "whitespace"],
    ["cpus(-a)", "begins with -"],
    ["cpus(a//b)", "two in a row"],
    [`cpus(${"r".repeat(256)})`, "is longer than 255 characters"],
    ["cpus([)", "cannot be read"],
    ["cpus([])", "cannot be read"],
    ['cpus(["ads"])', "cannot be read"],
    ['cpus(["ads","other"])', "cannot be read"],
    ['cpus([1,"dynamic"])', "cannot be read"],
    ['cpus(["ads","dynamic",1])', "cannot be read"],
    ['cpus(["ads","dynamic",null,"k"])', "cannot be read"],
    ['cpus(["ads","dynamic",null,[[1]]])', "cannot be read"],
    ['cpus(["ads","static"])', "is not in normal form"],
    ['cpus(["ads", "dynamic"])', "is not in normal form"],
    ['cpus(["ads","dynamic",null])', "is not in normal form"],
    ['cpus(["ads","dynamic",null,[]])', "is not in normal form"],
    ['cpus(["ads","dynamic",null,[["b"],["a"]]])', "is not in normal form"],
    ['cpus(["ads","dynamic","ada",[],1])', "is not in normal form"],
    [reservedKey("cpus", { role: "a", dynamic: true, principal: "p".repeat(256) }), "its principal is longer"],
    [reservedKey("cpus", { role: "a", dynamic: true, labels: [{ key: "k".repeat(2_049) }] }), "2048 characters"],
    [
      reservedKey("cpus", { role: "a", dynamic: true, labels: Array.from({ length: 33 }, () => ({ key: "k" })) }),
      "33 labels, and the limit is 32",
    ],
  ])("%j is none", (key, fault) => {
    expect(keyFault(key)).toContain(fault);
  });

  test.each([
    ["cpus", "cpus"],
    ["cpus(ads)", "cpus(ads)"],
    ['cpus(["ads","dynamic"])', "cpus(ads, dynamic)"],
    ['cpus(["ads","dynamic","ada",[["k","v"],["l"]]])', "cpus(ads, dynamic, principal ada, labels k=v,l)"],
  ])("%s is shown as %s", (key, shown) => {
    expect(formatKey(key)).toBe(shown);
  });

  test("is read again when it was forgotten among many", () => {
    const keys = Array.from({ length: 3_000 }, (_, index) => `cpus(role-${index})`);
    for (const key of [...keys, ...keys]) expect(reservationOf(key)?.role).toBe(key.slice(5, -1));
  });
});

describe("reservations taken off and put on", () => {
  test("a sum without reservations is the sum of its parts without them", () => {
    fc.assert(
      fc.property(anyResources, anyResources, (a, b) => {
        expect(equal(flattened(add(a, b)), add(flattened(a), flattened(b)))).toBe(true);
        expect(equal(flattened(flattened(a)), flattened(a))).toBe(true);
      }),
    );
  });

  test("what is pushed under a reservation is what there was, and nobody else's", () => {
    fc.assert(
      fc.property(anyResources, anyReservation, (resources, reservation) => {
        const under = pushed(resources, reservation);
        expect(equal(flattened(under), flattened(resources))).toBe(true);
        expect(unreserved(under)).toEqual({});
        const free = unreserved(resources);
        expect(flattened(pushed(free, reservation))).toEqual(free);
        expect(equal(reservedFor(pushed(free, reservation), reservation.role), pushed(free, reservation))).toBe(true);
      }),
    );
  });

  test("everything is somebody's or nobody's", () => {
    fc.assert(
      fc.property(anyResources, (resources) => {
        expect(equal(sum([unreserved(resources), ...reservedByRole(resources).values()]), resources)).toBe(true);
      }),
    );
  });

  test("a role may use what is reserved to it and above it, and not what is below or beside it", () => {
    const resources: Resources = quantities("cpus:1;cpus(a):2;cpus(a/b):3;cpus(a/b/c):4;cpus(ab):5;mem(c):6");
    expect(reservedFor(resources, "a/b")).toEqual(quantities("cpus(a):2;cpus(a/b):3"));
    expect(reservedFor(resources, "a")).toEqual(quantities("cpus(a):2"));
    expect(reservedFor(resources, "ab/x")).toEqual(quantities("cpus(ab):5"));
    expect(reservedFor(resources, "*")).toEqual({});
  });
});

function sortedFields({ role, dynamic, principal, labels }: Reservation) {
  return [role, dynamic, principal ?? null, labels ?? []];
}
