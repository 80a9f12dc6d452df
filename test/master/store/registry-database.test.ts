import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RegistryOperation, Settings, StoredSlave } from "../../../src/master/registry.ts";
import { RegistryDatabase } from "../../../src/master/store/registry-database.ts";
import { SlaveId } from "../../../src/protocol/ids.ts";
import {
  afterEveryOperation,
  contents as contentsOf,
  everyOperation,
  performed,
  registryStory,
  slaveInfo,
} from "../registry-story.ts";

let directory = "";
const open: RegistryDatabase[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "registry-"));
});

afterEach(() => {
  for (const database of open.splice(0)) database.close();
  rmSync(directory, { recursive: true });
});

function opened(name = "registry.db"): RegistryDatabase {
  const database = new RegistryDatabase(join(directory, name));
  open.push(database);
  return database;
}

function closed(database: RegistryDatabase): void {
  open.splice(open.indexOf(database), 1);
  database.close();
}

function contents(database: RegistryDatabase): { readonly slaves: readonly StoredSlave[] } & Settings {
  const slaves: StoredSlave[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const read = database.slavesFrom(from);
    slaves.push(...read.slaves);
    from = read.next;
  }
  return { slaves, ...database.settings() };
}

const s1 = SlaveId("s1");
const admit = { type: "admitSlave", slaveId: s1, info: slaveInfo(1), atMs: 7 } as const;

describe("a registry on disk", () => {
  test("is made with its directory, and holds what was committed when it is opened again", () => {
    const first = opened("deep/down/registry.db");
    expect(first.commit(first.begin(), [admit])).toBe(true);
    closed(first);
    expect(contents(opened("deep/down/registry.db")).slaves).toEqual([
      { slaveId: "s1", info: slaveInfo(1), standing: "admitted", sinceMs: 7 },
    ]);
  });

  test("counts an epoch for every opening and a term for every beginning", () => {
    const first = opened();
    expect([first.begin(), first.begin()]).toEqual([
      { epoch: 1, term: 1 },
      { epoch: 1, term: 2 },
    ]);
    closed(first);
    expect(opened().begin()).toEqual({ epoch: 2, term: 1 });
  });

  test("takes nothing from a leadership that was superseded", () => {
    const first = opened();
    const old = first.begin();
    const present = first.begin();
    expect(first.commit(old, [admit])).toBe(false);
    expect(first.commit({ epoch: 9, term: present.term }, [admit])).toBe(false);
    expect(contents(first)).toEqual(contentsOf(performed([])));
    closed(first);
    const second = opened();
    second.begin();
    expect(second.commit({ epoch: 1, term: 1 }, [admit])).toBe(false);
    expect(contents(second)).toEqual(contentsOf(performed([])));
  });

  test("takes a batch as a whole or not at all", () => {
    const database = opened();
    const lead = database.begin();
    const broken = { ...admit, info: 1n as never };
    expect(() => database.commit(lead, [admit, broken])).toThrow("BigInt");
    expect(contents(database)).toEqual(contentsOf(performed([])));
    expect(database.commit(lead, [admit])).toBe(true);
  });

  test("belongs to one process: a second opener is told so, and harms nothing", () => {
    const first = opened();
    const lead = first.begin();
    expect(() => opened()).toThrow(
      `cannot open the registry ${join(directory, "registry.db")}: another master is using it; choose another directory with --data`,
    );
    expect(first.commit(lead, [admit])).toBe(true);
    expect(first.begin().epoch).toBe(1);
  });

  test("says what is wrong when the file cannot be a registry", () => {
    expect(() => new RegistryDatabase(directory)).toThrow(/^cannot open the registry .*; choose another directory/);
  });

  test("holds the same as the registry in memory after any story, also when reopened in the middle", () => {
    let name = 0;
    fc.assert(
      fc.property(registryStory, registryStory, (before, after) => {
        const file = `story-${name++}.db`;
        const first = opened(file);
        first.commit(first.begin(), before);
        closed(first);
        const second = opened(file);
        const lead = second.begin();
        for (const operation of after) second.commit(lead, [operation]);
        expect(contents(second)).toEqual(contentsOf(performed([...before, ...after])));
        closed(second);
      }),
      { numRuns: 10 },
    );
  });
});

test.each([
  ["an earlier version", "PRAGMA journal_mode = WAL; PRAGMA user_version = 1; CREATE TABLE slaves (id TEXT)"],
  ["a later version", "PRAGMA journal_mode = WAL; PRAGMA user_version = 4; CREATE TABLE slaves (id TEXT)"],
  ["another program", "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')"],
])("a file of %s is refused, and left as it is", (_, made) => {
  const file = join(directory, "registry.db");
  const other = new DatabaseSync(file);
  other.exec(made);
  other.close();
  const before = readFileSync(file);
  for (let tries = 0; tries < 2; tries++) {
    expect(() => new RegistryDatabase(file)).toThrow(
      `cannot open the registry ${file}: it was written by another version of mesolite; choose another directory with --data`,
    );
  }
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(readdirSync(directory)).toEqual(["registry.db"]);
});

