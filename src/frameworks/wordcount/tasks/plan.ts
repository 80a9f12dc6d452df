import { accessSync, constants, existsSync, globSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { PlanArgs, PlanResult, StepContext } from "../steps.ts";
import { jobDirectory, writeWhole } from "./job-directory.ts";
import type { Range } from "./ranges.ts";

type InputFile = { readonly path: string; readonly bytes: number };

/** More would make more task than work. */
const chunksMax = 100_000;

/** Finds the input files and divides them into chunks, one for each map; at least one. */
export function planChunks(args: PlanArgs, context: StepContext): PlanResult {
  checkOutput(args.output);
  const files = inputFiles(args.inputs);
  const chunks = chunksOf(files, args.chunkBytes);
  if (chunks.length > chunksMax) {
    throw new Error(
      `${chunks.length} chunks of ${args.chunkBytes} bytes are more than ${chunksMax}: make the chunks larger`,
    );
  }
  for (const [index, ranges] of chunks.entries()) {
    const path = jobDirectory.chunk(args.job.directory, index);
    writeWhole(path, context.taskId, [Buffer.from(JSON.stringify(ranges))]);
  }
  return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), chunks: chunks.length };
}

/** Every regular file that a path or pattern names, once, in byte order of the paths. */
export function inputFiles(inputs: readonly string[]): readonly InputFile[] {
  const paths = new Set(inputs.flatMap(pathsOf).map((path) => resolve(path)));
  return [...paths].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map(readable);
}

/** Big files are cut, small ones share a chunk; a file that fits into a chunk is not cut. */
export function chunksOf(files: readonly InputFile[], chunkBytes: number): readonly (readonly Range[])[] {
  const chunks: Range[][] = [[]];
  let room = chunkBytes;
  for (const { path, bytes } of files) {
    for (let start = 0; start < bytes; ) {
      const rest = bytes - start;
      if (room < Math.min(rest, chunkBytes)) {
        chunks.push([]);
        room = chunkBytes;
      }
      const end = start + Math.min(rest, room);
      chunks.at(-1)?.push({ path, start, end });
      room -= end - start;
      start = end;
    }
  }
  return chunks;
}

/** A path that exists is meant literally, whatever characters it has. */
function pathsOf(input: string): readonly string[] {
  if (existsSync(input)) {
    if (statSync(input).isFile()) return [input];
    throw new Error(`${input} is not a regular file: name files, for example ${input}/*`);
  }
  const matches = globSync(input, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => resolve(entry.parentPath, entry.name));
  if (matches.length === 0) throw new Error(`no file matches ${input}`);
  return matches;
}

function readable(path: string): InputFile {
  try {
    accessSync(path, constants.R_OK);
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error("it is not a regular file");
    return { path, bytes: stat.size };
  } catch (error) {
    throw new Error(`${path} cannot be read: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function checkOutput(output: string): void {
  try {
    mkdirSync(dirname(output), { recursive: true });
    accessSync(dirname(output), constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Error(`the output ${output} cannot be written: ${reason}`, { cause: error });
  }
  if (existsSync(output) && !statSync(output).isFile()) throw new Error(`the output ${output} is not a regular file`);
}
