import type { WireValue } from "../actors/wire-value.ts";
import type { Clock, FunctionCall, ProcessCommand, ProcessExit, Processes, TaskPool, World } from "../actors/world.ts";

/**
 * What the programs of a simulated cluster do. Nothing is executed: each takes its virtual time, in milliseconds, and
 * ends as is said here. A process obeys SIGTERM at once.
 */
export type Programs = {
  /** Default: a second, then status 0. */
  readonly command?: (command: ProcessCommand) => { readonly takesMs: number; readonly status: number };
  /** Default: a second, then null. */
  readonly function?: (call: FunctionCall) => { readonly takesMs: number; readonly value: WireValue };
};

const usualMs = 1_000;

/** Puts the programs onto every machine of a cluster. */
export function furnishWith(programs: Programs): (world: World) => World {
  return (world) => ({ ...world, processes: processes(world.clock, programs), pool: pool(world.clock, programs) });
}

function processes(clock: Clock, { command = () => ({ takesMs: usualMs, status: 0 }) }: Programs): Processes {
  const living = new Map<number, (exit: ProcessExit) => void>();
  let lastPid = 1_000;
  return {
    start(wanted, on) {
      const pid = ++lastPid;
      const { takesMs, status } = command(wanted);
      const end = (exit: ProcessExit) => {
        if (living.delete(pid)) clock.arm(0, () => on.exited(exit));
      };
      living.set(pid, end);
      clock.arm(0, () => on.started(pid));
      clock.arm(takesMs, () => end({ kind: "exited", status }));
    },
    signal: (pid, signal) => living.get(pid)?.({ kind: "signalled", signal }),
    endStrays() {},
  };
}

function pool(clock: Clock, { function: call = () => ({ takesMs: usualMs, value: null }) }: Programs): TaskPool {
  return {
    call(wanted, outcome) {
      let over = false;
      const end = (result: Parameters<typeof outcome>[0]) => {
        if (over) return;
        over = true;
        clock.arm(0, () => outcome(result));
      };
      const { takesMs, value } = call(wanted);
      clock.arm(takesMs, () => end({ kind: "returned", value, worker: "simulated" }));
      return () => end({ kind: "aborted" });
    },
  };
}
