import { existsSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WireValue } from "../../../src/actors/wire-value.ts";
import type { JournalDisk } from "../../../src/slave/host/journal-disk.ts";
import { JournalFile } from "../../../src/slave/host/journal-file.ts";
import { JournalUnavailable } from "../../../src/slave/host/journal-format.ts";
import { wireValues } from "../../actors/link/arbitraries.ts";
import { contents, fileHeadBytes, JournalFolder, recovered } from "./journal-folder.ts";
import { type PowerCut, powerCutDisk } from "./power-cut-disk.ts";

let folder: JournalFolder;

beforeEach(() => {
  folder = new JournalFolder();
});

afterEach(() => folder[Symbol.dispose]());

const someRecords = fc.array(wireValues, { maxLength: 8 });
const somewhere = fc.double({ min: 0, max: 1, noNaN: true });
/** None of them ends in a zero, so that zeros over the end of one destroy it. */
const three: readonly WireValue[] = [{ id: "a" }, 1, [1, 2n]];

describe("a journal after a crash", () => {
  test("cut anywhere, it has every record that was whole, nothing else, and takes more", () => {
    fc.assert(
      fc.property(someRecords, somewhere, wireValues, (records, part, more) => {
        const { path, bytes, ends } = folder.write(records);
        const size = Math.floor(part * bytes.length);
        writeFileSync(path, bytes.subarray(0, size));
        const whole = ends.filter((end) => end <= size).length;
        const journal = folder.open(path);
        expect(contents(journal)).toStrictEqual(records.slice(0, whole));
        expect(journal.cutBytes).toBe(size - (ends[whole - 1] ?? (size < fileHeadBytes ? 0 : fileHeadBytes)));
        journal.append([more]);
        journal.close();
        expect(recovered(path)).toStrictEqual({ records: [...records.slice(0, whole), more], cutBytes: 0 });
      }),
      { numRuns: 60 },
    );
  });

  test("with zeros from anywhere on, it has every record before them, nothing else, and takes more", () => {
    const zeros = fc.oneof(fc.nat(100), fc.constantFrom(4_096, 1_048_576, 1_100_000));
    fc.assert(
      fc.property(someRecords, somewhere, zeros, wireValues, (records, part, zeroBytes, more) => {
        const { path, bytes, ends } = folder.write(records);
        const size = fileHeadBytes + Math.floor(part * (bytes.length - fileHeadBytes));
        writeFileSync(path, Buffer.concat([bytes.subarray(0, size), Buffer.alloc(zeroBytes)]));
        const journal = folder.open(path);
        const found = contents(journal);
        expect(found).toStrictEqual(records.slice(0, found.length));
        expect(found.length).toBeGreaterThanOrEqual(ends.filter((end) => end <= size).length);
        journal.append([more]);
        journal.close();
        expect(recovered(path)).toStrictEqual({ records: [...found, more], cutBytes: 0 });
      }),
      { numRuns: 40 },
    );
  });

  test("cut at each byte in turn, or zeroed from there, it has every record before", () => {
    const { path, bytes, ends } = folder.write(three);
    for (let size = 0; size <= bytes.length; size++) {
      const whole = ends.filter((end) => end <= size).length;
      writeFileSync(path, bytes.subarray(0, size));
      expect(recovered(path).records, `cut at ${size}`).toEqual(three.slice(0, whole));
      if (size < fileHeadBytes) continue;
      writeFileSync(path, Buffer.from(bytes).fill(0, size));
      expect(recovered(path).records, `zeroed from ${size}`).toEqual(three.slice(0, whole));
    }
  });

  test("that came while it was made, it is as new", () => {
    const { path, bytes } = folder.write([]);
    expect(bytes.length).toBe(fileHeadBytes);
    const torn = Buffer.concat([bytes.subarray(0, 5), Buffer.alloc(7)]);
    for (const head of [Buffer.alloc(0), bytes.subarray(0, 5), Buffer.alloc(fileHeadBytes), torn]) {
      writeFileSync(path, head);
      expect(recovered(path)).toEqual({ records: [], cutBytes: head.length });
      expect(readFileSync(path)).toEqual(bytes);
    }
  });

  test("in the middle of a replacement, it has the old records, and what lay beside it is gone", () => {
    const { path } = folder.write(["old"]);
    for (const left of [Buffer.alloc(0), Buffer.from("half"), folder.write(["new"]).bytes]) {
      writeFileSync(`${path}.new`, left);
      expect(recovered(path).records).toEqual(["old"]);
      expect(existsSync(`${path}.new`)).toBe(false);
    }
  });
});

type Step = { readonly kind: "append" | "replace"; readonly records: readonly WireValue[] };

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom<Step["kind"]>("append", "append", "replace"),
    records: fc.array(fc.oneof(fc.nat(9), fc.string({ maxLength: 30 })), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 6 },
);

const powerCut = (callsMax: number) =>
  fc.record<PowerCut>({
    after: fc.nat(callsMax),
    torn: fc.nat(120),
    unsynced: fc.constantFrom("kept", "lost", "zeroed"),
  });
/** Calls that an opening takes when there is something to cut. */
const recoveryCalls = 7;

function perform(records: readonly WireValue[], step: Step): readonly WireValue[] {
  return step.kind === "append" ? [...records, ...step.records] : step.records;
}

/** What a step that was cut short may have made of these records: an append, any first few of its own. */
function within(records: readonly WireValue[], step: Step | undefined): readonly (readonly WireValue[])[] {
  if (step === undefined) return [records];
  if (step.kind === "replace") return [records, step.records];
  const counts = Array.from({ length: step.records.length + 1 }, (_, count) => count);
  return counts.map((count) => [...records, ...step.records.slice(0, count)]);
}

/** Does what it can until the power goes. Answers how many steps were promised to be on disk. */
function live(path: string, story: readonly Step[], disk: JournalDisk): number {
  let journal: JournalFile | undefined;
  let done = 0;
  try {
    journal = JournalFile.open(path, { disk });
    for (const { kind, records } of story) {
      journal[kind](records);
      done++;
    }
  } catch (error) {
    expect(error).toBeInstanceOf(JournalUnavailable);
    expect(String(error)).toContain("the power is gone");
  }
  journal?.close();
  return done;
}

test("whenever the power goes, also while a journal recovers, all that was promised is there, and recovering again changes nothing", () => {
  const tally = { cutShort: 0, whole: 0, cutBytes: 0 };
  fc.assert(
    fc.property(steps, powerCut(40), powerCut(recoveryCalls), (story, first, second) => {
      const path = folder.fresh();
      const done = live(path, story, powerCutDisk(first));
      if (done < story.length) tally.cutShort++;
      else tally.whole++;
      live(path, [], powerCutDisk(second));
      const { records, cutBytes } = recovered(path);
      if (cutBytes > 0) tally.cutBytes++;
      const promised = story.slice(0, done).reduce(perform, []);
      expect(within(promised, story[done])).toContainEqual(records);
      const bytes = readFileSync(path);
      expect(recovered(path)).toEqual({ records, cutBytes: 0 });
      expect(readFileSync(path)).toEqual(bytes);
    }),
    { numRuns: 300 },
  );
  // The law says something only if the power went in between, and left something to cut.
  expect(tally.cutShort).toBeGreaterThan(30);
  expect(tally.whole).toBeGreaterThan(5);
  expect(tally.cutBytes).toBeGreaterThan(0);
});
