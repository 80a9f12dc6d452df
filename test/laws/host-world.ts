import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parsePlace } from "../../src/actors/address.ts";
import { breaks, FaultProxy, type Way } from "./fault-proxy.ts";
import type { Home, Resident } from "./real-world.ts";
import { RemoteCalls } from "./remote-calls.ts";

const entry = fileURLToPath(new URL("./process-entry.ts", import.meta.url));

type Housed = Resident & { readonly child: ChildProcess; readonly port: number };

/** Who dialled, and what lies between. */
type Cable = { readonly from: string; readonly to: string; readonly proxy: FaultProxy };

/** Places in processes of their own, joined by the production bridge through a proxy for each connection. */
export class ProcessHome implements Home {
  readonly mode = "processes";
  readonly crossesHosts = true;
  readonly ends = ["kill", "exit", "freeze", "throw"];
  readonly #housed = new Map<string, Housed>();
  readonly #cables = new Set<Cable>();
  #named = 0;

  boot(): Promise<Resident> {
    return this.#start(`n${++this.#named}`, 2);
  }

  reboot(place: string): Promise<Resident> {
    const { node, epoch } = partsOf(place);
    return this.#start(node, epoch + 2);
  }

  async end(resident: Resident, how: string): Promise<void> {
    const { child, calls } = this.#of(resident);
    if (how === "exit" || how === "throw") return void (await calls.call("end", [how]));
    if (how === "freeze") {
      // Its peers hear nothing more, and not that its connections are closed.
      for (const { from, to, proxy } of this.#cables) {
        if (from === resident.place) proxy.silence("out");
        if (to === resident.place) proxy.silence("back");
      }
      child.kill("SIGSTOP");
    }
    child.kill("SIGKILL");
  }

  async join(a: Resident, b: Resident): Promise<void> {
    const said = await this.#dial(a, b);
    if (said !== "up") throw new Error(`${a.place} cannot reach ${b.place}: ${said}`);
  }

  async joinBoth(a: Resident, b: Resident): Promise<void> {
    await Promise.all([this.#dial(a, b), this.#dial(b, a)]);
  }

  async cut(a: Resident, b: Resident, how: number): Promise<void> {
    for (const { proxy } of this.#between(a, b)) proxy.break(breaks[how % breaks.length] ?? "end");
  }

  async refusesEarlierLife(resident: Resident, impostor: string): Promise<boolean> {
    const { node, epoch } = partsOf(impostor);
    const earlier = await this.#start(node, epoch - 1);
    await this.#dial(earlier, resident);
    const limit = performance.now() + 2_000;
    let links: readonly string[];
    do ({ links } = (await earlier.calls.call("facts")) as { links: readonly string[] });
    while (links.length > 0 && performance.now() < limit);
    earlier.child.kill("SIGKILL");
    await earlier.gone;
    return links.length === 0;
  }

  async stall(from: Resident, to: Resident): Promise<() => Promise<void>> {
    const stalled = this.#between(from, to).map(({ proxy, ...cable }) => ({ proxy, way: wayOf(cable, from) }));
    for (const { proxy, way } of stalled) proxy.stall(way);
    return async () => {
      for (const { proxy, way } of stalled) proxy.release(way);
    };
  }

  async silence(from: Resident, to: Resident): Promise<void> {
    for (const { proxy, ...cable } of this.#between(from, to)) proxy.silence(wayOf(cable, from));
  }

  async pause(resident: Resident): Promise<() => Promise<void>> {
    const { child } = this.#of(resident);
    child.kill("SIGSTOP");
    return async () => void child.kill("SIGCONT");
  }

  async close(): Promise<void> {
    for (const { child } of this.#housed.values()) child.kill("SIGKILL");
    for (const { gone } of [...this.#housed.values()]) await gone;
    for (const { proxy } of this.#cables) await proxy.close();
  }

  async #start(node: string, epoch: number): Promise<Housed> {
    const child = fork(entry, [node, String(epoch)], {
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let said = "";
    child.stderr?.on("data", (text) => {
      said = `${said}${text}`.slice(-2_000);
    });
    const calls = new RemoteCalls((request) => child.send(request as never, () => {}));
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const { promise, resolve, reject } = Promise.withResolvers<Housed>();
    child.once("message", ({ place, port }: { place: string; port: number }) => {
      const housed = { place, port, child, calls, gone };
      this.#housed.set(place, housed);
      void gone.then(() => this.#leave(place));
      child.on("message", (response) => calls.receive(response as never));
      resolve(housed);
    });
    void gone.then(() => {
      calls.end("the process has ended");
      reject(new Error(`the process of ${node} ended before it was up: ${said}`));
    });
    return await promise;
  }

  #leave(place: string): void {
    this.#housed.delete(place);
    for (const cable of [...this.#cables]) {
      if (cable.from !== place && cable.to !== place) continue;
      // One that leads nowhere still has its silence to keep for whoever lives at the other end.
      if (this.#housed.has(cable.from) || this.#housed.has(cable.to)) continue;
      this.#cables.delete(cable);
      void cable.proxy.close();
    }
  }

  async #dial(from: Resident, to: Resident): Promise<string> {
    const known = [...this.#cables].find((cable) => cable.from === from.place && cable.to === to.place);
    const cable = known ?? { from: from.place, to: to.place, proxy: new FaultProxy(this.#of(to).port) };
    if (known === undefined) await cable.proxy.open();
    this.#cables.add(cable);
    return (await from.calls.call("dial", [cable.proxy.endpoint])) as string;
  }

  #between(a: Resident, b: Resident): readonly Cable[] {
    const ends = [a.place, b.place];
    return [...this.#cables].filter(({ from, to }) => ends.includes(from) && ends.includes(to));
  }

  #of({ place }: Resident): Housed {
    const housed = this.#housed.get(place);
    if (housed === undefined) throw new Error(`${place} is gone`);
    return housed;
  }
}

function wayOf({ from }: Pick<Cable, "from">, source: Resident): Way {
  return from === source.place ? "out" : "back";
}

function partsOf(text: string) {
  const place = parsePlace(text);
  if (place === undefined) throw new Error(`${text} is no place`);
  return place;
}
