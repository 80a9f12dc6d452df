import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { WireValue } from "../actors/wire-value.ts";
import type { LogLevel } from "../actors/world.ts";
import { type BatchRow, batchFault } from "../frameworks/batch/batch.ts";
import { type WordcountOptions, wordcountFault } from "../frameworks/wordcount/wordcount.ts";
import type { Resources } from "../protocol/resources.ts";
import { type CredentialFiles, credentialFiles } from "./credentials.ts";
import { devSlaves, registered, threadBackoff } from "./dev.ts";
import { CliFailure } from "./failure.ts";
import { endingFailure, type FrameworkEnd, FrameworkProcess, type FrameworkRun } from "./framework-process.ts";
import { credentialFrom } from "./http-access.ts";
import { aborted, interruption } from "./interrupt.ts";
import { LocalCluster } from "./local-cluster.ts";
import { nodeName } from "./node-name.ts";
import { type DoorName, doorPlan, timeoutsOf } from "./options.ts";
import { Progress } from "./progress.ts";
import { requireMaster } from "./run.ts";

export type FrameworkOptions = CredentialFiles & {
  readonly master: string;
  readonly door: DoorName;
  /** File of what to prove oneself with by HTTP. */
  readonly credential?: string;
  /** Boots a private cluster of so many slaves in this process instead. */
  readonly slaves?: number;
  readonly resources: Resources;
  readonly input: readonly string[];
  readonly output?: string;
  readonly directory?: string;
  readonly chunkBytes?: number;
  readonly reduces?: number;
  readonly commands?: string;
  readonly json: boolean;
  readonly timeouts: string;
  readonly logLevel: LogLevel;
};

/** Runs a framework to its end: a bundled one by name, or a module with a scheduler by path. */
export async function frameworkRun(name: string, options: FrameworkOptions): Promise<void> {
  const cleanups: (() => void)[] = [];
  const plan = planOf(name, options, (cleanup) => cleanups.push(cleanup));
  const credential = credentialFrom(options.credential);
  if (options.slaves === undefined) await requireMaster(options.master, credential);
  const interrupted = interruption();
  const { logLevel } = options;
  const cluster = new LocalCluster({
    node: options.slaves === undefined ? nodeName("framework", options) : "private",
    logLevel,
    prettyLog: process.stderr.isTTY,
    ...credentialFiles(options),
  });
  const progress = new Progress(name, options.json);
  try {
    const master =
      options.slaves === undefined ? options.master : await startPrivate(cluster, options.slaves, options, interrupted);
    const rows: WireValue[] = [];
    const framework = new FrameworkProcess(cluster, {
      ...plan,
      master,
      credential,
      door: doorPlan(options.door, master, options.credential),
      events: {
        connection: (report) => progress.connection(report),
        progress: (offers, details) => progress.update(offers, details),
        record: (row) => rows.push(row),
      },
    });
    void aborted(interrupted).then(() => framework.stop());
    const end = await framework.ended;
    progress.end();
    conclude(name, end, rows, options.json);
  } finally {
    progress.end();
    await cluster.close();
    for (const cleanup of cleanups) cleanup();
  }
}

/** A master and slaves on threads of this process, with no ports but that of the door. Answers where the master is. */
export async function startPrivate(
  cluster: LocalCluster,
  slaves: number,
  { timeouts, resources, door }: Pick<FrameworkOptions, "timeouts" | "resources" | "door">,
  interrupted: AbortSignal,
): Promise<string> {
  const { master, slave } = timeoutsOf(timeouts);
  await Promise.all([
    cluster.startMaster({ config: master }),
    cluster.startSlaves({
      master: "thread:master",
      slaves: devSlaves(slaves, resources),
      config: { ...slave, registration: threadBackoff },
    }),
  ]);
  await registered(cluster, slaves, interrupted);
  if (door === "bridge") return "thread:master";
  const { port } = await cluster.openGateway({ port: 0 }, slaves);
  return `127.0.0.1:${port}`;
}

