import { invariant } from "../../base/invariant.ts";
import type { ProtocolTable } from "../protocol.ts";
import type { WireBody, WireValue } from "../wire-value.ts";

/** A message kind and the fields of its body, in the order of their positions. */
export type Kind = { readonly name: string; readonly fields: readonly string[] };

/**
 * Every message kind a program can send, numbered. Both ends of a link number the sorted names alike and compare
 * `hash` in the handshake, so no definition travels. A kind means one thing: two protocols may share a name only
 * if its fields have the same positions.
 */
export class KindTable {
  readonly hash: string;
  readonly #numbers = new Map<string, number>();
  readonly #kinds: Kind[] = [];

  constructor(protocols: readonly ProtocolTable<unknown>[]) {
    const fieldsOf = new Map<string, readonly string[]>();
    for (const { name, fields } of protocols) {
      for (const [kind, positions] of Object.entries(fields as Record<string, Record<string, number>>)) {
        const ordered = inOrder(`${name}.${kind}`, positions);
        const known = fieldsOf.get(kind);
        invariant(
          known === undefined || known.join() === ordered.join(),
          () => `message kind ${kind} of ${name} has the name of another with other fields: rename one`,
        );
        fieldsOf.set(kind, ordered);
      }
    }
    for (const kind of [...fieldsOf.keys()].sort()) {
      this.#numbers.set(kind, this.#kinds.length);
      this.#kinds.push({ name: kind, fields: fieldsOf.get(kind) ?? [] });
    }
    this.hash = fingerprint(JSON.stringify(this.#kinds));
  }

  /** Every kind in the order of its number, with its fields in the order of their positions. */
  get entries(): readonly Kind[] {
    return this.#kinds;
  }

  numberOf(kind: string): number {
    const number = this.#numbers.get(kind);
    invariant(number !== undefined, () => `message kind ${kind} is in no protocol of this program`);
    return number;
  }

  /** Appends the fields of a body in the order of their positions. Answers whether any of them has an inside. */
  append(number: number, body: WireBody, to: WireValue[]): boolean {
    const { name, fields } = this.#kinds[number] as Kind;
    let placed = 0;
    let nested = false;
    for (let index = 0; index < fields.length; index++) {
      const value = body[fields[index] as string];
      to.push(value as WireValue);
      if (value !== undefined) placed++;
      if (typeof value === "object" && value !== null) nested = true;
    }
    for (const _key in body) placed--;
    // A key may be there and hold nothing.
    if (placed !== 0) for (const key in body) if (body[key] === undefined) placed++;
    invariant(placed === 0, () => `a body of ${name} has a field without a position: ${Object.keys(body).join(", ")}`);
    return nested;
  }

  /** The kind of this number, if there is one. */
  kind(number: number): Kind | undefined {
    return this.#kinds[number];
  }
}

/** The body whose fields begin at the index; an absent field is an absent key. */
export function bodyAt({ fields }: Kind, values: readonly WireValue[], at: number): WireBody {
  const body: Record<string, WireValue> = {};
  for (let index = 0; index < fields.length; index++) {
    const value = values[at + index];
    if (value !== undefined) body[fields[index] as string] = value;
  }
  return body;
}

function inOrder(kind: string, positions: Record<string, number>): readonly string[] {
  const ordered = Object.keys(positions).sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
  for (const [index, field] of ordered.entries()) {
    invariant(positions[field] === index, () => `${kind} has no field at position ${index}`);
  }
  return ordered;
}

/** Sixteen hex digits that differ when the text does (two FNV-1a lanes); an accident detector, not a signature. */
function fingerprint(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let index = 0; index < text.length; index++) {
    low = Math.imul(low ^ text.charCodeAt(index), 0x01000193);
    high = Math.imul(high ^ (text.charCodeAt(index) + index), 0x85ebca6b);
  }
  return [low, high].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}
