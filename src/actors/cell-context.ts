import { invariant } from "../base/invariant.ts";
import type { Address } from "./address.ts";
import type { Cell } from "./cell.ts";
import type { AskOptions, AskOutcome, Context, Outcome, SpawnOptions, Watch } from "./context.ts";
import type { AskKind, BodyOf, Protocol, ReplyOf } from "./protocol.ts";
import type { ActorRef } from "./ref.ts";
import type { Down, DownReason, Spec } from "./spec.ts";
import type { StorageProtocol } from "./storage.ts";
import type { WireBody, WireValue } from "./wire-value.ts";
import type { Clock, Ids, LogLevel, Random, World } from "./world.ts";

/** An actor that has stopped tried to act. */
class Fenced extends Error {
  override readonly name = "Fenced";
}

const durableTimeoutMs = 20_000;
const storageRetryMs = 20;

/** The context of one cell: every effect goes through its outbox, and none once the cell has stopped. */
export class CellContext implements Context<Protocol> {
  readonly self: ActorRef<Protocol>;
  readonly clock: Pick<Clock, "now" | "wall">;
  readonly random: Random;
  readonly ids: Ids;
  readonly #cell: Cell;

  constructor(cell: Cell) {
    const { world } = cell.system;
    this.#cell = cell;
    this.self = cell.system.refs.local(cell);
    this.clock = world.clock;
    this.random = world.random;
    this.ids = world.ids;
  }

  log(level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>): void {
    this.#cell.system.world.log(level, this.#cell.path, message, facts);
  }

  ref<Q>(address: Address<Q>): ActorRef<Q> {
    return this.#cell.system.refs.parsed(address);
  }

  named<Q>(name: string, place = this.#cell.system.place): ActorRef<Q> {
    return this.#cell.system.refs.at<Q>({ place, name });
  }

