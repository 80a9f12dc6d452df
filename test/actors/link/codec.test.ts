import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Batch, Codec, MalformedBatch } from "../../../src/actors/link/codec.ts";
import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { puppetTable } from "../kit.ts";

const codec = new Codec(new KindTable([puppetTable]));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

/** The same object: a second message to it need not name it again. */
const twice = { slot: 2, generation: 1 };

/** One item of each type, and the bytes it has had since the first release. */
const golden: Batch = {
  firstSeq: 7,
  credit: 300,
  items: [
    { type: "tell", to: { slot: 417, generation: 9 }, kind: "say", body: { text: "hi" } },
    { type: "tell", to: { name: "master" }, kind: "say", body: { text: "", more: [1.5, -1, null, true, { k: "v" }] } },
    {
      type: "ask",
      to: { slot: 1, generation: 1 },
      kind: "ask",
      body: { text: "é", more: Uint8Array.of(255, 0) },
      correlation: 65_536,
      remainingMs: 1_000,
    },
    { type: "by", slot: 417, generation: 9, cause: 65_536 },
    { type: "tell", to: twice, kind: "say", body: { text: "one" } },
    { type: "tell", to: twice, kind: "say", body: { text: "two" } },
    { type: "reply", correlation: 65_536, value: { ok: true, at: 1_700_000_000_000, big: 2n ** 60n } },
    { type: "askFailed", correlation: 2, code: "overloaded", outcome: "not-run" },
    { type: "watch", to: { name: "master" }, watch: 3 },
    { type: "unwatch", watch: 3 },
    { type: "down", watch: 3, who: "/master", reason: { failed: "x" } },
    { type: "down", watch: 4, who: "", reason: "noproc" },
    { type: "refused", slot: 417, generation: 9, to: "there~1/main.1:@master", kind: "say", count: 2 },
  ],
};

const goldenHex = `
  dc003c07cd012c
  00cd01a10901a26869d40000
  00a66d617374657201a095cb3ff8000000000000ffc0c3de0001a16ba176
  010101ce00010000cd03e800a2c3a9c402ff00
  07cd01a109ce00010000
  00020101a36f6e65d40000
  09a374776fd40000
  02ce00010000de0003a26f6bc3a26174cb4278bcfe56800000a3626967d31000000000000000
  0302aa6f7665726c6f61646564a76e6f742d72756e
  04a66d617374657203
  0503
  0603a72f6d6173746572de0001a66661696c6564a178
  0604a0a66e6f70726f63
  08cd01a109b674686572657e312f6d61696e2e313a406d6173746572a373617902`;

describe("the wire format", () => {
  test("R15.9 is this, to the byte: a program that writes anything else is another version", () => {
    expect(hex(codec.encode(golden))).toBe(goldenHex.replaceAll(/\s/g, ""));
  });

  test("R15.9 is read back as what was written", () => {
    expect(codec.decode(bytesOf(goldenHex))).toEqual(golden);
  });
});

describe("R2.2 a body across a link", () => {
  test("has an absent field as an absent key, and -0 as 0", () => {
    const body = codec.roundtrip("say", { text: "x", more: undefined });
    expect(Object.keys(body)).toEqual(["text"]);
    expect(Object.is(codec.roundtrip("say", { text: "x", more: -0 })["more"], 0)).toBe(true);
  });

  test("owns its bytes: they are a copy of their own, not a window on the frame", () => {
    const bytes = codec.encode({
      firstSeq: 0,
      credit: 0,
      items: [{ type: "reply", correlation: 1, value: Uint8Array.of(1, 2, 3) }],
    });
    const [item] = codec.decode(bytes).items;
    bytes.fill(0);
    expect(item).toEqual({ type: "reply", correlation: 1, value: Uint8Array.of(1, 2, 3) });
  });

  test("cannot poison a prototype", () => {
    const body = codec.roundtrip("say", { text: "x", more: JSON.parse('{"__proto__": {"poisoned": true}}') });
    expect((body["more"] as Record<string, unknown>)["poisoned"]).toBeUndefined();
    expect(Object.getPrototypeOf(body["more"])).toBe(Object.prototype);
  });
});

describe("a batch of another program", () => {
  const packed = (text: string) => () => codec.decode(bytesOf(text));

  test.each([
    ["a number", "01", "a batch is an array"],
    ["an empty array", "90", "undefined is not a count"],
    ["a text as position", "92 a0 00", "string is not a count"],
    ["a negative credit", "92 00 ff", "-1 is not a count"],
    ["a credit that is no number", "92 00 cb7ff8000000000000", "NaN is not a count"],
    ["an item of an unknown type", "93 00 00 1f", "an item has the unknown tag 31"],
    ["an item that is an array", "93 00 00 90", "an item has the unknown tag object"],
    ["a tell without a target", "93 00 00 00", "undefined is not a count"],
    ["a tell of an unknown kind", "96 00 00 00 01 01 02", "an item has the unknown kind 2"],
    ["a tell of half a kind", "96 00 00 00 01 01 cb3fe0000000000000", "an item has the unknown kind 0.5"],
    ["a tell with half a body", "97 00 00 00 01 01 01 a0", "a body of say is cut short"],
    ["a second tell without a first", "94 00 00 09 a0", "the first tell of a batch names no actor"],
    ["an ask without a correlation", "95 00 00 01 01 01", "undefined is not a count"],
    ["a reply to nothing", "94 00 00 02 c0", "object is not a count"],
    ["a watch on a negative slot", "95 00 00 04 ff 00", "-1 is not a count"],
    ["a down of nobody", "95 00 00 06 01 c0", "object is not a text"],
    ["a down without a reason", "96 00 00 06 01 a0 c0", "undefined is not a text"],
    ["a failure without a cause", "96 00 00 06 01 a0 80", "undefined is not a text"],
    ["a sender without a slot", "94 00 00 07 a0", "string is not a count"],
    ["a refusal of no kind", "97 00 00 08 01 01 a0 c0", "object is not a text"],
  ])("is refused: %s", (_name, text, message) => {
    expect(packed(text)).toThrow(MalformedBatch);
    expect(packed(text)).toThrow(message);
  });

  test("R13.6 is refused, whatever its bytes, by nothing but the refusal", () => {
    const written = codec.encode(golden);
    const mutations = fc.array(fc.tuple(fc.nat(written.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const strangers = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      mutations.map((changes) => {
        const bytes = written.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        return bytes;
      }),
    );
    fc.assert(
      fc.property(strangers, (bytes) => {
        try {
          codec.decode(bytes);
        } catch (error) {
          if (!(error instanceof MalformedBatch)) throw error;
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
