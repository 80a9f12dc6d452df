import { mkdirSync, renameSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Processes } from "../../actors/world.ts";

type Closable = { close(): Promise<void> };

/**
 * Starts processes in sandboxes: beside the directory of a run there is `latest`, a link to it, as in Mesos. Whoever
 * looks for a task's files need not know the name of its run.
 */
export class SandboxedProcesses implements Processes {
  readonly #processes: Processes & Closable;

  constructor(processes: Processes & Closable) {
    this.#processes = processes;
  }

  start(...[command, on]: Parameters<Processes["start"]>): void {
    try {
      linkLatest(command.directory);
    } catch (error) {
      const reason = `the sandbox ${command.directory} cannot be made: ${(error as Error).message}`;
      setImmediate(() => on.failed(reason));
      return;
    }
    this.#processes.start(command, on);
  }

  signal(...[pid, signal]: Parameters<Processes["signal"]>): void {
    this.#processes.signal(pid, signal);
  }

  endStrays(environment: Readonly<Record<string, string>>): void {
    this.#processes.endStrays(environment);
  }

  close(): Promise<void> {
    return this.#processes.close();
  }
}

/** Replaces the link in one step: whoever follows it finds one run or the other. */
function linkLatest(directory: string): void {
  const runs = dirname(directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const fresh = join(runs, `.latest-${basename(directory)}`);
  symlinkSync(basename(directory), fresh);
  renameSync(fresh, join(runs, "latest"));
}
