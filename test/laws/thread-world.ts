import { MessageChannel, type Worker } from "node:worker_threads";
import { type Place, parsePlace, placeText } from "../../src/actors/address.ts";
import { hostMain } from "../../src/runtime/system-host.ts";
import { Threads } from "../../src/runtime/threads.ts";
import { lawKinds } from "./actors.ts";
import type { Home, Resident } from "./real-world.ts";
import { RemoteCalls } from "./remote-calls.ts";

const boot = { roots: [], options: null };

/**
 * Places on worker threads of this process, started and linked by the production runtime. A thread's own parent port,
 * which the runtime does not use, is the way in.
 */
export class ThreadHome implements Home {
  readonly mode = "threads";
  readonly crossesHosts = false;
  readonly ends = ["kill", "throw", "exit", "hang"];
  readonly #main = hostMain({ kinds: lawKinds, node: "laws", epoch: 1, log: () => {} });
  readonly #threads: Threads;
  /** Threads that have said where they are, and those who wait for one to do so. */
  readonly #hired = new Map<string, PromiseWithResolvers<Resident>>();
  readonly #meet = (worker: Worker) => this.#watch(worker);
  #named = 0;

  constructor() {
    process.on("worker", this.#meet);
    this.#threads = new Threads({
      entry: new URL("./thread-entry.ts", import.meta.url),
      node: "laws",
      epoch: 1,
      main: this.#main.system,
      onExit: () => {},
    });
  }

  boot(): Promise<Resident> {
    return this.#start(`t${++this.#named}`);
  }

  reboot(place: string): Promise<Resident> {
    return this.#start(partsOf(place).thread);
  }

  async end({ calls, place }: Resident, how: string): Promise<void> {
    const { thread } = partsOf(place);
    if (how === "kill") return await this.#threads.kill(thread);
    await calls.call("end", [how]);
    if (how === "hang") await this.#threads.kill(thread);
  }

  async join(a: Resident, b: Resident): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    await Promise.all([
      a.calls.call("connect", [partsOf(b.place), port1], [port1]),
      b.calls.call("connect", [partsOf(a.place), port2], [port2]),
    ]);
  }

  joinBoth(a: Resident, b: Resident): Promise<void> {
    return this.join(a, b);
  }

  /** A link in place of theirs, which has ended already. */
  async cut(a: Resident, b: Resident, how: number): Promise<void> {
    const [near, far] = how % 2 === 0 ? [a, b] : [b, a];
    const { port1, port2 } = new MessageChannel();
    port2.close();
    await near.calls.call("connect", [partsOf(far.place), port1], [port1]);
  }

  async refusesEarlierLife({ calls }: Resident, impostor: string): Promise<boolean> {
    const { threadEpoch, ...place } = partsOf(impostor);
    const { port1, port2 } = new MessageChannel();
    const closed = new Promise<void>((resolve) => port2.once("close", resolve));
    port2.on("message", () => {});
    await calls.call("connect", [{ ...place, threadEpoch: threadEpoch - 1 }, port1], [port1]);
    const refused = await Promise.race([
      closed.then(() => true),
      new Promise<false>((no) => setTimeout(no, 2_000, false)),
    ]);
    port2.close();
    return refused;
  }

  /** Nothing lies between two ports: what is to wait, waits before the thread. */
  stall(_from: Resident, to: Resident): Promise<() => Promise<void>> {
    return this.pause(to);
  }

  silence(): Promise<void> {
    throw new Error("a port is never silent: the law is not for threads");
  }

  async pause({ calls }: Resident): Promise<() => Promise<void>> {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    await calls.call("standStill", [flag]);
    return async () => {
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
    };
  }

  async close(): Promise<void> {
    await this.#threads.stop(1_000);
    await this.#main.close();
    process.off("worker", this.#meet);
  }

  async #start(name: string): Promise<Resident> {
    return await this.#hiring(placeText(await this.#threads.start(name, boot))).promise;
  }

  #hiring(place: string): PromiseWithResolvers<Resident> {
    const hiring = this.#hired.get(place) ?? Promise.withResolvers<Resident>();
    this.#hired.set(place, hiring);
    return hiring;
  }

  /** The first thing that a thread says is its place. */
  #watch(worker: Worker): void {
    const calls = new RemoteCalls((request, transfer) => worker.postMessage(request, transfer as never));
    const gone = new Promise<void>((resolve) => {
      worker.once("exit", () => {
        calls.end("the thread has ended");
        resolve();
      });
    });
    worker.once("message", (place: string) => {
      this.#hiring(place).resolve({ place, calls, gone });
      worker.on("message", (response) => calls.receive(response));
    });
  }
}

function partsOf(text: string): Place {
  const place = parsePlace(text);
  if (place === undefined) throw new Error(`${text} is no place`);
  return place;
}
