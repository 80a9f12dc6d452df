import type { Address } from "../../src/actors/address.ts";
import type { Cell } from "../../src/actors/cell.ts";
import type { Recorded } from "../../src/actors/flight-recorder.ts";
import type { Spec } from "../../src/actors/spec.ts";
import { type ChildSpec, supervisor } from "../../src/actors/supervisor.ts";
import type { ActorSystem } from "../../src/actors/system.ts";
import {
  type Confidant,
  type Life,
  lawActor,
  onPurpose,
  reasonText,
  type StageProtocol,
  stageTable,
} from "./actors.ts";
import type { Care, Manner, Step } from "./steps.ts";

/** What a place holds at one instant. */
export type Facts = {
  /** Messages that reached nobody since the run began, by reason. */
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly asksPending: number;
  /** Beside the stage. */
  readonly actors: number;
  /** Places it is linked with. */
  readonly links: readonly string[];
  /** Lines of the log at level `error`. */
  readonly errors: readonly string[];
};

/** What the stage's question to another place may take, in milliseconds. */
const syncTimeoutMs = 5_000;

/**
 * A place from inside, the same in every mode: an actor system and its stage, a root actor that never fails and whose
 * children are the actors of the law. Keeps what they hear, also beyond their lives.
 */
export class LocalSite {
  readonly #system: ActorSystem;
  readonly #stage: Cell;
  readonly #confidant: Confidant;
  readonly #lives = new Map<string, Life>();
  readonly #heard = new Map<string, string[]>();
  #journal: string[] = [];
  #errors: string[] = [];
  #deadBefore: ReadonlyMap<string, number> = new Map();

  constructor(system: ActorSystem, spin: (ms: number) => void) {
    this.#system = system;
    system.spawn(stage, undefined, { name: "stage", exported: true });
    this.#stage = system.find("stage") as Cell;
    this.#confidant = {
      spin,
      heard: (name, text) => this.#hear(name, text),
      began: (name, life) => {
        this.#lives.set(name, life);
        this.#journal.push(`${name} begins`);
      },
      ended: (name, reason) => this.#journal.push(`${name} ends: ${reasonText(reason)}`),
    };
  }

  /** Takes a line of the log. */
  logged(level: string, from: string, message: string): void {
    if (level === "error") this.#errors.push(`${from} ${message}`);
  }

  /** Starts an actor under a name; answers with the address of its present life. */
  start(name: string, manner: Manner = {}): string {
    return this.#spawn(name, lawActor(this.#confidant, name, manner), undefined, manner.exported ?? true);
  }

  supervise(name: string, { children, root = false, ...args }: Care): string {
    const entries = children.map(({ name: child, restart = "permanent", manner }): ChildSpec => {
      const spec = lawActor(this.#confidant, child, manner);
      const spawn: ChildSpec["spawn"] = (ctx, options) => ctx.spawn(spec, undefined, options);
      return { name: child, restart, exported: true, spawn };
    });
    return this.#spawn(name, supervisor, { ...args, children: entries }, true, root);
  }

  /** Puts scripts at the end of an actor's mailbox, each a turn of its own, with nothing in between. */
  queue(name: string, ...scripts: readonly (readonly Step[])[]): void {
    const cell = this.#system.find(name) ?? this.#system.refs.cellOf(this.#life(name).ctx.self);
    if (cell === undefined) throw new Error(`${name} has ended`);
    for (const script of scripts) this.#system.enqueueTurn(cell, "script", () => this.#life(name).perform(script));
  }

  heard(name: string): readonly string[] {
    return [...(this.#heard.get(name) ?? [])];
  }

  /** Everything that happened here, in order: `NAME begins`, `NAME: TEXT`, `NAME ends: REASON`. */
  journal(): readonly string[] {
    return [...this.#journal];
  }

  facts(): Facts {
    const { deadLetters, asks, cellCount, links } = this.#system;
    const since = [...deadLetters.counts].map(([reason, count]) => [
      reason,
      count - (this.#deadBefore.get(reason) ?? 0),
    ]);
    return {
      deadLetters: Object.fromEntries(since.filter(([, count]) => count !== 0)),
      asksPending: asks.size,
      actors: cellCount - 1,
      links: links.places,
      errors: this.#errors,
    };
  }

  /** The last entries of the flight recorder. */
  recent(count: number): readonly Recorded[] {
    return this.#system.recorder.recent(count);
  }

  /** The place takes in nothing more from elsewhere; it must be shut down afterwards. */
  drain(): void {
    this.#system.drain();
  }

  /** The address of the present or last life under this name. */
  address(name: string): string {
    return this.#life(name).ctx.self.address;
  }

  /** Acts through the context of an actor from outside its turns: `done`, or the name of what was thrown. */
  meddle(name: string, step: Step): string {
    try {
      this.#life(name).perform([step]);
      return "done";
    } catch (error) {
      return error instanceof Error ? error.name : String(error);
    }
  }

  /** Waits until everything that was on its way here from these places has arrived, and there from here. */
  async sync(places: readonly string[]): Promise<void> {
    for (const place of places) {
      const ref = this.#system.refs.at<StageProtocol>({ place, name: "stage" });
      const outcome = await this.#system.question(ref, "sync", {}, syncTimeoutMs);
      if (!outcome.ok) throw new Error(`${place} does not answer ${this.#system.place}: ${outcome.code}`);
    }
  }

  /** Ends everything the law started. */
  clear(): void {
    for (const child of [...this.#stage.children]) child.terminate("shutdown");
  }

  /** Begins a new run; answers with failures of the last one that nobody wanted. */
  reset(): readonly string[] {
    const unwanted = this.#errors.filter((line) => !line.includes(onPurpose));
    this.#lives.clear();
    this.#heard.clear();
    this.#journal = [];
    this.#errors = [];
    this.#deadBefore = new Map(this.#system.deadLetters.counts);
    return unwanted;
  }

  #spawn<P, Args>(name: string, spec: Spec<P, Args>, args: Args, exported: boolean, root = false): string {
    const ref = root
      ? this.#system.spawn(spec, args, { name, exported })
      : this.#child(name, spec as never, args, exported);
    return ref.address;
  }

  #child(name: string, spec: never, args: unknown, exported: boolean) {
    const cell = this.#system.allocate(spec, args, this.#stage, { name, exported });
    this.#system.startCell(cell);
    return this.#system.refs.local(cell);
  }

  #life(name: string): Life {
    const life = this.#lives.get(name);
    if (life === undefined) throw new Error(`no actor ${name} has begun here`);
    return life;
  }

  #hear(name: string, text: string): void {
    const heard = this.#heard.get(name) ?? [];
    this.#heard.set(name, heard);
    heard.push(text);
    this.#journal.push(`${name}: ${text}`);
  }
}

const stage: Spec<StageProtocol, undefined> = {
  name: "stage",
  protocol: stageTable,
  start: () => ({ sync: (_body, reply) => reply(null) }),
};

/** The name of an actor at a place, as an address that is resolved at every send. */
export function nameAt(place: string, name: string): Address<unknown> {
  return `${place}:@${name}`;
}
