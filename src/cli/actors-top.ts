import { setTimeout as pause } from "node:timers/promises";
import type { Credential } from "../http/guards/credentials-file.ts";
import { fetchActors } from "../http/master-client.ts";
import { type Picture, type ProcessLook, picture, type Sorting } from "./actors-picture.ts";
import { screenText } from "./actors-screen.ts";
import { CliFailure } from "./failure.ts";
import { credentialFrom } from "./http-access.ts";
import { interruption } from "./interrupt.ts";

export type TopOptions = {
  readonly master: string;
  /** File of what to prove oneself with. */
  readonly credential?: string;
  readonly sort: Sorting;
  /** How many actors are listed. */
  readonly rows: number;
  /** Between two pictures, in milliseconds. */
  readonly interval: number;
  readonly once: boolean;
  readonly output: "table" | "json";
};

/** The first picture of many is there after so long, in milliseconds, however long the interval is. */
const firstAfterMs = 1_000;

/** Shows what the threads and actors of a process do, again and again until Ctrl-C, or once. */
export async function actorsTop(options: TopOptions): Promise<void> {
  const ended = AbortSignal.any([interruption(), readerGone()]);
  const credential = credentialFrom(options.credential);
  let before = await look(options.master, ended, credential);
  let waitMs = options.once ? options.interval : Math.min(firstAfterMs, options.interval);
  for (let drawn = 0; before !== undefined; drawn++) {
    await pause(waitMs, undefined, { signal: ended }).catch(() => {});
    const after = await look(options.master, ended, credential);
    if (after === undefined) return;
    draw(picture(before, after, options.sort, options.rows), options, drawn);
    if (options.once) return;
    before = after;
    waitMs = options.interval;
  }
}

/** Aborted when nobody reads the output any more, as `| head` does not. */
function readerGone(): AbortSignal {
  const controller = new AbortController();
  process.stdout.on("error", () => controller.abort());
  return controller.signal;
}

/** Undefined once it has been ended. */
async function look(
  master: string,
  ended: AbortSignal,
  credential: Credential | undefined,
): Promise<ProcessLook | undefined> {
  if (ended.aborted) return undefined;
  const answer = await fetchActors(master, ended, credential);
  if (ended.aborted) return undefined;
  if (!answer.ok) {
    const exits = {
      "no-process": "noMaster",
      "not-found": "notFound",
      refused: "denied",
      "bad-answer": "failure",
    } as const;
    throw new CliFailure(answer.error.message, { exit: exits[answer.error.code] });
  }
  if (isLook(answer.value)) return answer.value;
  throw new CliFailure(`${master} does not tell about its actors as a master or slave does`, { exit: "failure" });
}

function isLook(answer: unknown): answer is ProcessLook {
  return typeof answer === "object" && answer !== null && "threads" in answer && Array.isArray(answer.threads);
}

function draw(shown: Picture, { master, sort, output, interval, once }: TopOptions, drawn: number): void {
  if (output === "json") {
    process.stdout.write(`${JSON.stringify(shown)}\n`);
    return;
  }
  const every = once ? `over ${interval / 1_000} s` : `every ${interval / 1_000} s`;
  const title = `${master}  ${new Date().toTimeString().slice(0, 8)}  by ${sort}, ${every}`;
  if (!process.stdout.isTTY || once) {
    process.stdout.write(`${drawn === 0 ? "" : "\n"}${screenText(title, shown)}\n`);
    return;
  }
  const { columns, rows: lines } = process.stdout;
  const text = screenText(title, shown, { columns, lines });
  // Over the last picture, each line cleared to its end: a screen that is wiped first flickers.
  process.stdout.write(`${drawn === 0 ? "\x1b[2J" : ""}\x1b[H${text.replaceAll("\n", "\x1b[K\n")}\x1b[K\n\x1b[J`);
}
