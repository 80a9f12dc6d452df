import { crc32 } from "node:zlib";
import { type JournalDisk, readAll } from "./journal-disk.ts";
import {
  fileHead,
  format,
  JournalDamaged,
  JournalUnavailable,
  journalLimits,
  magic,
  provenBytes,
  recordHeadBytes,
} from "./journal-format.ts";

/** What there is in a file. */
export type Contents = {
  readonly size: number;
  readonly offsets: number[];
  /** Where the last whole record ends; 0 when not even the head of the file is whole. */
  readonly end: number;
};

/** One pass over a file that may have been through a crash. */
export class Reading {
  readonly #disk: JournalDisk;
  readonly #fd: number;
  readonly #path: string;
  readonly #size: number;
  /** A part of the file, long enough for any record. */
  readonly #window: Buffer;
  #windowStart = 0;
  #windowEnd = 0;

  constructor(disk: JournalDisk, fd: number, path: string) {
    this.#disk = disk;
    this.#fd = fd;
    this.#path = path;
    this.#size = disk.fstatSync(fd).size;
    this.#window = Buffer.allocUnsafe(Math.min(this.#size, journalLimits.recordBytesMax));
  }

  contents(): Contents {
    const size = this.#size;
    const offsets: number[] = [];
    if (this.#isUnbegun()) return { size, offsets, end: 0 };
    this.#checkHead();
    let end = fileHead.length;
    while (end < size) {
      const length = this.#payloadLength(end);
      if (length === undefined) break;
      offsets.push(end);
      end += recordHeadBytes + length;
    }
    return { size, offsets, end };
  }

  /**
   * Whether the file was being made when the program ended. The head is on disk before the first record is written, so a
   * longer file without one is no such case.
   */
  #isUnbegun(): boolean {
    if (this.#size > fileHead.length) return false;
    const head = this.#bytes(0, this.#size);
    if (head.equals(fileHead)) return false;
    const written = head.findLastIndex((byte) => byte !== 0) + 1;
    return head.subarray(0, written).equals(fileHead.subarray(0, written));
  }

  #checkHead(): void {
    const head = this.#bytes(0, Math.min(this.#size, fileHead.length));
    if (head.length < fileHead.length || !head.subarray(0, magic.length).equals(magic))
      throw this.#damage(0, "it does not begin as a journal does");
    const found = head.readUInt32LE(magic.length);
    if (found !== format)
      throw new JournalUnavailable(
        `the journal ${this.#path} has format ${found} and this version of mesolite reads format ${format}; use the version that wrote it, or move the file away, and the slave starts as a new one`,
      );
  }

  /** Bytes of the payload of the record there; undefined when the rest of the file is an unfinished write. */
  #payloadLength(offset: number): number | undefined {
    const start = offset + recordHeadBytes;
    if (start > this.#size) return undefined;
    const head = this.#bytes(offset, recordHeadBytes);
    const [length, checksum] = [head.readUInt32LE(0), head.readUInt32LE(4)];
    if (crc32(head.subarray(0, provenBytes)) !== head.readUInt32LE(provenBytes)) {
      if (this.#isZeroFrom(start)) return undefined;
      throw this.#damage(offset, "the head of a record fails its checksum, and more follows");
    }
    if (length === 0 || length > journalLimits.recordBytesMax)
      throw this.#damage(offset, `a record claims ${length} bytes`);
    const end = start + length;
    if (end > this.#size) return undefined;
    if (crc32(this.#bytes(start, length)) === checksum) return length;
    if (this.#isZeroFrom(end)) return undefined;
    throw this.#damage(offset, "a record fails its checksum, and more follows");
  }

  #isZeroFrom(offset: number): boolean {
    for (let at = offset; at < this.#size; at += this.#window.length) {
      const bytes = this.#bytes(at, Math.min(this.#window.length, this.#size - at));
      if (bytes.some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  #damage(offset: number, what: string): JournalDamaged {
    return new JournalDamaged({ path: this.#path, offset, what });
  }

  /** Valid until the next call. */
  #bytes(offset: number, length: number): Buffer {
    if (offset < this.#windowStart || offset + length > this.#windowEnd) {
      this.#windowStart = offset;
      this.#windowEnd = Math.min(offset + this.#window.length, this.#size);
      readAll(this.#disk, this.#fd, this.#window.subarray(0, this.#windowEnd - offset), offset);
    }
    return this.#window.subarray(offset - this.#windowStart, offset - this.#windowStart + length);
  }
}
