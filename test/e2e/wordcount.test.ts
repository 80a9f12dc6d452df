import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Mesolite, mesolite, startMaster, startSlave, temporary, until } from "./kit.ts";

type Tally = { readonly finished: Readonly<Record<string, number>> };
type Report = {
  readonly result: {
    readonly rerun: number;
    readonly lostSlaves: readonly string[];
    readonly maps: number;
    readonly slaves: readonly (Tally & { readonly slaveId: string })[];
    readonly workers: readonly (Tally & { readonly slaveId: string; readonly worker: string })[];
  };
};
type TaskRecord = { step: string; index: number; taskId: string; slaveId: string; pid: number; threadId: number };

/** The same count by other people's programs. */
function reference(directory: string, pattern: string): string {
  const pipeline = `LC_ALL=C grep -aohE '[A-Za-z]+' ${pattern} | tr A-Z a-z | LC_ALL=C sort | uniq -c | LC_ALL=C sort -k1,1nr -k2,2`;
  const counted = execFileSync("sh", ["-c", pipeline], { cwd: directory, encoding: "latin1", maxBuffer: 1 << 28 });
  return counted.replace(/^ *(\d+) (.*)$/gm, "$2\t$1");
}

function writeInputs(directory: string): void {
  const sources = readdirSync(new URL("../../src/cli", import.meta.url));
  const text = sources
    .map((name) => readFileSync(new URL(`../../src/cli/${name}`, import.meta.url), "utf8"))
    .join("\n");
  writeFileSync(join(directory, "plain.txt"), `${text}\n`.repeat(8));
  writeFileSync(join(directory, "no-final-newline.txt"), "the last Word");
  writeFileSync(join(directory, "empty.txt"), "");
  writeFileSync(
    join(directory, "binary.txt"),
    Buffer.from("one\0two\0\0THREE\xff\xfefour\r\nfive-six_seven8nine", "latin1"),
  );
  writeFileSync(join(directory, "long.txt"), "x".repeat(200_000));
}

function records(directory: string): readonly TaskRecord[] {
  const folder = join(directory, "records");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as TaskRecord);
}

function tally(
  rows: readonly TaskRecord[],
  keyOf: (row: TaskRecord) => string,
): Record<string, Record<string, number>> {
  const counted: Record<string, Record<string, number>> = {};
  for (const row of rows) {
    const steps = counted[keyOf(row)] ?? {};
    counted[keyOf(row)] = { ...steps, [row.step]: (steps[row.step] ?? 0) + 1 };
  }
  return counted;
}

describe("a word count over slaves on threads of one process", () => {
  test.each([1, 3, 8])("with %i slaves is the pipeline's, byte for byte", async (slaves) => {
    using home = temporary();
    writeInputs(home.path);
    const job = join(home.path, "job");
    const flags = [
      "--input",
      "*.txt",
      "--output",
      "counts.tsv",
      "--chunk-bytes",
      "40000",
      "--directory",
      job,
      "--json",
    ];
    const run = await mesolite(["framework", "run", "wordcount", "--slaves", String(slaves), ...flags], home.path);
    expect(run.stderr).toBe("");
    expect(run.code).toBe(0);
    expect(readFileSync(join(home.path, "counts.tsv"), "latin1")).toBe(reference(home.path, "*.txt"));
    const { result } = JSON.parse(run.stdout) as Report;
    const told = records(job);
    const bySlave = Object.fromEntries(result.slaves.map(({ slaveId, finished }) => [slaveId, finished]));
    const byWorker = Object.fromEntries(
      result.workers.map(({ slaveId, worker, finished }) => [`${slaveId} ${worker}`, finished]),
    );
    expect(bySlave).toEqual(tally(told, ({ slaveId }) => slaveId));
    expect(byWorker).toEqual(tally(told, ({ slaveId, pid, threadId }) => `${slaveId} ${pid}/${threadId}`));
    expect(Object.keys(bySlave)).toHaveLength(slaves);
  });
});

test("a slave process is killed in the middle of the map tasks: the result is the same and the loss is told", async () => {
  using home = temporary();
  writeInputs(home.path);
  const files = 40;
  const text = readFileSync(join(home.path, "plain.txt")).toString("latin1").repeat(8);
  for (let index = 0; index < files; index++) writeFileSync(join(home.path, `part-${index}.in`), text);
  const expected = reference(home.path, "part-0.in").replace(/\d+$/gm, (count) => String(Number(count) * files));

  const { process: master, address } = await startMaster(home.path);
  await using _master = master;
  const resources = "cpus:2;mem:2048";
  await using first = await startSlave(home.path, address, "first", resources);
  await using second = await startSlave(home.path, address, "second", resources);
  const victimId = (await first.printed(/registered as ([\w-]+)/))[1];
  const job = join(home.path, "job");
  const flags = ["--input", "*.in", "--output", "counts.tsv", "--chunk-bytes", String(text.length), "--directory", job];
  await using run = new Mesolite(["framework", "run", "wordcount", "--master", address, ...flags, "--json"], home.path);
  await until(async () => {
    const done = (await finishedMaps(job)) >= files / 10;
    return done && (await runningOn(address, victimId)) > 0 ? true : undefined;
  });
  first.kill("SIGKILL");
  const killedAt = performance.now();
  const { code, stdout, stderr } = await run.finished;
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(readFileSync(join(home.path, "counts.tsv"), "latin1")).toBe(expected);
  const { result } = JSON.parse(stdout) as Report;
  expect(result.lostSlaves).toEqual([victimId]);
  expect(result.rerun).toBeGreaterThan(0);
  expect(performance.now() - killedAt).toBeLessThan(15_000);
  expect(second.child.exitCode).toBeNull();
});

async function finishedMaps(job: string): Promise<number> {
  try {
    return records(job).filter(({ step }) => step === "map").length;
  } catch {
    return 0;
  }
}

async function runningOn(master: string, slaveId: string | undefined): Promise<number> {
  const response = await fetch(`http://${master}/state`);
  const state = (await response.json()) as {
    frameworks: { tasks: { slave_id: string; state: string }[] }[];
  };
  const tasks = state.frameworks.flatMap((framework) => framework.tasks);
  return tasks.filter((task) => task.slave_id === slaveId && task.state === "TASK_RUNNING").length;
}
