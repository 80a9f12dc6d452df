import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const program = "nats-server";
const startTimeoutMs = 5_000;

/** A NATS server of this benchmark's own, on a free port of loopback. */
export class NatsServer implements Disposable {
  readonly port: number;
  readonly #keeper: ChildProcess;

  private constructor(keeper: ChildProcess, port: number) {
    this.#keeper = keeper;
    this.port = port;
  }

  /** Undefined when there is no such program on the path. */
  static async start(): Promise<NatsServer | undefined> {
    if (spawnSync(program, ["--version"]).error !== undefined) return undefined;
    const directory = mkdtempSync(join(tmpdir(), "mesolite-nats-"));
    const options = ["--addr", "127.0.0.1", "--port", "-1", "--ports_file_dir", directory];
    // The shell ends the server when its standard input does: also when this process is killed.
    const script = `${program} "$@" & cat; kill $!`;
    const keeper = spawn("sh", ["-c", script, "sh", ...options], { stdio: ["pipe", "ignore", "ignore"] });
    try {
      return new NatsServer(keeper, await portIn(directory));
    } catch (error) {
      keeper.stdin?.end();
      throw error;
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  [Symbol.dispose](): void {
    this.#keeper.stdin?.end();
  }
}

/** The server writes a file that names its ports. */
async function portIn(directory: string): Promise<number> {
  const until = performance.now() + startTimeoutMs;
  while (performance.now() < until) {
    const [file] = readdirSync(directory);
    const port = /:(\d+)"/.exec(file === undefined ? "" : readFileSync(join(directory, file), "utf8"))?.[1];
    if (port !== undefined) return Number(port);
    await pause(20);
  }
  throw new Error(`${program} did not start within ${startTimeoutMs} ms`);
}
