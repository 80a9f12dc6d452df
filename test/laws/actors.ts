import type { Address } from "../../src/actors/address.ts";
import type { AskOutcome, Context, Watch } from "../../src/actors/context.ts";
import { KindTable } from "../../src/actors/link/kind-table.ts";
import { type Ask, protocolTable, type Tell } from "../../src/actors/protocol.ts";
import type { ActorRef } from "../../src/actors/ref.ts";
import type { DownReason, Spec } from "../../src/actors/spec.ts";
import type { WireValue } from "../../src/actors/wire-value.ts";
import { invariant } from "../../src/base/invariant.ts";
import { describeValue, type Manner, type Step, wireValueOf } from "./steps.ts";

type LawBody = { readonly text: string; readonly steps?: WireValue; readonly value?: WireValue };

/** What law actors say to one another. They have no handler for the last two, as an older version might have none. */
export type LawProtocol = {
  say: Tell<LawBody>;
  ask: Ask<LawBody, WireValue>;
  unheard: Tell<LawBody>;
  unanswered: Ask<LawBody, WireValue>;
};

/** What the stage of a place understands: an answer proves that all which was sent there before has arrived. */
export type StageProtocol = { sync: Ask<Record<never, never>, null> };

const fields = { text: 0, steps: 1, value: 2 };

const lawTable = protocolTable<LawProtocol>("law", { say: fields, ask: fields, unheard: fields, unanswered: fields });
export const stageTable = protocolTable<StageProtocol>("stage", { sync: {} });
export const lawKinds = new KindTable([lawTable as never, stageTable as never]);

/** What an actor tells of itself to the place it lives at. */
export type Confidant = {
  heard(name: string, text: string): void;
  /** The actor of that name lives, and this is how it is made to act. */
  began(name: string, life: Life): void;
  ended(name: string, reason: DownReason): void;
  /** Takes that long of its place's time. */
  spin(ms: number): void;
};

/** What failures on purpose have in their message, to tell them from bugs. */
export const onPurpose = "on purpose";

/** Does what scripts say and tells its place everything it hears. */
export function lawActor(confidant: Confidant, name: string, manner: Manner = {}): Spec<LawProtocol, undefined> {
  return {
    name,
    protocol: lawTable,
    ...(manner.mailboxMax === undefined ? {} : { mailboxMax: manner.mailboxMax }),
    start(ctx) {
      const life = new Life(confidant, name, ctx);
      confidant.began(name, life);
      life.perform(manner.start ?? []);
      const handlers: Pick<ReturnType<Spec<LawProtocol, undefined>["start"]>, "say" | "ask"> = {
        say: (body) => life.say(body) as undefined,
        ask: (body, reply) => life.asked(body, reply, manner.asked ?? "answers"),
      };
      return {
        ...(handlers as ReturnType<Spec<LawProtocol, undefined>["start"]>),
        onRefused: ({ kind, count }) => life.hear(`refused ${kind} ${count}`),
        onStop: (reason) => {
          confidant.ended(name, reason);
          life.perform(manner.stop ?? []);
        },
      };
    },
  };
}

/** One life of a law actor. */
export class Life {
  readonly name: string;
  readonly ctx: Context<LawProtocol>;
  readonly #confidant: Confidant;
  readonly #children = new Map<string, ActorRef<LawProtocol>>();
  readonly #watches = new Map<string, Watch>();
  readonly #held = new Map<string, (value: WireValue) => void>();
  #promised = false;

  constructor(confidant: Confidant, name: string, ctx: Context<LawProtocol>) {
    this.#confidant = confidant;
    this.name = name;
    this.ctx = ctx;
  }

  hear(text: string): void {
    this.#confidant.heard(this.name, text);
  }

  perform(steps: readonly Step[]): void {
    for (const step of steps) this.#perform(step);
  }

  say({ text, steps, value }: LawBody): unknown {
    this.hear(value === undefined || isFreight(value) ? text : `${text} ${describeValue(value)}`);
    this.#promised = false;
    this.perform((steps ?? []) as unknown as readonly Step[]);
    return this.#promised ? Promise.resolve() : undefined;
  }

  asked({ text, steps, value }: LawBody, reply: (value: WireValue) => void, manner: "answers" | "holds"): void {
    this.hear(`? ${text}`);
    this.perform((steps ?? []) as unknown as readonly Step[]);
    if (manner === "answers") reply(value ?? text);
    else this.#held.set(text, reply);
  }

