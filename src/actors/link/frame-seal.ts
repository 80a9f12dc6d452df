import { type Frame, type FrameType, frameTypes } from "./frame.ts";

/** HMAC-SHA256. The bytes are not kept. */
export type Hmac = (key: Uint8Array, data: Uint8Array) => Uint8Array;

/** Bytes of the mac at the end of a sealed payload: HMAC-SHA256 cut in half, which RFC 2104 allows. */
export const sealBytes = 16;
/** Before the payload in what a mac covers: the frame's number in its direction, u64 little-endian, and its type. */
const prefixBytes = 9;

/**
 * Proves of each frame of one direction that the peer of the handshake sent it, as the next after the one before:
 * a frame that was changed, repeated, left out, moved or reflected does not open. It hides nothing.
 */
export class FrameSeal {
  readonly #key: Uint8Array;
  readonly #hmac: Hmac;
  #seq = 0n;

  constructor(key: Uint8Array, hmac: Hmac) {
    this.#key = key;
    this.#hmac = hmac;
  }

  /** The payload with its mac behind it. */
  seal(type: FrameType, payload: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(prefixBytes + payload.byteLength + sealBytes);
    const covered = sealed.subarray(0, prefixBytes + payload.byteLength);
    this.#fill(covered, type, payload);
    sealed.set(this.#next(covered), covered.byteLength);
    return sealed.subarray(prefixBytes);
  }

  /** The payload without its mac, or undefined when the mac is wrong. */
  open({ type, payload }: Frame): Uint8Array | undefined {
    const bytes = payload.byteLength - sealBytes;
    if (bytes < 0) return undefined;
    const plain = payload.subarray(0, bytes);
    const covered = new Uint8Array(prefixBytes + bytes);
    this.#fill(covered, type, plain);
    return equalBytes(this.#next(covered), payload.subarray(bytes)) ? plain : undefined;
  }

  #fill(covered: Uint8Array, type: FrameType, payload: Uint8Array): void {
    new DataView(covered.buffer, covered.byteOffset).setBigUint64(0, this.#seq, true);
    covered[8] = frameTypes[type];
    covered.set(payload, prefixBytes);
  }

  #next(covered: Uint8Array): Uint8Array {
    this.#seq++;
    return this.#hmac(this.#key, covered).subarray(0, sealBytes);
  }
}

/** Compares in time that depends on the length alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}
