import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import { ContainerID, TimeInfo } from "../../../src/http/v1/id-messages.ts";
import { decodeProtobuf, encodeProtobuf } from "../../../src/http/v1/protobuf-codec.ts";
import {
  type Entry,
  enumeration,
  type InputOf,
  type Message,
  map,
  message,
  optional,
  repeated,
  required,
  typeOf,
} from "../../../src/http/v1/schema.ts";
import { anyValue, everyMessage } from "./any-message.ts";

const Colour = enumeration("Colour", { RED: 1, BLUE: 2 });
const Inner = message("Inner", {
  id: required("string", 1),
  note: optional("string", 2),
  notes: repeated("string", 3),
});
const Sample = message("Sample", {
  text: optional("string", 1),
  numbers: repeated("uint32", 2),
  reals: repeated("double", 3),
  colour: optional(Colour, 4),
  colours: repeated(Colour, 5),
  inner: optional(Inner, 6),
  byKey: map(Inner, 7),
  count: optional("uint64", 8),
  real: optional("double", 9),
  bytes: optional("bytes", 10),
  flag: optional("bool", 11),
  whole: optional("int32", 12),
  words: map("string", 13),
});
const Strict = message("Strict", { colour: required(Colour, 1) });

const empty = { numbers: [], reals: [], colours: [], byKey: new Map(), words: new Map() };
const writer = () => new protobuf.Writer();
const inner = (write: (to: protobuf.Writer) => void) => {
  const nested = writer();
  write(nested);
  return nested.finish();
};
/** The tag of a field: its number and its wire type. */
const tag = (number: number, wire: number) => (number << 3) | wire;

test.each([
  ["the last of several wins", writer().uint32(tag(1, 2)).string("a").uint32(tag(1, 2)).string("b"), { text: "b" }],
  [
    "a list that is not packed",
    writer().uint32(tag(2, 0)).uint32(1).uint32(tag(2, 0)).uint32(300),
    { numbers: [1, 300] },
  ],
  ["a packed list", writer().uint32(tag(2, 2)).fork().uint32(1).uint32(300).ldelim(), { numbers: [1, 300] }],
  [
    "both in turn",
    writer().uint32(tag(2, 2)).fork().uint32(1).ldelim().uint32(tag(2, 0)).uint32(2),
    { numbers: [1, 2] },
  ],
  ["an empty packed list", writer().uint32(tag(2, 2)).fork().ldelim(), {}],
  ["packed doubles", writer().uint32(tag(3, 2)).fork().double(0.5).double(-0).ldelim(), { reals: [0.5, -0] }],
  [
    "packed enums, less those unknown",
    writer().uint32(tag(5, 2)).fork().int32(2).int32(9).int32(1).ldelim(),
    { colours: ["BLUE", "RED"] },
  ],
  ["an unknown number leaves an optional enum unset", writer().uint32(tag(4, 0)).int32(9), {}],
  [
    "an unknown number leaves an enum as it was",
    writer().uint32(tag(4, 0)).int32(2).uint32(tag(4, 0)).int32(9),
    { colour: "BLUE" },
  ],
  [
    "a message given twice merges, also what it requires",
    writer()
      .uint32(tag(6, 2))
      .bytes(inner((to) => to.uint32(tag(2, 2)).string("n").uint32(tag(3, 2)).string("x")))
      .uint32(tag(6, 2))
      .bytes(inner((to) => to.uint32(tag(1, 2)).string("i").uint32(tag(3, 2)).string("y"))),
    { inner: { id: "i", note: "n", notes: ["x", "y"] } },
  ],
  [
    "the last of two entries of a map with one key wins",
    writer()
      .uint32(tag(13, 2))
      .bytes(inner((to) => to.uint32(tag(1, 2)).string("k").uint32(tag(2, 2)).string("a")))
      .uint32(tag(13, 2))
      .bytes(inner((to) => to.uint32(tag(2, 2)).string("b").uint32(tag(1, 2)).string("k"))),
    { words: new Map([["k", "b"]]) },
  ],
  [
    "an entry of a map without key and value",
    writer().uint32(tag(13, 2)).bytes(new Uint8Array()),
    { words: new Map([["", ""]]) },
  ],
  ["an unknown number", writer().uint32(tag(99, 0)).uint32(1).uint32(tag(1, 2)).string("a"), { text: "a" }],
  ["an unknown double", writer().uint32(tag(99, 1)).double(1).uint32(tag(1, 2)).string("a"), { text: "a" }],
  ["an unknown fixed32", writer().uint32(tag(99, 5)).fixed32(1).uint32(tag(1, 2)).string("a"), { text: "a" }],
  ["an unknown text", writer().uint32(tag(99, 2)).string("x").uint32(tag(1, 2)).string("a"), { text: "a" }],
  [
    "an unknown group with a group inside",
    writer()
      .uint32(tag(99, 3))
      .uint32(tag(1, 3))
      .uint32(tag(1, 0))
      .uint32(1)
      .uint32(tag(1, 4))
      .uint32(tag(99, 4))
      .uint32(tag(1, 2))
      .string("a"),
    { text: "a" },
  ],
  ["a negative int32 in ten bytes", writer().uint32(tag(12, 0)).int32(-1), { whole: -1 }],
  ["a bool of any number but 0", writer().uint32(tag(11, 0)).uint32(300), { flag: true }],
])("read: %s", (_, written, expected) => {
  expect(decodeProtobuf(Sample, written.finish())).toStrictEqual({ ok: true, value: { ...empty, ...expected } });
});

