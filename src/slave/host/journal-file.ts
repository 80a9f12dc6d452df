/**
 * One append-only file of records, readable after any crash. Every record says how long it is and proves itself twice:
 *
 *     file     magic (8) | format (4)
 *     record   length (4) | CRC-32 of the payload (4) | CRC-32 of these eight bytes (4) | payload (length)
 *
 * All numbers are little-endian, all checksums those of zlib, a payload is one msgpack value. The head has a checksum of its
 * own because a damaged length that points past the end would otherwise pass for an unfinished write, and everything behind
 * it would be cut off.
 */

import * as nodeFs from "node:fs";
import { dirname, resolve } from "node:path";
import { crc32 } from "node:zlib";
import { Packr } from "msgpackr";
import type { WireValue } from "../../actors/wire-value.ts";
import { invariant } from "../../base/invariant.ts";

/** What a journal may hold. */
export const journalLimits = {
  /** Packed bytes of one record. A longer one is refused before anything is written. */
  recordBytesMax: 1_048_576,
  /** Bytes of the file. What would pass them is refused before anything is written. */
  fileBytesMax: 1_073_741_824,
} as const;

/** The calls of `node:fs` that a journal makes; every one blocks its thread, which is the storage thread. */
export type JournalDisk = Pick<
  typeof nodeFs,
  | "closeSync"
  | "fdatasyncSync"
  | "fstatSync"
  | "fsyncSync"
  | "ftruncateSync"
  | "mkdirSync"
  | "openSync"
  | "readSync"
  | "renameSync"
  | "rmSync"
  | "writeSync"
>;

export type JournalOptions = {
  /** Default: the file system of this machine. */
  readonly disk?: JournalDisk;
  /** Default `journalLimits.fileBytesMax`. */
  readonly fileBytesMax?: number;
};

/** The file holds something that no crash leaves behind. Nothing is read from it and nothing is changed in it. */
export class JournalDamaged extends Error {
  override readonly name = "JournalDamaged";
  readonly code = "JOURNAL_DAMAGED";

  constructor(
    damage: { readonly path: string; readonly offset: number; readonly what: string },
    options?: ErrorOptions,
  ) {
    const { path, offset, what } = damage;
    super(
      `the journal ${path} is damaged at offset ${offset}: ${what}; move the file away, and the slave starts as a new one`,
      options,
    );
  }
}

/** The disk, or the program that wrote the file, does not allow it. */
export class JournalUnavailable extends Error {
  override readonly name = "JournalUnavailable";
  readonly code = "JOURNAL_UNAVAILABLE";
}

/** What was to be written passes one of the limits. The journal is as it was. */
export class JournalFull extends Error {
  override readonly name = "JournalFull";
  readonly code = "JOURNAL_FULL";
}

const magic = Buffer.from("mesojrnl", "latin1");
const format = 1;
const fileHead = Buffer.concat([magic, Buffer.of(format, 0, 0, 0)]);
const recordHeadBytes = 12;
/** Bytes of a record's head that the last four prove. */
const provenBytes = 8;

// As on a link: plain values, and bytes that do not keep alive what they were read with.
const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false, copyBuffers: true });

/**
 * A journal that is open. It belongs to one process at a time. Of its records it keeps the offsets, eight bytes each,
 * and not the values: they are wanted once, after a restart, and may be many times larger.
 */
export class JournalFile {
  readonly path: string;
  /** How many bytes of an unfinished write were cut from the end when it was opened. */
  readonly cutBytes: number;
  readonly #disk: JournalDisk;
  readonly #fileBytesMax: number;
  /** Absent once the journal is closed. */
  #fd: number | undefined;
  #offsets: number[];
  /** Where the last record ends and the next begins. Invariant: everything before it is on disk. */
  #end: number;

  private constructor(path: string, fd: number, contents: Contents, options: Required<JournalOptions>) {
    this.path = path;
    this.cutBytes = contents.size - contents.end;
    this.#disk = options.disk;
    this.#fileBytesMax = options.fileBytesMax;
    this.#fd = fd;
    this.#offsets = contents.offsets;
    this.#end = Math.max(contents.end, fileHead.length);
  }

