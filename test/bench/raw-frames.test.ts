import fc from "fast-check";
import { expect, test } from "vitest";
import { framed, RawFrames } from "../../bench/bridge/raw-frames.ts";

const values = fc.array(fc.oneof(fc.nat(), fc.string(), fc.array(fc.tuple(fc.string(), fc.nat()), { maxLength: 40 })));

test("however a stream is cut, the values of its frames come out of it in order", () => {
  fc.assert(
    fc.property(values, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (sent, sizes) => {
      const stream = Buffer.concat(sent.map(framed));
      const frames = new RawFrames();
      const heard: unknown[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const end = at + (sizes[turn % sizes.length] ?? 1);
        frames.push(stream.subarray(at, end), (value) => heard.push(value));
        at = end;
      }
      expect(heard).toEqual(sent);
    }),
  );
});
