import { MessageChannel, type MessagePort } from "node:worker_threads";
import comlink from "comlink";
import { type Place, placeText } from "../actors/address.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { WireValue } from "../actors/wire-value.ts";
import { invariant } from "../base/invariant.ts";
import { linkPort } from "./port-link.ts";
import type { BootConfig, ThreadBoot, ThreadLook } from "./thread-facade.ts";
import { ThreadGauge } from "./thread-gauge.ts";
import { ThreadFailure, ThreadHandle } from "./thread-handle.ts";
import { newPulse, type Pulse, type ThreadWatch, whereabouts } from "./thread-watch.ts";

export type ThreadsOptions = {
  /** The file every thread runs; it calls `hostThread`. */
  readonly entry: URL;
  readonly node: string;
  readonly epoch: number;
  readonly main: ActorSystem;
  /** A running thread ended by itself. Its links are down, and watches on its actors have fired or will at once. */
  readonly onExit: (thread: string, reason: string) => void;
  /** Ends threads that are stuck. Absent: a stuck thread stays as it is. */
  readonly watch?: ThreadWatch;
  /** Time to start a thread and its roots, in milliseconds. Default 30 000. */
  readonly bootTimeoutMs?: number;
  /** Time to answer any other call, in milliseconds. Default 5 000. */
  readonly callTimeoutMs?: number;
  /** Time to answer a look, in milliseconds: whoever looks wants to see the other threads soon. Default 1 000. */
  readonly lookTimeoutMs?: number;
  /** Time to close sockets, processes and the pool after the actors have ended, in milliseconds. Default 8 000. */
  readonly closeTimeoutMs?: number;
};

type Running = {
  readonly handle: ThreadHandle;
  readonly place: Place;
  /** Beats once there is a watch. */
  readonly pulse: Pulse;
  /** Who lived in which slot when the thread was last asked. */
  slots: ReadonlyMap<number, string>;
  facts: WireValue;
};

/**
 * The worker threads of this process. Every two of them are joined by a link of their own, and each is joined to the
 * main thread; messages between two threads never pass through a third.
 */
