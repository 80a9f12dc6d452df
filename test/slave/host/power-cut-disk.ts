import * as nodeFs from "node:fs";
import type { JournalDisk } from "../../../src/slave/host/journal-disk.ts";

export type PowerCut = {
  /** How many calls that change the disk still succeed. */
  readonly after: number;
  /** How many bytes of the write that is cut off get as far as the file, at most. */
  readonly torn: number;
  /** What becomes of bytes that were written and not synced. */
  readonly unsynced: "kept" | "lost" | "zeroed";
};

/** The disk of this machine until the power goes: then what was not synced is at stake, and every further call fails. */
export function powerCutDisk(cut: PowerCut): JournalDisk {
  /** Of each open file, how many of its bytes are on disk. */
  const synced = new Map<number, number>();
  const sizeOf = (fd: number) => nodeFs.fstatSync(fd).size;
  let left = cut.after;

  const fall = () => {
    for (const [fd, bytes] of synced) {
      if (cut.unsynced === "kept" || !nodeFs.fstatSync(fd).isFile()) continue;
      const size = sizeOf(fd);
      nodeFs.ftruncateSync(fd, Math.min(size, bytes));
      // A file that grows again has zeros there, as if its size had been written and its bytes had not.
      if (cut.unsynced === "zeroed") nodeFs.ftruncateSync(fd, size);
    }
  };
  /** The same call, if there is power. `last` is what it still does when the power goes in the middle of it. */
  const powered = <Call extends (...args: never[]) => unknown>(
    call: Call,
    last?: (...args: Parameters<Call>) => void,
  ) =>
    ((...args: Parameters<Call>) => {
      if (left === 0) last?.(...args);
      if (left === 0) fall();
      left--;
      if (left < 0) throw new Error("the power is gone");
      return call(...args);
    }) as unknown as Call;
  const sync = (fd: number) => {
    synced.set(fd, sizeOf(fd));
  };
  const write = (fd: number, bytes: Uint8Array, from: number, length: number, offset: number) =>
    nodeFs.writeSync(fd, bytes, from, length, offset);

  return {
    closeSync: (fd) => {
      synced.delete(fd);
      nodeFs.closeSync(fd);
    },
    fdatasyncSync: powered(sync),
    fstatSync: nodeFs.fstatSync,
    fsyncSync: powered(sync),
    ftruncateSync: powered((fd: number, length: number) => {
      nodeFs.ftruncateSync(fd, length);
      synced.set(fd, Math.min(synced.get(fd) ?? 0, length));
    }) as JournalDisk["ftruncateSync"],
    mkdirSync: powered(nodeFs.mkdirSync),
    openSync: powered((path: nodeFs.PathLike, flags: nodeFs.OpenMode, mode?: nodeFs.Mode | null) => {
      const fd = nodeFs.openSync(path, flags, mode);
      sync(fd);
      return fd;
    }),
    readSync: nodeFs.readSync,
    renameSync: powered(nodeFs.renameSync),
    rmSync: powered(nodeFs.rmSync),
    writeSync: powered(write, (fd, bytes, from, length, offset) => {
      write(fd, bytes, from, Math.min(length, cut.torn), offset);
    }) as JournalDisk["writeSync"],
  };
}
