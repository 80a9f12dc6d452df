import { invariant } from "../base/invariant.ts";
import { RingBuffer } from "../base/ring-buffer.ts";
import { type Place, placeText } from "./address.ts";
import { Arrivals } from "./arrivals.ts";
import { Asks } from "./asks.ts";
import { type AnySpec, Cell } from "./cell.ts";
import type { Census } from "./census.ts";
import type { AskOutcome, SpawnOptions } from "./context.ts";
import { DeadLetters } from "./dead-letters.ts";
import { FlightRecorder } from "./flight-recorder.ts";
import { Codec } from "./link/codec.ts";
import type { ItemTarget } from "./link/item.ts";
import type { KindTable } from "./link/kind-table.ts";
import { Links } from "./links.ts";
import { Letter } from "./mailbox.ts";
import type { AskKind, BodyOf, ReplyOf } from "./protocol.ts";
import type { ActorRef } from "./ref.ts";
import { type Ref, Refs } from "./refs.ts";
import type { DownReason, Spec } from "./spec.ts";
import { type StorageProtocol, storageName } from "./storage.ts";
import { Told } from "./told.ts";
import { Watches } from "./watches.ts";
import type { WireBody, WireValue } from "./wire-value.ts";
import type { World } from "./world.ts";

export type SystemConfig = {
  readonly place: Place;
  readonly world: World;
  readonly kinds: KindTable;
  /** Asks the host to call `turn` soon. Called when work appears, and after a turn that left some. */
  readonly wake: () => void;
  /** Place of the storage actor that serves this thread; absent when nothing here needs a journal. */
  readonly storagePlace?: string;
  /** `roundtrip` passes every local message through the codec, as a link would. Default `reference`. */
  readonly isolation?: "reference" | "roundtrip";
  /** Shared with whoever watches this thread: how many turns it has had, and the slot of the cell that runs, or -1. */
  readonly pulse?: Int32Array;
  /** Called when an actor without a parent has ended for another reason than `shutdown`. */
  readonly rootDown?: (path: string, reason: DownReason) => void;
};

const quantumMessages = 32;
const quantumMs = 2;
/** Messages between two looks at the clock, which cost as much as a message each. */
const messagesPerLook = 16;
/** How many of the messages that led to a failure its log line tells. */
const storyMax = 8;

/** All actors of one thread: who exists, who runs next, and where a message goes. */
export class ActorSystem {
  readonly place: string;
  readonly world: World;
  readonly codec: Codec;
  readonly refs: Refs;
  readonly asks: Asks;
  readonly arrivals: Arrivals;
  readonly links: Links;
  readonly watches: Watches;
  readonly deadLetters: DeadLetters;
  readonly recorder: FlightRecorder;
  readonly told: Told;
  readonly storage: ActorRef<StorageProtocol> | undefined;
  /** The cell whose handler runs: what it wants done waits in its outbox. */
  current: Cell | undefined;
  /** The cell whose turn it is, until what it wanted has been done. */
  acting: Cell | undefined;
  /** Number in the flight recorder of what runs now or arrives now; 0 when that is nobody's doing here. */
  cause = 0;
  readonly #config: SystemConfig;
  readonly #ready = new RingBuffer<Cell>();
  readonly #cells: (Cell | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  readonly #names = new Map<string, Cell>();
  readonly #exported = new Set<Cell>();
  readonly #refusals = new Map<Cell, Map<string, { to: string; kind: string; count: number }>>();
  #awake = false;
  /** Absent between turns. */
  #turnMs: number | undefined;

