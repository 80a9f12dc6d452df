import { Backoff } from "../actors/backoff.ts";
import type { Context } from "../actors/context.ts";
import { Peer } from "../actors/peer.ts";
import type { ActorRef } from "../actors/ref.ts";
import type { SlaveId } from "../protocol/ids.ts";
import { isOlderLead, type Lead } from "../protocol/lead.ts";
import { type MasterForSlaves, masterName } from "../protocol/master-api.ts";
import type { SlaveConfig } from "./config.ts";

export type RegistrationEvents = {
  /** Says hello to the master: who we are and every task we have. Called again until an answer comes. */
  readonly hello: (master: ActorRef<MasterForSlaves>) => void;
};

/**
 *   searching ── registering ⇄ registered
 *       ▲             │             │        the master is lost: back to searching, tasks run on
 *       └─────────────┴─────────────┘
 */
export class Registration {
  slaveId: SlaveId | undefined;
  /** How often a master has been reached. */
  hello = 0;
  readonly #ctx: Context<unknown>;
  readonly #config: SlaveConfig;
  readonly #events: RegistrationEvents;
  readonly #master: string;
  #peer: Peer<MasterForSlaves> | undefined;
  /** Pauses between hellos: the master may be busy with the whole cluster's. */
  readonly #hellos: Backoff;
  #lead: Lead = { epoch: 0, term: 0 };
  #registered = false;
  #missesMs = 0;

  constructor(ctx: Context<unknown>, master: string, config: SlaveConfig, events: RegistrationEvents) {
    this.#ctx = ctx;
    this.#master = master;
    this.#config = config;
    this.#events = events;
    this.#hellos = new Backoff(config.registration, ctx.random);
  }

  /** Begins the search, as whom an earlier life was known. */
  start(slaveId: SlaveId | undefined, lead: Lead | undefined): void {
    this.slaveId = slaveId;
    if (lead !== undefined) this.#lead = lead;
    const peer = { endpoint: this.#master, name: masterName, backoff: this.#config.registration };
    this.#peer = new Peer<MasterForSlaves>(this.#ctx, peer, {
      up: () => {
        this.hello++;
        this.#register();
      },
      down: (reason) => this.#lost(reason),
      failed: (reason, attempts) => {
        const level = attempts === 1 ? "warn" : "debug";
        this.#ctx.log(level, `cannot reach the master at ${this.#master}, trying on: ${reason}`, { attempts });
      },
    });
  }

  /** The master that knows us, or undefined while there is none. */
  get master(): ActorRef<MasterForSlaves> | undefined {
    return this.#registered ? this.#peer?.ref : undefined;
  }

  /** Whether an order may be carried out. Orders of a leadership that was superseded have no effect. */
  accepts(lead: Lead): boolean {
    if (isOlderLead(lead, this.#lead)) {
      this.#ctx.log("warn", "an order of an earlier leadership is ignored", { lead, known: this.#lead });
      return false;
    }
    this.#lead = lead;
    return true;
  }

  registered(slaveId: SlaveId, missesMs: number): void {
    if (!this.#registered) this.#ctx.log("info", `registered as ${slaveId}`);
    this.slaveId = slaveId;
    this.#registered = true;
    this.#missesMs = missesMs;
    this.#peer?.settled();
    this.#hellos.reset();
    this.#ctx.cancel("register");
    this.pinged();
  }

  /** The master turns. If it stays silent for as long as it takes to give us up, we say hello again. */
  pinged(): void {
    this.#ctx.after("pings", this.#missesMs, () => this.#register());
  }

  #register(): void {
    const master = this.#peer?.ref;
    if (master === undefined) return;
    this.#registered = false;
    this.#events.hello(master);
    this.#ctx.after("register", this.#config.registration.minMs + this.#hellos.nextMs(), () => this.#register());
  }

  #lost(reason: string): void {
    this.#ctx.log("warn", "the master is out of reach; tasks run on", { reason });
    this.#registered = false;
    this.#ctx.cancel("register");
    this.#ctx.cancel("pings");
  }
}