  /**
   * Opens a journal, or makes it together with its directory. What a crash can leave at the end is cut off: an unfinished
   * record, or zeros where a file had grown before its bytes were written. What is left is on disk when this returns, so
   * that nobody acts on a record which the next crash takes away. Throws `JournalDamaged` or `JournalUnavailable`.
   */
  static open(path: string, options: JournalOptions = {}): JournalFile {
    const { disk = nodeFs, fileBytesMax = journalLimits.fileBytesMax } = options;
    const file = resolve(path);
    return attempt(`open the journal ${file}`, () => {
      makeDirectory(disk, dirname(file));
      disk.rmSync(successor(file), { force: true });
      const fd = disk.openSync(file, nodeFs.constants.O_RDWR | nodeFs.constants.O_CREAT, 0o600);
      try {
        const contents = new Reading(disk, fd, file).contents();
        if (contents.end < contents.size) disk.ftruncateSync(fd, contents.end);
        if (contents.end === 0) writeAll(disk, fd, fileHead, 0);
        disk.fsyncSync(fd);
        syncDirectory(disk, dirname(file));
        return new JournalFile(file, fd, contents, { disk, fileBytesMax });
      } catch (error) {
        disk.closeSync(fd);
        throw error;
      }
    });
  }

  /** How many records there are. */
  get length(): number {
    return this.#offsets.length;
  }

