import type { SlaveId } from "../protocol/ids.ts";

/** How many tasks of each kind have ended well, such as `{ map: 3, reduce: 1 }`. */
export type Finished = { readonly [kind: string]: number };

export type SlaveTally = {
  readonly slaveId: string;
  readonly hostname: string;
  readonly running: number;
  readonly finished: Finished;
  /** Tasks that had to be run again because they ended badly here. */
  readonly rerun: number;
};

/** A worker is what ran a task: a pid, or a pool thread as `PID/THREAD`. */
export type WorkerTally = { readonly worker: string; readonly slaveId: string; readonly finished: Finished };

type Row = { readonly hostname: string; running: number; readonly finished: Record<string, number>; rerun: number };

/** Slaves, and workers, that are counted one by one; later ones are left out, so that a tally fits into one message. */
const rowsMax = 1_000;

/** Who did how much of a framework's work. */
export class Tally {
  readonly #slaves = new Map<SlaveId, Row>();
  readonly #workers = new Map<string, { readonly slaveId: SlaveId; readonly finished: Record<string, number> }>();

  started(slaveId: SlaveId, hostname: string): void {
    const known = this.#slaves.get(slaveId);
    if (known === undefined && this.#slaves.size >= rowsMax) return;
    const row = known ?? { hostname, running: 0, finished: {}, rerun: 0 };
    this.#slaves.set(slaveId, row);
    row.running++;
  }

  finished(slaveId: SlaveId, worker: string | undefined, kind: string): void {
    this.#stopped(slaveId, (row) => count(row.finished, kind));
    if (worker === undefined) return;
    const known = this.#workers.get(`${slaveId} ${worker}`);
    if (known === undefined && this.#workers.size >= rowsMax) return;
    const row = known ?? { slaveId, finished: {} };
    this.#workers.set(`${slaveId} ${worker}`, row);
    count(row.finished, kind);
  }

  failed(slaveId: SlaveId): void {
    this.#stopped(slaveId, () => {});
  }

  rerun(slaveId: SlaveId): void {
    this.#stopped(slaveId, (row) => row.rerun++);
  }

  get slaves(): readonly SlaveTally[] {
    return [...this.#slaves].map(([slaveId, row]) => ({ slaveId, ...row, finished: { ...row.finished } }));
  }

  get workers(): readonly WorkerTally[] {
    return [...this.#workers].map(([key, { slaveId, finished }]) => ({
      worker: key.slice(slaveId.length + 1),
      slaveId,
      finished: { ...finished },
    }));
  }

  #stopped(slaveId: SlaveId, change: (row: Row) => void): void {
    const row = this.#slaves.get(slaveId);
    if (row === undefined) return;
    row.running--;
    change(row);
  }
}

function count(finished: Record<string, number>, kind: string): void {
  finished[kind] = (finished[kind] ?? 0) + 1;
}
