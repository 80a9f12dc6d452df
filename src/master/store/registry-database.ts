import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Lead } from "../../protocol/lead.ts";
import type { SlaveInfo } from "../../protocol/slave-info.ts";
import type { StoredSlave } from "../ports.ts";
import type { RegistryOperation } from "../registry.ts";

/** Why a registry cannot be opened, in words for people. */
class RegistryUnavailable extends Error {
  override readonly name = "RegistryUnavailable";
  readonly code = "REGISTRY_UNAVAILABLE";
}

/** Of the tables below; it grows when they change. */
const schemaVersion = 2;

const schema = `
  CREATE TABLE IF NOT EXISTS lead (only INTEGER PRIMARY KEY CHECK (only = 1), epoch INTEGER NOT NULL, term INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS slaves (
    id TEXT PRIMARY KEY, standing TEXT NOT NULL, since_ms INTEGER NOT NULL, info TEXT NOT NULL
  ) STRICT;
  INSERT OR IGNORE INTO lead VALUES (1, 0, 0);
`;

/**
 * The registry in one SQLite file, written through to the disk before a commit returns. It belongs to one process at
 * a time: the lock on the file is what makes a single-host master the only one. Every call blocks its thread, which
 * is the storage thread.
 */
export class RegistryDatabase {
  readonly #database: DatabaseSync;
  readonly #epoch: number;

  /** Takes the file, creates it if it is not there, and begins an epoch. Throws `RegistryUnavailable`. */
  constructor(file: string) {
    try {
      mkdirSync(dirname(file), { recursive: true });
      this.#database = new DatabaseSync(file, { timeout: 0 });
    } catch (error) {
      throw unavailable(file, error);
    }
    try {
      this.#database.exec("PRAGMA locking_mode = EXCLUSIVE");
      this.#claim();
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      this.#database.exec(schema);
      this.#database.exec("UPDATE lead SET epoch = epoch + 1, term = 0");
    } catch (error) {
      this.#database.close();
      throw unavailable(file, error);
    }
    this.#epoch = this.#lead().epoch;
  }

  /** Begins a term. */
  begin(): Lead {
    this.#database.exec("UPDATE lead SET term = term + 1");
    return this.#lead();
  }

  slaves(): readonly StoredSlave[] {
    const rows = this.#database.prepare("SELECT id, standing, since_ms, info FROM slaves ORDER BY id").all();
    return rows.map((row) => ({
      slaveId: String(row["id"]),
      info: JSON.parse(String(row["info"])) as SlaveInfo,
      standing: row["standing"] as StoredSlave["standing"],
      sinceMs: Number(row["since_ms"]),
    }));
  }

  /** All of the operations or none. False when the leadership is not the present one. */
  commit(lead: Lead, operations: readonly RegistryOperation[]): boolean {
    const { epoch, term } = this.#lead();
    if (lead.epoch !== epoch || lead.epoch !== this.#epoch || lead.term !== term) return false;
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const operation of operations) this.#perform(operation);
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
    return true;
  }

  close(): void {
    this.#database.close();
  }

  #perform(operation: RegistryOperation): void {
    const { slaveId } = operation;
    switch (operation.type) {
      case "admitSlave":
      case "markSlaveReachable": {
        const write = this.#database.prepare("INSERT OR REPLACE INTO slaves VALUES (?, 'admitted', ?, ?)");
        write.run(slaveId, operation.atMs, JSON.stringify(operation.info));
        return;
      }
      case "markSlaveUnreachable":
        this.#database
          .prepare("UPDATE slaves SET standing = 'unreachable', since_ms = ? WHERE id = ? AND standing = 'admitted'")
          .run(operation.atMs, slaveId);
        return;
      case "markSlaveGone":
        this.#database
          .prepare("UPDATE slaves SET standing = 'gone', since_ms = ? WHERE id = ? AND standing <> 'gone'")
          .run(operation.atMs, slaveId);
        return;
      case "removeSlave":
        this.#database.prepare("DELETE FROM slaves WHERE id = ?").run(slaveId);
    }
  }

  /** A file with other tables is left as it is. */
  #claim(): void {
    const version = Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"]);
    const tables = Number(this.#database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
    if (tables > 0 && version !== schemaVersion) throw new Error("it was written by another version of mesolite");
    if (tables === 0) this.#database.exec(`PRAGMA user_version = ${schemaVersion}`);
  }

  #lead(): Lead {
    const row = this.#database.prepare("SELECT epoch, term FROM lead").get();
    return { epoch: Number(row?.["epoch"]), term: Number(row?.["term"]) };
  }
}

function unavailable(file: string, cause: unknown): RegistryUnavailable {
  const message = cause instanceof Error ? cause.message : String(cause);
  const why = message.includes("locked") ? "another master is using it" : message;
  return new RegistryUnavailable(`cannot open the registry ${file}: ${why}; choose another directory with --data`, {
    cause,
  });
}
