import { expect, expectTypeOf, test } from "vitest";
import type { ContainerID } from "../../../src/http/v1/id-messages.ts";
import {
  enumeration,
  type InputOf,
  map,
  message,
  optional,
  repeated,
  required,
  type ValueOf,
} from "../../../src/http/v1/schema.ts";

const Colour = enumeration("Colour", { RED: 1, BLUE: 2 });
const Inner = message("Inner", { id: required("string", 1), parts: repeated("bytes", 2) });
const Sample = message("Sample", {
  colour: required(Colour, 1),
  size: optional("double", 2, 5),
  inners: repeated(Inner, 3),
  byKey: map(Inner, 4),
});

test("types come from the schema: lists and maps are always read, and may be left out when written", () => {
  type Read = { readonly id: string; readonly parts: readonly Uint8Array[] };
  expectTypeOf<ValueOf<typeof Sample>>().branded.toEqualTypeOf<{
    readonly colour: "RED" | "BLUE";
    readonly size?: number | undefined;
    readonly inners: readonly Read[];
    readonly byKey: ReadonlyMap<string, Read>;
  }>();
  type Written = { readonly id: string; readonly parts?: readonly Uint8Array[] | undefined };
  expectTypeOf<InputOf<typeof Sample>>().branded.toEqualTypeOf<{
    readonly colour: "RED" | "BLUE";
    readonly size?: number | undefined;
    readonly inners?: readonly Written[] | undefined;
    readonly byKey?: ReadonlyMap<string, Written> | undefined;
  }>();
  expectTypeOf<ValueOf<typeof Sample>>().toExtend<InputOf<typeof Sample>>();
});

test("a message may hold itself", () => {
  expectTypeOf<
    NonNullable<NonNullable<ValueOf<typeof ContainerID>["parent"]>["parent"]>["value"]
  >().toEqualTypeOf<string>();
});

test("one number given twice is a bug", () => {
  const twice = { one: optional("string", 1), other: optional("bool", 1) };
  expect(() => message("Twice", twice)).toThrow("two fields of Twice have one number");
  expect(() => enumeration("Twice", { ONE: 1, OTHER: 1 })).toThrow("two names of Twice have one number");
});
