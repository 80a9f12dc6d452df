import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ResourceForm, resourcesFrom, resourcesFromJson, resourcesTo } from "../../src/http/resource-list.ts";
import { jsonCodec, protobufCodec } from "../../src/http/v1/codec.ts";
import { Resource } from "../../src/http/v1/resource-messages.ts";
import { message, repeated } from "../../src/http/v1/schema.ts";
import { reservedKey } from "../../src/protocol/reservation.ts";
import { isEmpty, type Resources } from "../../src/protocol/resources.ts";
import { quantities } from "../protocol/quantities.ts";
import { anyResources } from "../protocol/reserved.ts";

const List = message("List", { resources: repeated(Resource, 1) });
const forms: readonly ResourceForm["reservations"][] = ["stack", "role", "both"];
const dynamic: Resources = {
  [reservedKey("mem", { role: "ads", dynamic: true, principal: "ada", labels: [{ key: "k", value: "v" }] })]: 512_000,
};
const cpus = { name: "cpus", type: "SCALAR", scalar: { value: 1 } };

describe("resources in Mesos's form", () => {
  test.each(forms)("reservations as %s come back as they were, in both encodings", (reservations) => {
    // The older form has no words for the details of a static reservation.
    const filled = anyResources
      .map((resources) => (reservations === "role" ? withoutStaticDetails(resources) : resources))
      .filter((resources) => !isEmpty(resources));
    fc.assert(
      fc.property(filled, fc.constantFrom(jsonCodec, protobufCodec), (resources, codec) => {
        const bytes = codec.encode(List, { resources: resourcesTo(resources, { reservations, allocatedTo: "r" }) });
        const decoded = codec.decode(List, bytes);
        if (!decoded.ok) throw new Error(decoded.error);
        expect(resourcesFrom(decoded.value.resources)).toEqual({ ok: true, value: { resources, role: "r" } });
      }),
    );
  });

  const reserved = { ...quantities("cpus:1;cpus(ads):2"), ...dynamic };
  const details = { principal: "ada", labels: { labels: [{ key: "k", value: "v" }] } };
  const [one, two, half] = [1, 2, 512].map((value) => ({ type: "SCALAR", scalar: { value } }));
  test.each<[ResourceForm["reservations"], unknown]>([
    [
      "stack",
      [
        { name: "cpus", ...one },
        { name: "cpus", ...two, reservations: [{ type: "STATIC", role: "ads" }] },
        { name: "mem", ...half, reservations: [{ type: "DYNAMIC", role: "ads", ...details }] },
      ],
    ],
    [
      "role",
      [
        { name: "cpus", ...one, role: "*" },
        { name: "cpus", ...two, role: "ads" },
        { name: "mem", ...half, role: "ads", reservation: details },
      ],
    ],
    [
      "both",
      [
        { name: "cpus", ...one, role: "*" },
        { name: "cpus", ...two, role: "ads", reservations: [{ type: "STATIC", role: "ads" }] },
        {
          name: "mem",
          ...half,
          role: "ads",
          reservation: details,
          reservations: [{ type: "DYNAMIC", role: "ads", ...details }],
        },
      ],
    ],
  ])("told as %s", (reservations, list) => {
    expect(resourcesTo(reserved, { reservations })).toEqual(list);
    expect(resourcesFromJson(JSON.stringify(list))).toEqual({ ok: true, value: reserved });
  });

  test("labels are the same in any order, and no labels are none", () => {
    const by = (labels: readonly unknown[]) => [{ ...cpus, role: "a", reservation: { labels: { labels } } }];
    const [a, b] = [{ key: "a" }, { key: "b", value: "1" }];
    expect(resourcesFromJson(JSON.stringify(by([a, b])))).toEqual(resourcesFromJson(JSON.stringify(by([b, a]))));
    expect(resourcesFromJson(JSON.stringify(by([])))).toEqual({ ok: true, value: { 'cpus(["a","dynamic"])': 1_000 } });
  });

  test("scalars are rounded to thousandths", () => {
    const list = [{ ...cpus, scalar: { value: 1.5123 } }];
    expect(resourcesFromJson(JSON.stringify(list))).toEqual({ ok: true, value: { cpus: 1_512 } });
  });
});