test.each([
  [Strict, writer(), "colour: is missing"],
  [Strict, writer().uint32(tag(1, 0)).int32(9), "colour: is missing"],
  [Sample, writer().uint32(tag(6, 2)).bytes(new Uint8Array()), "inner.id: is missing"],
  [
    Sample,
    writer()
      .uint32(tag(7, 2))
      .bytes(inner((to) => to.uint32(tag(1, 2)).string("k"))),
    "byKey.k.id: is missing",
  ],
  [Sample, writer().uint32(tag(1, 0)).uint32(1), "text: has wire type 0 in place of 2"],
  [Sample, writer().uint32(tag(2, 1)).double(1), "numbers: has wire type 1 in place of 0"],
  [Sample, writer().uint32(tag(6, 3)).uint32(tag(6, 4)), "inner: has wire type 3 in place of 2"],
  [Sample, writer().uint32(tag(1, 2)).bytes(Uint8Array.of(0xff)), "text: is not UTF-8"],
  [Sample, writer().uint32(tag(1, 2)).uint32(2).raw(Uint8Array.of(0x61)), "text: ends too early"],
  [
    Sample,
    writer()
      .uint32(tag(10, 2))
      .uint32(2 ** 31 - 1),
    "bytes: ends too early",
  ],
  [Sample, writer().uint32(tag(6, 2)).uint32(5).uint32(tag(1, 2)).string("a"), "inner: ends too early"],
  [Sample, writer().uint32(tag(6, 2)).uint32(2).uint32(tag(1, 2)).string("a"), "inner.id: ends too early"],
  [
    Sample,
    writer()
      .uint32(tag(9, 1))
      .raw(Uint8Array.of(0, 0, 0)),
    "real: ends too early",
  ],
  [Sample, writer().uint32(tag(9, 1)).double(Number.NaN), "real: is not a finite number"],
  [
    Sample,
    writer()
      .uint32(tag(8, 0))
      .uint64(2 ** 53),
    "count: is out of range for uint64",
  ],
  [Sample, writer().uint32(tag(0, 0)).uint32(1), "Sample: is not protobuf"],
  [Sample, writer().uint32(tag(99, 4)), "Sample: is not protobuf"],
  [Sample, writer().uint32(tag(99, 3)), "Sample: ends too early"],
])("%#: a fault says where and what", (type, written, fault) => {
  expect(decodeProtobuf(type, written.finish())).toStrictEqual({ ok: false, error: fault });
});

