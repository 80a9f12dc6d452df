import type * as nodeFs from "node:fs";
import { dirname } from "node:path";

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

/** The directory, and every one on the way to it, which are on disk when this returns if they were made by it. */
export function makeDirectory(disk: JournalDisk, directory: string): void {
  const first = disk.mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = directory; made.length >= first.length; made = dirname(made)) syncDirectory(disk, dirname(made));
}

/** Makes the names in a directory survive. */
export function syncDirectory(disk: JournalDisk, directory: string): void {
  const fd = disk.openSync(directory, "r");
  try {
    disk.fsyncSync(fd);
  } finally {
    disk.closeSync(fd);
  }
}

/** One write, unless the system takes it in pieces. */
export function writeAll(disk: JournalDisk, fd: number, bytes: Buffer, offset: number): void {
  for (let done = 0; done < bytes.length; ) done += disk.writeSync(fd, bytes, done, bytes.length - done, offset + done);
}

export function readAll<Bytes extends Uint8Array>(disk: JournalDisk, fd: number, bytes: Bytes, offset: number): Bytes {
  for (let done = 0; done < bytes.length; ) {
    const read = disk.readSync(fd, bytes, done, bytes.length - done, offset + done);
    if (read === 0) throw new Error(`the file ends at ${offset + done} and held more before`);
    done += read;
  }
  return bytes;
}