const ranges = (...pairs: readonly (readonly [number, number])[]) => ({
  name: "ports",
  type: "RANGES",
  ranges: { range: pairs.map(([begin, end]) => ({ begin, end })) },
});
const stack = (...reservations: readonly unknown[]) => [{ ...cpus, reservations }];
const [fixed, called] = [
  { type: "STATIC", role: "a" },
  { type: "DYNAMIC", role: "a" },
];
test.each<[string, unknown, string]>([
  ["no list", {}, "this is not a JSON list"],
  ["an empty list", [], "it uses no resources"],
  ["nothing but nothing", [{ ...cpus, scalar: { value: 0 } }], "it uses no resources"],
  ["an element that is a text", ["cpus:1"], "resource 1 of the list"],
  ["no name", [{ ...cpus, name: "" }], "is empty"],
  ["the name of a key", [{ ...cpus, name: "cpus(ads)" }], "contains ("],
  ["a name that is too long", [{ ...cpus, name: "x".repeat(300) }], "is longer than 255 characters"],
  ["a name that is a number", [{ ...cpus, name: 1 }], "name"],
  ["a negative amount", [{ ...cpus, scalar: { value: -1 } }], "-1 is no amount"],
  ["far too much", [{ ...cpus, scalar: { value: 1e300 } }], "1e+300 is no amount"],
  ["no number", [{ ...cpus, scalar: { value: "NaN" } }], "is not a number"],
  ["infinitely much", [{ ...cpus, scalar: { value: "Infinity" } }], "is not a number"],
  ["a text for an amount", [{ ...cpus, scalar: { value: "lots" } }], "value"],
  ["less than can be counted", [{ ...cpus, scalar: { value: 0.0001 } }], "less than the 0.001"],
  ["too much together", [1, 2].map(() => ({ ...cpus, scalar: { value: 9e12 } })), "more than can be counted"],
  [
    "too much together, reserved",
    [
      { ...cpus, scalar: { value: 9e12 }, role: "a" },
      { ...cpus, scalar: { value: 9e12 } },
    ],
    "more than can be counted",
  ],
  ["a type of another value", [{ ...cpus, type: "SET" }], "it is a SET without a value of that type"],
  ["a text", [{ name: "x", type: "TEXT" }], "it is a TEXT"],
  ["a range that runs backwards", [ranges([2, 1])], "ends before it begins"],
  ["ranges that overlap", [ranges([1, 3], [3, 4])], "two ranges have 3"],
  ["a range that is too large", [ranges([1, 2 ** 60])], "out of range"],
  ["an item twice", [{ name: "x", type: "SET", set: { item: ["a", "a"] } }], "an item is named twice"],
  ["two kinds", [ranges([1, 2]), { ...cpus, name: "ports" }], "ports is given in two kinds"],
  [
    "two kinds, one of them reserved",
    [
      { ...ranges([1, 2]), role: "a" },
      { ...cpus, name: "ports" },
    ],
    "two kinds",
  ],
  ["a part of a gpu", [{ ...cpus, name: "gpus", scalar: { value: 1.5 } }], 'the "gpus" resource must be an unsigned'],
  ["too many resources", Array.from({ length: 1_001 }, () => cpus), "1001 resources, and the limit is 1000"],
  ["two roles of allocation", ["a", "b"].map((role) => ({ ...cpus, allocation_info: { role } })), "different roles"],
  ["something revocable", [{ ...cpus, revocable: {} }], "revocable"],
  ["a role that is none", [{ ...cpus, role: "a b" }], "whitespace"],
  ["a role that is too long", [{ ...cpus, role: "r".repeat(256) }], "is longer than 255"],
  ["a dynamic reservation to nobody", [{ ...cpus, reservation: {} }], 'role "*" cannot be dynamically reserved'],
  [
    "a type in the older form",
    [{ ...cpus, role: "a", reservation: { type: "DYNAMIC" } }],
    "ReservationInfo.type' must not",
  ],
  ["a role in the older form", [{ ...cpus, role: "a", reservation: { role: "a" } }], "ReservationInfo.role' must not"],
  ["a reservation without a type", stack({ role: "a" }), "ReservationInfo.type' field must be set"],
  ["a reservation of no type", stack({ type: "UNKNOWN", role: "a" }), "ReservationInfo.type' field must be set"],
  ["a reservation without a role", stack({ type: "STATIC" }), "ReservationInfo.role' field must be set"],
  ["a reservation to everybody", stack({ type: "STATIC", role: "*" }), 'role "*" cannot be reserved'],
  ["a refined reservation", stack(fixed, { type: "DYNAMIC", role: "a/b" }), "refining a reservation is not supported"],
  ["both forms, of two roles", [{ ...stack(fixed)[0], role: "b" }], "do not match"],
  ["both forms, one of nobody", [{ ...stack(fixed)[0], role: "*" }], "do not match"],
  ["both forms, static and dynamic", [{ ...stack(fixed)[0], role: "a", reservation: {} }], "do not match"],
  ["both forms, dynamic and static", [{ ...stack(called)[0], role: "a" }], "do not match"],
  [
    "both forms, of two principals",
    [{ ...stack(called)[0], role: "a", reservation: { principal: "p" } }],
    "do not match",
  ],
  ["a principal that is too long", stack({ ...called, principal: "p".repeat(256) }), "principal is longer than 255"],
  [
    "labels that are too long",
    stack({ ...called, labels: { labels: [{ key: "k".repeat(3_000) }] } }),
    "2048 characters",
  ],
])("%s is refused", (_, list, message) => {
  expect(resourcesFromJson(JSON.stringify(list))).toEqual({ ok: false, error: expect.stringContaining(message) });
});

test("what is no JSON is refused", () => {
  expect(resourcesFromJson("[{")).toEqual({ ok: false, error: expect.stringContaining("this is not JSON") });
});

test("doubles that are no numbers are refused in protobuf too", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -0.001]) {
    const resource = { name: "cpus", type: "SCALAR" as const, scalar: { value }, reservations: [] };
    expect(resourcesFrom([resource]).ok).toBe(false);
  }
});

function withoutStaticDetails(resources: Resources): Resources {
  return Object.fromEntries(Object.entries(resources).filter(([key]) => !key.includes('"static"')));
}
