import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import type { Lead } from "../../protocol/lead.ts";
import type { MaintenanceWindow } from "../../protocol/maintenance.ts";
import type { Quota } from "../../protocol/quota.ts";
import type { Resources } from "../../protocol/resources.ts";
import type { SlaveInfo } from "../../protocol/slave-info.ts";
import { portion } from "../portion.ts";
import type { SlavesRead } from "../ports.ts";
import {
  type RegisteredSlave,
  type RegistryOperation,
  type Settings,
  type SlaveOperation,
  type StoredSlave,
  slaveAfter,
} from "../registry.ts";

/** Why a registry cannot be opened, in words for people. */
class RegistryUnavailable extends Error {
  override readonly name = "RegistryUnavailable";
  readonly code = "REGISTRY_UNAVAILABLE";
}

/** Of the tables below; it grows when they change. Files of the version before are brought up to it. */
const schemaVersion = 3;

const operatorTables = `
  CREATE TABLE weights (role TEXT PRIMARY KEY, weight REAL NOT NULL) STRICT;
  CREATE TABLE quotas (role TEXT PRIMARY KEY, quota TEXT NOT NULL) STRICT;
  CREATE TABLE maintenance (position INTEGER PRIMARY KEY, schedule TEXT NOT NULL) STRICT;
`;

const schema = `
  CREATE TABLE lead (only INTEGER PRIMARY KEY CHECK (only = 1), epoch INTEGER NOT NULL, term INTEGER NOT NULL) STRICT;
  CREATE TABLE slaves (
    id TEXT PRIMARY KEY, standing TEXT NOT NULL, since_ms INTEGER NOT NULL, info TEXT NOT NULL, reserved TEXT
  ) STRICT;
  INSERT INTO lead VALUES (1, 0, 0);
  ${operatorTables}
`;

/** From the version it is under to the next. */
const migrations: Readonly<Record<number, string>> = {
  2: `ALTER TABLE slaves ADD COLUMN reserved TEXT; ${operatorTables}`,
};

const statements = {
  slave: "SELECT standing, since_ms, info, reserved FROM slaves WHERE id = ?",
  // Rows are numbered as they come, and a row that is written again keeps its number.
  slaves: "SELECT rowid, id, standing, since_ms, info, reserved FROM slaves WHERE rowid > ? ORDER BY rowid",
  putSlave: `INSERT INTO slaves VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    standing = excluded.standing, since_ms = excluded.since_ms, info = excluded.info, reserved = excluded.reserved`,
  dropSlave: "DELETE FROM slaves WHERE id = ?",
  weights: "SELECT role, weight FROM weights ORDER BY rowid",
  putWeight: `INSERT INTO weights VALUES (?, ?) ON CONFLICT DO UPDATE SET weight = excluded.weight
    WHERE weight <> excluded.weight`,
  quotas: "SELECT role, quota FROM quotas ORDER BY rowid",
  putQuota: `INSERT INTO quotas VALUES (?, ?) ON CONFLICT DO UPDATE SET quota = excluded.quota
    WHERE quota <> excluded.quota`,
  dropQuota: "DELETE FROM quotas WHERE role = ?",
  maintenance: "SELECT schedule FROM maintenance ORDER BY position",
  putWindow: `INSERT INTO maintenance VALUES (?, ?) ON CONFLICT DO UPDATE SET schedule = excluded.schedule
    WHERE schedule <> excluded.schedule`,
  dropWindows: "DELETE FROM maintenance WHERE position >= ?",
};

/**
 * The registry in one SQLite file, written through to the disk before a commit returns. It belongs to one process at
 * a time: the lock on the file is what makes a single-host master the only one. Every call blocks its thread, which
 * is the storage thread.
 */
