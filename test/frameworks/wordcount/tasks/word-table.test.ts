import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countWords } from "../../../../src/frameworks/wordcount/tasks/ranges.ts";
import { WordTable } from "../../../../src/frameworks/wordcount/tasks/word-table.ts";

function counted(table: WordTable): Record<string, number> {
  const entries = Array.from({ length: table.size }, (_, entry) => entry);
  return Object.fromEntries(
    entries.map((entry) => [Buffer.from(table.word(entry)).toString("latin1"), table.count(entry)]),
  );
}

function naive(text: Uint8Array): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of Buffer.from(text)
    .toString("latin1")
    .match(/[A-Za-z]+/g) ?? []) {
    counts[word.toLowerCase()] = (counts[word.toLowerCase()] ?? 0) + 1;
  }
  return counts;
}

/** Letters and others, so that words of all lengths appear, among them the neighbours of the letters. */
const byte = fc.oneof(
  fc.constantFrom(...Buffer.from("aAbBzZ")),
  fc.constantFrom(...Buffer.from("@[`{ \n\r\0"), 0xc3, 0xe1, 0xff),
  fc.integer({ min: 0, max: 255 }),
);
const text = fc.array(byte, { maxLength: 300 }).map((bytes): Uint8Array => Uint8Array.from(bytes));
const size = fc.integer({ min: 1, max: 40 });

function countIn(table: WordTable, whole: Uint8Array, chunk: number, buffer: Uint8Array): void {
  for (let start = 0; start < whole.length; start += chunk) {
    const end = Math.min(whole.length, start + chunk);
    const read = (into: Uint8Array, position: number) => {
      const piece = whole.subarray(position, position + into.length);
      into.set(piece);
      return piece.length;
    };
    countWords(table, { path: "text", start, end }, read, buffer);
  }
}

describe("the word table", () => {
  test("counts what a naive counter counts, however the text is cut into ranges and reads", () => {
    fc.assert(
      fc.property(text, size, size, (whole, chunk, bufferBytes) => {
        const table = new WordTable();
        countIn(table, whole, chunk, new Uint8Array(bufferBytes));
        expect(counted(table)).toEqual(naive(whole));
      }),
      { numRuns: 1_000 },
    );
  });

  test("tells words apart that have the same hash", () => {
    const table = new WordTable();
    const whole = Buffer.from("hcawddg cgbzsip hcawddg");
    countIn(table, whole, whole.length, new Uint8Array(64));
    expect(counted(table)).toEqual({ hcawddg: 2, cgbzsip: 1 });
  });

  test("ranges that divide a text count each word in exactly one of them: where it starts", () => {
    const tables = [0, 1, 2].map((index) => {
      const table = new WordTable();
      const whole = Buffer.from("one twothree four");
      const read = (into: Uint8Array, position: number) => {
        into.set(whole.subarray(position));
        return Math.max(0, whole.length - position);
      };
      countWords(table, { path: "text", start: index * 6, end: Math.min(whole.length, index * 6 + 6) }, read);
      return counted(table);
    });
    expect(tables).toEqual([{ one: 1, twothree: 1 }, {}, { four: 1 }]);
  });

  test("keeps its counts while it grows by a hundred thousand words", () => {
    const table = new WordTable();
    const names = Array.from({ length: 100_000 }, (_, index) =>
      [...index.toString(26)].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26))).join(""),
    );
    for (let round = 1; round <= 2; round++) {
      const whole = Buffer.from(names.join(" "));
      countIn(table, whole, whole.length, new Uint8Array(65_536));
    }
    expect(table.size).toBe(100_000);
    expect(Object.values(counted(table)).every((count) => count === 2)).toBe(true);
  });

  test("a file that has become shorter than planned is an error that names it", () => {
    const read = () => 0;
    expect(() => countWords(new WordTable(), { path: "a.txt", start: 0, end: 5 }, read)).toThrow(
      "a.txt has become shorter than the 5 bytes it had",
    );
  });
});
