import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Result } from "../../../src/base/result.ts";
import { type Codec, jsonCodec, protobufCodec } from "../../../src/http/v1/codec.ts";
import { Call, Event } from "../../../src/http/v1/scheduler-messages.ts";
import type { InputOf, Message } from "../../../src/http/v1/schema.ts";
import { anyValue } from "./any-message.ts";

test("each codec says what its bodies are called", () => {
  expect([jsonCodec.mediaType, protobufCodec.mediaType]).toStrictEqual(["application/json", "application/x-protobuf"]);
});

test("a call reads the same in either encoding", () => {
  const call: InputOf<typeof Call> = { type: "DECLINE", decline: { offer_ids: [{ value: "ö" }] } };
  const expected = { type: "DECLINE", decline: { offer_ids: [{ value: "ö" }], filters: undefined } };
  for (const codec of [jsonCodec, protobufCodec])
    expect(codec.decode(Call, codec.encode(Call, call))).toEqual({ ok: true, value: expected });
  expect(Buffer.from(jsonCodec.encode(Call, call)).toString()).toBe(
    '{"type":"DECLINE","decline":{"offer_ids":[{"value":"\\u00f6"}]}}',
  );
});

const deep = 100_000;

test.each([
  ["no body", Buffer.from(""), "the body is not JSON: Unexpected end of JSON input"],
  ["a byte order mark", Buffer.from("\ufeff{}"), /^the body is not JSON: /],
  ["bytes that are not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22]), "the body is not UTF-8"],
  ["a surrogate in bytes", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "the body is not UTF-8"],
  ["half a pair in an escape", Buffer.from('{"error":{"message":"\\ud800"}}'), "error.message: is not text in Unicode"],
  ["lists too deep", Buffer.from("[".repeat(deep)), "the body has brackets more than 256 deep"],
  ["closed lists too deep", Buffer.from("[".repeat(deep) + "]".repeat(deep)), /more than 256 deep$/],
  ["objects too deep", Buffer.from('{"a":'.repeat(deep)), /more than 256 deep$/],
  ["a field nobody knows, too deep", Buffer.from(`{"x":${"[".repeat(257)}${"]".repeat(257)}}`), /more than 256 deep$/],
  ["control characters", Buffer.from('{"type": \u001b[2J\u0007\u0000}'), /^the body is not JSON: [ -~]+$/],
])("JSON with %s is a fault", (_, body, fault) => {
  const read = jsonCodec.decode(Event, body);
  expect(read.ok === false && read.error).toMatch(fault instanceof RegExp ? fault : new RegExp(`^${fault}$`));
});

test("brackets within text count for nothing", () => {
  const body = Buffer.from(JSON.stringify({ error: { message: `"\\${"[{".repeat(300)}\\` } }));
  expect(jsonCodec.decode(Event, body)).toMatchObject({ ok: true });
});

test.each([
  ["start a group each", Buffer.alloc(deep, (99 << 3) | 3)],
  ["start a message of every length", Buffer.alloc(deep, 0x1a)],
  ["are a number without end", Buffer.alloc(deep, 0xff)],
  ["are all zero", Buffer.alloc(deep)],
])("protobuf bytes that %s are a fault", (_, body) => {
  expectFault(protobufCodec.decode(Call, body));
});

describe.each([
  { codec: jsonCodec, name: "JSON" },
  { codec: protobufCodec, name: "protobuf" },
])("any bytes as $name", ({ codec }) => {
  const damaged = fc
    .constantFrom<Message>(Call, Event)
    .chain((message) => fc.record({ message: fc.constant(message), value: anyValue(message, 4), damage: anyDamage }))
    .map(({ message, value, damage }) => ({
      message,
      body: spoil(codec.encode(message, value as InputOf<Message>), damage),
    }));
  const random = fc.uint8Array({ maxLength: 60 }).map((body) => ({ message: Event as Message, body }));

  test("are a fault for people, or a value that both codecs can write and read again", () => {
    let read = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: damaged }, random), ({ message, body }) => {
        const found = codec.decode(message, body);
        if (!found.ok) return expectFault(found);
        read++;
        for (const other of [jsonCodec, protobufCodec]) expectSame(other, message, found.value);
      }),
      { numRuns: 150 },
    );
    expect(read).toBeGreaterThan(10);
  });
});

function expectFault(found: Result<unknown, string>): void {
  expect(found.ok).toBe(false);
  if (found.ok) return;
  expect(found.error.length).toBeLessThanOrEqual(200);
  expect(found.error).toMatch(/^[^\p{Cc}]+$/u);
}

/** Written, read and written again it is the same. */
function expectSame(codec: Codec, message: Message, value: unknown): void {
  const written = codec.encode(message, value as InputOf<Message>);
  const back = codec.decode(message, written);
  expect(back).toMatchObject({ ok: true });
  if (back.ok) expect(Buffer.from(codec.encode(message, back.value)).equals(written)).toBe(true);
}

type Damage = { readonly at: number; readonly kind: "flip" | "cut" | "repeat" | "drop"; readonly byte: number };

const anyDamage: fc.Arbitrary<readonly Damage[]> = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    kind: fc.constantFrom("flip" as const, "cut" as const, "repeat" as const, "drop" as const),
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  { maxLength: 2 },
);

function spoil(body: Uint8Array, damages: readonly Damage[]): Uint8Array {
  let bytes = [...body];
  for (const { at, kind, byte } of damages) {
    const place = Math.floor(at * bytes.length);
    if (kind === "flip") bytes[place] = (bytes[place] ?? 0) ^ byte;
    else if (kind === "cut") bytes = bytes.slice(0, place);
    else if (kind === "repeat") bytes.splice(place, 0, ...bytes.slice(place, place + byte));
    else bytes.splice(place, byte % 16);
  }
  return Uint8Array.from(bytes);
}