  constructor(config: SystemConfig) {
    this.#config = config;
    this.place = placeText(config.place);
    this.recorder = new FlightRecorder(this.place);
    this.told = new Told((cell) => this.#schedule(cell));
    this.world = config.world;
    this.codec = new Codec(config.kinds);
    this.refs = new Refs(this);
    this.asks = new Asks(config.world.clock);
    this.arrivals = new Arrivals(this);
    this.links = new Links(this);
    this.watches = new Watches(this);
    this.deadLetters = new DeadLetters(config.world.log, () => config.world.clock.now());
    this.storage =
      config.storagePlace === undefined
        ? undefined
        : this.refs.at<StorageProtocol>({ place: config.storagePlace, name: storageName });
  }

  /** Starts an actor without a parent. */
  spawn<P, Args>(spec: Spec<P, Args>, args: Args, options: SpawnOptions = {}): ActorRef<P> {
    const cell = this.allocate(spec as unknown as AnySpec, args, undefined, options);
    cell.watchers.set({}, (reason) => {
      if (reason !== "shutdown") this.#config.rootDown?.(cell.path, reason);
    });
    this.startCell(cell);
    return this.refs.local(cell) as unknown as ActorRef<P>;
  }

  /** Asks from outside any actor. */
  question<P, K extends AskKind<P>>(
    ref: ActorRef<P>,
    kind: K,
    body: BodyOf<P[K]>,
    timeoutMs: number,
  ): Promise<AskOutcome<ReplyOf<P[K]>>> {
    return new Promise((resolve) => {
      this.ask(ref, kind, body as WireBody, timeoutMs, (outcome) => resolve(outcome as AskOutcome<ReplyOf<P[K]>>));
    });
  }

  /** The holder of a name on this thread, for inspection. */
  find(name: string): Cell | undefined {
    return this.#names.get(name);
  }

  get cellCount(): number {
    return this.#cells.length - this.#free.length;
  }

  /** Whether anything can run now. */
  get runnable(): boolean {
    return this.#ready.length > 0;
  }

  /** Runs what is ready, for about 2 ms or until nothing is, then sends what the turn produced. */
  turn(): void {
    const { pulse } = this.#config;
    this.#turnMs = this.world.clock.now();
    const untilMs = this.#turnMs + quantumMs;
    let last: Cell | undefined;
    for (let unseen = 0; ; ) {
      const cell = this.#ready.shift();
      if (cell === undefined) break;
      last = cell;
      if (pulse !== undefined) pulse[1] = cell.slot;
      cell.scheduled = false;
      unseen += cell.run(quantumMessages);
      if (cell.mailbox.length > 0 && !cell.scheduled) this.#goOn(cell);
      if (unseen < messagesPerLook) continue;
      unseen = 0;
      if (this.#look(cell) >= untilMs) break;
    }
    if (last !== undefined) this.#look(last);
    if (pulse !== undefined) this.#beat(pulse);
    this.#finishTurn();
  }

  /** The time of the present turn, as fresh as deadlines need it. */
  get turnMs(): number {
    return this.#turnMs ?? this.world.clock.now();
  }

  /** Runs a single letter of the ready cell `skip` places from the front: the simulator's turn. Answers what ran. */
  step(skip: number): string | undefined {
    for (let passed = skip % Math.max(1, this.#ready.length); passed > 0; passed--) {
      const cell = this.#ready.shift();
      if (cell !== undefined) this.#ready.push(cell);
    }
    const cell = this.#ready.shift();
    const label = cell && `${cell.path} ${cell.mailbox.peekKind()}`;
    if (cell !== undefined) {
      cell.scheduled = false;
      cell.run(1);
      if (cell.mailbox.length > 0 && !cell.scheduled) this.#goOn(cell);
    }
    this.#finishTurn();
    return label;
  }

  /** How many cells could be next. */
  get choices(): number {
    return this.#ready.length;
  }

  /** Turns away what links bring from now on; what waits in mailboxes is still handled. */
  drain(): void {
    this.arrivals.shut();
  }

  /** Ends every actor, the youngest root first, and closes the links. */
  shutdown(): void {
    for (const cell of [...this.#cells].reverse())
      if (cell !== undefined && cell.parent === undefined) cell.terminate("shutdown");
    this.links.flush();
    this.links.closeAll("shutdown");
  }

  tell(ref: Ref<unknown>, kind: string, body: WireBody): void {
    const letter = new Letter(kind, body, undefined, undefined, ref, this.cause);
    if (this.current === undefined) return this.deliver(letter, undefined);
    const { outbox } = this.current;
    // Behind anything that waits in the outbox, and to whom there is no simple way, it waits there as well.
    const cell = outbox.isEmpty && ref.place === this.place ? this.refs.cellOf(ref) : undefined;
    if (cell === undefined || !this.told.offer(cell, this.#isolated(letter))) outbox.add(letter);
  }

  /** Brings a letter that has left its sender's outbox to its mailbox, or to the link that leads there. */
  deliver(letter: Letter, sender: Cell | undefined): void {
    const { kind, to } = letter;
    const ref = to as Ref<unknown>;
    if (ref.place !== this.place) return this.#deliverAway(ref, kind, letter.body as WireBody, sender);
    const cell = this.refs.cellOf(ref);
    if (cell === undefined) return this.deadLetters.add(ref.address, kind, "noproc");
    if (this.post(cell, this.#isolated(letter))) return;
    this.deadLetters.add(cell.path, kind, "refused");
    this.#refuse(sender, cell.path, kind);
  }

  /** What lives here, for people who look. */
  census(): Census {
    const nowMs = this.turnMs;
    const actors = this.#cells.flatMap((cell) => (cell === undefined ? [] : [cell.figures(nowMs)]));
    return { actors, links: this.links.figures() };
  }

  /** Runs now, or when the present turn has returned. */
  effect(run: () => void): void {
    if (this.current === undefined) run();
    else this.current.outbox.add(run);
  }

  ask(
    target: ActorRef<unknown>,
    kind: string,
    body: WireBody,
    timeoutMs: number,
    settle: (outcome: AskOutcome<WireValue>) => void,
  ): void {
    const ref = target as Ref<unknown>;
    const deadline = this.turnMs + timeoutMs;
    if (ref.place !== this.place) return this.#askAway(ref, kind, body, { timeoutMs, deadline, settle });
    const question = this.asks.open(timeoutMs, deadline, settle);
    const cell = this.refs.cellOf(ref);
    if (cell === undefined) {
      this.deadLetters.add(ref.address, kind, "noproc");
      return question.fail("down", "not-run");
    }
    const letter = new Letter(kind, body, question, undefined, ref, this.cause);
    if (this.post(cell, this.#isolated(letter))) return;
    this.deadLetters.add(cell.path, kind, "refused");
    question.fail("overloaded", "not-run");
  }

  /** Puts a turn of the cell's own at the end of its mailbox; dropped when that life is over. */
  enqueueTurn(cell: Cell, kind: string, run: () => void, cause = this.cause): void {
    if (cell.state === "stopped") return;
    cell.mailbox.turn(kind, run, cause);
    this.#schedule(cell);
  }

  /** Takes in what came from outside and runs the turn that it causes at once, unless a turn is due anyway. */
  takeIn(arrival: () => void): void {
    if (this.#awake) return arrival();
    this.#awake = true;
    arrival();
    this.turn();
  }

  /** A turn is over: what happens next is nobody's doing. */
  rest(): void {
    this.acting = undefined;
    this.cause = 0;
  }

  requestTurn(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.#config.wake();
  }

  /** Puts a letter into a mailbox; false when it is full. */
  post(cell: Cell, letter: Letter): boolean {
    if (!cell.mailbox.offer(letter)) return false;
    this.#schedule(cell);
    return true;
  }

  lookup(target: ItemTarget): Cell | undefined {
    const cell = target.name === undefined ? this.#cells[target.slot] : this.#names.get(target.name);
    return target.name === undefined && cell?.generation !== target.generation ? undefined : cell;
  }

  /** The live cell a link may reach. */
  reachable(target: ItemTarget, crossesHosts: boolean): Cell | undefined {
    const cell = this.lookup(target);
    return cell !== undefined && crossesHosts && !this.#exported.has(cell) ? undefined : cell;
  }

  allocate(spec: AnySpec, args: unknown, parent: Cell | undefined, options: SpawnOptions): Cell {
    const { name, exported } = options;
    invariant(name === undefined || !this.#names.has(name), () => `the name ${name} is taken on this thread`);
    const slot = this.#free.pop() ?? this.#cells.length;
    const generation = (this.#generations[slot] ?? 0) + 1;
    this.#generations[slot] = generation;
    const cell = new Cell(this, spec, args, { parent, name, slot, generation });
    this.#cells[slot] = cell;
    if (name !== undefined) this.#names.set(name, cell);
    if (exported === true) this.#exported.add(cell);
    parent?.children.add(cell);
    return cell;
  }

  startCell(cell: Cell): void {
    this.enqueueTurn(cell, "start", () => cell.start());
  }

  /** Takes a finished cell off the books: its name and slot are free before anybody learns that it is gone. */
  release(cell: Cell): void {
    if (cell.name !== undefined) this.#names.delete(cell.name);
    this.#exported.delete(cell);
    this.#cells[cell.slot] = undefined;
    this.#free.push(cell.slot);
    cell.parent?.children.delete(cell);
  }

  failed(cell: Cell, error: unknown): void {
    const summary = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const story = this.recorder.story(this.cause, storyMax);
    this.world.log("error", cell.path, `failed: ${summary}`, {
      ...(error instanceof Error ? { stack: error.stack } : {}),
      story,
    });
    cell.terminate({ failed: summary });
  }

  #askAway(
    ref: Ref<unknown>,
    kind: string,
    body: WireBody,
    asked: { timeoutMs: number; deadline: number; settle: (outcome: AskOutcome<WireValue>) => void },
  ): void {
    const { timeoutMs, deadline, settle } = asked;
    const correlation = this.asks.openRemote(ref.place, timeoutMs, deadline, settle);
    const item = { type: "ask", to: ref.target, kind, body, correlation, remainingMs: timeoutMs } as const;
    const sent = this.links.send(ref.place, item);
    if (sent === "queued") return;
    this.deadLetters.add(ref.address, kind, sent);
    this.asks.fail(correlation, sent === "refused" ? "overloaded" : "down", "not-run");
  }

  #deliverAway(ref: Ref<unknown>, kind: string, body: WireBody, sender: Cell | undefined): void {
    const sent = this.links.send(ref.place, { type: "tell", to: ref.target, kind, body });
    if (sent === "queued") return;
    this.deadLetters.add(ref.address, kind, sent);
    if (sent === "refused") this.#refuse(sender, ref.address, kind);
  }

  /** Tells a sender about refusals once per receiver, kind and turn. */
  #refuse(sender: Cell | undefined, to: string, kind: string): void {
    if (sender === undefined) return;
    const refusals = this.#refusals.get(sender) ?? new Map();
    this.#refusals.set(sender, refusals);
    const key = `${to} ${kind}`;
    const known = refusals.get(key) ?? { to, kind, count: 0 };
    known.count++;
    refusals.set(key, known);
  }

  #finishTurn(): void {
    this.#turnMs = undefined;
    for (const [sender, refusals] of this.#refusals) for (const refused of refusals.values()) sender.refused(refused);
    this.#refusals.clear();
    this.links.flush();
    this.#awake = this.#ready.length > 0;
    if (this.#awake) this.#config.wake();
  }

  #schedule(cell: Cell): void {
    if (cell.scheduled) return;
    cell.behindSinceMs = this.turnMs;
    this.#goOn(cell);
    this.requestTurn();
  }

  /** There is more in its mailbox than one quantum. */
  #goOn(cell: Cell): void {
    cell.scheduled = true;
    this.#ready.push(cell);
  }

  /** Charges the time since the last look to the cell that ran last. */
  #look(cell: Cell): number {
    const nowMs = this.world.clock.now();
    cell.busyMs += nowMs - (this.#turnMs ?? nowMs);
    this.#turnMs = nowMs;
    return nowMs;
  }

  #beat(pulse: Int32Array): void {
    pulse[1] = -1;
    Atomics.add(pulse, 0, 1);
  }

  #isolated(letter: Letter): Letter {
    if (this.#config.isolation !== "roundtrip") return letter;
    const { kind, body, reply, to, cause } = letter;
    return new Letter(kind, this.codec.roundtrip(kind, body as WireBody), reply, undefined, to, cause);
  }
}
