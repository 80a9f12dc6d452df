import { Packr, RESERVE_START_SPACE } from "msgpackr";
import { unreachable } from "../../base/invariant.ts";
import type { AskFailure } from "../context.ts";
import type { DownReason } from "../spec.ts";
import type { WireBody, WireValue } from "../wire-value.ts";
import type { ItemTarget, LinkItem } from "./item.ts";
import { bodyAt, type Kind, type KindTable } from "./kind-table.ts";
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

/** `again`: a tell to the actor and of the kind of the tell before it. */
const tags = { tell: 0, ask: 1, reply: 2, askFailed: 3, watch: 4, unwatch: 5, down: 6, by: 7, refused: 8, again: 9 };

/**
 * Packs batches into bytes and back. One packing call serves the whole batch, which is one flat array: its
 * sequence number, its credit, and of every item the tag, the fixed parts, and the fields of its body.
 */
export class Codec {
  readonly #kinds: KindTable;

  constructor(kinds: KindTable) {
    this.#kinds = kinds;
  }

  /** In a buffer of its own. */
  encode(batch: Batch): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.pack(this.flatten(batch).values, 0));
  }

  /** The values of a batch, behind so many bytes of any content, in a part of a buffer that is never written to again. */
  pack(flat: readonly WireValue[], headBytes: number): Uint8Array {
    return packr.pack(flat, headBytes === 0 ? undefined : RESERVE_START_SPACE | headBytes);
  }

  /** `trusted`: the bytes were written by this same program, on another thread. */
  decode(bytes: Uint8Array, trusted = false): Batch {
    const fault = trusted ? undefined : malformation(bytes);
    if (fault !== undefined) throw new MalformedBatch(fault);
    const flat = unpacked(bytes);
    if (!Array.isArray(flat)) throw new MalformedBatch("a batch is an array");
    return this.read(flat as WireValue[]);
  }

  /** The values of a batch before they are packed, and whether any of them has an inside. */
  flatten({ firstSeq, credit, items }: Batch): { readonly values: WireValue[]; readonly nested: boolean } {
    const flat: WireValue[] = [firstSeq, credit];
    let nested = false;
    let last: Tell | undefined;
    let number = 0;
    for (const item of items) {
      if (item.type !== "tell") {
        if (this.#append(item, flat)) nested = true;
        continue;
      }
      if (last !== undefined && item.to === last.to && item.kind === last.kind) flat.push(tags.again);
      else {
        number = this.#kinds.numberOf(item.kind);
        flat.push(tags.tell);
        appendTarget(item.to, flat);
        flat.push(number);
      }
      if (this.#kinds.append(number, item.body, flat)) nested = true;
      last = item;
    }
    return { values: flat, nested };
  }

  read(flat: readonly WireValue[]): Batch {
    const reader = new Reader(this.#kinds, flat);
    const firstSeq = reader.count();
    const credit = reader.count();
    return { firstSeq, credit, items: reader.items() };
  }

  /** The body as a receiver across a link would see it. */
  roundtrip(kind: string, body: WireBody): WireBody {
    const item: LinkItem = { type: "tell", to: { slot: 0, generation: 0 }, kind, body };
    const [copy] = this.decode(this.encode({ firstSeq: 0, credit: 0, items: [item] })).items;
    return copy?.type === "tell" ? copy.body : body;
  }

  /** Answers whether any of the values has an inside. */
  #append(item: Exclude<LinkItem, Tell>, flat: WireValue[]): boolean {
    switch (item.type) {
      case "ask": {
        const number = this.#kinds.numberOf(item.kind);
        flat.push(tags.ask);
        appendTarget(item.to, flat);
        flat.push(item.correlation, item.remainingMs, number);
        return this.#kinds.append(number, item.body, flat);
      }
      case "reply":
        flat.push(tags.reply, item.correlation, item.value);
        return typeof item.value === "object";
      case "askFailed":
        flat.push(tags.askFailed, item.correlation, item.code, item.outcome);
        return false;
      case "watch":
        flat.push(tags.watch);
        appendTarget(item.to, flat);
        flat.push(item.watch);
        return false;
      case "unwatch":
        flat.push(tags.unwatch, item.watch);
        return false;
      case "down":
        flat.push(tags.down, item.watch, item.who, item.reason);
        return false;
      case "by":
        flat.push(tags.by, item.slot, item.generation, item.cause);
        return false;
      case "refused":
        flat.push(tags.refused, item.slot, item.generation, item.to, item.kind, item.count);
        return false;
      default:
        return unreachable(item);
    }
  }
}

type Tell = Extract<LinkItem, { readonly type: "tell" }>;

/** Walks the values of a batch. Throws `MalformedBatch` at the first that should not be where it is. */
class Reader {
  readonly #kinds: KindTable;
  readonly #flat: readonly WireValue[];
  #at = 0;
  #lastTo: ItemTarget | undefined;
  #lastKind: Kind | undefined;

  constructor(kinds: KindTable, flat: readonly WireValue[]) {
    this.#kinds = kinds;
    this.#flat = flat;
  }

  items(): readonly LinkItem[] {
    const items: LinkItem[] = [];
    while (this.#at < this.#flat.length) items.push(this.#item());
    return items;
  }

  count(): number {
    const value = this.#flat[this.#at++];
    if (typeof value !== "number" || value < 0 || !Number.isFinite(value)) {
      throw new MalformedBatch(`${typeof value === "number" ? value : typeof value} is not a count`);
    }
    return value;
  }

  #item(): LinkItem {
    const tag = this.#flat[this.#at++];
    switch (tag) {
      case tags.again:
        return this.#again();
      case tags.tell: {
        this.#lastTo = this.#target();
        this.#lastKind = this.#kind();
        return this.#again();
      }
      case tags.ask: {
        const to = this.#target();
        const correlation = this.count();
        const remainingMs = this.count();
        const kind = this.#kind();
        return { type: "ask", to, kind: kind.name, body: this.#body(kind), correlation, remainingMs };
      }
      case tags.reply:
        return { type: "reply", correlation: this.count(), value: this.#value() };
      case tags.askFailed:
        return {
          type: "askFailed",
          correlation: this.count(),
          code: this.#text() as AskFailure,
          outcome: this.#text() === "unknown" ? "unknown" : "not-run",
        };
      case tags.watch:
        return { type: "watch", to: this.#target(), watch: this.count() };
      case tags.unwatch:
        return { type: "unwatch", watch: this.count() };
      case tags.down:
        return { type: "down", watch: this.count(), who: this.#text(), reason: this.#reason() };
      case tags.by:
        return { type: "by", slot: this.count(), generation: this.count(), cause: this.count() };
      case tags.refused:
        return {
          type: "refused",
          slot: this.count(),
          generation: this.count(),
          to: this.#text(),
          kind: this.#text(),
          count: this.count(),
        };
      default:
        throw new MalformedBatch(`an item has the unknown tag ${typeof tag === "number" ? tag : typeof tag}`);
    }
  }

  #again(): Tell {
    const to = this.#lastTo;
    const kind = this.#lastKind;
    if (to === undefined || kind === undefined) throw new MalformedBatch("the first tell of a batch names no actor");
    return { type: "tell", to, kind: kind.name, body: this.#body(kind) };
  }

  #kind(): Kind {
    const number = this.count();
    const kind = this.#kinds.kind(number);
    if (kind === undefined) throw new MalformedBatch(`an item has the unknown kind ${number}`);
    return kind;
  }

  #body(kind: Kind): WireBody {
    const at = this.#at;
    this.#at += kind.fields.length;
    if (this.#at > this.#flat.length) throw new MalformedBatch(`a body of ${kind.name} is cut short`);
    return bodyAt(kind, this.#flat, at);
  }

  #target(): ItemTarget {
    const first = this.#flat[this.#at];
    if (typeof first !== "string") return { slot: this.count(), generation: this.count() };
    this.#at++;
    return { name: first };
  }

  #value(): WireValue {
    return this.#flat[this.#at++] ?? null;
  }

  #text(): string {
    const value = this.#flat[this.#at++];
    if (typeof value !== "string") throw new MalformedBatch(`${typeof value} is not a text`);
    return value;
  }

  #reason(): DownReason {
    const value = this.#flat[this.#at++];
    if (typeof value === "string") return value as DownReason;
    const failed = (value as { readonly failed?: WireValue } | null | undefined)?.failed;
    if (typeof failed !== "string") throw new MalformedBatch(`${typeof failed} is not a text`);
    return { failed };
  }
}

function unpacked(bytes: Uint8Array): unknown {
  try {
    // Of a subclass, such as Node's buffers, the decoder would make the bytes in bodies too.
    return packr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (cause) {
    throw new MalformedBatch(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function appendTarget(to: ItemTarget, flat: WireValue[]): void {
  if (to.name === undefined) flat.push(to.slot, to.generation);
  else flat.push(to.name);
}