  spawn<Q, Args>(spec: Spec<Q, Args>, args: Args, options: SpawnOptions = {}): ActorRef<Q> {
    this.#fence();
    const { system } = this.#cell;
    const child = system.allocate(spec as never, args, this.#cell, options);
    this.#cell.outbox.add(() => system.startCell(child));
    return system.refs.local(child) as unknown as ActorRef<Q>;
  }

  stop(target?: ActorRef<unknown>, reason: DownReason = "normal"): void {
    this.#fence();
    const cell = target === undefined ? this.#cell : this.#cell.system.refs.cellOf(target);
    if (cell === undefined) return;
    invariant(cell === this.#cell || cell.parent === this.#cell, "an actor stops itself or its own children");
    if (cell === this.#cell) cell.outbox.end(() => cell.terminate(reason));
    else this.#cell.outbox.add(() => cell.terminate(reason));
  }

  watch(ref: ActorRef<unknown>, down: (down: Down) => void): Watch {
    this.#fence();
    return this.#cell.system.watches.open(this.#cell, ref, down);
  }

  unwatch(watch: Watch): void {
    this.#fence();
    this.#cell.held.get(watch.id)?.();
  }

  ask<Q, K extends AskKind<Q>>(
    ref: ActorRef<Q>,
    kind: K,
    body: BodyOf<Q[K]>,
    options: AskOptions<ReplyOf<Q[K]>>,
  ): void {
    this.#fence();
    const cell = this.#cell;
    const settle = options.settled as unknown as (outcome: AskOutcome<WireValue>) => void;
    cell.outbox.add(() =>
      cell.system.ask(ref, kind, body as WireBody, options.timeoutMs, (outcome) =>
        cell.system.enqueueTurn(cell, "reply", () => settle(outcome)),
      ),
    );
  }

  after(key: string, delayMs: number, run: () => void): void {
    this.#arm(key, delayMs, () => {
      this.#cell.timers.delete(key);
      run();
    });
  }

  every(key: string, periodMs: number, run: () => void): void {
    this.#arm(key, periodMs, () => {
      this.every(key, periodMs, run);
      run();
    });
  }

  cancel(key: string): void {
    this.#fence();
    const armed = this.#cell.timers.get(key);
    if (armed === undefined) return;
    armed.live = false;
    this.#cell.system.world.clock.disarm(armed.timer);
    this.#cell.timers.delete(key);
  }

  afterDurable(record: WireValue, then: () => void): void {
    this.#store("append", { journal: this.#cell.path, record }, then);
  }

  recoverJournal(recovered: (records: readonly WireValue[]) => void): void {
    const records: WireValue[] = [];
    const giveUpMs = this.clock.now() + durableTimeoutMs;
    const read = (from: number): void =>
      this.#store(
        "read",
        { journal: this.#cell.path, from },
        (page) => {
          records.push(...page.records);
          if (page.next === undefined) recovered(records);
          else read(page.next);
        },
        () => {
          // The storage may still be starting: nothing has been promised yet, so there is time to wait for it.
          if (from > 0 || this.clock.now() > giveUpMs) return false;
          this.after("journal", storageRetryMs, () => read(0));
          return true;
        },
      );
    read(0);
  }

  replaceJournal(records: readonly WireValue[], then: () => void): void {
    const journal = this.#cell.path;
    // Each record fits a message, for it came in one; how many do together nobody knows.
    const put = (at: number): void => {
      const more = at + 1 < records.length;
      const part = records.slice(at, at + 1);
      this.#store("replace", { journal, records: part, more }, () => (more ? put(at + 1) : then()));
    };
    put(0);
  }

  act(effect: (world: World) => void): void {
    if (this.#cell.system.current !== this.#cell) this.#fence();
    this.#cell.outbox.add(() => effect(this.#cell.system.world));
  }

  pipe<T>(work: (signal: AbortSignal) => Promise<T>, then: (outcome: Outcome<T>) => void): void {
    this.#fence();
    const cell = this.#cell;
    const finish = (outcome: Outcome<T>) => cell.system.enqueueTurn(cell, "pipe", () => then(outcome));
    cell.outbox.add(() => {
      new Promise<T>((resolve) => resolve(work(cell.abort))).then(
        (value) => finish({ ok: true, value }),
        (error: unknown) =>
          finish({ ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
    });
  }

  dial(
    endpoint: string,
    on: { readonly up: (place: string) => void; readonly failed: (reason: string) => void },
  ): void {
    this.#fence();
    const cell = this.#cell;
    const { system } = cell;
    cell.outbox.add(() =>
      system.links.dial(
        endpoint,
        (place) => system.enqueueTurn(cell, "dial.up", () => on.up(place)),
        (reason) => system.enqueueTurn(cell, "dial.failed", () => on.failed(reason)),
      ),
    );
  }

  #arm(key: string, delayMs: number, run: () => void): void {
    this.cancel(key);
    const cell = this.#cell;
    const { clock } = cell.system.world;
    const armed = { timer: { dueMs: 0 }, live: true };
    cell.timers.set(key, armed);
    cell.outbox.add(() => {
      if (!armed.live) return;
      const { cause } = cell.system;
      const ring = () => {
        if (armed.live) run();
      };
      armed.timer = clock.arm(delayMs, () => cell.system.enqueueTurn(cell, `timer.${key}`, ring, cause));
    });
  }

  /** An actor without its journal can promise nothing: it ends, and a new life reads what is there. */
  #store<K extends AskKind<StorageProtocol>>(
    kind: K,
    body: BodyOf<StorageProtocol[K]>,
    stored: (answer: ReplyOf<StorageProtocol[K]>) => void,
    mended: () => boolean = () => false,
  ): void {
    this.ask<StorageProtocol, K>(this.#storage(), kind, body, {
      timeoutMs: durableTimeoutMs,
      settled: (outcome) => {
        if (outcome.ok) return stored(outcome.value);
        invariant(mended(), () => `${this.#cell.path} lost its journal: nothing more can be promised`);
      },
    });
  }

  #storage(): ActorRef<StorageProtocol> {
    this.#fence();
    const { storage } = this.#cell.system;
    invariant(storage !== undefined, () => `${this.#cell.path} wants a journal and this thread has no storage`);
    return storage;
  }

  #fence(): void {
    if (this.#cell.state === "stopped") throw new Fenced(`${this.#cell.path} has stopped`);
  }
}
