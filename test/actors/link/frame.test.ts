import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeFrame, type Frame, FrameReader, type FrameType, frameTypes } from "../../../src/actors/link/frame.ts";
import { linkLimits } from "../../../src/actors/link/limits.ts";

const frames = fc.array(
  fc.record({
    type: fc.constantFrom(...(Object.keys(frameTypes) as FrameType[])),
    payload: fc.uint8Array({ maxLength: 200 }),
  }),
  { maxLength: 12 },
);

/** Frames keep windows on the chunks they came in; a test compares what they hold. */
const copied = (frame: Frame) => ({ type: frame.type, payload: [...frame.payload] });

test("a frame is its length in four bytes, little end first, its type in one, and its payload", () => {
  expect([...encodeFrame("data", Uint8Array.of(9, 8, 7))]).toEqual([3, 0, 0, 0, 4, 9, 8, 7]);
  expect([...encodeFrame("ping", new Uint8Array())]).toEqual([0, 0, 0, 0, 5]);
  expect(frameTypes).toEqual({ hello: 1, auth: 2, ready: 3, data: 4, ping: 5, goaway: 6 });
});

test("frames are the same however the stream is cut into chunks", () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(({ type, payload }) => encodeFrame(type, payload)));
      const reader = new FrameReader();
      const read: Frame[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        // Steps of nothing are allowed, but not for ever.
        const step = (cuts[turn % cuts.length] ?? 0) + (turn % 7 === 0 ? 1 : 0);
        const { frames: cut, fault } = reader.push(new Uint8Array(stream.subarray(at, at + step)));
        expect(fault).toBeUndefined();
        read.push(...cut);
        at += step;
      }
      expect(read.map(copied)).toEqual(sent.map(copied));
    }),
  );
});

describe("R15.1 a frame over the limit", () => {
  const header = (length: number) => {
    const bytes = new Uint8Array(5);
    new DataView(bytes.buffer).setUint32(0, length, true);
    bytes[4] = frameTypes.data;
    return bytes;
  };

  test("is refused by its header alone", () => {
    expect(new FrameReader().push(header(16_385))).toEqual({
      frames: [],
      fault: "frame of 16385 bytes, the limit is 16384",
    });
    expect(new FrameReader().push(header(2 ** 32 - 1)).fault).toBe("frame of 4294967295 bytes, the limit is 16384");
    expect(new FrameReader().push(header(16_384)).fault).toBeUndefined();
  });

  test("is larger once the peer has proved who it is", () => {
    const reader = new FrameReader();
    reader.frameBytesMax = linkLimits.frameBytesMax;
    expect(reader.push(header(1_048_576)).fault).toBeUndefined();
    const other = new FrameReader();
    other.frameBytesMax = linkLimits.frameBytesMax;
    expect(other.push(header(1_048_577)).fault).toBe("frame of 1048577 bytes, the limit is 1048576");
  });

  test("gives the frames before it first", () => {
    const stream = Buffer.concat([encodeFrame("ping", new Uint8Array()), header(99_999)]);
    const { frames: read, fault } = new FrameReader().push(stream);
    expect(read.map(({ type }) => type)).toEqual(["ping"]);
    expect(fault).toBe("frame of 99999 bytes, the limit is 16384");
  });
});

test.each([0, 7, 72, 255])("a frame of the unknown type %i is refused", (type) => {
  expect(new FrameReader().push(Uint8Array.of(0, 0, 0, 0, type)).fault).toBe(`frame of the unknown type ${type}`);
});

test("an HTTP request is refused at its fifth byte", () => {
  expect(new FrameReader().push(Buffer.from("GET /")).fault).toBe("frame of the unknown type 47");
});
