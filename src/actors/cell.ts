import { invariant } from "../base/invariant.ts";
import type { ReplySlot } from "./asks.ts";
import { CellContext } from "./cell-context.ts";
import type { ActorFigures } from "./census.ts";
import { type Letter, Mailbox } from "./mailbox.ts";
import { Outbox } from "./outbox.ts";
import type { Protocol } from "./protocol.ts";
import type { Behaviour, DownReason, Refused, Spec } from "./spec.ts";
import type { ActorSystem } from "./system.ts";
import type { WireBody, WireValue } from "./wire-value.ts";
import type { Timer } from "./world.ts";

export type AnySpec = Spec<Protocol, unknown>;
type Handler = (body: WireBody, reply: (value: WireValue) => void) => unknown;

export type CellIdentity = {
  readonly parent: Cell | undefined;
  readonly name: string | undefined;
  readonly slot: number;
  readonly generation: number;
};

const mailboxMaxDefault = 8_192;
/** The reply of a question that was only told: a peer may do so, and must not break the handler by it. */
const toNobody = () => {};

/** One life of one actor: its mailbox, its behaviour, its children, and whoever watches it. */
export class Cell {
  readonly mailbox: Mailbox;
  readonly outbox: Outbox;
  readonly children = new Set<Cell>();
  readonly openReplies = new Set<ReplySlot>();
  readonly timers = new Map<string, { timer: Timer; live: boolean }>();
  /** Called once with the reason when this life ends, in the order they were added. */
  readonly watchers = new Map<object, (reason: DownReason) => void>();
  /** Ends of the watches this actor holds on others; called when it stops. */
  readonly held = new Map<number, () => void>();
  readonly system: ActorSystem;
  readonly spec: AnySpec;
  readonly parent: Cell | undefined;
  readonly name: string | undefined;
  readonly slot: number;
  readonly generation: number;
  readonly path: string;
  scheduled = false;
  /** Letters that were in its mailbox before the running turn told it anything; -1 while it has not. */
  toldFrom = -1;
  /** When its mailbox was last empty, as far as it is not now. */
  behindSinceMs = 0;
  handled = 0;
  busyMs = 0;
  state: "starting" | "running" | "stopped" = "starting";
  #behaviour: Behaviour<Protocol> | undefined;
  /** The handlers by message kind, and nothing else: a peer must not reach a hook by naming it. */
  #handlers: Readonly<Record<string, Handler>> = {};
  /** The kind that came last: messages of one kind come in runs. */
  #lastKind: string | undefined;
  #lastHandler: Handler | undefined;
  /** The question whose handler runs. */
  #asked: ReplySlot | undefined;
  #abort: AbortController | undefined;
  readonly #args: unknown;
  readonly #context: CellContext;

  constructor(system: ActorSystem, spec: AnySpec, args: unknown, identity: CellIdentity) {
    this.system = system;
    this.spec = spec;
    this.#args = args;
    this.parent = identity.parent;
    this.name = identity.name;
    this.slot = identity.slot;
    this.generation = identity.generation;
    this.path = `${this.parent?.path ?? ""}/${this.name ?? `${spec.name}-${this.slot}`}`;
    this.mailbox = new Mailbox(spec.mailboxMax ?? mailboxMaxDefault, (messages) =>
      system.world.log("warn", this.path, `falls behind: ${messages} messages wait in its mailbox`),
    );
    this.outbox = new Outbox((letter) => system.deliver(letter, this));
    this.#context = new CellContext(this);
  }

  /** The first turn of this life. */
  start(): void {
    this.#behaviour = this.spec.start(this.#context, this.#args);
    this.#handlers = handlersOf(this.#behaviour, this.spec.protocol.fields);
    this.state = "running";
  }

