import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import type { OfferCounts } from "../frameworks/held-offers.ts";
import type { WordcountResult } from "../frameworks/wordcount/wordcount.ts";
import type { WorkloadProgress } from "../frameworks/workload-scheduler.ts";
import { CliFailure } from "./failure.ts";
import { startPrivate, wordcountOptions } from "./framework.ts";
import { endingFailure, FrameworkProcess } from "./framework-process.ts";
import { aborted, interruption } from "./interrupt.ts";
import { LocalCluster } from "./local-cluster.ts";
import { progressText } from "./progress.ts";
import { dominantShare, resourcesHeld } from "./shares.ts";

export type DemoOptions = { readonly input: readonly string[]; readonly commands: number };

const slaves = 3;
const slaveResources = { cpus: 2_000, mem: 2_048_000 };
/** Time between two pictures of the cluster, in milliseconds: on a terminal, and as plain lines. */
const pictureMs = 120;
const plainPictureMs = 1_000;
const topWords = 10;

type Shown = { offers: OfferCounts; details: WorkloadProgress | undefined; maxShare: number; over: boolean };
type Name = "wordcount" | "batch";

/** The demonstration: a cluster, and two frameworks that share it to do real work on real files. */
export async function demo(options: DemoOptions): Promise<void> {
  const began = performance.now();
  const input = options.input.length > 0 ? options.input : defaultInput();
  const cleanups: (() => void)[] = [];
  const interrupted = interruption();
  const cluster = new LocalCluster({ node: "demo", logLevel: "error", prettyLog: true });
  const picture = new Picture(cluster);
  try {
    say(`booting a cluster: 1 master, ${slaves} slaves with 2 cpus and 2 GiB each, in one process`);
    await startPrivate(
      cluster,
      slaves,
      { timeouts: "default", resources: slaveResources, door: "bridge" },
      interrupted,
    );
    say(`ready after ${Math.round(performance.now() - began)} ms; two frameworks share it now`);
    const output = join(process.cwd(), "counts.tsv");
    const wordcount = wordcountOptions({ input, output, chunkBytes: 2 * 1_048_576 }, (remove) => cleanups.push(remove));
    const frameworks = {
      wordcount: start(cluster, picture, "wordcount", wordcount),
      batch: start(cluster, picture, "batch", {
        commands: shellCommands(options.commands),
        resources: { cpus: 500, mem: 64_000 },
      }),
    };
    void aborted(interrupted).then(() => Promise.all(Object.values(frameworks).map((framework) => framework.stop())));
    picture.start();
    const ends = await Promise.all(Object.values(frameworks).map(({ ended }) => ended));
    picture.stop();
    for (const end of ends) {
      const failure = endingFailure(end);
      if (failure !== undefined) throw failure;
    }
    const [counted] = ends;
    if (counted?.ending.kind === "done") conclude(counted.ending.result as unknown as WordcountResult, picture, began);
  } finally {
    picture.stop();
    await cluster.close();
    for (const cleanup of cleanups) cleanup();
  }
}

function start(cluster: LocalCluster, picture: Picture, name: Name, options: never | object): FrameworkProcess {
  const framework = new FrameworkProcess(cluster, {
    behaviour: name,
    master: "thread:master",
    options: options as never,
    events: { progress: (offers, details) => picture.update(name, offers, details as unknown as WorkloadProgress) },
  });
  void framework.ended.then(({ offers }) => picture.over(name, offers));
  return framework;
}

/** Text that every checkout and installation has: the packages' own sources and manuals. */
function defaultInput(): readonly string[] {
  for (const place of ["../../node_modules", "../../.."]) {
    const directory = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(directory)) return [join(directory, "**/*.{md,ts,js}")];
  }
  throw new CliFailure("there is nothing to count here: name files with --input", { exit: "usage" });
}

/** Commands that take a moment each, and do something that can be seen in their sandboxes. */
function shellCommands(count: number): readonly { readonly command: string; readonly name: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `job ${index + 1}`,
    command: `echo "job ${index + 1} of pid $$ in $MESOS_SANDBOX"; sleep 0.${3 + (index % 5)}`,
  }));
}

