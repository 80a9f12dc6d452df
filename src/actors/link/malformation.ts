import { linkLimits } from "./limits.ts";

/**
 * What is wrong with bytes that should be one msgpack value, found by walking them without allocating: nesting past
 * the limit, a count larger than the bytes that are left, a map key that is no text (a decoder may throw at one), an
 * extension other than `undefined`, an illegal byte, bytes too few or too many. Decoders have no such limits of their own, and a megabyte of nested empty arrays costs them
 * a hundred times its size.
 */
export function malformation(bytes: Uint8Array): string | undefined {
  const walk = new Walk(bytes);
  const fault = walk.value(0);
  if (fault !== undefined) return fault;
  return walk.at === bytes.length ? undefined : `${bytes.length - walk.at} bytes follow the value`;
}

class Walk {
  at = 0;
  #values = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): string | undefined {
    if (depth > linkLimits.depthMax) return `nested deeper than ${linkLimits.depthMax}`;
    if (++this.#values > linkLimits.valuesMax) return `more than ${linkLimits.valuesMax} values`;
    const byte = this.#bytes[this.at];
    if (byte === undefined) return "the value is cut short";
    this.at++;
    if (byte < 0x80 || byte >= 0xe0) return undefined;
    if (byte < 0x90) return this.#map(byte & 0x0f, depth);
    if (byte < 0xa0) return this.#array(byte & 0x0f, depth);
    if (byte < 0xc0) return this.#skip(byte & 0x1f);
    return this.#tagged(byte, depth);
  }

  #tagged(byte: number, depth: number): string | undefined {
    if (byte === 0xc0 || byte === 0xc2 || byte === 0xc3) return undefined;
    if (byte >= 0xc4 && byte <= 0xc6) return this.#sized(1 << (byte - 0xc4), (size) => this.#skip(size));
    if (byte >= 0xca && byte <= 0xd3) return this.#skip(fixedSizes[byte - 0xca] ?? 0);
    if (byte === 0xd4 && this.#bytes[this.at] === 0) return this.#skip(2);
    if (byte >= 0xd9 && byte <= 0xdb) return this.#sized(1 << (byte - 0xd9), (size) => this.#skip(size));
    if (byte === 0xdc || byte === 0xdd) return this.#sized(2 << (byte - 0xdc), (size) => this.#array(size, depth));
    if (byte === 0xde || byte === 0xdf) return this.#sized(2 << (byte - 0xde), (size) => this.#map(size, depth));
    return `byte 0x${byte.toString(16)} is not allowed here`;
  }

  #sized(width: number, then: (size: number) => string | undefined): string | undefined {
    if (this.at + width > this.#bytes.length) return "a length is cut short";
    const size =
      width === 1
        ? this.#view.getUint8(this.at)
        : width === 2
          ? this.#view.getUint16(this.at)
          : this.#view.getUint32(this.at);
    this.at += width;
    return then(size);
  }

  #skip(size: number): string | undefined {
    this.at += size;
    return this.at > this.#bytes.length ? "the value is cut short" : undefined;
  }

  #map(pairs: number, depth: number): string | undefined {
    if (2 * pairs > this.#bytes.length - this.at) return `${pairs} pairs are announced and the bytes end before them`;
    for (let index = 0; index < pairs; index++) {
      const byte = this.#bytes[this.at] ?? 0;
      if (!((byte >= 0xa0 && byte < 0xc0) || (byte >= 0xd9 && byte <= 0xdb))) return "a map key is no text";
      const fault = this.value(depth + 1) ?? this.value(depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #array(size: number, depth: number): string | undefined {
    if (size > this.#bytes.length - this.at) return `${size} elements are announced and the bytes end before them`;
    for (let index = 0; index < size; index++) {
      if (depth < linkLimits.depthMax && this.#short()) continue;
      const fault = this.value(depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** Passes a small number or a text of less than 256 bytes: most of what a batch holds. False, and no step further, else. */
  #short(): boolean {
    const byte = this.#bytes[this.at] ?? 0xc1;
    const size =
      byte < 0x80 || byte >= 0xe0
        ? 1
        : byte >= 0xa0 && byte < 0xc0
          ? 1 + (byte & 0x1f)
          : byte === 0xd9
            ? 2 + (this.#bytes[this.at + 1] ?? 0)
            : 0;
    if (size === 0 || this.at + size > this.#bytes.length || this.#values === linkLimits.valuesMax) return false;
    this.at += size;
    this.#values++;
    return true;
  }
}

/** Bytes after float32, float64, uint8 … uint64, int8 … int64. */
const fixedSizes = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];
