import * as nodeFs from "node:fs";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JournalDisk } from "../../../src/slave/host/journal-disk.ts";
import { JournalFile } from "../../../src/slave/host/journal-file.ts";
import {
  JournalDamaged,
  JournalFull,
  JournalUnavailable,
  journalLimits,
} from "../../../src/slave/host/journal-format.ts";
import { wireValues } from "../../actors/link/arbitraries.ts";
import { contents, fileHeadBytes, JournalFolder, recovered } from "./journal-folder.ts";

let folder: JournalFolder;

beforeEach(() => {
  folder = new JournalFolder();
});

afterEach(() => folder[Symbol.dispose]());

const someRecords = fc.array(wireValues, { maxLength: 8 });

/** This machine's disk, which writes down the calls that matter for what is on it. */
function witness(): { calls: string[]; disk: JournalDisk } {
  const calls: string[] = [];
  const names = new Map<number, string>();
  const disk: JournalDisk = {
    ...nodeFs,
    openSync: (...args) => {
      const fd = nodeFs.openSync(...args);
      names.set(fd, basename(String(args[0])));
      return fd;
    },
    writeSync: ((...args: Parameters<typeof nodeFs.writeSync>) => {
      calls.push(`write ${names.get(args[0])}`);
      return nodeFs.writeSync(...args);
    }) as JournalDisk["writeSync"],
    fdatasyncSync: (fd) => {
      calls.push(`sync data ${names.get(fd)}`);
      nodeFs.fdatasyncSync(fd);
    },
    fsyncSync: (fd) => {
      calls.push(`sync ${names.get(fd)}`);
      nodeFs.fsyncSync(fd);
    },
    renameSync: (from, to) => {
      calls.push(`rename ${basename(String(from))} ${basename(String(to))}`);
      nodeFs.renameSync(from, to);
    },
  };
  return { calls, disk };
}

