import { invariant } from "../../base/invariant.ts";
import type { ProtocolTable } from "../protocol.ts";
import type { WireBody, WireValue } from "../wire-value.ts";

/**
 * Every message kind a program can send, numbered. Both ends of a link number the sorted names alike and compare
 * `hash` in the handshake, so no definition travels. A kind means one thing: two protocols may share a name only
 * if its fields have the same positions.
 */
export class KindTable {
  readonly hash: string;
  readonly #numbers = new Map<string, number>();
  readonly #kinds: { readonly name: string; readonly fields: readonly string[] }[] = [];

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
  get entries(): readonly { readonly name: string; readonly fields: readonly string[] }[] {
    return this.#kinds;
  }

  /** The kind's number and the body as an array in field order. */
  encode(kind: string, body: WireBody): readonly [number, WireValue[]] {
    const number = this.#numbers.get(kind);
    invariant(number !== undefined, () => `message kind ${kind} is in no protocol of this program`);
    const fields = this.#kinds[number]?.fields ?? [];
    const values = new Array<WireValue>(fields.length);
    let placed = 0;
    for (let index = 0; index < fields.length; index++) {
      const value = body[fields[index] as string];
      values[index] = value as WireValue;
      if (value !== undefined) placed++;
    }
    for (const key in body) if (body[key] !== undefined) placed--;
    invariant(placed === 0, () => `a body of ${kind} has a field without a position: ${Object.keys(body).join(", ")}`);
    return [number, values];
  }

  decode(number: number, values: readonly WireValue[]): { readonly kind: string; readonly body: WireBody } | undefined {
    const kind = this.#kinds[number];
    if (kind === undefined || values.length > kind.fields.length) return undefined;
    const body: Record<string, WireValue> = {};
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (value !== undefined) body[kind.fields[index] as string] = value;
    }
    return { kind: kind.name, body };
  }
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
