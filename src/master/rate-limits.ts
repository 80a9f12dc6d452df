import type { Context } from "../actors/context.ts";
import type { BodyOf } from "../actors/protocol.ts";
import type { Behaviour } from "../actors/spec.ts";
import { RingBuffer } from "../base/ring-buffer.ts";
import type { FrameworkId } from "../protocol/ids.ts";
import type { MasterForSchedulers } from "../protocol/master-api.ts";
import type { MasterConfig, RateLimit } from "./config.ts";
import type { Counters } from "./counters.ts";
import type { MasterMailbox } from "./master.ts";
import type { MasterState } from "./state.ts";

/** Messages of one line that may wait where no capacity is given: as many as the master's own mailbox holds. */
const capacityDefault = 262_144;
/** Part of a capacity at which a warning is given, and the part to which it must fall before the next one. */
const warningShare = 0.8;
const calmShare = 0.5;
/** What a late timer may make up for, in milliseconds. After a longer pause no burst follows. */
const lagMs = 20;

/** What schedulers say. Slaves, gateways and the allocator are never held up. */
const ofSchedulers: Readonly<Record<keyof MasterForSchedulers, true>> = {
  subscribe: true,
  updateFramework: true,
  accept: true,
  decline: true,
  acceptInverseOffers: true,
  declineInverseOffers: true,
  suppress: true,
  revive: true,
  setFilters: true,
  killTask: true,
  shutdownExecutor: true,
  acknowledge: true,
  reconcile: true,
  acknowledgeOperation: true,
  teardown: true,
  guaranteedShare: true,
  placeable: true,
};

type Kind = keyof MasterForSchedulers;

/** The framework of a message, as far as it is known. */
type Speaker = {
  readonly id: FrameworkId | undefined;
  readonly principal: string | undefined;
  /** Whether there is such a framework, or will be. */
  readonly known: boolean;
};

type RateLimitsOptions = {
  readonly ctx: Context<MasterMailbox>;
  readonly limits: MasterConfig["rateLimits"];
  readonly counters: Counters;
  /** Undefined until the registry has been read. */
  readonly state: () => MasterState | undefined;
};

/**
 * How fast what schedulers say is handled: Mesos's limits by principal. A limit is a line (`Line`), for one principal or
 * for all that no limit names. A message that comes sooner than the rate allows waits in it behind the ones before,
 * questions included, and is handled by the clock; one that finds it full is dropped, and its framework is told and
 * counts as one whose scheduler is lost. The news of a lost scheduler itself does not wait.
 *
 *     message ──► principal ──► no line, or nothing waits and it is time ──► handled
 *                           └─► line: 1/qps apart ──────────────────────────► handled
 *                               full ──► dropped: ERROR, disconnected
 */
export class RateLimits {
  readonly #options: RateLimitsOptions;
  /** Undefined: a principal that is named, without a limit. */
  readonly #lines: ReadonlyMap<string, Line | undefined>;
  readonly #others: Line | undefined;
  /** How many subscriptions of frameworks that may not be known yet wait; what these say next must not overtake them. */
  readonly #subscribing = new Map<FrameworkId, { readonly principal: string | undefined; count: number }>();

  constructor(options: RateLimitsOptions) {
    this.#options = options;
    const { principals = [], others = {} } = options.limits ?? {};
    this.#lines = new Map(principals.map(({ principal, ...limit }) => [principal, lineOf(`of ${principal}`, limit)]));
    this.#others = lineOf("of frameworks without a limit of their own", others);
  }

  /** The same handlers; what schedulers say is counted, and waits its turn. */
  paced(handlers: Behaviour<MasterMailbox>): Behaviour<MasterMailbox> {
    const all = handlers as unknown as Record<string, (body: unknown, reply?: unknown) => void>;
    const paced = Object.entries(all).map(([kind, handle]) => {
      if (!Object.hasOwn(ofSchedulers, kind)) return [kind, handle] as const;
      const pass = (body: unknown, reply?: unknown) => this.#pass(kind as Kind, body, () => handle(body, reply));
      return [kind, pass] as const;
    });
    return Object.fromEntries(paced) as unknown as Behaviour<MasterMailbox>;
  }

  #pass(kind: Kind, body: unknown, handle: () => void): void {
    const { counters, ctx, state } = this.#options;
    const speaker = this.#speaker(kind, body);
    const { principal } = speaker;
    if (speaker.known) counters.principal(principal, "messages_received");
    else if (state() !== undefined) counters.count("master/dropped_messages");
    const line = speaker.known ? this.#lineFor(principal) : undefined;
    const run = () => {
      if (speaker.known) counters.principal(principal, "messages_processed");
      handle();
    };
    if (line === undefined || line.isOpen(ctx.clock.now())) return run();
    if (line.isFull) return this.#dropped(kind, body, speaker, line);
    line.push(kind === "subscribe" ? this.#subscription(speaker, run) : run);
    if (line.warns()) this.#warn(principal, line);
    if (line.waiting === 1) this.#arm(line);
  }