describe("a journal", () => {
  test("is made with its directories, for nobody else to read, and is there with its records when opened again", () => {
    const path = join(folder.path, "deep", "down", "a.journal");
    const journal = folder.open(path);
    expect(journal.length).toBe(0);
    journal.append([{ n: 1n }, Uint8Array.of(0, 255)]);
    journal.append([null]);
    expect(journal.length).toBe(3);
    journal.close();
    expect(nodeFs.statSync(path).mode & 0o777).toBe(0o600);
    expect(nodeFs.statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(recovered(path)).toStrictEqual({ records: [{ n: 1n }, Uint8Array.of(0, 255), null], cutBytes: 0 });
  });

  test("gives back any records, from any position, in pages as long as their bytes allow", () => {
    fc.assert(
      fc.property(someRecords, fc.nat(10), fc.integer({ min: 1, max: 600 }), (records, from, bytesMax) => {
        const { path, bytes, ends } = folder.write(records);
        const journal = folder.open(path);
        expect(nodeFs.readFileSync(path)).toEqual(bytes);
        const page = journal.read(from, bytesMax);
        journal.close();
        expect(page).toStrictEqual(records.slice(from, from + page.length));
        const starts = [fileHeadBytes, ...ends];
        const size = (count: number) => (starts[from + count] ?? Number.NaN) - (starts[from] ?? Number.NaN);
        if (from < records.length) expect(page.length).toBeGreaterThan(0);
        if (page.length > 1) expect(size(page.length)).toBeLessThanOrEqual(bytesMax);
        if (from + page.length < records.length) expect(size(page.length + 1)).toBeGreaterThan(bytesMax);
      }),
      { numRuns: 60 },
    );
  });

  test("gives a page that has just the bytes it may have", () => {
    const journal = folder.open(folder.write([1, 2, 3]).path);
    expect(journal.read(0, 2 * 13)).toEqual([1, 2]);
    expect(journal.read(0, 2 * 13 - 1)).toEqual([1]);
  });

  test("gives bytes that keep nothing else of their page alive", () => {
    const journal = folder.open(folder.write([Uint8Array.of(1), new Uint8Array(9_000)]).path);
    const [small] = contents(journal) as Uint8Array[];
    expect(small?.buffer.byteLength).toBe(1);
  });

  test("has no record before its first", () => {
    const journal = folder.open(folder.fresh());
    for (const from of [-1, 0.5, Number.NaN]) expect(() => journal.read(from, 1)).toThrow(`${from} is no position`);
  });

  test("writes and syncs an append once, however many records it has", () => {
    const { calls, disk } = witness();
    const journal = folder.open(join(folder.path, "a"), { disk });
    calls.length = 0;
    journal.append(Array.from({ length: 100 }, (_, n) => n));
    expect(calls).toEqual(["write a", "sync data a"]);
  });

  test("syncs every directory that it made, and whatever it finds before anybody acts on it", () => {
    const { calls, disk } = witness();
    folder.open(join(folder.path, "a/b/c"), { disk }).close();
    expect(calls).toEqual(["sync a", `sync ${basename(folder.path)}`, "write c", "sync c", "sync b"]);
    calls.length = 0;
    folder.open(join(folder.path, "a/b/c"), { disk });
    expect(calls).toEqual(["sync c", "sync b"]);
  });

  test("takes a system that writes and reads a few bytes at a time", () => {
    const disk: JournalDisk = {
      ...nodeFs,
      writeSync: ((fd: number, bytes: Buffer, from: number, length: number, position: number) =>
        nodeFs.writeSync(fd, bytes, from, Math.min(length, 7), position)) as JournalDisk["writeSync"],
      readSync: ((fd: number, bytes: Buffer, from: number, length: number, position: number) =>
        nodeFs.readSync(fd, bytes, from, Math.min(length, 5), position)) as JournalDisk["readSync"],
    };
    const path = folder.fresh();
    folder.open(path, { disk }).append(["a long enough text", 2]);
    expect(contents(folder.open(path, { disk }))).toEqual(["a long enough text", 2]);
  });

  test("is longer than anything that is read at once", () => {
    const records = [1, 2, 3].map((fill) => new Uint8Array(700_000).fill(fill));
    const { path } = folder.write(records);
    for (const [position, record] of (recovered(path).records as Uint8Array[]).entries())
      expect(Buffer.from(record).equals(Buffer.alloc(700_000, position + 1))).toBe(true);
    expect(folder.open(path).length).toBe(3);
  });
});

describe("a replacement", () => {
  test("puts any records in place of any others, and the journal goes on", () => {
    fc.assert(
      fc.property(someRecords, someRecords, wireValues, (before, records, more) => {
        const { path } = folder.write(before);
        const journal = folder.open(path);
        journal.replace(records);
        expect(contents(journal)).toStrictEqual(records);
        journal.append([more]);
        expect(contents(journal)).toStrictEqual([...records, more]);
        journal.close();
        expect(recovered(path)).toStrictEqual({ records: [...records, more], cutBytes: 0 });
        expect(nodeFs.existsSync(`${path}.new`)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  test("is on disk before it takes its place, and in its place on disk before it returns", () => {
    const { calls, disk } = witness();
    const journal = folder.open(join(folder.path, "a"), { disk });
    calls.length = 0;
    journal.replace(["new"]);
    expect(calls).toEqual(["write a.new", "sync a.new", "rename a.new a", `sync ${basename(folder.path)}`]);
  });
});

describe("a journal at its limits", () => {
  test("takes a record of the greatest length and refuses one byte more, as it was", () => {
    const path = folder.fresh();
    const journal = folder.open(path);
    // A byte array as long as this is packed behind five bytes.
    const longest = new Uint8Array(journalLimits.recordBytesMax - 5);
    const longer = new Uint8Array(longest.length + 1);
    journal.append([longest]);
    const { size } = nodeFs.statSync(path);
    for (const write of ["append", "replace"] as const) {
      expect(() => journal[write](["fits", longer])).toThrow(JournalFull);
      expect(() => journal[write](["fits", longer])).toThrow(
        `a record of 1048577 bytes is too long for the journal ${path}, which takes 1048576; keep large data in a file of its own`,
      );
    }
    expect(nodeFs.statSync(path).size).toBe(size);
    journal.append(["goes on"]);
    expect(folder.open(path).read(1, 1)).toEqual(["goes on"]);
  });

  test("fills its file to the last byte, refuses more, and has room again once replaced", () => {
    const path = folder.fresh();
    const journal = folder.open(path, { fileBytesMax: fileHeadBytes + 3 * 13 });
    journal.append([1, 2]);
    expect(() => journal.append([3, 4])).toThrow(
      `the journal ${path} would grow to 64 bytes and may have 51; replace its records with those that still matter`,
    );
    journal.append([3]);
    expect(() => journal.append([4])).toThrow(JournalFull);
    expect(() => journal.replace([1, 2, 3, 4])).toThrow(JournalFull);
    expect(contents(journal)).toEqual([1, 2, 3]);
    journal.replace([4]);
    journal.append([5, 6]);
    expect(recovered(path).records).toEqual([4, 5, 6]);
  });
});

describe("a journal on a failing disk", () => {
  const fail = (code: string) => {
    throw Object.assign(new Error(`${code}: no luck`), { code });
  };

  test.each([
    ["is full in the middle of a write", "ENOSPC", "writeSync"],
    ["fails to sync", "EIO", "fdatasyncSync"],
  ] as const)("that %s takes the append back, says why, and is closed", (_, code, call) => {
    const path = folder.fresh();
    const tear = (fd: number, bytes: Buffer, from: number, _length: number, position: number) => {
      nodeFs.writeSync(fd, bytes, from, 20, position);
      fail(code);
    };
    folder.open(path).append(["kept"]);
    const bytes = nodeFs.readFileSync(path);
    const broken = call === "writeSync" ? { writeSync: tear } : { fdatasyncSync: () => fail(code) };
    const journal = folder.open(path, { disk: { ...nodeFs, ...broken } as JournalDisk });
    expect(() => journal.append(["a", "b", "c"])).toThrow(
      `cannot append to the journal ${path}: ${code}: no luck; see to the disk, then start the slave again`,
    );
    expect(nodeFs.readFileSync(path)).toEqual(bytes);
    expect(() => journal.append(["again"])).toThrow(`the journal ${path} is closed`);
    expect(recovered(path)).toEqual({ records: ["kept"], cutBytes: 0 });
  });

  test("has the old records when a replacement failed, and is closed", () => {
    const { path } = folder.write(["old"]);
    const journal = folder.open(path, { disk: { ...nodeFs, renameSync: () => fail("EIO") } });
    expect(() => journal.replace(["new"])).toThrow(JournalUnavailable);
    expect(() => journal.read(0, 1)).toThrow(`the journal ${path} is closed`);
    expect(recovered(path).records).toEqual(["old"]);
  });

  test("says what cannot be opened and why, and leaves no file open", () => {
    const taken = folder.fresh();
    nodeFs.mkdirSync(taken);
    const foreign = folder.fresh();
    nodeFs.writeFileSync(foreign, "hello");
    const opened: number[] = [];
    const disk: JournalDisk = {
      ...nodeFs,
      openSync: (...args) => {
        const fd = nodeFs.openSync(...args);
        opened.push(fd);
        return fd;
      },
      closeSync: (fd) => {
        opened.splice(opened.indexOf(fd), 1);
        nodeFs.closeSync(fd);
      },
    };
    expect(() => JournalFile.open(taken, { disk })).toThrow(`cannot open the journal ${taken}: EISDIR`);
    expect(() => JournalFile.open(foreign, { disk })).toThrow(JournalDamaged);
    expect(opened).toEqual([]);
  });
});
