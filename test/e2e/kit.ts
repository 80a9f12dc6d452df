import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Real processes of the command line, and the waiting for what they do. */

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** One started `mesolite`, with everything it has printed so far. */
export class Mesolite implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = "";
  stderr = "";

  /** `uid`: whom the process runs as, when this one may choose. `entry`: another installation than the sources. */
  constructor(args: readonly string[], cwd: string, { uid, entry = main }: { uid?: number; entry?: string } = {}) {
    const child = spawn(process.execPath, [entry, ...args], {
      cwd,
      ...(uid === undefined ? {} : { uid, gid: uid }),
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
    });
    this.child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.finished = new Promise((resolve) => {
      child.once("close", (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Resolves with the match once the output has it; rejects when the process ends before. */
  async printed(pattern: RegExp, withinMs = 15_000): Promise<RegExpExecArray> {
    return await until(() => {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match === null && this.child.exitCode !== null) {
        throw new Error(
          `ended with ${this.child.exitCode} before it printed ${pattern}:\n${this.stdout}${this.stderr}`,
        );
      }
      return match ?? undefined;
    }, withinMs);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGINT");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
    await this.finished;
    clearTimeout(timer);
  }
}

/** Runs a command to its end. */
export async function mesolite(args: readonly string[], cwd: string): Promise<Finished> {
  return await new Mesolite(args, cwd).finished;
}

/** Looks every 10 ms until the condition has a value; the last resort is a deadline that says what it waited for. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>, withinMs = 15_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`nothing came of ${look.toString()} within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A directory that is gone at the end of the test. */
export function temporary(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "mesolite-e2e-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A master on free ports, or on the HTTP port that an earlier one had. */
export async function startMaster(
  cwd: string,
  port = 0,
): Promise<{ readonly process: Mesolite; readonly address: string }> {
  // Whoever joins asks the HTTP door where the bridge is, so any port will do, also after a restart.
  const ports = ["--port", String(port), "--bridge-port", "0"];
  const args = ["master", ...ports, "--data", join(cwd, "master"), "--timeouts", "test"];
  const process = new Mesolite([...args, "--log-level", "warn"], cwd);
  const [, address = ""] = await process.printed(/ready: http:\/\/(\S+)/);
  return { process, address };
}

export async function startSlave(cwd: string, master: string, name: string, resources: string): Promise<Mesolite> {
  const options = ["--port", "0", "--work-dir", join(cwd, name), "--resources", resources, "--timeouts", "test"];
  const slave = new Mesolite(["slave", "--master", master, ...options, "--log-level", "info"], cwd);
  await slave.printed(/registered as/);
  return slave;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
