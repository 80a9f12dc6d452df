import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { sibling } from "../src/runtime/sibling.ts";

/** What a subject of a benchmark can do: for each shape, a piece of work of `n` steps. */
export type Shapes = Readonly<Record<string, (n: number) => Work | Promise<Work>>>;

/** How many steps were done. */
export type Work =
  | number
  | {
      readonly done: number;
      /** How long each step took, where single ones are timed. */
      readonly latenciesMs?: readonly number[];
      /** What counts of the wall time and of the CPU time, where not all of it does. */
      readonly ms?: number;
      readonly cpuMs?: number;
    };

/** One quantity over all rounds. */
export type Spread = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: readonly number[];
};

/** What one subject did in one shape: steps per second of wall time. */
export type Figure = Spread & {
  /** CPU time of the subject's process in percent of the wall time; of two processes, the one that drives. */
  readonly cpuPercent: Spread;
  /** Of the steps of a round, where they are timed. */
  readonly p50Micros?: Spread;
  readonly p99Micros?: Spread;
};

export type BenchReport = {
  readonly bench: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Flat: name with its unit → number. Medians; ratios are medians of the ratios of neighbouring rounds. */
  readonly results: Readonly<Record<string, number>>;
  readonly peers: Readonly<Record<string, Readonly<Record<string, Figure>>>>;
  /** What was left out: the name, and how to get what it needs. */
  readonly missing: readonly Missing[];
  readonly environment: Readonly<Record<string, unknown>>;
};

export type Missing = { readonly name: string; readonly remedy: string };

const setup = "`npm run bench:setup` in a checkout installs the peers";

/** `peakRssMiB`: the most that the subject's process has had resident so far. */
export type Round = Readonly<Record<"perSecond" | "cpuPercent" | "peakRssMiB", number>> &
  Readonly<Partial<Record<"p50Micros" | "p99Micros", number>>>;

/** What a subject's process says: it stands, it has done its work, or it could not. */
export type Answer =
  | {
      readonly done: number;
      readonly ms: number;
      readonly cpuMs: number;
      readonly peakRssMiB: number;
      readonly latenciesMs?: readonly number[];
    }
  | { readonly error: string }
  | { readonly absent: string }
  | { readonly ready: unknown };

const host = fileURLToPath(sibling("./subject-host", import.meta.url));

/** What the benchmark gave this subject's process on its way. */
export function given<T>(): T {
  return JSON.parse(process.argv[3] ?? "{}") as T;
}

/** One subject in a process of its own, so that no library's code is optimised for another's. */
export class Subject {
  readonly name: string;
  /** What its module exports as `facts`, such as a port. */
  readonly facts: unknown;
  readonly #child: ChildProcess;

  private constructor(name: string, child: ChildProcess, facts: unknown) {
    this.name = name;
    this.#child = child;
    this.facts = facts;
  }

  /**
   * Undefined when a package that the subject needs is not installed; throws when it fails otherwise. `flags`: of Node, none
   * by default.
   */
  static async start(
    name: string,
    module: URL,
    gift: unknown = {},
    flags: readonly string[] = [],
  ): Promise<Subject | undefined> {
    const child = fork(host, [module.href, JSON.stringify(gift)], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      execArgv: [...process.execArgv, ...flags],
    });
    const answer = await answerOf(child);
    if ("ready" in answer) return new Subject(name, child, answer.ready);
    child.kill("SIGKILL");
    if ("absent" in answer) return undefined;
    throw new Error(`${name} does not start: ${"error" in answer ? answer.error : "it answers out of turn"}`);
  }

  /** Runs a shape once. Throws when it did not do all of its work. */
  async round(shape: string, n: number): Promise<Round> {
    this.#child.send({ shape, n });
    const answer = await answerOf(this.#child);
    if ("error" in answer) throw new Error(`${this.name} failed in ${shape}: ${answer.error}`);
    if (!("ms" in answer) || answer.done !== n) throw new Error(`${this.name} did not do ${n} steps of ${shape}`);
    const { ms, cpuMs, peakRssMiB, latenciesMs } = answer;
    const round = { perSecond: (n / ms) * 1_000, cpuPercent: (cpuMs / ms) * 100, peakRssMiB };
    if (latenciesMs === undefined) return round;
    return { ...round, p50Micros: percentile(latenciesMs, 50) * 1_000, p99Micros: percentile(latenciesMs, 99) * 1_000 };
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

function answerOf(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve) => {
    const ended = (code: number | null) => resolve({ error: `its process ended with ${code}` });
    child.once("exit", ended);
    child.once("message", (answer) => {
      child.off("exit", ended);
      resolve(answer as Answer);
    });
  });
}

