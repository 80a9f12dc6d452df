import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { Prng } from "../../../../src/base/prng.ts";
import type { CollectResult } from "../../../../src/frameworks/wordcount/steps.ts";
import { inputFiles } from "../../../../src/frameworks/wordcount/tasks/plan.ts";
import { collect, map, plan, reduce } from "../../../../src/frameworks/wordcount/tasks/wordcount.ts";

const root = mkdtempSync(join(tmpdir(), "mesolite-wordcount-"));
let folder = root;
let runs = 0;
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  folder = join(root, String(++runs));
  mkdirSync(folder);
});

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Runs all steps here, and answers with the output file and what collect returned. */
function count(
  inputs: readonly string[],
  chunkBytes: number,
  partitions = 3,
): { output: string; result: CollectResult; chunks: number } {
  const directory = mkdtempSync(join(folder, "job-"));
  const job = { directory, partitions };
  const output = join(folder, "out.tsv");
  const as = (taskId: string) => ({ taskId, slaveId: "s1", directory: folder });
  const { chunks } = plan({ job, inputs, output, chunkBytes }, as("plan.1"));
  for (let index = 0; index < chunks; index++) map({ job, index }, as(`map-${index}.1`));
  // A second attempt changes nothing.
  map({ job, index: 0 }, as("map-0.2"));
  for (let index = 0; index < partitions; index++) reduce({ job, index, chunks }, as(`reduce-${index}.1`));
  return { output, result: collect({ job, output }, as("collect.1")), chunks };
}

/** The same by the tools of the system. */
function byPipeline(paths: readonly string[]): string {
  const script = `grep -aohE '[A-Za-z]+' "$@" | tr A-Z a-z | sort | uniq -c | sort -k1,1nr -k2,2 | awk '{print $2 "\\t" $1}'`;
  const environment = { ...process.env, LC_ALL: "C" };
  return execFileSync("sh", ["-c", script, "sh", ...paths], {
    env: environment,
    maxBuffer: 2 ** 28,
    encoding: "latin1",
  });
}

function expectSame(paths: readonly string[], ...chunkSizes: readonly number[]): void {
  const expected = byPipeline(paths);
  for (const chunkBytes of chunkSizes) {
    expect(readFileSync(count(paths, chunkBytes).output, "latin1")).toBe(expected);
  }
}

