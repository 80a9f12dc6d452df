/**
 * What the links of one thread may have on the way to it altogether, in bytes. Each link holds its first window
 * whatever the others hold; growing is for those who come first, and while the whole is overdrawn windows shrink again.
 */
export class IngressBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Granted at present; above the limit only by first windows. */
  get bytes(): number {
    return this.#bytes;
  }

  /** By how much first windows have overdrawn it. */
  get overdrawnBytes(): number {
    return Math.max(0, this.#bytes - this.#bytesMax);
  }

  /** Takes the first window of a link. */
  take(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Takes as much as there is, at most so many bytes, and says how much. */
  draw(bytes: number): number {
    const drawn = Math.max(0, Math.min(bytes, this.#bytesMax - this.#bytes));
    this.#bytes += drawn;
    return drawn;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}
