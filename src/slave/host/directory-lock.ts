import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Why a directory cannot be had, in words for people. */
class DirectoryTaken extends Error {
  override readonly name = "DirectoryTaken";
  readonly code = "DIRECTORY_TAKEN";
}

/**
 * A directory for one process alone. Node has no file locks; SQLite has, and the kernel drops them with the process
 * that holds them, however it ends.
 */
export class DirectoryLock {
  readonly #database: DatabaseSync;

  /** Creates the directory if it is not there. Throws `DirectoryTaken` while another process has it. */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#database = new DatabaseSync(join(directory, "lock"), { timeout: 0 });
    try {
      this.#database.exec("BEGIN EXCLUSIVE");
    } catch (cause) {
      this.#database.close();
      throw new DirectoryTaken(`another slave is using ${directory}: choose another directory with --work-dir`, {
        cause,
      });
    }
  }

  release(): void {
    this.#database.close();
  }
}
