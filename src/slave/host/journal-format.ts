/**
 * The layout of a journal: one append-only file of records, readable after any crash. Every record says how long it is
 * and proves itself twice:
 *
 *     file     magic (8) | format (4)
 *     record   length (4) | CRC-32 of the payload (4) | CRC-32 of these eight bytes (4) | payload (length)
 *
 * All numbers are little-endian, all checksums those of zlib, a payload is one msgpack value. The head has a checksum of its
 * own because a damaged length that points past the end would otherwise pass for an unfinished write, and everything behind
 * it would be cut off.
 */

import { crc32 } from "node:zlib";

/** What a journal may hold. */
export const journalLimits = {
  /** Packed bytes of one record. A longer one is refused before anything is written. */
  recordBytesMax: 1_048_576,
  /** Bytes of the file. What would pass them is refused before anything is written. */
  fileBytesMax: 1_073_741_824,
} as const;

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

export const magic = Buffer.from("mesojrnl", "latin1");
export const format = 1;
export const fileHead = Buffer.concat([magic, Buffer.of(format, 0, 0, 0)]);
export const recordHeadBytes = 12;
/** Bytes of a record's head that the last four prove. */
export const provenBytes = 8;

export function recordHead(payload: Buffer): Buffer {
  const head = Buffer.allocUnsafe(recordHeadBytes);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(crc32(payload), 4);
  head.writeUInt32LE(crc32(head.subarray(0, provenBytes)), provenBytes);
  return head;
}
