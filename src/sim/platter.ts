/** One write on its way: what it does to the disk, and what is left of it when the power goes in its middle. */
export type Write = {
  readonly land: () => void;
  /** Absent for a write that arrives whole or not at all. */
  readonly tear?: () => void;
};

/** A disk has no room: the words are the operating system's, and every failure that somebody injects says so. */
class DiskFull extends Error {
  override readonly name = "DiskFull";

  constructor() {
    super("ENOSPC: no space left on device (injected)");
  }
}

/** What is written to a pretend disk on its way there: `crash` decides how much of it arrives. */
export class Platter {
  /** Writes that no sync has covered yet, in order. */
  unsynced: Write[] = [];
  /** Writes that have arrived, ever. */
  landed = 0;
  /** Writes that a crash has torn, ever. */
  torn = 0;
  /** Milliseconds that every sync takes longer than usual; 0 when it is in good health. */
  lagMs = 0;
  /** Whether it takes no more. */
  full = false;

  write(write: Write): void {
    if (this.full) throw new DiskFull();
    this.unsynced.push(write);
  }

  /**
   * The power goes: of what was not synced, the share that had got out survives, from the first on. The write in which
   * the share ends is torn if it is one that can be. Nobody was told of any of it.
   */
  crash(share: number): void {
    const lengths = share * (this.unsynced.length + 1);
    const kept = Math.floor(lengths);
    const [cut] = this.unsynced.splice(kept);
    this.sync();
    if (cut?.tear === undefined || lengths - kept < 0.1) return;
    this.torn++;
    cut.tear();
  }

  /** Everything that was written has arrived. */
  sync(): void {
    while (this.unsynced.length > 0) this.syncFirst();
  }

  syncFirst(): void {
    const write = this.unsynced.shift();
    if (write === undefined) return;
    this.landed++;
    write.land();
  }
}
