import { readFileSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WireValue } from "../../../src/actors/wire-value.ts";
import { JournalDamaged, journalLimits } from "../../../src/slave/host/journal-format.ts";
import { fileHeadBytes, JournalFolder, recovered } from "./journal-folder.ts";

/** Among them are zeros and what looks like the beginning of a record, which must not be taken for something else. */
const records: readonly WireValue[] = [{ id: "a", n: 1 }, 0, new Uint8Array(30), Uint8Array.of(1, 0, 0, 0), "tail"];
const magicBytes = 8;

let folder: JournalFolder;

beforeEach(() => {
  folder = new JournalFolder();
});

afterEach(() => folder[Symbol.dispose]());

function outcomeOf(path: string): WireValue[] | Error {
  try {
    return recovered(path).records;
  } catch (error) {
    return error as Error;
  }
}

/** A record whose checksums are right, whatever else is wrong with it. */
function proven(length: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(length, 0);
  head.writeUInt32LE(crc32(payload), 4);
  head.writeUInt32LE(crc32(head.subarray(0, 8)), 8);
  return Buffer.concat([head, payload]);
}

describe("a journal with one byte changed", () => {
  /** Every byte of the file in turn, in several ways. */
  function damages(bytes: Buffer): { at: number; damaged: Buffer }[] {
    return [...bytes.entries()].flatMap(([at, byte]) =>
      [byte ^ 0x01, byte ^ 0x10, byte ^ 0x80, byte ^ 0xff, 0, 255]
        .filter((other) => other !== byte)
        .map((other) => {
          const damaged = Buffer.from(bytes);
          damaged[at] = other;
          return { at, damaged };
        }),
    );
  }

  test("is refused and left alone, or loses no more than its last record", () => {
    const { path, bytes, ends } = folder.write(records);
    const lastStart = ends.at(-2) ?? 0;
    const tally = { refused: 0, cut: 0 };
    for (const { at, damaged } of damages(bytes)) {
      writeFileSync(path, damaged);
      const outcome = outcomeOf(path);
      if (outcome instanceof Error) {
        tally.refused++;
        expect(readFileSync(path), `byte ${at}`).toEqual(damaged);
      } else {
        tally.cut++;
        expect(at, "cut although it was not in the last record").toBeGreaterThanOrEqual(lastStart);
        expect(outcome).toStrictEqual(records.slice(0, -1));
      }
    }
    expect(tally.refused).toBeGreaterThan(lastStart);
    expect(tally.cut).toBeGreaterThan(0);
  });

  test("is refused with the file, the offset of the record, and the way out", () => {
    const { path, bytes, ends } = folder.write(records);
    const starts = [0, fileHeadBytes, ...ends.slice(0, -1)];
    const lastStart = starts.at(-1) ?? 0;
    for (const { at, damaged } of damages(bytes)) {
      const isFormat = at >= magicBytes && at < fileHeadBytes;
      if (isFormat || at >= lastStart) continue;
      writeFileSync(path, damaged);
      const outcome = outcomeOf(path);
      expect(outcome).toMatchObject({ name: "JournalDamaged", code: "JOURNAL_DAMAGED" });
      const offset = starts.findLast((start) => start <= at);
      expect(String(outcome)).toContain(`the journal ${path} is damaged at offset ${offset}: `);
      expect(String(outcome)).toContain("; move the file away, and the slave starts as a new one");
    }
  });
});

describe("a damaged journal", () => {
  test("with zeros over some of it and a record behind them is refused", () => {
    const { path, bytes, ends } = folder.write(records);
    const [first = 0, second = 0] = ends;
    for (const [start, end] of [
      [fileHeadBytes, first],
      [first - 1, second + 3],
      [fileHeadBytes, ends.at(-2)],
      [0, fileHeadBytes],
    ]) {
      writeFileSync(path, Buffer.from(bytes).fill(0, start, end));
      expect(() => recovered(path), `zeros from ${start} to ${end}`).toThrow(JournalDamaged);
    }
  });

  test("with something behind any number of zeros is refused", () => {
    const { path, bytes } = folder.write(["a"]);
    for (const zeros of [12, 4_096, 3_000_000]) {
      writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(zeros), Buffer.from("x")]));
      expect(() => recovered(path), `${zeros} zeros`).toThrow(`damaged at offset ${bytes.length}: `);
    }
  });

  test("of nothing but zeros is refused when it is longer than one that was being made", () => {
    const path = folder.fresh();
    writeFileSync(path, Buffer.alloc(fileHeadBytes + 1));
    expect(() => recovered(path)).toThrow("damaged at offset 0: it does not begin as a journal does");
  });

  test("that is somebody else's file is refused and left alone, however short", () => {
    const path = folder.fresh();
    for (const text of ["x", "hello", "a text of more than twelve bytes"]) {
      writeFileSync(path, text);
      expect(() => recovered(path)).toThrow("damaged at offset 0: it does not begin as a journal does");
      expect(readFileSync(path, "latin1")).toBe(text);
    }
  });

  test("of another format is refused with the way out", () => {
    const { path, bytes } = folder.write(["a"]);
    bytes[magicBytes] = 2;
    writeFileSync(path, bytes);
    expect(() => recovered(path)).toThrow(
      `the journal ${path} has format 2 and this version of mesolite reads format 1; use the version that wrote it, or move the file away, and the slave starts as a new one`,
    );
  });

  test("that claims a record of no or too many bytes is refused", () => {
    const { path, bytes } = folder.write(["a"]);
    for (const length of [0, journalLimits.recordBytesMax + 1, 2 ** 32 - 1]) {
      writeFileSync(path, Buffer.concat([bytes, proven(length, Buffer.alloc(0))]));
      expect(() => recovered(path)).toThrow(`damaged at offset ${bytes.length}: a record claims ${length} bytes`);
    }
  });

  test("whose record holds no value is refused when the record is read", () => {
    const { path, bytes } = folder.write(["a"]);
    writeFileSync(path, Buffer.concat([bytes, proven(2, Buffer.of(0x92, 0x01))]));
    expect(() => recovered(path)).toThrow(`damaged at offset ${bytes.length}: a record holds no value`);
  });

  test("that was damaged after it was opened is refused when the record is read", () => {
    const { path, bytes, ends } = folder.write(["a", "b"]);
    const journal = folder.open(path);
    bytes[bytes.length - 1] = 0x63;
    writeFileSync(path, bytes);
    expect(journal.read(0, 1)).toEqual(["a"]);
    expect(() => journal.read(1, 1)).toThrow(`damaged at offset ${ends[0]}: a record has changed`);
  });
});
