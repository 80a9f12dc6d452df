import type { WireValue } from "../wire-value.ts";

/** Messages in a batch that need not be packed to cross threads: below it, cloning costs less than packing. */
export const plainItemsMax = 8;
/** Estimated bytes of such a batch. It counts for as many against the credit of its link, whatever it holds. */
export const plainBytesMax = 4_096;

/**
 * Whether the values of a batch are few, and all of them come out of a structured clone as they come out of the codec:
 * that is so for plain data, but for -0 and what should not be in a message.
 */
export function isPlain(values: readonly WireValue[]): boolean {
  return weigh(values, plainBytesMax) >= 0;
}

/** What is left of so many bytes after a value; negative when it does not fit, or is not plain. */
function weigh(value: WireValue | undefined, left: number): number {
  if (left < 0) return left;
  switch (typeof value) {
    case "string":
      return left - 2 * value.length - 8;
    case "number":
      return value === 0 && Object.is(value, -0) ? -1 : left - 8;
    case "boolean":
    case "bigint":
    case "undefined":
      return left - 8;
    case "object":
      return weighObject(value, left - 8);
    default:
      return -1;
  }
}

function weighObject(value: Exclude<WireValue, string | number | boolean | bigint>, bytes: number): number {
  if (value === null) return bytes;
  let left = bytes;
  if (Array.isArray(value)) {
    for (const inner of value as readonly WireValue[]) left = weigh(inner, left);
    return left;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Uint8Array.prototype) return left - (value as Uint8Array).byteLength;
  if (prototype !== Object.prototype) return -1;
  const record = value as { readonly [key: string]: WireValue | undefined };
  for (const key in record) left = weigh(record[key], left - 2 * key.length);
  return left;
}
