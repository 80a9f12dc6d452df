import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { sibling } from "../src/runtime/sibling.ts";

/** What a subject of a benchmark can do: for each shape, a piece of work of `n` steps that answers how many it did. */
export type Shapes = Readonly<Record<string, (n: number) => number | Promise<number>>>;

/** Figures of one subject in one shape over all rounds, in steps per second of wall time. */
export type Figure = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: readonly number[];
};

export type BenchReport = {
  readonly bench: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Flat: name with its unit → number. Medians; ratios are medians of the ratios of neighbouring rounds. */
  readonly results: Readonly<Record<string, number>>;
  readonly peers: Readonly<Record<string, Readonly<Record<string, Figure>>>>;
  /** Peers that are not installed. */
  readonly missing: readonly string[];
  readonly environment: Readonly<Record<string, unknown>>;
};

type Answer =
  | { readonly ms: number; readonly done: number }
  | { readonly error: string }
  | { readonly ready: readonly string[] };

const host = fileURLToPath(sibling("./subject-host", import.meta.url));

/** One subject in a process of its own, so that no library's code is optimised for another's. */
export class Subject {
  readonly name: string;
  readonly #child: ChildProcess;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
  }

  /** Undefined when what the subject needs is not installed. */
  static async start(name: string, module: URL): Promise<Subject | undefined> {
    const subject = new Subject(name, fork(host, [module.href], { stdio: ["ignore", "ignore", "inherit", "ipc"] }));
    const answer = await subject.#next();
    if ("ready" in answer) return subject;
    subject.stop();
    return undefined;
  }

  /** Runs a shape once; steps per second. Throws when it did not do all of its work. */
  async round(shape: string, n: number): Promise<number> {
    this.#child.send({ shape, n });
    const answer = await this.#next();
    if ("error" in answer) throw new Error(`${this.name} failed in ${shape}: ${answer.error}`);
    if (!("ms" in answer) || answer.done !== n) throw new Error(`${this.name} did not do ${n} steps of ${shape}`);
    return (n / answer.ms) * 1_000;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  #next(): Promise<Answer> {
    return new Promise((resolve) => {
      const ended = (code: number | null) => resolve({ error: `ended with ${code}` });
      this.#child.once("exit", ended);
      this.#child.once("message", (answer) => {
        this.#child.off("exit", ended);
        resolve(answer as Answer);
      });
    });
  }
}

/** What runs once in every round; its figures come under the name. */
export type Entrant = { readonly name: string; readonly subject: Subject; readonly shape: string };

/** Runs all entrants in turn, A B C A B C …, after rounds that are not counted. */
export async function interleaved(
  entrants: readonly Entrant[],
  sizes: { readonly steps: number; readonly rounds: number; readonly warmUp?: number },
): Promise<Readonly<Record<string, Figure>>> {
  const { steps, rounds, warmUp = 2 } = sizes;
  const counted = new Map<string, number[]>(entrants.map(({ name }) => [name, []]));
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const { name, subject, shape } of entrants) {
      const perSecond = await subject.round(shape, steps);
      if (round >= warmUp) counted.get(name)?.push(perSecond);
    }
  }
  return Object.fromEntries([...counted].map(([name, all]) => [name, figure(all)]));
}

export function figure(rounds: readonly number[]): Figure {
  return { median: median(rounds), min: Math.min(...rounds), max: Math.max(...rounds), rounds };
}

/** The median of the ratios of rounds that ran next to one another: the machine's mood cancels out. */
export function ratio(a: Figure | undefined, b: Figure | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  return median(a.rounds.map((value, index) => value / (b.rounds[index] ?? Number.NaN)));
}

export function median(values: readonly number[]): number {
  const ascending = [...values].sort((x, y) => x - y);
  const middle = ascending.length >> 1;
  const upper = ascending[middle] ?? Number.NaN;
  return ascending.length % 2 === 1 ? upper : (upper + (ascending[middle - 1] ?? Number.NaN)) / 2;
}

export function environment(threads: string): BenchReport["environment"] {
  const [cpu] = cpus();
  return {
    node: process.version,
    cpu: cpu?.model,
    cores: cpus().length,
    commit: commit(),
    when: new Date().toISOString(),
    threads,
  };
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "none";
  }
}
