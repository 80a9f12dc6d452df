import type { ActorSystem } from "../../src/actors/system.ts";
import { LocalSite } from "./local-site.ts";

export type Inside = {
  readonly site: LocalSite;
  /** What may be called from outside, in every home of real places. */
  readonly calls: Readonly<Record<string, (...args: never[]) => unknown>>;
};

/** How a place of its own thread or process ends itself without warning. */
export type HardEnd = "throw" | "exit" | "hang";

/** A place on this machine, and what a world asks of it from outside. */
export function furnish(system: ActorSystem): Inside {
  const site = new LocalSite(system, spin);
  const calls = {
    start: site.start.bind(site),
    supervise: site.supervise.bind(site),
    queue: site.queue.bind(site),
    heard: site.heard.bind(site),
    journal: site.journal.bind(site),
    facts: site.facts.bind(site),
    address: site.address.bind(site),
    meddle: site.meddle.bind(site),
    recent: site.recent.bind(site),
    drain: site.drain.bind(site),
    clear: site.clear.bind(site),
    reset: site.reset.bind(site),
    sync: site.sync.bind(site),
    end: (how: HardEnd) => {
      // After the answer has left.
      setImmediate(() => endHard(how));
    },
  };
  return { site, calls };
}

function endHard(how: HardEnd): void {
  if (how === "exit") process.exit(3);
  if (how === "throw") throw new Error("thrown outside any actor, on purpose");
  for (;;);
}

function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