describe("the steps of a word count", () => {
  const awkward: Readonly<Record<string, string | Uint8Array>> = {
    "no final newline": "to be or not\nto Be",
    "NUL bytes": "nul\0byte \0\0 between\0words nul",
    CRLF: "carriage return\r\nline feed\r\ncarriage\r\n",
    "bytes that are no UTF-8": Uint8Array.from([0x61, 0xff, 0x62, 0xc3, 0x28, 0x41, 0x80, 0xfe, 0x61]),
    "letters beyond ASCII": "naïve Straße übermut déjà vu",
    "one long word": "x".repeat(100),
    "digits and underscores": "a1b2_c3 snake_case x86 a a b",
  };
  for (const [what, content] of Object.entries(awkward)) {
    test(`count as grep, tr, sort and uniq do: ${what}`, () => {
      const path = file("in.txt", content);
      expectSame([path], 1, 3, 1_000_000);
    });
  }

  test("words never reach from one file into the next, and empty files do no harm", () => {
    const paths = [file("a.txt", "left"), file("b.txt", ""), file("c.txt", "right left")];
    expectSame(paths, 1, 5, 100);
  });

  test("an input without words gives an empty output", () => {
    const { output, result } = count([file("a.txt", "1 2 3\n"), file("b.txt", "")], 2);
    expect(readFileSync(output, "utf8")).toBe("");
    expect(result).toEqual({ words: 0, distinct: 0, top: [] });
  });

  test("a file of 20 MB gives the same as the pipeline, to the byte", () => {
    expectSame([file("big.txt", bigText(20_000_000))], 8 * 1_048_576);
  });

  test("the totals and the twenty most frequent words come back, long ones cut", () => {
    const words = Array.from({ length: 30 }, (_, index) => "x".repeat(index * 5 + 1));
    const { result } = count([file("a.txt", `${words.join(" ")} yes yes`)], 64);
    expect(result).toMatchObject({ words: 32, distinct: 31 });
    expect(result.top.length).toBe(20);
    expect(result.top[0]).toEqual({ word: "yes", count: 2 });
    expect(Math.max(...result.top.map(({ word }) => word.length))).toBeLessThanOrEqual(100);
  });

  test("every step leaves a record of who did it", () => {
    count([file("a.txt", "one two three four")], 5);
    const job = readdirSync(folder).find((name) => name.startsWith("job-")) ?? "";
    const names = readdirSync(join(folder, job, "records")).sort();
    expect(names).toContain("map-0.2.json");
    expect(names.length).toBe(1 + 5 + 3 + 1);
    expect(JSON.parse(readFileSync(join(folder, job, "records", "map-1.1.json"), "utf8"))).toEqual({
      step: "map",
      index: 1,
      taskId: "map-1.1",
      slaveId: "s1",
      pid: process.pid,
      threadId,
    });
    expect(readdirSync(join(folder, job, "counts")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("inputs", () => {
  test("patterns with stars and braces name regular files, sorted and once each", () => {
    for (const name of ["b.txt", "a.txt", "c.md", "d.log", "odd[1].txt"]) file(name, name);
    mkdirSync(join(folder, "sub.txt"));
    const found = inputFiles([join(folder, "*.{txt,md}"), join(folder, "a.txt"), join(folder, "odd[1].txt")]);
    expect(found.map(({ path }) => path.slice(folder.length + 1))).toEqual(["a.txt", "b.txt", "c.md", "odd[1].txt"]);
  });

  test("what matches nothing, is a folder, or cannot be read is an error that names it", () => {
    expect(() => inputFiles([join(folder, "*.none")])).toThrow(`no file matches ${folder}/*.none`);
    expect(() => inputFiles([folder])).toThrow(`${folder} is not a regular file: name files, for example ${folder}/*`);
    symlinkSync(join(folder, "nowhere"), join(folder, "dangling.txt"));
    expect(() => inputFiles([join(folder, "*.txt")])).toThrow(`${folder}/dangling.txt cannot be read: ENOENT`);
  });

  test("an output that cannot be written is refused before the work", () => {
    const job = { directory: folder, partitions: 1 };
    const context = { taskId: "plan.1", slaveId: "s1", directory: folder };
    const inputs = [file("a.txt", "a")];
    expect(() => plan({ job, inputs, output: folder, chunkBytes: 1 }, context)).toThrow("is not a regular file");
    const output = join(folder, "a.txt", "out");
    expect(() => plan({ job, inputs, output, chunkBytes: 1 }, context)).toThrow(
      `the output ${output} cannot be written`,
    );
  });

  test("small files share a chunk and big ones are cut", () => {
    const inputs = [
      file("a", "x".repeat(10)),
      file("b", "x".repeat(4)),
      file("c", "x".repeat(3)),
      file("d", "x".repeat(3)),
    ];
    expect(count(inputs, 4).chunks).toBe(6);
    expect(count(inputs, 100).chunks).toBe(1);
  });
});

/** Words of which few are frequent and many are rare, in mixed case, with punctuation. */
function bigText(bytes: number): Uint8Array {
  const random = new Prng("big text");
  const names = Array.from({ length: 5_000 }, () =>
    Array.from({ length: 1 + random.int(10) }, () =>
      String.fromCharCode((random.chance(0.1) ? 65 : 97) + random.int(26)),
    ).join(""),
  );
  const text = Buffer.alloc(bytes, "\n");
  for (let at = 0; at < bytes - 20; ) {
    const name = names[Math.floor(names.length * random.unit() ** 3)] ?? "";
    at += text.write(`${name}${random.chance(0.1) ? ", " : " "}`, at, "latin1");
  }
  return text;
}
