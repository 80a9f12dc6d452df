import { setImmediate as nextRound, setTimeout as pause } from "node:timers/promises";
import type { ClusterFacts } from "../cluster-facts.ts";
import type { ClusterRows } from "../view/cluster-rows.ts";
import { bodyOf, type JsonBody } from "./json-body.ts";

/** Steps of a document that are made in one go. A step is about a row, some 15 microseconds when it is made anew. */
export const sliceStepsMax = 32;
/** Characters of one piece of the answer, and after which a slice ends before its steps do. */
const pieceLength = 64 * 1024;
/** How much of the thread's time rendering may take while anybody waits for it. */
const threadShareMax = 0.1;
/** How long a text is kept for others who ask while nothing changes, in milliseconds. */
const keptMs = 5_000;
/** Texts that are kept. The oldest makes room. */
const keptMax = 16;

/**
 * A JSON text about the cluster in small steps. The first step takes down which rows there are, so that the rest is
 * about one moment although the cluster goes on.
 */
export type Document = (facts: ClusterFacts) => Generator<string, void>;

type Begun = { readonly rows: ClusterRows; readonly seq: number; readonly body: Promise<JsonBody> };
type Waiting = { readonly document: Document } & PromiseWithResolvers<JsonBody | undefined>;

export type RendererOptions = {
  /** Undefined while there is nothing to tell. */
  readonly facts: () => ClusterFacts | undefined;
  /** The number of the last change in the rows. */
  readonly seq: () => number;
};

/**
 * Makes large answers without holding up the thread: in slices with the event loop between them, one text at a time,
 * and one for all who want the same. Nobody is given a picture that is older than the request:
 *
 *     asked for ──► is what has been begun still how the cluster is? ──yes──► its text, now or when it is ready
 *                                 └──no──► the next text, begun when its turn comes, also for all who ask until then
 */
export class Renderer {
  readonly #options: RendererOptions;
  /** What was begun last under each name. */
  readonly #begun = new Map<string, Begun>();
  /** As many as there are requests, which the server bounds. */
  readonly #waiting = new Map<string, Waiting>();
  #busy = false;

  constructor(options: RendererOptions) {
    this.#options = options;
  }

  /** The text of a document; undefined when nothing is known any more. `name`: requests of the same name want the same. */
  body(name: string, document: Document): Promise<JsonBody | undefined> {
    const facts = this.#options.facts();
    const begun = this.#begun.get(name);
    if (begun !== undefined && begun.rows === facts?.rows && begun.seq === this.#options.seq()) return begun.body;
    const waiting = this.#waiting.get(name) ?? { document, ...Promise.withResolvers<JsonBody | undefined>() };
    this.#waiting.set(name, waiting);
    if (!this.#busy) void this.#work();
    return waiting.promise;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      await nextRound();
      const [name, { document, resolve }] = next;
      this.#waiting.delete(name);
      const facts = this.#options.facts();
      if (facts === undefined) {
        resolve(undefined);
        continue;
      }
      const body = this.#inSlices(document(facts));
      resolve(body);
      this.#keep(name, { rows: facts.rows, seq: this.#options.seq(), body });
      await Promise.allSettled([body]);
    }
    this.#busy = false;
  }

  #next(): readonly [string, Waiting] | undefined {
    const [next] = this.#waiting;
    return next;
  }

  /** The first slice is made before this returns. */
  async #inSlices(steps: Generator<string, void>): Promise<JsonBody> {
    const pieces: Buffer[] = [];
    let piece = "";
    let owedMs = 0;
    for (;;) {
      const begunMs = performance.now();
      const { text, over } = slice(steps);
      piece += text;
      if (piece.length >= pieceLength || (over && piece !== "")) {
        pieces.push(Buffer.from(piece));
        piece = "";
      }
      if (over) return bodyOf(pieces);
      owedMs += ((performance.now() - begunMs) * (1 - threadShareMax)) / threadShareMax;
      if (owedMs >= 1) {
        await pause(Math.floor(owedMs));
        owedMs -= Math.floor(owedMs);
      }
      await nextRound();
    }
  }

  #keep(name: string, begun: Begun): void {
    this.#begun.delete(name);
    this.#begun.set(name, begun);
    const [oldest] = this.#begun.keys();
    if (oldest !== undefined && this.#begun.size > keptMax) this.#begun.delete(oldest);
    const forget = () => {
      if (this.#begun.get(name) === begun) this.#begun.delete(name);
    };
    const forgetLater = () => setTimeout(forget, keptMs).unref();
    void begun.body.then(forgetLater, forget);
  }
}

function slice(steps: Generator<string, void>): { readonly text: string; readonly over: boolean } {
  let text = "";
  for (let count = 0; count < sliceStepsMax && text.length < pieceLength; count++) {
    const step = steps.next();
    if (step.done === true) return { text, over: true };
    text += step.value;
  }
  return { text, over: false };
}

/** Steps that make a JSON list. */
export function* list<T>(items: Iterable<T>, textOf: (item: T) => string): Generator<string, void> {
  let separator = "[";
  for (const item of items) {
    yield separator + textOf(item);
    separator = ",";
  }
  yield separator === "[" ? "[]" : "]";
}

/** The items, with a step after every few: for work of less than a microsecond each. */
export function* counted<T>(items: Iterable<T>, each: (item: T) => void): Generator<string, void> {
  let count = 0;
  for (const item of items) {
    each(item);
    if (++count % sliceStepsMax === 0) yield "";
  }
}