  /** Aborted when this life ends. Made when it is first wanted: few actors have work outside. */
  get abort(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /**
   * Takes letters from the mailbox, so many at most, each in a turn of its own: its effects leave if it returns; if it
   * throws, this life ends. Answers how many turns there were.
   */
  run(turnsMax: number): number {
    const { system, mailbox } = this;
    let turns = 0;
    system.current = this;
    system.acting = this;
    while (turns < turnsMax && this.state !== "stopped") {
      const letter = mailbox.take();
      if (letter === undefined) break;
      turns++;
      system.cause = system.recorder.record(this.path, letter.kind, letter.cause);
      if (!this.#turn(letter)) break;
    }
    this.handled += turns;
    system.current = undefined;
    system.rest();
    return turns;
  }

  /** False when it threw. */
  #turn(letter: Letter): boolean {
    const { system, outbox } = this;
    try {
      if (letter.run === undefined) this.#handle(letter);
      else letter.run();
    } catch (error) {
      outbox.discard();
      system.told.retract();
      system.current = undefined;
      system.failed(this, error);
      return false;
    }
    system.told.keep();
    if (outbox.isIdle) return true;
    system.current = undefined;
    outbox.commit();
    system.current = this;
    return true;
  }

  refused(refused: Refused): void {
    const hook = this.#behaviour?.onRefused;
    if (hook !== undefined) this.system.enqueueTurn(this, "refused", () => hook(refused));
  }

  figures(nowMs: number): ActorFigures {
    const { path, slot, handled, busyMs } = this;
    const waiting = this.mailbox.length;
    const behindMs = waiting === 0 ? 0 : Math.max(0, nowMs - this.behindSinceMs);
    return { path, slot, behaviour: this.spec.name, waiting, behindMs, handled, busyMs };
  }

  inspect(): unknown {
    return this.#behaviour?.inspect?.();
  }

  /** Ends this life: children first, in reverse order; then names, asks and letters; watchers learn last. */
  terminate(reason: DownReason): void {
    if (this.state === "stopped") return;
    const ran = this.#behaviour !== undefined;
    this.state = "stopped";
    for (const child of [...this.children].reverse()) child.terminate("shutdown");
    if (ran && this.#behaviour?.onStop !== undefined) this.#lastTurn(() => this.#behaviour?.onStop?.(reason));
    this.#abort?.abort();
    for (const { timer } of this.timers.values()) this.system.world.clock.disarm(timer);
    for (const release of this.held.values()) release();
    this.system.release(this);
    this.#asked?.fail("down", "unknown");
    for (const reply of this.openReplies) reply.fail("down", "unknown");
    this.openReplies.clear();
    this.#bury();
    for (const watcher of [...this.watchers.values()]) watcher(reason);
    this.watchers.clear();
  }

  /** Nobody will read what is in the mailbox. A run of one kind is booked at once, for there may be a million. */
  #bury(): void {
    let kind: string | undefined;
    let count = 0;
    for (let letter = this.mailbox.take(); letter !== undefined; letter = this.mailbox.take()) {
      if (letter.run !== undefined) continue;
      letter.reply?.fail("down", "not-run");
      if (letter.kind === kind) count++;
      else {
        if (kind !== undefined) this.system.deadLetters.add(this.path, kind, "stopped", count);
        kind = letter.kind;
        count = 1;
      }
    }
    if (kind !== undefined) this.system.deadLetters.add(this.path, kind, "stopped", count);
  }

  #handle({ kind, body, reply }: Letter): void {
    const handler = kind === this.#lastKind ? this.#lastHandler : this.#handlers[kind];
    this.#lastKind = kind;
    this.#lastHandler = handler;
    if (reply !== undefined && reply.deadline < this.system.world.clock.now())
      return this.#drop(kind, "expired", reply);
    if (handler === undefined) return this.#drop(kind, "unknown-kind", reply);
    if (reply === undefined) this.#synchronous(kind, handler(body as WireBody, toNobody));
    else this.#ask(handler, kind, body as WireBody, reply);
  }

  /** Runs the handler of a question. One that it does not answer at once stays open. */
  #ask(handler: Handler, kind: string, body: WireBody, slot: ReplySlot): void {
    let answered = false;
    const reply = (value: WireValue) => {
      answered = true;
      this.system.effect(() => {
        this.openReplies.delete(slot);
        slot.answer(value);
      });
    };
    this.#asked = slot;
    this.#synchronous(kind, handler(body, reply));
    this.#asked = undefined;
    if (!answered) this.openReplies.add(slot);
  }

  #synchronous(kind: string, result: unknown): void {
    if (result === undefined) return;
    const promised = typeof (result as PromiseLike<unknown> | null)?.then === "function";
    invariant(!promised, () => `the handler of ${kind} in ${this.path} returned a promise: actors are synchronous`);
  }

  #drop(kind: string, reason: "expired" | "unknown-kind", reply: ReplySlot | undefined): void {
    this.system.deadLetters.add(this.path, kind, reason);
    reply?.fail("expired", "not-run");
  }

  /** `onStop` may tell; the fence is already up for everything else. */
  #lastTurn(run: () => void): void {
    const { system, outbox } = this;
    const { current, acting } = system;
    system.current = this;
    system.acting = this;
    try {
      run();
    } catch (error) {
      outbox.discard();
      system.told.retract();
      system.world.log("error", this.path, "failed while stopping", { error });
    } finally {
      system.current = current;
    }
    system.told.keep();
    outbox.commit();
    system.acting = acting;
  }
}

function handlersOf(behaviour: Behaviour<Protocol>, kinds: object): Readonly<Record<string, Handler>> {
  const handlers: Record<string, Handler> = Object.create(null);
  for (const kind of Object.keys(kinds)) {
    const handler = behaviour[kind as keyof Behaviour<Protocol>] as Handler | undefined;
    if (handler !== undefined) handlers[kind] = handler;
  }
  return handlers;
}
