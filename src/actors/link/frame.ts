import { linkLimits } from "./limits.ts";

/** A frame on a byte stream: u32 little-endian payload length, one type byte, payload. */
export const frameTypes = { hello: 1, auth: 2, ready: 3, data: 4, ping: 5, goaway: 6 } as const;

export type FrameType = keyof typeof frameTypes;
export type Frame = { readonly type: FrameType; readonly payload: Uint8Array };

const headerBytes = 5;
const typeNames = new Map<number, FrameType>(
  Object.entries(frameTypes).map(([name, number]) => [number, name as FrameType]),
);

export function encodeFrame(type: FrameType, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(headerBytes + payload.byteLength);
  new DataView(frame.buffer).setUint32(0, payload.byteLength, true);
  frame[4] = frameTypes[type];
  frame.set(payload, headerBytes);
  return frame;
}

/** Cuts a byte stream into frames. Never holds more than one frame, and refuses a long one by its header alone. */
export class FrameReader {
  /** Raised once the peer has proved who it is. */
  frameBytesMax: number = linkLimits.frameBytesBeforeReadyMax;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** The frames that this chunk completes, or why the stream must be closed. */
  push(chunk: Uint8Array): { readonly frames: readonly Frame[]; readonly fault?: string } {
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    const frames: Frame[] = [];
    while (this.#heldBytes >= headerBytes) {
      const bytes = this.#joined();
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      const type = typeNames.get(bytes[4] ?? 0);
      if (type === undefined) return { frames, fault: `frame of the unknown type ${bytes[4]}` };
      if (length > this.frameBytesMax) {
        return { frames, fault: `frame of ${length} bytes, the limit is ${this.frameBytesMax}` };
      }
      if (bytes.byteLength < headerBytes + length) break;
      frames.push({ type, payload: bytes.subarray(headerBytes, headerBytes + length) });
      this.#held = [bytes.subarray(headerBytes + length)];
      this.#heldBytes = bytes.byteLength - headerBytes - length;
    }
    return { frames };
  }

  #joined(): Uint8Array {
    const [first] = this.#held;
    if (first !== undefined && this.#held.length === 1) return first;
    const joined = new Uint8Array(this.#heldBytes);
    let at = 0;
    for (const chunk of this.#held) {
      joined.set(chunk, at);
      at += chunk.byteLength;
    }
    this.#held = [joined];
    return joined;
  }
}
