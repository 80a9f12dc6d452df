import { describe, expect, test } from "vitest";
import { bodyAt, type Kind, KindTable } from "../../../src/actors/link/kind-table.ts";
import type { ProtocolTable } from "../../../src/actors/protocol.ts";
import type { WireBody, WireValue } from "../../../src/actors/wire-value.ts";
import { puppetTable } from "../kit.ts";

const table = (name: string, fields: Record<string, Record<string, number>>) =>
  ({ name, fields }) as unknown as ProtocolTable<unknown>;

const one = table("one", { greet: { name: 0, at: 1 }, ping: {} });
const two = table("two", { greet: { at: 1, name: 0 }, add: { slave: 0 } });

describe("a kind", () => {
  test("has its number from the sorted names, whatever the order of the protocols", () => {
    for (const kinds of [new KindTable([one, two]), new KindTable([two, one])]) {
      expect(["add", "greet", "ping"].map((kind) => kinds.numberOf(kind))).toEqual([0, 1, 2]);
    }
  });

  test("shared by two protocols has the same fields in the same positions", () => {
    const clash = table("three", { greet: { at: 0, name: 1 } });
    expect(() => new KindTable([one, clash])).toThrow(
      "message kind greet of three has the name of another with other fields: rename one",
    );
  });

  test.each([
    ["starts at 1", { a: 1, b: 2 }, "three.kind has no field at position 0"],
    ["has a hole", { a: 0, b: 2 }, "three.kind has no field at position 1"],
    ["has two fields at one position", { a: 0, b: 0 }, "three.kind has no field at position 1"],
  ])("with positions that %s is refused", (_name, positions, message) => {
    expect(() => new KindTable([table("three", { kind: positions })])).toThrow(message);
  });
});

describe("a body", () => {
  const kinds = new KindTable([one, two]);

  const fieldsOf = (kind: string, body: WireBody) => {
    const values: WireValue[] = [];
    kinds.append(kinds.numberOf(kind), body, values);
    return values;
  };

  test("travels as its fields in the order of their positions", () => {
    expect(fieldsOf("greet", { at: 5, name: "x" })).toEqual(["x", 5]);
    expect(bodyAt(kinds.kind(1) as Kind, [9, "x", 5, 9], 1)).toEqual({ name: "x", at: 5 });
  });

  test("has an absent field as an absent key", () => {
    expect(fieldsOf("greet", { at: 5 })).toEqual([undefined, 5]);
    expect(Object.keys(bodyAt(kinds.kind(1) as Kind, [undefined as never, 5], 0))).toEqual(["at"]);
  });

  test("of no known kind, or with a field that has no position, is a bug of the sender", () => {
    expect(kinds.kind(3)).toBeUndefined();
    expect(() => kinds.numberOf("shout")).toThrow("message kind shout is in no protocol of this program");
    expect(() => fieldsOf("greet", { name: "x", loud: true })).toThrow(
      "a body of greet has a field without a position: name, loud",
    );
  });
});

describe("the hash", () => {
  const hash = (...tables: readonly ProtocolTable<unknown>[]) => new KindTable(tables).hash;

  test("is a function of kinds, fields and positions alone, and the same in every release", () => {
    expect(hash(one, two)).toBe(hash(two, one));
    expect(hash(table("renamed", { greet: { name: 0, at: 1 }, ping: {} }))).toBe(hash(one));
    expect(hash(puppetTable)).toBe("b5a293671868d3a9");
  });

  test("differs when a kind, a field or a position does", () => {
    const variants = [
      one,
      table("one", { greet: { name: 0, at: 1 } }),
      table("one", { greet: { name: 0, at: 1 }, pong: {} }),
      table("one", { greet: { name: 1, at: 0 }, ping: {} }),
      table("one", { greet: { name: 0, at: 1, loud: 2 }, ping: {} }),
      table("one", { greet: { name: 0, until: 1 }, ping: {} }),
      table("one", { greet: { name: 0 }, ping: { at: 0 } }),
    ];
    expect(new Set(variants.map((variant) => hash(variant))).size).toBe(variants.length);
  });
});
