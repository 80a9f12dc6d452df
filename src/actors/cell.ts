import { invariant } from "../base/invariant.ts";
import type { ReplySlot } from "./asks.ts";
import { CellContext } from "./cell-context.ts";
import { Mailbox } from "./mailbox.ts";
import { Outbox } from "./outbox.ts";
import type { Protocol } from "./protocol.ts";
import type { Behaviour, DownReason, Refused, Spec } from "./spec.ts";
import type { ActorSystem } from "./system.ts";
import type { WireBody } from "./wire-value.ts";
import type { Timer } from "./world.ts";

export type AnySpec = Spec<Protocol, unknown>;
type Handler = (body: WireBody, reply: ((value: never) => void) | undefined) => unknown;

export type CellIdentity = {
  readonly parent: Cell | undefined;
  readonly name: string | undefined;
  readonly slot: number;
  readonly generation: number;
};

const mailboxMaxDefault = 8_192;

/** One life of one actor: its mailbox, its behaviour, its children, and whoever watches it. */
export class Cell {
  readonly mailbox: Mailbox;
  readonly outbox = new Outbox();
  readonly children = new Set<Cell>();
  readonly openReplies = new Set<ReplySlot>();
  readonly timers = new Map<string, { timer: Timer; live: boolean }>();
  /** Called once with the reason when this life ends, in the order they were added. */
  readonly watchers = new Map<object, (reason: DownReason) => void>();
  /** Ends of the watches this actor holds on others; called when it stops. */
  readonly held = new Map<number, () => void>();
  readonly abort = new AbortController();
  readonly system: ActorSystem;
  readonly spec: AnySpec;
  readonly parent: Cell | undefined;
  readonly name: string | undefined;
  readonly slot: number;
  readonly generation: number;
  readonly path: string;
  scheduled = false;
  state: "starting" | "running" | "stopped" = "starting";
  #behaviour: Behaviour<Protocol> | undefined;
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
    this.mailbox = new Mailbox(spec.mailboxMax ?? mailboxMaxDefault);
    this.#context = new CellContext(this);
  }

  /** The first turn of this life. */
  start(): void {
    this.#behaviour = this.spec.start(this.#context, this.#args);
    this.state = "running";
  }

  /** Takes one letter from the mailbox. Its effects leave if it returns; if it throws, this life ends. */
  step(): void {
    const letter = this.mailbox.take();
    if (letter === undefined || this.state === "stopped") return;
    if (letter.run !== undefined) return this.#turn(letter.run);
    const { kind, body, reply } = letter;
    if (reply !== undefined && reply.deadline < this.system.world.clock.now()) {
      this.system.deadLetters.add(this.path, kind, "expired");
      return reply.fail("expired", "not-run");
    }
    const handler = this.#behaviour?.[kind as keyof Behaviour<Protocol>] as Handler | undefined;
    if (handler === undefined || !(kind in this.spec.protocol.fields)) {
      this.system.deadLetters.add(this.path, kind, "unknown-kind");
      return reply?.fail("expired", "not-run");
    }
    this.#turn(() => this.#handle(handler, kind, body, reply));
  }

  refused(refused: Refused): void {
    const hook = this.#behaviour?.onRefused;
    if (hook !== undefined) this.system.enqueueTurn(this, "refused", () => hook(refused));
  }

  inspect(): unknown {
    return this.#behaviour?.inspect?.();
  }

  /** Runs one turn of this actor: all its effects, or none and the end of this life. */
  #turn(run: () => void): void {
    const { system } = this;
    const outer = system.current;
    system.current = this;
    try {
      run();
    } catch (error) {
      this.outbox.discard();
      system.current = outer;
      system.failed(this, error);
      return;
    }
    system.current = outer;
    this.outbox.commit();
  }

  /** Ends this life: children first, in reverse order; then names, asks and letters; watchers learn last. */
  terminate(reason: DownReason): void {
    if (this.state === "stopped") return;
    const ran = this.#behaviour !== undefined;
    this.state = "stopped";
    for (const child of [...this.children].reverse()) child.terminate("shutdown");
    if (ran && this.#behaviour?.onStop !== undefined) this.#lastTurn(() => this.#behaviour?.onStop?.(reason));
    this.abort.abort();
    for (const { timer } of this.timers.values()) this.system.world.clock.disarm(timer);
    for (const release of this.held.values()) release();
    this.system.release(this);
    for (const reply of [...this.openReplies]) reply.fail("down", "unknown");
    for (let letter = this.mailbox.take(); letter !== undefined; letter = this.mailbox.take()) {
      if (letter.run === undefined) {
        this.system.deadLetters.add(this.path, letter.kind, "stopped");
        letter.reply?.fail("down", "not-run");
      }
    }
    for (const watcher of [...this.watchers.values()]) watcher(reason);
    this.watchers.clear();
  }

  #handle(handler: Handler, kind: string, body: WireBody, reply: ReplySlot | undefined): void {
    let result: unknown;
    if (reply === undefined) {
      result = handler(body, undefined);
    } else {
      this.openReplies.add(reply);
      result = handler(body, (value) => this.system.effect(() => reply.answer(value)));
    }
    const promised = typeof (result as PromiseLike<unknown> | undefined)?.then === "function";
    invariant(!promised, () => `the handler of ${kind} in ${this.path} returned a promise: actors are synchronous`);
  }

  /** `onStop` may tell; the fence is already up for everything else. */
  #lastTurn(run: () => void): void {
    const outer = this.system.current;
    this.system.current = this;
    try {
      run();
    } catch (error) {
      this.outbox.discard();
      this.system.world.log("error", this.path, "failed while stopping", { error });
    } finally {
      this.system.current = outer;
    }
    this.outbox.commit();
  }
}
