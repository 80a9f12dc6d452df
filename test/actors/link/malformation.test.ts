import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { linkLimits } from "../../../src/actors/link/limits.ts";
import { malformation } from "../../../src/actors/link/malformation.ts";
import { wireValues } from "./arbitraries.ts";

const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

test("anything that a message may carry is well formed, and no prefix of it is", () => {
  fc.assert(
    fc.property(wireValues, (value) => {
      const bytes = new Uint8Array(packr.pack(value));
      expect(malformation(bytes)).toBeUndefined();
      for (let end = 0; end < bytes.length; end++)
        expect(malformation(bytes.subarray(0, end)) !== undefined).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("a byte too many is a fault", () => {
  expect(malformation(bytesOf("01 02"))).toBe("1 bytes follow the value");
  expect(malformation(new Uint8Array())).toBe("the value is cut short");
});

test("R13.6 nesting is allowed to its limit and not one deeper", () => {
  const nested = (depth: number) => new Uint8Array([...new Array<number>(depth).fill(0x91), 0x90]);
  expect(malformation(nested(linkLimits.depthMax))).toBeUndefined();
  expect(malformation(nested(linkLimits.depthMax + 1))).toBe("nested deeper than 32");
  const maps = bytesOf(`${"81 a0".repeat(linkLimits.depthMax + 1)} 80`);
  expect(malformation(maps)).toBe("nested deeper than 32");
});

describe("R13.6 a hostile megabyte is refused before anything is allocated", () => {
  const megabyte = (byte: number, head: string) => {
    const bytes = new Uint8Array(linkLimits.frameBytesMax).fill(byte);
    bytes.set(bytesOf(head));
    return bytes;
  };

  test.each([
    ["200 000 nested arrays", new Uint8Array(200_000).fill(0x91), "nested deeper than 32"],
    ["200 000 nested maps", bytesOf("81a0".repeat(100_000)), "nested deeper than 32"],
    ["a megabyte of empty arrays", megabyte(0x90, "dd 000ffffb"), "more than 131072 values"],
    ["a megabyte of nothing", megabyte(0xc0, "dd 000ffffb"), "more than 131072 values"],
    [
      "array32 of 2^32 - 1",
      bytesOf("dd ffffffff 00"),
      "4294967295 elements are announced and the bytes end before them",
    ],
    ["array16 of 65 535", bytesOf("dc ffff 00"), "65535 elements are announced and the bytes end before them"],
    ["map32 of 2^32 - 1", bytesOf("df ffffffff a0 00"), "4294967295 pairs are announced and the bytes end before them"],
    ["map16 of 65 535", bytesOf("de ffff a0 00"), "65535 pairs are announced and the bytes end before them"],
    ["a map of 2 in 3 bytes", bytesOf("82 a0 00 a0"), "2 pairs are announced and the bytes end before them"],
    ["str32 of 2^32 - 1", bytesOf("db ffffffff 00"), "the value is cut short"],
    ["bin32 of 2^32 - 1", bytesOf("c6 ffffffff 00"), "the value is cut short"],
    ["half a length", bytesOf("dd ffff"), "a length is cut short"],
  ])("%s", (_name, bytes, fault) => {
    const start = process.cpuUsage();
    expect(malformation(bytes)).toBe(fault);
    // Microseconds of processor time: a walk takes a few thousand, a decoder that believes the bytes far more.
    expect(process.cpuUsage(start).user).toBeLessThan(250_000);
  });
});

describe("what msgpack allows and no message of ours has", () => {
  test.each([
    ["the unused byte", "c1"],
    ["ext8", "c7 01 05 00"],
    ["ext16", "c8 0001 05 00"],
    ["ext32", "c9 00000001 05 00"],
    ["fixext1 of another type than undefined", "d4 01 00"],
    ["a record of msgpackr's", "d4 72 40 91 a1 61"],
    ["fixext2", "d5 05 0000"],
    ["fixext4, a timestamp", "d6 ff 00000000"],
    ["fixext8, a timestamp", "d7 ff 0000000000000000"],
    ["fixext16", "d8 05 00000000000000000000000000000000"],
  ])("is refused: %s", (_name, text) => {
    expect(malformation(bytesOf(text))).toMatch(/^byte 0x[0-9a-f]{2} is not allowed here$/);
  });

  test.each([
    ["null", "81 c0 00"],
    ["a number", "81 01 00"],
    ["an array", "81 90 00"],
    ["a map", "81 80 00"],
    ["bytes", "81 c4 00 00"],
    ["undefined", "81 d400 00 00"],
  ])("is refused: a map whose key is %s", (_name, text) => {
    expect(malformation(bytesOf(text))).toBe("a map key is no text");
  });

  test("undefined is what an absent field looks like", () => {
    expect(malformation(bytesOf("92 d4 00 00 01"))).toBeUndefined();
  });
});

test("what it lets through, the decoder reads without a throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      if (malformation(bytes) === undefined) packr.unpack(bytes);
    }),
    { numRuns: 5_000 },
  );
});
