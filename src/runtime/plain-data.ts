/** Nesting of a value that may travel. The same limit holds for messages. */
const depthMax = 24;
/** What a number, a boolean or the frame of a longer value counts for. */
const frameBytes = 9;

/**
 * Why a value cannot travel as a message body, or undefined when it can. Says where in the value the trouble is.
 * Sizes are estimated from above, without encoding anything.
 */
export function plainDataFault(value: unknown, bytesMax: number): string | undefined {
  const walk = new Walk(bytesMax);
  return walk.fault(value, "result", 0);
}

class Walk {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  fault(value: unknown, path: string, depth: number): string | undefined {
    if (depth > depthMax) return `${path} is nested deeper than ${depthMax}: flatten it`;
    this.#bytes += frameBytes + bytesOf(value);
    if (this.#bytes > this.#bytesMax) {
      return `the result is larger than ${this.#bytesMax} bytes: write it to a file in context.directory and return its name`;
    }
    if (typeof value === "number")
      return Number.isFinite(value) ? undefined : `${path} is ${value}: return null or a text`;
    if (value === null || typeof value === "boolean" || typeof value === "string") return undefined;
    if (typeof value === "bigint" || value instanceof Uint8Array) return undefined;
    if (Array.isArray(value)) return this.#first(value.entries(), depth, (index) => `${path}[${index}]`);
    if (isRecord(value)) return this.#first(Object.entries(value), depth, (key) => `${path}.${key}`);
    return `${path} is ${nameOf(value)}, which is not plain data: return objects, arrays, texts, numbers and bytes only`;
  }

  #first<K>(entries: Iterable<[K, unknown]>, depth: number, pathOf: (key: K) => string): string | undefined {
    for (const [key, inner] of entries) {
      if (typeof key === "string") this.#bytes += frameBytes + Buffer.byteLength(key);
      if (inner === undefined && typeof key === "string") continue;
      const fault = this.fault(inner, pathOf(key), depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}

function bytesOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  return value instanceof Uint8Array ? value.byteLength : 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  return `a ${value.constructor?.name ?? "nameless object"}`;
}
