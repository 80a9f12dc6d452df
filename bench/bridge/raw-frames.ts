import { Packr, RESERVE_START_SPACE } from "msgpackr";

/** What a program would do that has a socket and msgpackr and nothing else: a length before each packed value. */

const lengthBytes = 4;
const packr = new Packr({ useRecords: false, mapsAsObjects: true });

/** One buffer for length and value, packed in place. */
export function framed(value: unknown): Buffer {
  const bytes = packr.pack(value, RESERVE_START_SPACE | lengthBytes);
  bytes.writeUInt32LE(bytes.length - lengthBytes, 0);
  return bytes;
}

/** Cuts a stream into values. Only a frame that lies in more than one chunk is copied. */
export class RawFrames {
  #head: Buffer = Buffer.alloc(0);
  readonly #rest: Buffer[] = [];
  #missing = 0;

  push(chunk: Buffer, each: (value: unknown) => void): void {
    let bytes = chunk;
    if (this.#missing > 0) {
      const part = bytes.subarray(0, this.#missing);
      this.#rest.push(part);
      this.#missing -= part.length;
      if (this.#missing > 0) return;
      each(packr.unpack(Buffer.concat(this.#rest)));
      this.#rest.length = 0;
      bytes = bytes.subarray(part.length);
    } else if (this.#head.length > 0) bytes = Buffer.concat([this.#head, bytes]);
    this.#cut(bytes, each);
  }

  /** `bytes` begin with a frame. */
  #cut(bytes: Buffer, each: (value: unknown) => void): void {
    let at = 0;
    while (bytes.length - at >= lengthBytes) {
      const end = at + lengthBytes + bytes.readUInt32LE(at);
      const frame = bytes.subarray(at + lengthBytes, end);
      at = end;
      if (end <= bytes.length) each(packr.unpack(frame));
      else {
        this.#rest.push(frame);
        this.#missing = end - bytes.length;
      }
    }
    this.#head = bytes.subarray(Math.min(at, bytes.length));
  }
}
