import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

/** Of this process alone: nobody can prepare texts whose digests begin alike. */
const digestKey = randomBytes(32);

const shown = "<redacted>";

/** A text that must not be seen. Whatever prints it, in a log, as JSON or in a debugger's dump, prints `<redacted>`. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Takes as long for a text that is nearly right as for any other. */
  equals(text: string): boolean {
    return timingSafeEqual(digest(this.#text), digest(text));
  }

  /** The text itself, to be sent to whom it is meant for. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}

/** Digests are of one length, which a comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHmac("sha256", digestKey).update(text).digest();
}