/** How the two frameworks share the cluster, as it happens. */
class Picture {
  readonly #cluster: LocalCluster;
  readonly shown: Record<Name, Shown> = { wordcount: blank(), batch: blank() };
  #timer: NodeJS.Timeout | undefined;
  #lines = 0;

  constructor(cluster: LocalCluster) {
    this.#cluster = cluster;
  }

  update(name: Name, offers: OfferCounts, details: WorkloadProgress): void {
    Object.assign(this.shown[name], { offers, details });
  }

  over(name: Name, offers: OfferCounts): void {
    Object.assign(this.shown[name], { offers, over: true });
  }

  start(): void {
    this.#timer = setInterval(() => this.#draw(), process.stderr.isTTY ? pictureMs : plainPictureMs);
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#draw();
  }

  #draw(): void {
    const lines = (Object.keys(this.shown) as Name[]).map((name) => this.#line(name));
    if (process.stderr.isTTY && this.#lines > 0) process.stderr.write(`\x1b[${this.#lines}A`);
    const clear = process.stderr.isTTY ? "\x1b[2K" : "";
    for (const line of lines) process.stderr.write(`${clear}${line}\n`);
    this.#lines = lines.length;
  }

  #line(name: Name): string {
    const shown = this.shown[name];
    const { rows } = this.#cluster.view;
    const row = [...rows.frameworks.values()].find(({ info }) => info.name === name);
    const totals = [...rows.slaves.values()].map(({ info }) => info.resources);
    const share = row === undefined || shown.over ? 0 : dominantShare(resourcesHeld(row), totals);
    shown.maxShare = Math.max(shown.maxShare, share);
    const width = process.stderr.isTTY ? Math.min(24, Math.max(8, (process.stderr.columns ?? 80) - 72)) : 12;
    const bar = "█".repeat(Math.round(share * width)).padEnd(width, "░");
    const label = styleText("bold", name.padEnd(10), { stream: process.stderr });
    const details = shown.details === undefined ? "starting" : progressText(shown.offers, shown.details as never);
    return `${label} ${bar} ${String(Math.round(share * 100)).padStart(3)}%  ${shown.over ? "finished: " : ""}${details}`;
  }
}

function blank(): Shown {
  return { offers: { seen: 0, accepted: 0, declined: 0, rescinded: 0 }, details: undefined, maxShare: 0, over: false };
}

function conclude(result: WordcountResult, picture: Picture, began: number): void {
  const { words, distinct, files, bytes, top } = result;
  const lines = [
    "",
    `${words} words, ${distinct} different, in ${files} files (${(bytes / 1e6).toFixed(1)} MB). The most frequent:`,
    ...top.slice(0, topWords).map(({ word, count }) => `  ${String(count).padStart(9)}  ${word}`),
    "",
    "What each framework got:",
    ...(Object.entries(picture.shown) as [Name, Shown][]).map(([name, { details, offers, maxShare }]) => {
      const done = details?.tasks.finished ?? 0;
      const spread = details?.slaves
        .map(({ finished }) => Object.values(finished).reduce((sum, n) => sum + n, 0))
        .join(" + ");
      return [
        `  ${name.padEnd(10)} ${done} tasks (${spread} on the slaves), up to ${Math.round(maxShare * 100)}% of the cluster`,
        `  ${"".padEnd(10)} offers: ${offers.seen} seen, ${offers.accepted} used, ${offers.declined} declined`,
      ].join("\n");
    }),
    "",
    `All of it took ${((performance.now() - began) / 1000).toFixed(1)} s. The counts are in ${result.output}.`,
    "Try next:",
    "  npx mesolite dev                      a cluster that stays, with an HTTP API",
    "  npx mesolite run -- echo hello        a command as a task of it",
    "  npx mesolite sim --seeds 50           fifty clusters under faults, in virtual time",
    "",
  ];
  process.stdout.write(lines.join("\n"));
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
