import * as nodeFs from "node:fs";
import { join } from "node:path";
import { Packr } from "msgpackr";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AskOutcome } from "../../../src/actors/context.ts";
import type { AskKind, BodyOf, ReplyOf } from "../../../src/actors/protocol.ts";
import { type StorageProtocol, storageName } from "../../../src/actors/storage.ts";
import type { WireValue } from "../../../src/actors/wire-value.ts";
import type { JournalDisk } from "../../../src/slave/host/journal-disk.ts";
import { journalStorage } from "../../../src/slave/host/journal-storage.ts";
import { type Site, Stage } from "../../actors/kit.ts";
import { JournalFolder, recovered } from "./journal-folder.ts";

let folder: JournalFolder;
let scene: Scene;

beforeEach(() => {
  folder = new JournalFolder();
  scene = new Scene(folder.path);
});

afterEach(() => {
  scene.stop();
  folder[Symbol.dispose]();
});

/** A storage actor on real files, with a disk that counts its syncs, and what it answered. */
class Scene {
  readonly stage = new Stage();
  readonly site: Site;
  /** Names of the journals in the order in which appends to them were synced. */
  readonly synced: string[] = [];
  syncs: "work" | "fail" = "work";

  constructor(directory: string, isolation: "roundtrip" | "reference" = "roundtrip") {
    const names = new Map<number, string>();
    const disk: JournalDisk = {
      ...nodeFs,
      openSync: (path, ...more) => {
        const fd = nodeFs.openSync(path, ...more);
        names.set(fd, String(path).slice(directory.length + 1));
        return fd;
      },
      fdatasyncSync: (fd) => {
        if (this.syncs === "fail") throw new Error("EIO: i/o error, fdatasync");
        this.synced.push(names.get(fd) ?? "");
        nodeFs.fdatasyncSync(fd);
      },
    };
    this.site = this.stage.site("one", {}, { isolation });
    this.site.system.spawn(journalStorage(directory, disk), {}, { name: storageName });
    this.stage.settle();
  }

  /** Asks, and lets nothing happen. The outcome is pushed when it comes. */
  ask<K extends AskKind<StorageProtocol>>(kind: K, body: BodyOf<StorageProtocol[K]>) {
    const outcomes: AskOutcome<ReplyOf<StorageProtocol[K]>>[] = [];
    const storage = this.site.system.refs.at<StorageProtocol>({ place: this.site.system.place, name: storageName });
    this.site.system.ask(storage as never, kind, body as never, 60_000, (outcome) => outcomes.push(outcome as never));
    return outcomes;
  }

  append(journal: string, record: WireValue) {
    return this.ask("append", { journal, record });
  }

  /** The answer, once everything that needs no time has happened and timers of 0 ms have rung. */
  answer<K extends AskKind<StorageProtocol>>(kind: K, body: BodyOf<StorageProtocol[K]>): ReplyOf<StorageProtocol[K]> {
    const outcomes = this.ask(kind, body);
    this.stage.advance(0);
    const [outcome] = outcomes;
    if (outcome?.ok !== true) throw new Error(`${kind}: ${JSON.stringify(outcome)}; ${this.site.ended.join()}`);
    return outcome.value;
  }

  stop(): void {
    this.site.system.shutdown();
  }
}

const answered = (records: number) => [{ ok: true, value: { records } }];
const slave = "/supervisor/slave";