export class RegistryDatabase {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
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
      const version = this.#claimed();
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      if (version !== schemaVersion) this.#raise(version);
      this.#database.exec("UPDATE lead SET epoch = epoch + 1, term = 0");
      this.#epoch = this.#lead().epoch;
    } catch (error) {
      this.#database.close();
      throw unavailable(file, error);
    }
  }

  /** Begins a term. */
  begin(): Lead {
    this.#database.exec("UPDATE lead SET term = term + 1");
    return this.#lead();
  }

  /** As many slaves as fit one message, from the number that the part before gave. */
  slavesFrom(from: number): SlavesRead {
    const { part, more } = portion(this.#slaves(from));
    const last = part.at(-1);
    return { slaves: part.map(({ slave }) => slave), ...(more && last !== undefined ? { next: last.number } : {}) };
  }

  settings(): Settings {
    const { weights, quotas, maintenance } = statements;
    const quota = ({ role, quota }: Row) => [text(role), JSON.parse(text(quota)) as Quota] as const;
    return {
      weights: Object.fromEntries(this.#all(weights).map(({ role, weight }) => [text(role), Number(weight)])),
      quotas: Object.fromEntries(this.#all(quotas).map(quota)),
      maintenance: this.#all(maintenance).map(({ schedule }) => JSON.parse(text(schedule)) as MaintenanceWindow),
    };
  }

  /** All of the operations or none. False when the leadership is not the present one. */
  commit(lead: Lead, operations: readonly RegistryOperation[]): boolean {
    const { epoch, term } = this.#lead();
    if (lead.epoch !== epoch || lead.epoch !== this.#epoch || lead.term !== term) return false;
    this.#atOnce(() => {
      for (const operation of operations) this.#perform(operation);
    });
    return true;
  }

  close(): void {
    this.#database.close();
  }

  /** Writes the rows that change, and no others. */
  #perform(operation: RegistryOperation): void {
    switch (operation.type) {
      case "updateWeights":
        for (const [role, weight] of Object.entries(operation.weights)) {
          this.#statement(statements.putWeight).run(role, weight);
        }
        return;
      case "updateQuotas":
        for (const [role, quota] of Object.entries(operation.quotas)) {
          if (quota === null) this.#statement(statements.dropQuota).run(role);
          else this.#statement(statements.putQuota).run(role, JSON.stringify(quota));
        }
        return;
      case "setMaintenance": {
        const put = this.#statement(statements.putWindow);
        for (const [position, window] of operation.windows.entries()) put.run(position, JSON.stringify(window));
        this.#statement(statements.dropWindows).run(operation.windows.length);
        return;
      }
      default:
        this.#performOnSlave(operation);
    }
  }

  /** What a slave is after an operation is the registry's word. */
  #performOnSlave(operation: SlaveOperation): void {
    const { slaveId } = operation;
    const row = this.#statement(statements.slave).get(slaveId);
    const known = row === undefined ? undefined : slaveOf(row);
    const after = slaveAfter(operation, known);
    if (after === known) return;
    if (after === undefined) this.#statement(statements.dropSlave).run(slaveId);
    else {
      const { standing, sinceMs, info, reserved } = after;
      const held = reserved === undefined ? null : JSON.stringify(reserved);
      this.#statement(statements.putSlave).run(slaveId, standing, sinceMs, JSON.stringify(info), held);
    }
  }

  *#slaves(after: number): Iterable<{ readonly number: number; readonly slave: StoredSlave }> {
    for (const row of this.#statement(statements.slaves).iterate(after)) {
      yield { number: Number(row["rowid"]), slave: { slaveId: text(row["id"]), ...slaveOf(row) } };
    }
  }

  /** The version of the file, 0 of a new one. A file that is not ours is left as it is. */
  #claimed(): number {
    const version = Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"]);
    const tables = Number(this.#database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
    if (tables === 0) return 0;
    if (version !== schemaVersion && !Object.hasOwn(migrations, version)) {
      throw new Error("it was written by another version of mesolite");
    }
    return version;
  }

  /** Makes the tables, or brings them up to the present version: there is never half of it on disk. */
  #raise(version: number): void {
    this.#atOnce(() => {
      if (version === 0) this.#database.exec(schema);
      else for (let from = version; from < schemaVersion; from++) this.#database.exec(migrations[from] ?? "");
      this.#database.exec(`PRAGMA user_version = ${schemaVersion}`);
    });
  }

  #atOnce(write: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      write();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #lead(): Lead {
    const row = this.#statement("SELECT epoch, term FROM lead").get();
    return { epoch: Number(row?.["epoch"]), term: Number(row?.["term"]) };
  }

  #all(sql: string): Row[] {
    return this.#statement(sql).all();
  }

  /** To compile a statement takes longer than to run it. */
  #statement(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const made = this.#database.prepare(sql);
    this.#prepared.set(sql, made);
    return made;
  }
}

type Row = Readonly<Record<string, SQLOutputValue>>;

function slaveOf(row: Row): RegisteredSlave {
  const reserved = row["reserved"];
  return {
    info: JSON.parse(text(row["info"])) as SlaveInfo,
    standing: row["standing"] as RegisteredSlave["standing"],
    sinceMs: Number(row["since_ms"]),
    ...(typeof reserved === "string" ? { reserved: JSON.parse(reserved) as Resources } : {}),
  };
}

function text(value: SQLOutputValue | undefined): string {
  return String(value);
}

function unavailable(file: string, cause: unknown): RegistryUnavailable {
  const message = cause instanceof Error ? cause.message : String(cause);
  const why = message.includes("locked") ? "another master is using it" : message;
  return new RegistryUnavailable(`cannot open the registry ${file}: ${why}; choose another directory with --data`, {
    cause,
  });
}
