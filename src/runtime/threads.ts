import { MessageChannel, type MessagePort } from "node:worker_threads";
import comlink from "comlink";
import { type Place, placeText } from "../actors/address.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { WireValue } from "../actors/wire-value.ts";
import { invariant } from "../base/invariant.ts";
import { linkPort } from "./port-link.ts";
import type { BootConfig, ThreadBoot, ThreadStats } from "./thread-facade.ts";
import { ThreadHandle } from "./thread-handle.ts";

export type ThreadsOptions = {
  /** The file every thread runs; it calls `hostThread`. */
  readonly entry: URL;
  readonly node: string;
  readonly epoch: number;
  readonly main: ActorSystem;
  /** A running thread ended by itself. Its links are down, and watches on its actors have fired or will at once. */
  readonly onExit: (thread: string, reason: string) => void;
  /** Time to start a thread and its roots, in milliseconds. Default 30 000. */
  readonly bootTimeoutMs?: number;
  /** Time to answer any other call, in milliseconds. Default 5 000. */
  readonly callTimeoutMs?: number;
  /** Time to close sockets, processes and the pool after the actors have ended, in milliseconds. Default 8 000. */
  readonly closeTimeoutMs?: number;
};

type Running = { readonly handle: ThreadHandle; readonly place: Place; facts: WireValue };

/**
 * The worker threads of this process. Every two of them are joined by a link of their own, and each is joined to the
 * main thread; messages between two threads never pass through a third.
 */
export class Threads {
  readonly #options: ThreadsOptions;
  /** In the order they were started. */
  readonly #running = new Map<string, Running>();
  /** How often each name has been started. */
  readonly #epochs = new Map<string, number>();
  #stopping = false;

  constructor(options: ThreadsOptions) {
    this.#options = options;
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
    const { node, epoch, entry, bootTimeoutMs = 30_000 } = this.#options;
    const place: Place = { node, epoch, thread: name, threadEpoch };
    const storage = this.#storagePlace(place, boot);
    const thread: Running = { handle: new ThreadHandle(name, entry), place, facts: null };
    const links = this.#mesh(place);
    this.#running.set(name, thread);
    const config: BootConfig = { place, boot, links, ...(storage === undefined ? {} : { storagePlace: storage }) };
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

  /** The figures of every thread, or why one did not give them. */
  stats(): Promise<readonly { readonly thread: string; readonly stats?: ThreadStats; readonly fault?: string }[]> {
    const asked = [...this.#running].map(async ([thread, { handle }]) => {
      try {
        return { thread, stats: await handle.call("stats", this.#callTimeoutMs, (facade) => facade.stats()) };
      } catch (error) {
        return { thread, fault: error instanceof Error ? error.message : String(error) };
      }
    });
    return Promise.all(asked);
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
    const { main, closeTimeoutMs = 8_000 } = this.#options;
    const { clock, log } = main.world;
    const until = clock.now() + drainMs;
    for (const [name, { handle }] of [...this.#running].reverse()) {
      const remainingMs = Math.max(0, until - clock.now());
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
    this.#stopping = false;
  }

  get #callTimeoutMs(): number {
    return this.#options.callTimeoutMs ?? 5_000;
  }

  #ended(thread: Running, reason: string): void {
    const { thread: name } = thread.place;
    if (this.#running.get(name) !== thread || this.#stopping) return;
    this.#running.delete(name);
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