describe("a storage of journals", () => {
  test("keeps each journal in a file of its own, and finds it again", () => {
    expect(scene.answer("append", { journal: slave, record: { a: 1n } })).toEqual({ records: 1 });
    expect(scene.answer("append", { journal: "/slave", record: Uint8Array.of(1) })).toEqual({ records: 1 });
    expect(scene.answer("append", { journal: slave, record: null })).toEqual({ records: 2 });
    expect(nodeFs.readdirSync(folder.path).sort()).toEqual(["slave.journal", "supervisor.slave.journal"]);
    scene.stop();
    scene = new Scene(folder.path);
    expect(scene.answer("read", { journal: slave, from: 0 })).toStrictEqual({ records: [{ a: 1n }, null] });
    expect(scene.answer("read", { journal: "/slave", from: 0 })).toStrictEqual({ records: [Uint8Array.of(1)] });
    expect(scene.answer("read", { journal: "/nobody", from: 0 })).toStrictEqual({ records: [] });
  });

  test("has an append on disk when it answers, and not a moment earlier", () => {
    const outcomes = scene.append(slave, "r");
    scene.stage.settle();
    expect([outcomes, scene.synced]).toEqual([[], []]);
    scene.stage.advance(0);
    expect([outcomes, scene.synced]).toEqual([answered(1), ["supervisor.slave.journal"]]);
    expect(recovered(join(folder.path, "supervisor.slave.journal")).records).toEqual(["r"]);
  });

  test("syncs a burst once for each journal, and answers each append with its place", () => {
    const outcomes = Array.from({ length: 100 }, (_, n) => scene.append(n % 10 === 0 ? "/a" : "/b", n));
    scene.stage.advance(0);
    expect(scene.synced).toEqual(["a.journal", "b.journal"]);
    const places = outcomes.map(([outcome]) => (outcome?.ok === true ? outcome.value.records : undefined));
    expect(places.filter((_, n) => n % 10 === 0)).toEqual(Array.from({ length: 10 }, (_, n) => n + 1));
    expect(places.filter((_, n) => n % 10 !== 0)).toEqual(Array.from({ length: 90 }, (_, n) => n + 1));
    scene.append("/a", "next");
    scene.stage.advance(0);
    expect(scene.synced).toEqual(["a.journal", "b.journal", "a.journal"]);
  });

  test("does not let a burst grow beyond 256 records", () => {
    const outcomes = Array.from({ length: 600 }, (_, n) => scene.append("/a", n));
    scene.stage.settle();
    expect(scene.synced.length).toBe(2);
    expect(outcomes.map(({ length }) => length).indexOf(0)).toBe(512);
    scene.stage.advance(0);
    expect(scene.synced.length).toBe(3);
    expect(outcomes[599]).toEqual(answered(600));
  });

  test("reads what was appended before, also when it has not been synced yet", () => {
    const outcomes = scene.append("/a", 1);
    const read = scene.ask("read", { journal: "/a", from: 0 });
    scene.stage.settle();
    expect(read).toEqual([{ ok: true, value: { records: [1] } }]);
    expect([outcomes, scene.synced]).toEqual([answered(1), ["a.journal"]]);
    scene.stage.advance(0);
    expect(scene.synced).toEqual(["a.journal"]);
  });

  test("replaces what was appended before, and what is appended after stays", () => {
    const outcomes = [
      scene.append("/a", 1),
      scene.ask("replace", { journal: "/a", records: ["x", "y"], more: false }),
      scene.append("/a", 2),
    ];
    scene.stage.advance(0);
    expect(outcomes).toEqual([answered(1), answered(2), answered(3)]);
    expect(scene.answer("read", { journal: "/a", from: 0 })).toEqual({ records: ["x", "y", 2] });
  });
});

describe("a journal that is replaced in parts", () => {
  test("is the old one until the last part, and then all of the new one", () => {
    scene.answer("replace", { journal: "/a", records: ["old"], more: false });
    scene.answer("replace", { journal: "/a", records: ["x"], more: true });
    expect(scene.answer("replace", { journal: "/a", records: ["y"], more: false })).toEqual({ records: 2 });
    expect(scene.answer("read", { journal: "/a", from: 0 })).toEqual({ records: ["x", "y"] });
  });

  test("keeps nothing of a life that ended in the middle: the next one reads first", () => {
    scene.answer("replace", { journal: "/a", records: ["half"], more: true });
    expect(scene.answer("read", { journal: "/a", from: 0 })).toEqual({ records: [] });
    scene.answer("replace", { journal: "/a", records: ["whole"], more: false });
    expect(scene.answer("read", { journal: "/a", from: 0 })).toEqual({ records: ["whole"] });
  });
});

describe("pages of a journal", () => {
  const packr = new Packr({ useRecords: false });

  function pages(journal: string) {
    const found: { records: readonly WireValue[]; next?: number }[] = [];
    for (let from: number | undefined = 0; from !== undefined; from = found.at(-1)?.next)
      found.push(scene.answer("read", { journal, from }));
    return found;
  }

  test.each([0, 1, 7, 100, 5_000, 34_000])(
    "hold all records once and in order, 64 KiB packed at most, with %i bytes each",
    (bytes) => {
      const records = Array.from({ length: bytes < 1_000 ? 700 : 40 }, (_, n) => ({ n, text: "x".repeat(bytes) }));
      scene.answer("replace", { journal: "/a", records, more: false });
      const found = pages("/a");
      expect(found.flatMap((page) => page.records)).toEqual(records);
      for (const page of found) expect(packr.pack(page).length).toBeLessThanOrEqual(65_536);
      expect(found.length).toBeLessThanOrEqual(Math.max(records.length * (bytes / 32_000), 1) + 1);
    },
  );

  test("hold one record that is longer", () => {
    const records = [1, new Uint8Array(100_000), new Uint8Array(200_000), 2];
    scene.answer("replace", { journal: "/a", records, more: false });
    expect(pages("/a").map((page) => page.records.length)).toEqual([1, 1, 1, 1]);
  });

  test("end with an empty one behind the last record", () => {
    scene.answer("append", { journal: "/a", record: 1 });
    expect(scene.answer("read", { journal: "/a", from: 1 })).toEqual({ records: [] });
    expect(scene.answer("read", { journal: "/a", from: 9 })).toEqual({ records: [] });
  });
});