  /**
   * Puts the records behind the others; they are on disk when this returns. If it throws `JournalUnavailable`, the journal
   * is closed: the system forgets what it failed to write, so trying again would promise what is not on disk.
   */
  append(records: readonly WireValue[]): void {
    const fd = this.#open();
    const { bytes, offsets } = this.#framed(records, this.#end);
    attempt(`append to the journal ${this.path}`, () => {
      try {
        writeAll(this.#disk, fd, bytes, this.#end);
        this.#disk.fdatasyncSync(fd);
      } catch (error) {
        this.#takeBack(fd);
        throw error;
      }
    });
    for (const offset of offsets) this.#offsets.push(offset);
    this.#end += bytes.length;
  }

  /**
   * Puts these records in place of all there are, in one step: a crash leaves the old journal or the new one. If it throws
   * `JournalUnavailable`, the journal is closed, and holds the one or the other when it is opened again.
   */
  replace(records: readonly WireValue[]): void {
    const old = this.#open();
    const { bytes, offsets } = this.#framed(records, fileHead.length);
    attempt(`replace the journal ${this.path}`, () => {
      try {
        this.#fd = writeBeside(this.#disk, this.path, Buffer.concat([fileHead, bytes]));
        this.#disk.closeSync(old);
        syncDirectory(this.#disk, dirname(this.path));
      } catch (error) {
        this.close();
        throw error;
      }
    });
    this.#offsets = offsets;
    this.#end = fileHead.length + bytes.length;
  }

  /**
   * The records from a position on, at least one if there is one, and as many as fit into so many bytes of the file.
   * Every record proves itself again. Throws `JournalDamaged` or `JournalUnavailable`.
   */
  read(from: number, bytesMax: number): readonly WireValue[] {
    invariant(Number.isSafeInteger(from) && from >= 0, () => `${from} is no position in the journal ${this.path}`);
    const fd = this.#open();
    if (from >= this.length) return [];
    const start = this.#offset(from);
    let to = from + 1;
    while (to < this.length && this.#offset(to + 1) - start <= bytesMax) to++;
    const bytes = attempt(`read the journal ${this.path}`, () =>
      readAll(this.#disk, fd, new Uint8Array(this.#offset(to) - start), start),
    );
    return Array.from({ length: to - from }, (_, index) => {
      const offset = this.#offset(from + index);
      return this.#unpacked(bytes.subarray(offset - start, this.#offset(from + index + 1) - start), offset);
    });
  }

  close(): void {
    if (this.#fd !== undefined) this.#disk.closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): number {
    invariant(this.#fd !== undefined, () => `the journal ${this.path} is closed`);
    return this.#fd;
  }

  /** Where a record begins; for the one after the last, where it will. */
  #offset(position: number): number {
    return this.#offsets[position] ?? this.#end;
  }

  /** The records as they will stand in the file from an offset on. */
  #framed(records: readonly WireValue[], start: number): { bytes: Buffer; offsets: number[] } {
    const { recordBytesMax } = journalLimits;
    const frames: Buffer[] = [];
    const offsets: number[] = [];
    let end = start;
    for (const record of records) {
      const payload = packr.pack(record);
      if (payload.length > recordBytesMax)
        throw new JournalFull(
          `a record of ${payload.length} bytes is too long for the journal ${this.path}, which takes ${recordBytesMax}; keep large data in a file of its own`,
        );
      frames.push(recordHead(payload), payload);
      offsets.push(end);
      end += recordHeadBytes + payload.length;
    }
    if (end > this.#fileBytesMax)
      throw new JournalFull(
        `the journal ${this.path} would grow to ${end} bytes and may have ${this.#fileBytesMax}; replace its records with those that still matter`,
      );
    return { bytes: Buffer.concat(frames, end - start), offsets };
  }

  /** Ends this journal after a failed write, with nothing behind what was promised if the disk allows that. */
  #takeBack(fd: number): void {
    try {
      this.#disk.ftruncateSync(fd, this.#end);
    } catch {
      // The failure of the write is on its way to somebody; whoever opens the journal next cuts what is unfinished.
    }
    this.close();
  }

  #unpacked(frame: Uint8Array, offset: number): WireValue {
    const head = Buffer.from(frame.buffer, frame.byteOffset, recordHeadBytes);
    const payload = frame.subarray(recordHeadBytes);
    if (crc32(payload) !== head.readUInt32LE(4))
      throw new JournalDamaged({ path: this.path, offset, what: "a record has changed since the journal was opened" });
    try {
      return packr.unpack(payload) as WireValue;
    } catch (cause) {
      throw new JournalDamaged({ path: this.path, offset, what: "a record holds no value" }, { cause });
    }
  }
}

type Contents = {
  readonly size: number;
  readonly offsets: number[];
  /** Where the last whole record ends; 0 when not even the head of the file is whole. */
  readonly end: number;
};

/** One pass over a file that may have been through a crash. */
class Reading {
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

function recordHead(payload: Buffer): Buffer {
  const head = Buffer.allocUnsafe(recordHeadBytes);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(crc32(payload), 4);
  head.writeUInt32LE(crc32(head.subarray(0, provenBytes)), provenBytes);
  return head;
}

/** Where a replacement is written; left behind by a crash, it means nothing. */
function successor(path: string): string {
  return `${path}.new`;
}

/** Writes a whole file and puts it in place of another. Answers with the open file. */
function writeBeside(disk: JournalDisk, path: string, bytes: Buffer): number {
  const { O_RDWR, O_CREAT, O_TRUNC } = nodeFs.constants;
  const fd = disk.openSync(successor(path), O_RDWR | O_CREAT | O_TRUNC, 0o600);
  try {
    writeAll(disk, fd, bytes, 0);
    disk.fsyncSync(fd);
    disk.renameSync(successor(path), path);
    return fd;
  } catch (error) {
    disk.closeSync(fd);
    throw error;
  }
}

/** The directory, and every one on the way to it, which are on disk when this returns if they were made by it. */
function makeDirectory(disk: JournalDisk, directory: string): void {
  const first = disk.mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = directory; made.length >= first.length; made = dirname(made)) syncDirectory(disk, dirname(made));
}

/** Makes the names in a directory survive. */
function syncDirectory(disk: JournalDisk, directory: string): void {
  const fd = disk.openSync(directory, "r");
  try {
    disk.fsyncSync(fd);
  } finally {
    disk.closeSync(fd);
  }
}

/** One write, unless the system takes it in pieces. */
function writeAll(disk: JournalDisk, fd: number, bytes: Buffer, offset: number): void {
  for (let done = 0; done < bytes.length; ) done += disk.writeSync(fd, bytes, done, bytes.length - done, offset + done);
}

function readAll<Bytes extends Uint8Array>(disk: JournalDisk, fd: number, bytes: Bytes, offset: number): Bytes {
  for (let done = 0; done < bytes.length; ) {
    const read = disk.readSync(fd, bytes, done, bytes.length - done, offset + done);
    if (read === 0) throw new Error(`the file ends at ${offset + done} and held more before`);
    done += read;
  }
  return bytes;
}

/** Says what could not be done, where the system says only why. */
function attempt<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof JournalDamaged || cause instanceof JournalUnavailable) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new JournalUnavailable(`cannot ${what}: ${why}; see to the disk, then start the slave again`, { cause });
  }
}
