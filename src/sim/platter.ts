/** What is written to a pretend disk on its way there: `crash` decides how much of it arrives. */
export class Platter {
  /** Writes that no sync has covered yet, in order. */
  unsynced: (() => void)[] = [];

  /** The power goes: of what was not synced, the share that had got out survives, from the first on. Nobody was told. */
  crash(share: number): void {
    this.unsynced.splice(Math.floor(share * (this.unsynced.length + 1)));
    this.sync();
  }

  sync(): void {
    for (const write of this.unsynced) write();
    this.unsynced = [];
  }
}
