/**
 * Counts words without making a string of any: a word is a maximal run of ASCII letters, lower-cased.
 *
 *     slots   [ .  2  .  0  .  1  . ]        open addressing, an entry number plus one, 0 is free
 *     entries 0: {start, length, hash, count}  1: …
 *     arena   [ t h e | a | w o r d | u n f i n i . . . ]
 *                                     ^ tail: the letters of the word being read are put here as they come; if the
 *                                       word is new they stay, else the tail forgets them
 */
export class WordTable {
  #slots = new Uint32Array(1 << 12);
  #starts = new Uint32Array(1 << 10);
  #lengths = new Uint32Array(1 << 10);
  #hashes = new Int32Array(1 << 10);
  #counts = new Float64Array(1 << 10);
  #entries = 0;
  #arena = new Uint8Array(1 << 16);
  #tail = 0;
  /** Of the word being read. */
  #length = 0;
  #hash = hashSeed;

  /** How many different words there are. */
  get size(): number {
    return this.#entries;
  }

  /** Whether the last byte fed was a letter: the word may go on. */
  get open(): boolean {
    return this.#length > 0;
  }

  /** Counts the words in bytes of a text, of which the last may go on in the next call. */
  feed(bytes: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    const arena = this.#arena;
    let at = this.#tail + this.#length;
    let hash = this.#hash;
    let length = this.#length;
    for (let index = from; index < to; index++) {
      const letter = letters[bytes[index] as number] as number;
      if (letter !== 0) {
        arena[at++] = letter;
        hash = Math.imul(hash ^ letter, hashPrime);
        length++;
      } else if (length > 0) {
        this.#count(length, hash, 1);
        at = this.#tail;
        hash = hashSeed;
        length = 0;
      }
    }
    this.#length = length;
    this.#hash = hash;
  }

  /** The text ends here: the word that is open has ended. */
  close(): void {
    if (this.#length > 0) this.#count(this.#length, this.#hash, 1);
    this.#length = 0;
    this.#hash = hashSeed;
  }

  /** Adds to the count of a word, given as lower-case letters. */
  add(bytes: Uint8Array, from: number, to: number, count: number): void {
    this.#reserve(to - from);
    this.#arena.set(bytes.subarray(from, to), this.#tail);
    let hash = hashSeed;
    for (let index = from; index < to; index++) hash = Math.imul(hash ^ (bytes[index] as number), hashPrime);
    this.#count(to - from, hash, count);
  }

  /** The letters of an entry; valid until the next word is counted. */
  word(entry: number): Uint8Array {
    const start = this.#starts[entry] as number;
    return this.#arena.subarray(start, start + (this.#lengths[entry] as number));
  }

  count(entry: number): number {
    return this.#counts[entry] as number;
  }

  /** Which of so many partitions the word belongs to; depends on the word alone. */
  partition(entry: number, partitions: number): number {
    // The high bits: within a partition the low ones must stay different, for they choose the slot.
    return (mixed(this.#hashes[entry] as number) >>> 16) % partitions;
  }

  /** Counts the word of this length and hash that lies at the tail. */
  #count(length: number, hash: number, count: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = mixed(hash) & mask;
    for (;;) {
      const entry = (slots[slot] as number) - 1;
      if (entry < 0) break;
      if (this.#hashes[entry] === hash && this.#lengths[entry] === length && this.#equalsTail(entry, length)) {
        this.#counts[entry] = (this.#counts[entry] as number) + count;
        return;
      }
      slot = (slot + 1) & mask;
    }
    this.#insert(slot, length, hash, count);
  }

  #equalsTail(entry: number, length: number): boolean {
    const arena = this.#arena;
    const start = this.#starts[entry] as number;
    const tail = this.#tail;
    for (let index = 0; index < length; index++) if (arena[start + index] !== arena[tail + index]) return false;
    return true;
  }

  #insert(slot: number, length: number, hash: number, count: number): void {
    if (this.#entries === this.#starts.length) this.#growEntries();
    const entry = this.#entries++;
    this.#starts[entry] = this.#tail;
    this.#lengths[entry] = length;
    this.#hashes[entry] = hash;
    this.#counts[entry] = count;
    this.#tail += length;
    this.#slots[slot] = entry + 1;
    if (this.#entries * 2 > this.#slots.length) this.#rehash();
  }

  #growEntries(): void {
    this.#starts = grown(this.#starts, new Uint32Array(this.#entries * 2));
    this.#lengths = grown(this.#lengths, new Uint32Array(this.#entries * 2));
    this.#hashes = grown(this.#hashes, new Int32Array(this.#entries * 2));
    this.#counts = grown(this.#counts, new Float64Array(this.#entries * 2));
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.#entries; entry++) {
      let slot = mixed(this.#hashes[entry] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
    this.#slots = slots;
  }

  /** Makes room for so many letters, so that none of them needs a check. */
  #reserve(more: number): void {
    const needed = this.#tail + this.#length + more;
    if (needed <= this.#arena.length) return;
    if (needed > arenaBytesMax)
      throw new Error(`the different words of this part take more than ${arenaBytesMax} bytes`);
    this.#arena = grown(this.#arena, new Uint8Array(Math.min(arenaBytesMax, Math.max(needed, this.#arena.length * 2))));
  }
}

/** Letters of all different words of a table, and the longest word; more is an error. */
const arenaBytesMax = 2 ** 31;
/** FNV-1a. */
const hashSeed = 0x811c9dc5 | 0;
const hashPrime = 0x01000193;

/** The lower-case form of each letter, 0 for every other byte. */
const letters = Uint8Array.from({ length: 256 }, (_, byte) => {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a ? lower : 0;
});

export function isLetter(byte: number): boolean {
  return letters[byte] !== 0;
}

/** Spreads a hash whose low bits depend on few letters. */
function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (half ^ (half >>> 13)) >>> 0;
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
