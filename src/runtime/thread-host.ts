import { setImmediate as nextLoopTurn } from "node:timers/promises";
import { inspect } from "node:util";
import { isMainThread, type MessagePort, workerData } from "node:worker_threads";
import comlink from "comlink";
import type { KindTable } from "../actors/link/kind-table.ts";
import type { DownReason } from "../actors/spec.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { WireValue } from "../actors/wire-value.ts";
import type { Log } from "../actors/world.ts";
import { invariant } from "../base/invariant.ts";
import { RealClock } from "./clock.ts";
import { createLog } from "./log.ts";
import { linkPort } from "./port-link.ts";
import { type Equipment, type HostedSystem, hostSystem, type Seat } from "./system-host.ts";
import type { BootConfig, ThreadBoot, ThreadFacade } from "./thread-facade.ts";
import { ThreadGauge } from "./thread-gauge.ts";

/** The status with which a thread ends when something in it failed that nobody could mend (EX_SOFTWARE of sysexits). */
const exitSoftware = 70;
/** How many of the last things its actors did the end of a thread tells. */
const toldMax = 16;

export type ThreadHostConfig = {
  readonly kinds: KindTable;
  /** What this thread has of the machine. Called once, before anything else. */
  readonly equip?: (boot: ThreadBoot, seat: Seat) => Equipment;
  /** Spawns the roots. The system is linked to every thread there is; nothing has run in it yet. */
  readonly assemble: (system: ActorSystem, boot: ThreadBoot) => Assembled | Promise<Assembled>;
};

export type Assembled = {
  /** What the main thread should know, such as a port that was opened. */
  readonly facts?: WireValue;
  /** Closes what `assemble` opened; called after the actors have ended. */
  readonly close?: () => Promise<void>;
};

/**
 * Makes this worker thread the home of one actor system. All that the entry file of a worker does is call this. An
 * error that no actor catches, or a root that gave up, ends the thread with status 70; the main thread is told, and
 * watches on the actors that lived here fire.
 */
export function hostThread(config: ThreadHostConfig): void {
  invariant(!isMainThread, "hostThread runs on a worker thread; the main thread calls hostMain");
  const host = new ThreadHost(config);
  process.on("uncaughtException", (error) => host.fail("uncaught error", { error }));
  const { facade } = workerData as { readonly facade: MessagePort };
  comlink.expose(host.facade(), facade);
}

class ThreadHost {
  readonly #config: ThreadHostConfig;
  #log: Log = createLog();
  #hosted: HostedSystem | undefined;
  /** Made by the first look. */
  #gaugeMade: ThreadGauge | undefined;
  #assembled: Assembled = {};

  constructor(config: ThreadHostConfig) {
    this.#config = config;
  }

  /** Without a prototype: comlink looks properties up by the names that come over the port. */
  facade(): ThreadFacade {
    const facade: ThreadFacade = {
      boot: (config) => this.#boot(config),
      connect: (place, port) => linkPort(this.#running.system, place, port),
      stats: () => this.#gauge.read(),
      slots: () => this.#gauge.slots(),
      inspect: (name) => {
        const cell = this.#running.system.find(name);
        return cell && inspect(cell.inspect(), { depth: 4, maxArrayLength: 100, maxStringLength: 1_000 });
      },
      drain: (deadlineMs) => this.#drain(deadlineMs),
    };
    return Object.freeze(Object.assign(Object.create(null), facade));
  }

  fail(message: string, facts: Readonly<Record<string, unknown>>): never {
    const last = this.#hosted?.system.recorder.recent(toldMax).map(({ path, kind }) => `${path} ${kind}`);
    this.#log("error", "thread", `${message}: the thread ends`, { ...facts, last });
    process.exit(exitSoftware);
  }

  get #gauge(): ThreadGauge {
    this.#gaugeMade ??= new ThreadGauge(this.#running.system);
    return this.#gaugeMade;
  }

  get #running(): HostedSystem {
    invariant(this.#hosted !== undefined, "the thread is booted before anything else is asked of it");
    return this.#hosted;
  }

  async #boot({ place, boot, links, storagePlace, heartbeat }: BootConfig): Promise<WireValue> {
    const seat = { place, kinds: this.#config.kinds, clock: new RealClock() };
    this.#hosted = hostSystem({
      seat,
      equipment: this.#config.equip?.(boot, seat) ?? {},
      rootDown: (path, reason) => this.#rootDown(path, reason),
      ...(storagePlace === undefined ? {} : { storagePlace }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
    });
    const { system, world } = this.#hosted;
    this.#log = world.log;
    for (const link of links) linkPort(system, link.place, link.port);
    this.#assembled = await this.#config.assemble(system, boot);
    return this.#assembled.facts ?? null;
  }

  #rootDown(path: string, reason: DownReason): void {
    if (typeof reason === "object") this.fail(`${path} gave up`, { reason: reason.failed });
  }

  async #drain(deadlineMs: number): Promise<boolean> {
    const { system, world, close } = this.#running;
    const until = world.clock.now() + deadlineMs;
    system.drain();
    while (system.runnable && world.clock.now() < until) await nextLoopTurn();
    const finished = !system.runnable;
    system.shutdown();
    await this.#assembled.close?.();
    this.#gaugeMade?.close();
    await close();
    return finished;
  }
}