test("messages may stand 64 deep and no deeper", () => {
  const nested = (parents: number): InputOf<typeof ContainerID> =>
    parents === 0 ? { value: "a" } : { value: "a", parent: nested(parents - 1) };
  expect(decodeProtobuf(ContainerID, encodeProtobuf(ContainerID, nested(63)))).toMatchObject({ ok: true });
  const deeper = decodeProtobuf(ContainerID, encodeProtobuf(ContainerID, nested(64)));
  expect(deeper.ok === false && deeper.error).toMatch(/^….*parent: is more than 64 messages deep$/);
});

test("nanoseconds are rounded, and the largest int64 can be written again", () => {
  const largest = Uint8Array.of(8, 255, 255, 255, 255, 255, 255, 255, 255, 127);
  const read = decodeProtobuf(TimeInfo, largest);
  expect(read).toStrictEqual({ ok: true, value: { nanoseconds: 2 ** 63 - 1024 } });
  expect(read.ok && decodeProtobuf(TimeInfo, encodeProtobuf(TimeInfo, read.value))).toStrictEqual(read);
  const least = { nanoseconds: -(2 ** 63) };
  expect(decodeProtobuf(TimeInfo, encodeProtobuf(TimeInfo, least))).toStrictEqual({ ok: true, value: least });
});

test("what it reads has no part of the body it was read from", () => {
  const body = encodeProtobuf(Sample, { bytes: Uint8Array.of(1, 2) });
  const read = decodeProtobuf(Sample, body);
  body.fill(0);
  expect(read).toMatchObject({ value: { bytes: Uint8Array.of(1, 2) } });
});

test("text that is not Unicode is mended, and a value that is not of the schema is a bug", () => {
  const mended = decodeProtobuf(Inner, encodeProtobuf(Inner, { id: "a\ud800" }));
  expect(mended).toMatchObject({ value: { id: "a\ufffd" } });
  expect(() => encodeProtobuf(Inner, {} as { id: string })).toThrow("Inner.id is missing");
  expect(() => encodeProtobuf(Strict, { colour: "GREEN" as "RED" })).toThrow("a name that it does not know");
});

describe("protobufjs, told the same schema", () => {
  const root = new protobuf.Root();
  const types = new Map(everyMessage.map((type) => [type, reflected(type, root)]));

  test("reads and writes the same bytes", () => {
    for (const [type, theirs] of types) {
      fc.assert(
        fc.property(anyValue(type, 2), (value) => {
          const ours = encodeProtobuf(type, value as InputOf<Message>);
          const written = theirs.encode(theirs.fromObject(plain(value) as Record<string, unknown>)).finish();
          expect(Buffer.from(written).toString("hex"), type.name).toBe(Buffer.from(ours).toString("hex"));
          const back = theirs.encode(theirs.decode(ours)).finish();
          expect(Buffer.from(back).toString("hex"), type.name).toBe(Buffer.from(ours).toString("hex"));
        }),
        { numRuns: 8 },
      );
    }
  });
});

const flat = (name: string) => name.replaceAll(".", "_");

function reflected(of: Message, root: protobuf.Root): protobuf.Type {
  const type = new protobuf.Type(flat(of.name));
  for (const entry of of.entries) type.add(reflectedField(entry, root));
  root.add(type);
  return type;
}

function reflectedField(entry: Entry, root: protobuf.Root): protobuf.Field | protobuf.MapField {
  const held = typeOf(entry);
  const name = typeof held === "string" ? held : flat(held.name);
  if (typeof held === "object" && held.kind === "enumeration" && root.get(name) === null)
    root.add(new protobuf.Enum(name, Object.fromEntries(held.numberOf)));
  if (entry.presence === "map") return new protobuf.MapField(entry.name, entry.number, "string", name);
  return new protobuf.Field(entry.name, entry.number, name, entry.presence, undefined, { packed: false });
}

/** As protobufjs takes it: maps as objects. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, plain(of)]));
  return Object.fromEntries([...value].map(([key, of]) => [key, plain(of)]));
}