function planOf(
  name: string,
  options: FrameworkOptions,
  cleanup: (remove: () => void) => void,
): Pick<FrameworkRun, "behaviour" | "options"> {
  if (name === "wordcount") return { behaviour: name, options: wordcountOptions(options, cleanup) };
  if (name === "batch") return { behaviour: name, options: batchOptions(options) };
  const file = resolve(name);
  if (existsSync(file)) return { behaviour: file, options: null };
  throw new CliFailure(`there is no framework ${name}: write wordcount, batch, or the path of a module`, {
    exit: "usage",
  });
}

type WordcountFlags = Pick<FrameworkOptions, "input" | "output" | "directory" | "chunkBytes" | "reduces">;

/** The job directory is shared by path, so slaves of other hosts need one that they all see. */
export function wordcountOptions(flags: WordcountFlags, cleanup: (remove: () => void) => void): WordcountOptions {
  const { input, output, chunkBytes, reduces } = flags;
  if (output === undefined) throw new CliFailure("wordcount needs --output FILE", { exit: "usage" });
  const options: WordcountOptions = {
    inputs: input.map((pattern) => resolve(pattern)),
    output: resolve(output),
    directory: flags.directory === undefined ? temporaryDirectory(cleanup) : emptyDirectory(flags.directory),
    ...(chunkBytes === undefined ? {} : { chunkBytes }),
    ...(reduces === undefined ? {} : { reduces }),
  };
  const fault = wordcountFault(options);
  if (fault !== undefined) throw new CliFailure(fault, { exit: "usage" });
  return options;
}

function temporaryDirectory(cleanup: (remove: () => void) => void): string {
  const directory = mkdtempSync(join(tmpdir(), "mesolite-wordcount-"));
  cleanup(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function emptyDirectory(path: string): string {
  const directory = resolve(path);
  mkdirSync(directory, { recursive: true });
  if (readdirSync(directory).length === 0) return directory;
  throw new CliFailure(`--directory ${path} is not empty: name a new one`, { exit: "usage" });
}

/** A line, a command. Empty lines and lines that begin with # are left out. */
function batchOptions({ commands: file }: FrameworkOptions) {
  if (file === undefined) throw new CliFailure("batch needs --commands FILE, a command per line", { exit: "usage" });
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (cause) {
    throw new CliFailure(`cannot read --commands ${file}: ${(cause as Error).message}`, { exit: "failure", cause });
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const batch = { commands: lines.map((command) => ({ command })) };
  const fault = batchFault(batch);
  if (fault !== undefined) throw new CliFailure(`${fault} in ${file}`, { exit: "usage" });
  return batch;
}

function conclude(name: string, end: FrameworkEnd, rows: readonly WireValue[], json: boolean): void {
  const failure = endingFailure(end);
  if (failure !== undefined) throw failure;
  const result = end.ending.kind === "done" ? end.ending.result : null;
  if (json) process.stdout.write(`${JSON.stringify({ framework: name, offers: end.offers, result, rows })}\n`);
  else if (name === "wordcount") process.stdout.write(wordcountText(result as never));
  else if (name === "batch") process.stdout.write(batchText(rows as unknown as readonly BatchRow[]));
  else if (result !== null) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
}

type WordcountSummary = {
  readonly files: number;
  readonly bytes: number;
  readonly words: number;
  readonly distinct: number;
  readonly maps: number;
  readonly rerun: number;
  readonly output: string;
  readonly lostSlaves: readonly string[];
};

function wordcountText(result: WordcountSummary): string {
  const lost = result.lostSlaves.length === 0 ? "" : `, ${result.lostSlaves.length} slaves lost`;
  return [
    `${result.words} words, ${result.distinct} different, in ${result.files} files (${(result.bytes / 1e6).toFixed(1)} MB)`,
    `${result.maps} map tasks, ${result.rerun} run again${lost}`,
    `counts are in ${result.output}`,
    "",
  ].join("\n");
}

function batchText(rows: readonly BatchRow[]): string {
  const lines = rows.map(({ name, state, exit, hostname, pid, attempts }) => {
    const how = exit === undefined ? state : "status" in exit ? `exit ${exit.status}` : exit.signal;
    return `${how.padEnd(10)} ${hostname} pid ${pid ?? "-"}${attempts > 1 ? `, attempt ${attempts}` : ""}  ${name}`;
  });
  return `${lines.join("\n")}\n`;
}