describe("a file of version 2", () => {
  const admitted = { slaveId: "s1", info: slaveInfo(1), standing: "admitted", sinceMs: 7 } as const;
  const gone = { slaveId: "s0", info: slaveInfo(2), standing: "gone", sinceMs: 9 } as const;

  /** As version 2 wrote it. */
  function written(): string {
    const file = join(directory, "registry.db");
    const old = new DatabaseSync(file);
    old.exec("PRAGMA user_version = 2; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    old.exec(`
      CREATE TABLE lead (only INTEGER PRIMARY KEY CHECK (only = 1), epoch INTEGER NOT NULL, term INTEGER NOT NULL) STRICT;
      CREATE TABLE slaves (
        id TEXT PRIMARY KEY, standing TEXT NOT NULL, since_ms INTEGER NOT NULL, info TEXT NOT NULL
      ) STRICT;
      INSERT INTO lead VALUES (1, 4, 2);
    `);
    for (const { slaveId, standing, sinceMs, info } of [admitted, gone]) {
      old.prepare("INSERT INTO slaves VALUES (?, ?, ?, ?)").run(slaveId, standing, sinceMs, JSON.stringify(info));
    }
    old.close();
    return file;
  }

  test("opens with its slaves and its epoch, and takes what version 2 did not know", () => {
    written();
    const first = opened();
    expect(contents(first)).toEqual({ ...contentsOf(performed([])), slaves: [admitted, gone] });
    const lead = first.begin();
    expect(lead).toEqual({ epoch: 5, term: 1 });
    const reserve = { type: "reserve", slaveId: s1, resources: { "cpus(a)": 1 } } as const;
    expect(first.commit(lead, [reserve, { type: "updateWeights", weights: { a: 2 } }])).toBe(true);
    closed(first);
    expect(contents(opened())).toMatchObject({ slaves: [{ reserved: { "cpus(a)": 1 } }, gone], weights: { a: 2 } });
  });

  test("is left as it was when it cannot be brought up to date", () => {
    const file = written();
    const other = new DatabaseSync(file);
    other.exec("CREATE TABLE quotas (mine TEXT)");
    other.close();
    expect(() => opened()).toThrow(/^cannot open the registry .*quotas already exists; choose another directory/);
    const after = new DatabaseSync(file);
    expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
    expect(after.prepare("SELECT name FROM pragma_table_info('slaves')").all()).toHaveLength(4);
    after.close();
  });
});

/** The rows that a commit writes into a registry that has seen every operation. */
function rowsWritten(operations: readonly RegistryOperation[]): readonly string[] {
  const first = opened();
  first.commit(first.begin(), everyOperation);
  closed(first);
  const watcher = new DatabaseSync(join(directory, "registry.db"));
  watcher.exec("CREATE TABLE written (what TEXT)");
  for (const [table, key] of [
    ["slaves", "id"],
    ["weights", "role"],
    ["quotas", "role"],
    ["maintenance", "position"],
  ]) {
    for (const [event, row] of [
      ["INSERT", "new"],
      ["UPDATE", "new"],
      ["DELETE", "old"],
    ]) {
      const note = `INSERT INTO written VALUES ('${event} ${table} ' || ${row}.${key})`;
      watcher.exec(`CREATE TRIGGER ${table}_${event} AFTER ${event} ON ${table} BEGIN ${note}; END`);
    }
  }
  watcher.close();
  const second = opened();
  expect(second.commit(second.begin(), operations)).toBe(true);
  closed(second);
  const reader = new DatabaseSync(join(directory, "registry.db"));
  const rows = reader.prepare("SELECT what FROM written").all();
  reader.close();
  return rows.map(({ what }) => String(what));
}

describe("a commit", () => {
  const { quotas, maintenance } = afterEveryOperation;
  const [window] = maintenance;

  test("that changes nothing writes no row", () => {
    const nothing: readonly RegistryOperation[] = [
      { type: "updateWeights", weights: { a: 3 } },
      { type: "updateQuotas", quotas: { ...quotas, a: null } },
      { type: "setMaintenance", windows: maintenance },
      { type: "unreserve", slaveId: s1, resources: { "cpus(a)": 1 } },
      { type: "markSlaveGone", slaveId: SlaveId("s2"), atMs: 99 },
      { type: "removeSlave", slaveId: SlaveId("s9") },
    ];
    expect(rowsWritten(nothing)).toEqual([]);
  });

  test("writes the rows that change, and no others", () => {
    const changes: readonly RegistryOperation[] = [
      { type: "updateWeights", weights: { a: 3, "a/b": 1 } },
      { type: "updateQuotas", quotas: { b: null, c: quotas["c"] ?? null } },
      { type: "setMaintenance", windows: [...maintenance, { machines: [{ hostname: "h3" }], startMs: 1 }] },
      { type: "setMaintenance", windows: window === undefined ? [] : [window] },
      { type: "reserve", slaveId: s1, resources: { "cpus(a)": 1 } },
    ];
    expect(rowsWritten(changes)).toEqual([
      "UPDATE weights a/b",
      "DELETE quotas b",
      "INSERT maintenance 1",
      "DELETE maintenance 1",
      "UPDATE slaves s1",
    ]);
  });
});

test.each([
  ["is no database", () => Buffer.alloc(8_192, "garbage"), "file is not a database"],
  ["has lost its tables", (file: string) => damaged(file), "malformed"],
])("a file that %s is refused with words", (_, made, words) => {
  const file = join(directory, "registry.db");
  writeFileSync(file, made(file));
  expect(() => new RegistryDatabase(file)).toThrow(
    new RegExp(`^cannot open the registry .*${words}.*; choose another directory with --data$`),
  );
});

/** A registry whose second page, and all after it, are garbage. */
function damaged(file: string): Buffer {
  const database = new RegistryDatabase(file);
  database.commit(database.begin(), everyOperation);
  database.close();
  const bytes = readFileSync(file);
  return bytes.fill("garbage", 4_096);
}