/** The subjects that could be started, and those that could not. */
export class Cast implements Disposable {
  readonly subjects: Record<string, Subject> = {};
  readonly missing: Missing[] = [];
  readonly #behind: Subject[] = [];

  async start(name: string, module: URL, gift?: unknown): Promise<void> {
    const subject = await Subject.start(name, module, gift);
    if (subject === undefined) this.missing.push({ name, remedy: setup });
    else this.subjects[name] = subject;
  }

  /** A subject of two processes: what the one at the far end says of itself is given to the one that drives. */
  async startPair(name: string, far: URL, near: URL, gift: object = {}): Promise<void> {
    const behind = await Subject.start(name, far, gift);
    if (behind === undefined) return void this.missing.push({ name, remedy: setup });
    this.#behind.push(behind);
    await this.start(name, near, { ...gift, far: behind.facts });
  }

  [Symbol.dispose](): void {
    for (const subject of [...Object.values(this.subjects), ...this.#behind]) subject.stop();
  }
}

/** What runs once in every round; its figures come under the name. */
export type Entrant = {
  readonly name: string;
  readonly subject: Subject;
  readonly shape: string;
  readonly steps: number;
};

/** Runs all entrants in turn, A B C A B C …, after rounds that are not counted. */
export async function interleaved(
  entrants: readonly Entrant[],
  rounds: number,
  warmUp = 2,
): Promise<Readonly<Record<string, Figure>>> {
  const counted = new Map<string, Round[]>(entrants.map(({ name }) => [name, []]));
  for (let count = 0; count < warmUp + rounds; count++) {
    for (const { name, subject, shape, steps } of entrants) {
      const round = await subject.round(shape, steps);
      if (count >= warmUp) counted.get(name)?.push(round);
    }
  }
  return Object.fromEntries([...counted].map(([name, all]) => [name, figure(all)]));
}

export function figure(rounds: readonly Round[]): Figure {
  const of = (name: keyof Round) => spread(rounds.flatMap((round) => round[name] ?? []));
  const timed = rounds.some(({ p50Micros }) => p50Micros !== undefined);
  return {
    ...of("perSecond"),
    cpuPercent: of("cpuPercent"),
    ...(timed ? { p50Micros: of("p50Micros"), p99Micros: of("p99Micros") } : {}),
  };
}

export function spread(rounds: readonly number[]): Spread {
  return { median: median(rounds), min: Math.min(...rounds), max: Math.max(...rounds), rounds };
}

/** The median of the ratios of rounds that ran next to one another: the machine's mood cancels out. */
export function ratio(a: Spread | undefined, b: Spread | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  return median(a.rounds.map((value, index) => value / (b.rounds[index] ?? Number.NaN)));
}

export function median(values: readonly number[]): number {
  const ascending = [...values].sort((x, y) => x - y);
  const middle = ascending.length >> 1;
  const upper = ascending[middle] ?? Number.NaN;
  return ascending.length % 2 === 1 ? upper : (upper + (ascending[middle - 1] ?? Number.NaN)) / 2;
}

/** The smallest value that this many percent of all do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const ascending = [...values].sort((x, y) => x - y);
  return ascending[Math.max(0, Math.ceil((percent / 100) * ascending.length) - 1)] ?? Number.NaN;
}

/** A shape by several subjects, as far as they are there: name → steps. Their figures may come under another name. */
export function entrants(
  subjects: Readonly<Record<string, Subject>>,
  shape: string,
  steps: Readonly<Record<string, number>>,
  as?: string,
): readonly Entrant[] {
  return Object.entries(steps).flatMap(([name, count]) => {
    const subject = subjects[name];
    return subject === undefined ? [] : [{ name: as ?? name, subject, shape, steps: count }];
  });
}

/** The results that there are. */
export function known(results: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(results).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
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
