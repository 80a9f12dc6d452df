import type { BodyOf } from "../../actors/protocol.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { ClusterChange, MasterRow, ViewProtocol } from "../../protocol/cluster-events.ts";
import type { MasterProtocol } from "../../protocol/master-api.ts";
import { ClusterRows } from "./cluster-rows.ts";

/** Batches that may arrive while a snapshot is still coming in; beyond that it is asked for again. */
const heldBatchesMax = 10_000;

/** How long a reader waits for a change to become visible, in milliseconds. */
const reachedWithinMsDefault = 5_000;

type Batch = { readonly seq: number; readonly changes: readonly ClusterChange[] };

/** A snapshot on its way: rows of their own, so that readers see the old picture or the new one and never half of each. */
type Arriving = { readonly rows: ClusterRows; readonly firstSeq: number; heardSeq: number; readonly held: Batch[] };

type Waiter = { readonly seq: number; readonly settle: (error: Error | undefined) => void };

/** `gap`: something was missed, so nothing more is applied until a snapshot has been asked for and has come. */
export type Heard = "applied" | "gap";

/**
 * The cluster as the master last told it: what every read is answered from.
 *
 *     expectSnapshot ──► waiting ──chunk──► arriving ──last chunk──► numbered changes ──gap──► (ask again)
 *                       (changes are dropped)  (changes are held)
 */
export class ClusterView {
  /** The master that feeds the view, while it is in reach: where writes go. */
  master: ActorRef<MasterProtocol> | undefined;
  #rows = new ClusterRows();
  #masterRow: MasterRow | undefined;
  #seq = -1;
  #fresh = false;
  #arriving: Arriving | undefined;
  #waiting = true;
  readonly #waiters = new Set<Waiter>();

  get rows(): ClusterRows {
    return this.#rows;
  }

  /** Absent until the first snapshot is complete. */
  get masterRow(): MasterRow | undefined {
    return this.#masterRow;
  }

  /** The last change that shows; -1 before the first snapshot. */
  get seq(): number {
    return this.#seq;
  }

  /** Whether the picture is kept up to date: from a complete snapshot until the master is out of reach. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** The master is out of reach. Its rows stay, and grow old. */
  lost(): void {
    this.master = undefined;
    this.#fresh = false;
    this.expectSnapshot();
  }

  /** Forgets what has half arrived. Call it whenever a snapshot is asked for. */
  expectSnapshot(): void {
    this.#waiting = true;
    this.#arriving = undefined;
  }

  /** One chunk; its changes show once the last one is here. */
  applySnapshot(chunk: BodyOf<ViewProtocol["clusterSnapshot"]>): Heard {
    this.#waiting = false;
    this.#arriving ??= { rows: new ClusterRows(), firstSeq: chunk.seq, heardSeq: chunk.seq, held: [] };
    const arriving = this.#arriving;
    if (chunk.seq > arriving.heardSeq + 1) return this.#gap();
    arriving.heardSeq = Math.max(arriving.heardSeq, chunk.seq);
    arriving.rows.apply(chunk.changes);
    if (chunk.last) this.#install(arriving, chunk.master);
    return "applied";
  }

  applyChanges(batch: BodyOf<ViewProtocol["clusterChanged"]>): Heard {
    if (this.#waiting) return "applied";
    const heardSeq = this.#arriving?.heardSeq ?? this.#seq;
    if (batch.seq <= heardSeq) return "applied";
    if (batch.seq > heardSeq + 1) return this.#gap();
    if (this.#arriving !== undefined) {
      if (this.#arriving.held.length === heldBatchesMax) return this.#gap();
      this.#arriving.held.push(batch);
      this.#arriving.heardSeq = batch.seq;
      return "applied";
    }
    this.#rows.apply(batch.changes);
    this.#advance(batch.seq);
    return "applied";
  }

  /**
   * Resolves when change `seq` shows. Rejects after `withinMs` (default 5 000), or when another master takes over, whose
   * numbers mean something else. There are as many waiters as requests, which the server bounds.
   */
  reached(seq: number, withinMs: number = reachedWithinMsDefault): Promise<void> {
    if (this.#seq >= seq) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        seq,
        settle: (error) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      const late = () =>
        waiter.settle(new Error(`change ${seq} did not show within ${withinMs} ms: the view is at ${this.#seq}`));
      const timer = setTimeout(late, withinMs);
      this.#waiters.add(waiter);
    });
  }

  /**
   * Changes that came between the chunks follow on the rows, in order. Whether a chunk was read before them or after,
   * the last word on each row wins.
   */
  #install(arriving: Arriving, master: MasterRow): void {
    for (const { seq, changes } of arriving.held) if (seq > arriving.firstSeq) arriving.rows.apply(changes);
    const before = this.#masterRow?.lead;
    this.#rows = arriving.rows;
    this.#masterRow = master;
    this.#arriving = undefined;
    this.#fresh = true;
    if (before !== undefined && (before.epoch !== master.lead.epoch || before.term !== master.lead.term)) {
      for (const waiter of [...this.#waiters]) waiter.settle(new Error("another master took over"));
    }
    this.#advance(arriving.heardSeq);
  }

  #advance(seq: number): void {
    this.#seq = seq;
    for (const waiter of [...this.#waiters]) if (waiter.seq <= seq) waiter.settle(undefined);
  }

  #gap(): Heard {
    this.expectSnapshot();
    return "gap";
  }
}
