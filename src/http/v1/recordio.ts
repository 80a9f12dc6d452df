import { invariant } from "../../base/invariant.ts";

/** A stream of records: the length of a body in decimal, a line feed, the body; nothing between records. */

/** Far above what clients take (4 MiB for some), and what one stream may make us hold. */
export const recordBytesMax = 8 * 1024 * 1024;

const lengthDigitsMax = 10;
const lineFeed = 0x0a;
const zero = 0x30;
const nine = 0x39;

/** In one piece, because some clients lose a record that comes in two writes. */
export function record(body: Uint8Array): Buffer {
  invariant(body.length <= recordBytesMax, () => `a record of ${body.length} bytes, over ${recordBytesMax}`);
  return Buffer.concat([Buffer.from(`${body.length}\n`), body]);
}

/**
 * Reads records from chunks cut anywhere. After a fault nothing more can be read, because nobody knows where the next
 * record begins. A record within one chunk shares its memory.
 */
export class RecordReader {
  #fault: string | undefined;
  /** The length line so far. */
  #digits = "";
  /** The body so far, once the length is known; its capacity grows with what arrives, up to the length. */
  #body: { readonly length: number; held: Buffer; filled: number } | undefined;

  /** What broke the stream, for people. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** The records that this chunk completes; those before a fault too. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const records: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length && this.#fault === undefined) {
      if (this.#body === undefined) {
        const length = this.#readLength(chunk[at++] ?? 0);
        if (length === undefined) continue;
        if (length <= chunk.length - at) {
          records.push(chunk.subarray(at, at + length));
          at += length;
        } else this.#body = { length, held: Buffer.alloc(0), filled: 0 };
        continue;
      }
      const part = chunk.subarray(at, at + this.#body.length - this.#body.filled);
      at += part.length;
      const whole = this.#fill(this.#body, part);
      if (whole !== undefined) records.push(whole);
    }
    return records;
  }

  /** The length, once its line ends. */
  #readLength(byte: number): number | undefined {
    if (byte === lineFeed && this.#digits !== "") {
      const length = Number(this.#digits);
      this.#digits = "";
      if (length <= recordBytesMax) return length;
      this.#fault = `a record of ${length} bytes, over ${recordBytesMax}`;
    } else if (byte < zero || byte > nine) this.#fault = "the length of a record is not a decimal number";
    else if (this.#digits === "0") this.#fault = "the length of a record begins with a zero";
    else if (this.#digits.length === lengthDigitsMax)
      this.#fault = `the length of a record has over ${lengthDigitsMax} digits`;
    else this.#digits += String.fromCharCode(byte);
    return undefined;
  }

  #fill(body: { readonly length: number; held: Buffer; filled: number }, part: Uint8Array): Uint8Array | undefined {
    const filled = body.filled + part.length;
    if (filled > body.held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(body.length, Math.max(2 * body.held.length, filled, 4096)));
      body.held.copy(grown, 0, 0, body.filled);
      body.held = grown;
    }
    body.held.set(part, body.filled);
    body.filled = filled;
    if (filled < body.length) return undefined;
    this.#body = undefined;
    return body.held;
  }
}