  #perform(step: Step): void {
    const { ctx } = this;
    switch (step.do) {
      case "note":
        return this.hear(step.text);
      case "tell":
        return this.#tell(step);
      case "ask":
        return this.#ask(step);
      case "answer":
        for (let times = 0; times < (step.times ?? 1); times++) this.#held.get(step.text)?.(step.text);
        return;
      case "watch":
        return this.#watch(step);
      case "unwatch": {
        const held = this.#watches.get(step.as);
        if (held !== undefined) ctx.unwatch(held);
        return;
      }
      case "spawn":
        return this.#spawn(step);
      case "stop":
        return ctx.stop(step.to === "self" ? undefined : this.#ref(step.to ?? "self"), step.reason ?? "normal");
      case "fail":
        throw new Error(`${step.message} ${onPurpose}`);
      case "promise":
        this.#promised = true;
        return;
      case "after":
        return ctx.after(step.key, step.ms, () => this.perform(step.steps ?? []));
      case "every":
        return ctx.every(step.key, step.ms, () => this.hear(step.key));
      case "cancel":
        return ctx.cancel(step.key);
      case "spin":
        return this.#confidant.spin(step.ms);
      case "pipe":
        return ctx.pipe(
          () => Promise.resolve(step.text),
          (outcome) => this.hear(`piped ${outcome.ok ? outcome.value : outcome.error}`),
        );
    }
  }

  #tell(step: Extract<Step, { do: "tell" }>): void {
    const ref = this.#ref(step.to);
    for (const body of bodiesOf(step)) {
      if (step.kind === "unheard") ref.tell("unheard", body);
      else ref.tell("say", body);
    }
  }

  #ask(step: Extract<Step, { do: "ask" }>): void {
    const kind = step.kind === "unanswered" ? "unanswered" : "ask";
    for (const body of bodiesOf(step)) {
      this.ctx.ask(this.#ref(step.to), kind, body, {
        timeoutMs: step.timeoutMs,
        settled: (outcome) => this.hear(`re ${body.text}: ${outcomeText(outcome, body.text)}`),
      });
    }
  }

  #watch({ to, as, then = [] }: Extract<Step, { do: "watch" }>): void {
    const held = this.ctx.watch(this.#ref(to), ({ reason, certainty }) => {
      this.hear(`down ${as}: ${reasonText(reason)} ${certainty}`);
      this.perform(then);
    });
    this.#watches.set(as, held);
  }

  #spawn({ as, name, manner = {} }: Extract<Step, { do: "spawn" }>): void {
    const spec = lawActor(this.#confidant, name ?? as, manner);
    const options = { exported: manner.exported ?? true, ...(name === undefined ? {} : { name }) };
    this.#children.set(as, this.ctx.spawn(spec, undefined, options));
  }

  #ref(to: string): ActorRef<LawProtocol> {
    if (to === "self") return this.ctx.self;
    if (!to.startsWith("#")) return this.ctx.ref(to as Address<LawProtocol>);
    const child = this.#children.get(to.slice(1));
    invariant(child !== undefined, () => `${this.name} has no child ${to}`);
    return child;
  }
}

function* bodiesOf({ text, count, bytes, seed, steps }: Extract<Step, { do: "tell" | "ask" }>): Generator<LawBody> {
  const value = seed !== undefined ? wireValueOf(seed) : bytes !== undefined ? new Uint8Array(bytes) : undefined;
  const more = {
    ...(steps === undefined ? {} : { steps: steps as unknown as WireValue }),
    ...(value === undefined ? {} : { value }),
  };
  if (count === undefined) yield { text, ...more };
  else for (let number = 1; number <= count; number++) yield { text: `${text} ${number}`, ...more };
}

/** Bytes that are there to be carried, not to be read. */
function isFreight(value: WireValue): boolean {
  return value instanceof Uint8Array;
}

function outcomeText(outcome: AskOutcome<WireValue>, text: string): string {
  if (!outcome.ok) return `${outcome.code} ${outcome.outcome}`;
  if (outcome.value === text) return "answered";
  return isFreight(outcome.value) ? "answered with bytes" : describeValue(outcome.value);
}

export function reasonText(reason: DownReason): string {
  return typeof reason === "object" ? `failed ${reason.failed}` : reason;
}
