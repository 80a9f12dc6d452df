import { Packr } from "msgpackr";
import { unreachable } from "../../base/invariant.ts";
import type { AskFailure } from "../context.ts";
import type { DownReason } from "../spec.ts";
import type { WireBody, WireValue } from "../wire-value.ts";
import type { ItemTarget, LinkItem } from "./item.ts";
import type { KindTable } from "./kind-table.ts";
import { malformation } from "./malformation.ts";

/** A batch that this program did not write. Closes the link that brought it. */
export class MalformedBatch extends Error {
  override readonly name = "MalformedBatch";
}

export type Batch = {
  /** Position of the first item in the session; a gap is a bug and closes the link. */
  readonly firstSeq: number;
  /** Bytes that the sender has taken since its last batch. */
  readonly credit: number;
  readonly items: readonly LinkItem[];
};

// Copied, a few bytes that an actor keeps do not keep the frame they came in.
const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false, copyBuffers: true });

const tags = { tell: 0, ask: 1, reply: 2, askFailed: 3, watch: 4, unwatch: 5, down: 6 } as const;

/** Packs batches into exact-size arrays and back. One packing call serves the whole batch. */
export class Codec {
  readonly #kinds: KindTable;

  constructor(kinds: KindTable) {
    this.#kinds = kinds;
  }

  encode(batch: Batch): Uint8Array<ArrayBuffer> {
    const packed = packr.pack([batch.firstSeq, batch.credit, batch.items.map((item) => this.#pack(item))]);
    return new Uint8Array(packed);
  }

  /** `trusted`: the bytes were written by this same program, on another thread. */
  decode(bytes: Uint8Array, trusted = false): Batch {
    const fault = trusted ? undefined : malformation(bytes);
    if (fault !== undefined) throw new MalformedBatch(fault);
    const value = unpacked(bytes);
    if (!Array.isArray(value) || value.length !== 3) throw new MalformedBatch("a batch is an array of three");
    const [firstSeq, credit, items] = value as unknown[];
    if (!isCount(firstSeq) || !isCount(credit) || !Array.isArray(items)) {
      throw new MalformedBatch("a batch is a sequence number, a credit and a list of items");
    }
    return { firstSeq, credit, items: items.map((item) => this.#unpack(item)) };
  }

  /** The body as a receiver across a link would see it. */
  roundtrip(kind: string, body: WireBody): WireBody {
    const item: LinkItem = { type: "tell", to: { slot: 0, generation: 0 }, kind, body };
    const [copy] = this.decode(this.encode({ firstSeq: 0, credit: 0, items: [item] })).items;
    return copy?.type === "tell" ? copy.body : body;
  }

  #pack(item: LinkItem): WireValue[] {
    switch (item.type) {
      case "tell": {
        const [number, values] = this.#kinds.encode(item.kind, item.body);
        return [tags.tell, slotOrName(item.to), generationOf(item.to), number, values];
      }
      case "ask": {
        const { to, correlation, remainingMs } = item;
        const [number, values] = this.#kinds.encode(item.kind, item.body);
        return [tags.ask, slotOrName(to), generationOf(to), number, values, correlation, remainingMs];
      }
      case "reply":
        return [tags.reply, item.correlation, item.value];
      case "askFailed":
        return [tags.askFailed, item.correlation, item.code, item.outcome];
      case "watch":
        return [tags.watch, slotOrName(item.to), generationOf(item.to), item.watch];
      case "unwatch":
        return [tags.unwatch, item.watch];
      case "down":
        return [tags.down, item.watch, item.who, item.reason];
      default:
        return unreachable(item);
    }
  }

  #unpack(packed: unknown): LinkItem {
    if (!Array.isArray(packed)) throw new MalformedBatch("an item is an array");
    const [tag, a, b, c, d, e, f] = packed as WireValue[];
    switch (tag) {
      case tags.tell: {
        const to = target(a, b);
        const { kind, body } = this.#message(c, d);
        return { type: "tell", to, kind, body };
      }
      case tags.ask: {
        const to = target(a, b);
        const { kind, body } = this.#message(c, d);
        return { type: "ask", to, kind, body, correlation: count(e), remainingMs: count(f) };
      }
      case tags.reply:
        return { type: "reply", correlation: count(a), value: b ?? null };
      case tags.askFailed:
        return {
          type: "askFailed",
          correlation: count(a),
          code: text(b) as AskFailure,
          outcome: c === "unknown" ? "unknown" : "not-run",
        };
      case tags.watch:
        return { type: "watch", to: target(a, b), watch: count(c) };
      case tags.unwatch:
        return { type: "unwatch", watch: count(a) };
      case tags.down:
        return { type: "down", watch: count(a), who: text(b), reason: reason(c) };
      default:
        throw new MalformedBatch(`an item has the unknown tag ${String(tag)}`);
    }
  }

  #message(number: WireValue | undefined, values: WireValue | undefined) {
    const message = Array.isArray(values) ? this.#kinds.decode(count(number), values) : undefined;
    if (message === undefined) throw new MalformedBatch(`an item has the unknown kind ${String(number)}`);
    return message;
  }
}

function unpacked(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch (cause) {
    throw new MalformedBatch(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function slotOrName(to: ItemTarget): number | string {
  return to.name ?? to.slot;
}

function generationOf(to: ItemTarget): number {
  return to.name === undefined ? to.generation : 0;
}

function target(first: WireValue | undefined, second: WireValue | undefined): ItemTarget {
  return typeof first === "string" ? { name: first } : { slot: count(first), generation: count(second) };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && Number.isFinite(value);
}

function count(value: WireValue | undefined): number {
  if (!isCount(value)) throw new MalformedBatch(`${String(value)} is not a count`);
  return value;
}

function text(value: WireValue | undefined): string {
  if (typeof value !== "string") throw new MalformedBatch(`${typeof value} is not a text`);
  return value;
}

function reason(value: WireValue | undefined): DownReason {
  if (typeof value === "string") return value as DownReason;
  return { failed: text((value as { readonly failed?: WireValue } | null | undefined)?.failed) };
}
