import * as nodeFs from "node:fs";
import { dirname, resolve } from "node:path";
import { crc32 } from "node:zlib";
import { Packr } from "msgpackr";
import type { WireValue } from "../../actors/wire-value.ts";
import { invariant } from "../../base/invariant.ts";
import { type JournalDisk, makeDirectory, readAll, syncDirectory, writeAll } from "./journal-disk.ts";
import {
  fileHead,
  JournalDamaged,
  JournalFull,
  JournalUnavailable,
  journalLimits,
  recordHead,
  recordHeadBytes,
} from "./journal-format.ts";
import { type Contents, Reading } from "./journal-reading.ts";

export type JournalOptions = {
  /** Default: the file system of this machine. */
  readonly disk?: JournalDisk;
  /** Default `journalLimits.fileBytesMax`. */
  readonly fileBytesMax?: number;
};

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