export class Threads {
  readonly #options: ThreadsOptions;
  /** Of the main thread. */
  readonly #gauge: ThreadGauge;
  /** In the order they were started. */
  readonly #running = new Map<string, Running>();
  /** How often each name has been started. */
  readonly #epochs = new Map<string, number>();
  #stopping = false;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.#gauge = new ThreadGauge(options.main);
  }

  /**
   * Starts a thread, links it to all others, and starts its roots. A name may be started again once its thread has
   * ended. Throws a `ThreadFailure`, and leaves nothing behind, if the thread does not come up.
   */
  async start(name: string, boot: ThreadBoot): Promise<Place> {
    invariant(!this.#running.has(name) && name !== "main", () => `thread ${name} is running already`);
    invariant(!this.#stopping, "no thread starts while all are being stopped");
    const threadEpoch = (this.#epochs.get(name) ?? 0) + 1;
    this.#epochs.set(name, threadEpoch);
    const { node, epoch, entry, watch, bootTimeoutMs = 30_000 } = this.#options;
    const place: Place = { node, epoch, thread: name, threadEpoch };
    const storage = this.#storagePlace(place, boot);
    const thread: Running = {
      handle: new ThreadHandle(name, entry),
      place,
      pulse: newPulse(),
      slots: new Map(),
      facts: null,
    };
    const links = this.#mesh(place);
    this.#running.set(name, thread);
    const config: BootConfig = {
      place,
      boot,
      links,
      ...(storage === undefined ? {} : { storagePlace: storage }),
      ...(watch === undefined ? {} : { heartbeat: { pulse: thread.pulse, everyMs: watch.beatEveryMs } }),
    };
    const ports = links.map(({ port }) => port);
    try {
      thread.facts = await thread.handle.call("boot", bootTimeoutMs, (facade) =>
        facade.boot(comlink.transfer(config, ports)),
      );
    } catch (error) {
      this.#running.delete(name);
      await thread.handle.terminate();
      throw error;
    }
    watch?.add(name, {
      pulse: thread.pulse,
      survey: () => this.#survey(thread),
      actorIn: (slot) => thread.slots.get(slot),
      end: (reason) => void thread.handle.terminate(reason),
    });
    void thread.handle.ended.then((reason) => this.#ended(thread, reason));
    return place;
  }

  place(name: string): Place | undefined {
    return this.#running.get(name)?.place;
  }

  /** What the thread's `assemble` wanted the main thread to know; null when nothing. */
  facts(name: string): WireValue | undefined {
    return this.#running.get(name)?.facts;
  }

  /** The figures of every thread, the main thread's first. */
  async stats(): Promise<readonly ThreadLook[]> {
    const asked = [...this.#running.values()].map((thread) => this.#look(thread));
    const main: ThreadLook = { thread: "main", stats: this.#gauge.read() };
    return [main, ...(await Promise.all(asked))];
  }

  /** The state of a named actor, as text for people; undefined when that thread has no such actor. */
  async inspect(thread: string, name: string): Promise<string | undefined> {
    const running = this.#running.get(thread);
    return await running?.handle.call("inspect", this.#callTimeoutMs, (facade) => facade.inspect(name));
  }

  /** Ends a thread at once, as a crash of it would. */
  async kill(name: string): Promise<void> {
    await this.#running.get(name)?.handle.terminate();
  }

  /**
   * Stops every thread, the last one started first. Actors may finish what they have for `drainMs` altogether;
   * afterwards they are ended, and a thread that does not even do that is terminated.
   */
  async stop(drainMs: number): Promise<void> {
    this.#stopping = true;
    const { main, watch, closeTimeoutMs = 8_000 } = this.#options;
    const { clock, log } = main.world;
    const until = clock.now() + drainMs;
    for (const [name, { handle }] of [...this.#running].reverse()) {
      const remainingMs = Math.max(0, until - clock.now());
      watch?.remove(name);
      try {
        const finished = await handle.call("drain", remainingMs + closeTimeoutMs, (facade) =>
          facade.drain(remainingMs),
        );
        if (!finished) log("warn", "threads", `thread ${name} had work left when it was stopped`, { drainMs });
      } catch (error) {
        log("warn", "threads", `thread ${name} was terminated`, { error });
      }
      await handle.terminate();
      this.#running.delete(name);
    }
    this.#gauge.close();
    this.#stopping = false;
  }

  get #callTimeoutMs(): number {
    return this.#options.callTimeoutMs ?? 5_000;
  }

  async #look({ handle, pulse, slots, place }: Running): Promise<ThreadLook> {
    const { lookTimeoutMs = 1_000, watch } = this.#options;
    const { thread } = place;
    try {
      return { thread, stats: await handle.call("stats", lookTimeoutMs, (facade) => facade.stats()) };
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      if (watch === undefined || !(error instanceof ThreadFailure) || error.code !== "timeout")
        return { thread, fault };
      return { thread, fault: `${fault}: it is ${whereabouts({ pulse, actorIn: (slot) => slots.get(slot) })}` };
    }
  }

  /** What is not answered now is asked again later. */
  #survey(thread: Running): void {
    const surveyed = thread.handle.call("slots", this.#callTimeoutMs, (facade) => facade.slots());
    surveyed.then(
      (slots) => {
        thread.slots = slots;
      },
      () => {},
    );
  }

  #ended(thread: Running, reason: string): void {
    const { thread: name } = thread.place;
    if (this.#running.get(name) !== thread || this.#stopping) return;
    this.#running.delete(name);
    this.#options.watch?.remove(name);
    this.#options.onExit(name, reason);
  }

  /** Links the new thread to the main thread and to all others; answers with its ends of the links. */
  #mesh(place: Place): BootConfig["links"] {
    const { main, node, epoch } = this.#options;
    const toMain = new MessageChannel();
    linkPort(main, place, toMain.port1);
    const links = [{ place: { node, epoch, thread: "main", threadEpoch: 1 }, port: toMain.port2 }];
    for (const other of this.#running.values()) {
      const { port1, port2 } = new MessageChannel();
      links.push({ place: other.place, port: port2 });
      this.#connect(other, place, port1);
    }
    return links;
  }

  /** A thread that ends meanwhile takes the port with it, and the link closes at its other end. */
  #connect(thread: Running, place: Place, port: MessagePort): void {
    const connected = thread.handle.call("connect", this.#callTimeoutMs, (facade) =>
      facade.connect(place, comlink.transfer(port, [port])),
    );
    connected.catch((error: unknown) => {
      this.#options.main.world.log("warn", "threads", `no link from ${thread.place.thread} to ${place.thread}`, {
        error,
      });
    });
  }

  #storagePlace(place: Place, { storageThread }: ThreadBoot): string | undefined {
    if (storageThread === undefined) return undefined;
    const storage = storageThread === place.thread ? place : this.#running.get(storageThread)?.place;
    invariant(storage !== undefined, () => `thread ${place.thread} needs thread ${storageThread} to be started first`);
    return placeText(storage);
  }
}
