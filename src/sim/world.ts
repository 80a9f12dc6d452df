import type { Clock, Log, ProcessExit, Processes, TaskPool, Timer, World } from "../actors/world.ts";
import type { Prng } from "../base/prng.ts";
import type { SimClock } from "./clock.ts";
import { Condition } from "./condition.ts";
import type { Network } from "./network.ts";

/** Time as one life of a thread sees it: when the thread is gone, nothing that it armed runs any more. */
export class NodeClock implements Clock {
  readonly #clock: SimClock;
  readonly #condition: Condition;
  /** Timers that were due while the node stood still. */
  readonly #late = new Set<Timer>();
  #alive = true;

  constructor(clock: SimClock, condition: Condition = new Condition()) {
    this.#clock = clock;
    this.#condition = condition;
  }

  get alive(): boolean {
    return this.#alive;
  }

  stop(): void {
    this.#alive = false;
  }

  now(): number {
    return this.#condition.shown(this.#clock.now());
  }

  wall(): number {
    return this.#clock.wall() + this.#condition.wallOffsetMs;
  }

  arm(delayMs: number, task: () => void): Timer {
    const timer = this.#clock.arm(this.#condition.takesMs(delayMs), () => {
      if (!this.#condition.paused) return this.#run(task);
      this.#late.add(timer);
      this.#condition.run(() => {
        if (this.#late.delete(timer)) this.#run(task);
      });
    });
    return timer;
  }

  disarm(timer: Timer): void {
    this.#clock.disarm(timer);
    this.#late.delete(timer);
  }

  #run(task: () => void): void {
    if (this.#alive) task();
  }
}

/** A World from a seed, for one thread of a simulated node. */
export function simWorld(place: string, clock: NodeClock, random: Prng, network: Network, log: Log): World {
  const ids = random.split("ids");
  return {
    clock,
    random: random.split("random"),
    ids: { next: () => `${ids.u32().toString(36)}${ids.u32().toString(36)}` },
    log,
    transport: { dial: (endpoint, opened, failed) => network.dial(place, endpoint, opened, failed) },
    processes: simProcesses(clock, random.split("processes")),
    pool: simPool(clock, random.split("pool")),
  };
}

/** Longest life of a pretend process or function, in milliseconds. */
const lifeMaxMs = 20_000;
/** How often a process ignores SIGTERM. */
const stubborn = 0.2;

/** Pretend processes that live for a while, mostly obey, and sometimes fail. */
function simProcesses(clock: Clock, random: Prng): Processes {
  const living = new Map<number, (exit: ProcessExit) => void>();
  let lastPid = 1_000;
  return {
    start(_command, on) {
      const pid = ++lastPid;
      clock.arm(random.int(50), () => {
        const end = (exit: ProcessExit) => {
          if (living.delete(pid)) clock.arm(random.int(10), () => on.exited(exit));
        };
        living.set(pid, end);
        on.started(pid);
        clock.arm(random.int(lifeMaxMs), () => end({ kind: "exited", status: random.chance(0.1) ? 1 : 0 }));
      });
    },
    signal(pid, signal) {
      if (signal === "SIGKILL" || !random.chance(stubborn)) living.get(pid)?.({ kind: "signalled", signal });
    },
    endStrays() {},
  };
}

/** Pretend functions that take their time and return nothing. */
function simPool(clock: Clock, random: Prng): TaskPool {
  return {
    call(_call, outcome) {
      let over = false;
      const end = (result: Parameters<typeof outcome>[0]) => {
        if (over) return;
        over = true;
        clock.arm(random.int(10), () => outcome(result));
      };
      clock.arm(random.int(lifeMaxMs), () => end({ kind: "returned", value: null, worker: "sim" }));
      return () => end({ kind: "aborted" });
    },
  };
}
