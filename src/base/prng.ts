/**
 * A seeded random source (sfc32: 32-bit integer arithmetic only, so every machine draws the same numbers).
 * Streams are split by label: drawing more from one stream never shifts another, which keeps a seed's story
 * stable while a run is being shrunk.
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly #seed: string;

  constructor(seed: number | string) {
    this.#seed = String(seed);
    const [a, b, c] = hash(this.#seed);
    this.#a = a;
    this.#b = b;
    this.#c = c;
    for (let warmUp = 0; warmUp < 12; warmUp++) this.u32();
  }

  /** An integer in [0, 2^32). */
  u32(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** A number in [0, 1). */
  unit(): number {
    return this.u32() / 4_294_967_296;
  }

  /** An integer in [0, below). */
  int(below: number): number {
    return Math.floor(this.unit() * below);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** Draws from now on what another would draw. */
  follow(other: Prng): void {
    this.#a = other.#a;
    this.#b = other.#b;
    this.#c = other.#c;
    this.#counter = other.#counter;
  }

  /** A stream of its own, a function of this stream's seed and the label alone. */
  split(label: string): Prng {
    return new Prng(`${this.#seed}/${label}`);
  }
}

/** Three well-mixed words from a text (FNV-1a lanes with different offsets, finished by a murmur-style avalanche). */
function hash(text: string): [number, number, number] {
  const lanes: [number, number, number] = [0x811c9dc5, 0x01000193, 0x9e3779b9];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    lanes[0] = Math.imul(lanes[0] ^ code, 0x01000193);
    lanes[1] = Math.imul(lanes[1] ^ (code + index), 0x85ebca6b);
    lanes[2] = Math.imul(lanes[2] ^ (code << 1), 0xc2b2ae35);
  }
  return [avalanche(lanes[0]), avalanche(lanes[1]), avalanche(lanes[2])];
}

function avalanche(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
