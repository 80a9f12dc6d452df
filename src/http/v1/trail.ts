/** How deep messages may stand in one another. The deepest of Mesos's own needs about 12; a chain of containers has no end. */
export const messageDepthMax = 64;

const faultCharsMax = 200;
const pathCharsMax = 120;
const keyCharsMax = 40;

/** What is wrong with bytes or JSON from outside. Thrown within a decoder only, which turns it into a refusal. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** Where in a message a decoder is, so that it can say where something is wrong: `accept.offer_ids.0.value: is missing`. */
export class Trail {
  readonly #root: string;
  readonly #steps: (string | number)[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  /** A field's name, an index, or the key of a map, which may be any text. */
  enter(step: string | number): void {
    this.#steps.push(step);
  }

  leave(): void {
    this.#steps.pop();
  }

  fault(what: string): Malformed {
    const path = this.#steps.map((step) => printable(String(step), keyCharsMax)).join(".");
    const shown = path.length > pathCharsMax ? `…${path.slice(1 - pathCharsMax)}` : path;
    return new Malformed(printable(`${shown === "" ? this.#root : shown}: ${what}`, faultCharsMax));
  }
}

/** Foreign text for people: one line, at most so long, nothing that a terminal would obey. */
export function printable(text: string, charsMax: number): string {
  const short = text.length > charsMax ? `${text.slice(0, charsMax - 1)}…` : text;
  return short.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}