describe("the name of a journal", () => {
  test("never shares a file with another, and never leads out of the directory", () => {
    const names = [
      "/a/b",
      "/a.b",
      "/a%2Eb",
      "/a%b",
      "/..",
      "/.",
      "/../../etc/passwd",
      "/a b",
      "/a\\b",
      "/ä",
      "/a\0",
      "/~",
      "/*",
    ];
    for (const name of names) scene.answer("append", { journal: name, record: name });
    for (const name of names) expect(scene.answer("read", { journal: name, from: 0 })).toEqual({ records: [name] });
    const files = nodeFs.readdirSync(folder.path);
    expect(files.length).toBe(names.length);
    for (const file of files) expect(file).toMatch(/^[\w%.-]+\.journal$/);
    expect(files).toContain("%2E%2E.%2E%2E.etc.passwd.journal");
  });

  test.each(["", "/", "slave", "../slave", "/a//b", "/a/"])("is a path: %j fails the actor", (journal) => {
    const outcomes = scene.append(journal, 1);
    scene.stage.settle();
    expect(outcomes).toEqual([{ ok: false, code: "down", outcome: "unknown" }]);
    expect(scene.site.ended.join()).toContain(
      "cannot name a journal: it takes the path of an actor, such as /supervisor/slave",
    );
    expect(nodeFs.readdirSync(folder.path)).toEqual([]);
  });

  test("is text that a file name can hold", () => {
    scene.stop();
    scene = new Scene(folder.path, "reference");
    scene.append("/\ud800", 1);
    scene.stage.settle();
    expect(scene.site.ended.join()).toContain('"/\\ud800" cannot name a journal');
  });

  test("may be as long as a file system allows, and no longer", () => {
    scene.answer("append", { journal: `/${"a".repeat(232)}`, record: 1 });
    scene.answer("replace", { journal: `/${"a".repeat(232)}`, records: [], more: false });
    scene.append(`/${"a".repeat(233)}`, 1);
    scene.stage.settle();
    expect(scene.site.ended.join()).toContain("needs a file name of over 240 bytes");
  });
});

describe("a storage that cannot be trusted", () => {
  test("says how much it cut from the end", () => {
    const path = join(folder.path, "a.journal");
    scene.answer("append", { journal: "/a", record: "kept" });
    scene.stop();
    nodeFs.appendFileSync(path, Buffer.alloc(100));
    scene = new Scene(folder.path);
    expect(scene.answer("read", { journal: "/a", from: 0 })).toEqual({ records: ["kept"] });
    expect(scene.site.logged).toEqual([`warn /storage cut 100 bytes of an unfinished write from the journal ${path}`]);
  });

  test("fails when a journal is damaged, and says which, where and what to do", () => {
    const path = join(folder.path, "a.journal");
    nodeFs.writeFileSync(path, "not a journal");
    const outcomes = scene.append("/a", 1);
    scene.stage.settle();
    const reason = `JournalDamaged: the journal ${path} is damaged at offset 0: it does not begin as a journal does; move the file away, and the slave starts as a new one`;
    expect(outcomes).toEqual([{ ok: false, code: "down", outcome: "unknown" }]);
    expect(scene.site.ended).toEqual([`/storage failed ${reason}`]);
    expect(scene.site.logged).toEqual([`error /storage failed: ${reason}`]);
  });

  test("fails when the disk does, and has answered nothing that is not on it", () => {
    scene.answer("append", { journal: "/a", record: "kept" });
    scene.syncs = "fail";
    const outcomes = [scene.append("/a", "lost"), scene.append("/a", "lost too")];
    scene.stage.advance(0);
    for (const outcome of outcomes) expect(outcome).toEqual([{ ok: false, code: "down", outcome: "unknown" }]);
    const path = join(folder.path, "a.journal");
    expect(scene.site.ended).toEqual([
      `/storage failed JournalUnavailable: cannot append to the journal ${path}: EIO: i/o error, fdatasync; see to the disk, then start the slave again`,
    ]);
    expect(recovered(path).records).toEqual(["kept"]);
  });

  test("closes its files when it ends", () => {
    const open = () =>
      nodeFs
        .readdirSync("/proc/self/fd")
        .flatMap((fd) => linkOf(fd))
        .filter((path) => path.startsWith(folder.path));
    scene.answer("append", { journal: "/a", record: 1 });
    scene.answer("replace", { journal: "/b", records: [1], more: false });
    expect(open().sort()).toEqual([join(folder.path, "a.journal"), join(folder.path, "b.journal")]);
    scene.stop();
    expect(open()).toEqual([]);
  });
});

/** What a descriptor of this process is open on; nothing if it has been closed. */
function linkOf(fd: string): string[] {
  try {
    return [nodeFs.readlinkSync(`/proc/self/fd/${fd}`)];
  } catch {
    return [];
  }
}
