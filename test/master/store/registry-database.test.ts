import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { emptyRegistry, perform, type Registry } from "../../../src/master/registry.ts";
import { RegistryDatabase } from "../../../src/master/store/registry-database.ts";
import { SlaveId } from "../../../src/protocol/ids.ts";
import { registryStory, slaveInfo } from "../registry-story.ts";

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

function contents(database: RegistryDatabase): Registry {
  return Object.fromEntries(database.slaves().map(({ slaveId, ...slave }) => [slaveId, slave]));
}

const s1 = SlaveId("s1");
const admit = { type: "admitSlave", slaveId: s1, info: slaveInfo(1), atMs: 7 } as const;

describe("a registry on disk", () => {
  test("is made with its directory, and holds what was committed when it is opened again", () => {
    const first = opened("deep/down/registry.db");
    expect(first.commit(first.begin(), [admit])).toBe(true);
    closed(first);
    expect(contents(opened("deep/down/registry.db"))).toEqual({
      s1: { info: slaveInfo(1), standing: "admitted", sinceMs: 7 },
    });
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
    expect(contents(first)).toEqual(emptyRegistry);
    closed(first);
    const second = opened();
    second.begin();
    expect(second.commit({ epoch: 1, term: 1 }, [admit])).toBe(false);
    expect(contents(second)).toEqual(emptyRegistry);
  });

  test("takes a batch as a whole or not at all", () => {
    const database = opened();
    const lead = database.begin();
    const broken = { ...admit, info: 1n as never };
    expect(() => database.commit(lead, [admit, broken])).toThrow("BigInt");
    expect(contents(database)).toEqual(emptyRegistry);
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
        expect(contents(second)).toEqual([...before, ...after].reduce(perform, emptyRegistry));
        closed(second);
      }),
      { numRuns: 10 },
    );
  });
});

test.each([
  ["an earlier version", "PRAGMA journal_mode = WAL; PRAGMA user_version = 1; CREATE TABLE slaves (id TEXT)"],
  ["a later version", "PRAGMA journal_mode = WAL; PRAGMA user_version = 3; CREATE TABLE slaves (id TEXT)"],
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
