import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessCommand, ProcessEvents, ProcessExit, Processes } from "../actors/world.ts";

/** How long `close` waits for killed processes to be gone. Past that they are stuck in the kernel. */
const closeTimeoutMs = 5_000;
const openFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/**
 * Child processes, each the leader of a group of its own. Their output goes straight to files: nothing passes through
 * this process, so nothing is lost with it. A group ends with its leader; whatever the leader left behind is killed.
 */
export class ProcessGroups implements Processes {
  readonly #live = new Map<number, { readonly gone: Promise<void> }>();
  readonly #killAll = () => this.killAll();
  #closed = false;

  /** Groups whose leader has not ended. */
  get size(): number {
    return this.#live.size;
  }

  start(command: ProcessCommand, on: ProcessEvents): void {
    const child = this.#closed ? "shutting down" : launch(command);
    if (typeof child === "string") {
      setImmediate(() => on.failed(child));
      return;
    }
    child.once("error", (error) => {
      if (child.pid === undefined) on.failed(launchFailure(command, error));
    });
    child.once("spawn", () => {
      if (child.pid !== undefined) on.started(child.pid);
    });
    if (child.pid !== undefined) this.#register(child, child.pid, on);
  }

  signal(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
    if (this.#live.has(pid)) signalGroup(pid, signal);
  }

  endStrays(environment: Readonly<Record<string, string>>): void {
    const wanted = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    for (const pid of pidsWith(wanted)) {
      if (this.#live.has(pid)) continue;
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile, or is somebody else's: either way it is none of ours any more.
      }
    }
  }

  /** Kills every live group, at once: also the last thing that happens when the thread exits. */
  killAll(): void {
    for (const pid of this.#live.keys()) signalGroup(pid, "SIGKILL");
  }

  /** Starts nothing more, kills every live group, and waits until all are gone, 5 s at most. */
  async close(): Promise<void> {
    this.#closed = true;
    this.killAll();
    const gone = Promise.all([...this.#live.values()].map((group) => group.gone));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timeout = setTimeout(resolve, closeTimeoutMs);
    await Promise.race([gone, late]);
    clearTimeout(timeout);
  }

  #register(child: ChildProcess, pid: number, on: ProcessEvents): void {
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    if (this.#live.size === 0) process.once("exit", this.#killAll);
    this.#live.set(pid, { gone });
    child.once("exit", (status, signal) => {
      signalGroup(pid, "SIGKILL");
      this.#live.delete(pid);
      if (this.#live.size === 0) process.off("exit", this.#killAll);
      resolve();
      on.exited(exitOf(status, signal));
    });
  }
}

function exitOf(status: number | null, signal: string | null): ProcessExit {
  return signal === null ? { kind: "exited", status: status ?? 0 } : { kind: "signalled", signal };
}

/** The child, or why there is none. Files and directory belong to the user who runs us, and to nobody else. */
function launch(command: ProcessCommand): ChildProcess | string {
  const [program, ...args] = command.argv;
  if (program === undefined || program === "") return "the command is empty: argv needs a program";
  for (const name of [command.stdout, command.stderr]) {
    if (!/^[^/\0]+$/.test(name) || name === "." || name === "..") {
      return `output file ${JSON.stringify(name)} is not a plain file name`;
    }
  }
  const files: number[] = [];
  try {
    mkdirSync(command.directory, { recursive: true, mode: 0o700 });
    const stdout = openOutput(command, command.stdout, files);
    const stderr = command.stderr === command.stdout ? stdout : openOutput(command, command.stderr, files);
    return spawn(program, args, {
      cwd: command.directory,
      env: command.env,
      detached: true,
      stdio: ["ignore", stdout, stderr],
    });
  } catch (error) {
    return launchFailure(command, error);
  } finally {
    for (const file of files) closeSync(file);
  }
}

function openOutput({ directory }: ProcessCommand, name: string, opened: number[]): number {
  const file = openSync(join(directory, name), openFlags, 0o600);
  opened.push(file);
  return file;
}

function launchFailure({ argv: [program = ""] }: ProcessCommand, error: unknown): string {
  const { code, syscall = "", message } = error as NodeJS.ErrnoException;
  if (!syscall.startsWith("spawn")) return `cannot start ${program}: ${message}`;
  if (code === "ENOENT") return `cannot start ${program}: no such program in its PATH`;
  if (code === "EACCES") return `cannot start ${program}: not executable`;
  return `cannot start ${program}: ${code ?? message}`;
}

/** A group that is gone, or no longer ours to signal, needs nothing more. */
function signalGroup(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

/** Processes whose environment has all of these entries. Only Linux tells; elsewhere there are none to be found. */
function pidsWith(wanted: readonly string[]): readonly number[] {
  try {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && hasEnvironment(pid, wanted));
  } catch {
    return [];
  }
}

function hasEnvironment(pid: number, wanted: readonly string[]): boolean {
  try {
    const entries = new Set(readFileSync(`/proc/${pid}/environ`, "utf8").split("\0"));
    return wanted.every((entry) => entries.has(entry));
  } catch {
    return false;
  }
}