  #speaker(kind: Kind, body: unknown): Speaker {
    if (kind === "subscribe") {
      const { info } = body as BodyOf<MasterForSchedulers["subscribe"]>;
      return { id: info.id, principal: info.principal, known: true };
    }
    const { frameworkId: id } = body as { readonly frameworkId?: FrameworkId };
    // Who asks what is placeable need not have subscribed.
    if (id === undefined) return { id, principal: undefined, known: true };
    const framework = this.#options.state()?.frameworks.get(id);
    if (framework !== undefined) return { id, principal: framework.info.principal, known: true };
    const subscribing = this.#subscribing.get(id);
    return { id, principal: subscribing?.principal, known: subscribing !== undefined };
  }

  #lineFor(principal: string | undefined): Line | undefined {
    if (principal === undefined || !this.#lines.has(principal)) return this.#others;
    return this.#lines.get(principal);
  }

  /** The same, remembered for as long as it waits. */
  #subscription({ id, principal }: Speaker, run: () => void): () => void {
    if (id === undefined) return run;
    const subscribing = this.#subscribing.get(id) ?? { principal, count: 0 };
    subscribing.count++;
    this.#subscribing.set(id, subscribing);
    return () => {
      if (--subscribing.count === 0) this.#subscribing.delete(id);
      run();
    };
  }

  #arm(line: Line): void {
    const { ctx } = this.#options;
    ctx.after(`rate.${line.name}`, line.nextMs - ctx.clock.now(), () => {
      for (let run = line.shift(ctx.clock.now()); run !== undefined; run = line.shift(ctx.clock.now())) run();
      if (line.waiting > 0) this.#arm(line);
    });
  }

  #dropped(kind: Kind, body: unknown, { id, principal }: Speaker, { name, capacity }: Line): void {
    const { ctx, counters, state } = this.#options;
    counters.count("master/dropped_messages");
    counters.principal(principal, "messages_dropped");
    const from = principal ?? "a framework without a principal";
    const message = `Message ${kind} from ${from} dropped: capacity(${capacity}) exceeded`;
    const frameworks = state()?.frameworks;
    const connected = id === undefined ? undefined : frameworks?.get(id)?.ref;
    const self = kind === "subscribe" ? ctx.ref((body as BodyOf<MasterForSchedulers["subscribe"]>).self) : connected;
    self?.tell("frameworkError", { message });
    if (connected === undefined || id === undefined || connected.address !== self?.address) return;
    ctx.log("warn", `framework ${id} is disconnected: more than ${capacity} messages ${name} wait`, { dropped: kind });
    frameworks?.disconnect(id);
  }

  #warn(principal: string | undefined, { name, capacity, waiting }: Line): void {
    const { ctx, counters } = this.#options;
    counters.principal(principal, "capacity_warnings");
    const text = `${waiting} messages ${name} wait, of ${capacity} that may: beyond that they are dropped and their framework is disconnected`;
    ctx.log("warn", text, { waiting, capacity });
  }
}

/** Messages that wait, and when the next may be handled. */
class Line {
  /** Whose messages these are, in words that follow a noun. */
  readonly name: string;
  readonly capacity: number;
  readonly #intervalMs: number;
  readonly #runs = new RingBuffer<() => void>();
  #nextMs = 0;
  #warned = false;

  constructor(name: string, qps: number, capacity: number) {
    this.name = name;
    this.capacity = capacity;
    this.#intervalMs = 1_000 / qps;
  }

  get waiting(): number {
    return this.#runs.length;
  }

  get isFull(): boolean {
    return this.waiting >= this.capacity;
  }

  /** When the first that waits is due. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Whether a message may be handled at once; if so, it has been. A pause earns nothing. */
  isOpen(nowMs: number): boolean {
    if (this.waiting > 0 || nowMs < this.#nextMs) return false;
    this.#nextMs = nowMs + this.#intervalMs;
    return true;
  }

  push(run: () => void): void {
    this.#runs.push(run);
  }

  /** The first that waits, if it is due. */
  shift(nowMs: number): (() => void) | undefined {
    if (this.waiting === 0 || nowMs < this.#nextMs) return undefined;
    this.#nextMs = Math.max(this.#nextMs, nowMs - lagMs) + this.#intervalMs;
    if (this.waiting - 1 <= this.capacity * calmShare) this.#warned = false;
    return this.#runs.shift();
  }

  /** True once when it comes near its capacity. */
  warns(): boolean {
    if (this.#warned || this.waiting < this.capacity * warningShare) return false;
    this.#warned = true;
    return true;
  }
}

/** Without a rate there is no limit, whatever the capacity, as in Mesos. */
function lineOf(name: string, { qps, capacity = capacityDefault }: RateLimit): Line | undefined {
  return qps === undefined ? undefined : new Line(name, qps, capacity);
}
