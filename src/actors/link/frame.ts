import { linkLimits } from "./limits.ts";

/** A frame on a byte stream: u32 little-endian payload length, one type byte, payload. */
export const frameTypes = { hello: 1, auth: 2, ready: 3, data: 4, ping: 5, goaway: 6 } as const;

export type FrameType = keyof typeof frameTypes;
export type Frame = { readonly type: FrameType; readonly payload: Uint8Array };

export const frameHeadBytes = 5;
const typeNames = new Map<number, FrameType>(
  Object.entries(frameTypes).map(([name, number]) => [number, name as FrameType]),
);

export function encodeFrame(type: FrameType, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(frameHeadBytes + payload.byteLength);
  frame.set(payload, frameHeadBytes);
  fillHead(frame, type);
  return frame;
}

/** Makes a frame of bytes that have room for the head in front. */
export function fillHead(frame: Uint8Array, type: FrameType): void {
  const length = frame.byteLength - frameHeadBytes;
  new DataView(frame.buffer, frame.byteOffset).setUint32(0, length, true);
  frame[4] = frameTypes[type];
}

/** Cuts a byte stream into frames. Never holds more than one frame, and refuses a long one by its header alone. */
export class FrameReader {
  /** Raised once the peer has proved who it is. */
  frameBytesMax: number = linkLimits.frameBytesBeforeReadyMax;
  /** The pieces of a frame that is not complete, and how many bytes there must be before it is looked at again. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #wanted = 0;

  /** The frames that this chunk completes, or why the stream must be closed. Only a frame in several chunks is copied. */
  push(chunk: Uint8Array): { readonly frames: readonly Frame[]; readonly fault?: string } {
    const frames: Frame[] = [];
    for (let rest = chunk; rest.byteLength > 0; ) {
      const missing = this.#wanted - this.#heldBytes;
      const bytes = this.#heldBytes === 0 ? rest : this.#joined(rest.subarray(0, missing));
      if (bytes === undefined) break;
      const head = this.#head(bytes);
      if (typeof head === "string") return { frames, fault: head };
      const end = frameHeadBytes + (head?.length ?? 0);
      const whole = head !== undefined && bytes.byteLength >= end;
      if (whole) frames.push({ type: head.type, payload: bytes.subarray(frameHeadBytes, end) });
      else this.#hold(bytes, end);
      rest = bytes === rest ? rest.subarray(whole ? end : rest.byteLength) : rest.subarray(missing);
    }
    return { frames };
  }

  /** What is held together with the piece, once that is as much as was wanted. */
  #joined(piece: Uint8Array): Uint8Array | undefined {
    this.#hold(piece, this.#wanted);
    if (this.#heldBytes < this.#wanted) return undefined;
    const joined = new Uint8Array(this.#heldBytes);
    let at = 0;
    for (const held of this.#held) {
      joined.set(held, at);
      at += held.byteLength;
    }
    this.#held = [];
    this.#heldBytes = 0;
    return joined;
  }

  #hold(bytes: Uint8Array, wanted: number): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.byteLength;
    this.#wanted = wanted;
  }

  /** Of the frame that the bytes begin with; undefined when it is not whole; a text when nobody may send such a frame. */
  #head(bytes: Uint8Array): { readonly type: FrameType; readonly length: number } | string | undefined {
    if (bytes.byteLength < frameHeadBytes) return undefined;
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const type = typeNames.get(bytes[4] ?? 0);
    if (type === undefined) return `frame of the unknown type ${bytes[4]}`;
    if (length > this.frameBytesMax) return `frame of ${length} bytes, the limit is ${this.frameBytesMax}`;
    return { type, length };
  }
}
