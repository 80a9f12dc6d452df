import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FrameType, frameTypes } from "../../../src/actors/link/frame.ts";
import { FrameSeal, type Hmac, sealBytes } from "../../../src/actors/link/frame-seal.ts";

const hmac: Hmac = (key, data) => createHmac("sha256", key).update(data).digest();
const seal = (key = 1) => new FrameSeal(new Uint8Array(32).fill(key), hmac);

const frames = fc.array(
  fc.record({
    type: fc.constantFrom(...(Object.keys(frameTypes) as FrameType[])),
    payload: fc.uint8Array({ maxLength: 60 }),
  }),
  { minLength: 1, maxLength: 8 },
);

test("what one end seals the other opens, in order", () => {
  fc.assert(
    fc.property(frames, (sent) => {
      const [near, far] = [seal(), seal()];
      for (const { type, payload } of sent) {
        const sealed = near.seal(type, payload);
        expect(sealed).toHaveLength(payload.byteLength + sealBytes);
        expect([...(far.open({ type, payload: sealed }) ?? [])]).toEqual([...payload]);
      }
    }),
  );
});

test("one bit changed anywhere, and it does not open", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(), fc.nat(7), (payload, at, bit) => {
      const sealed = Uint8Array.from(seal().seal("data", payload));
      const index = at % sealed.length;
      sealed[index] = (sealed[index] ?? 0) ^ (1 << bit);
      expect(seal().open({ type: "data", payload: sealed })).toBeUndefined();
    }),
  );
});

test("it does not open as another type, twice, out of order, with another key, or cut short", () => {
  const near = seal();
  const first = near.seal("data", Uint8Array.of(1));
  const second = near.seal("data", Uint8Array.of(1));
  expect(first).not.toEqual(second);
  expect(seal().open({ type: "ping", payload: first })).toBeUndefined();
  expect(seal(2).open({ type: "data", payload: first })).toBeUndefined();
  expect(seal().open({ type: "data", payload: second })).toBeUndefined();
  expect(seal().open({ type: "data", payload: first.subarray(1) })).toBeUndefined();
  expect(seal().open({ type: "data", payload: new Uint8Array(sealBytes - 1) })).toBeUndefined();
  const far = seal();
  expect(far.open({ type: "data", payload: first })).toEqual(Uint8Array.of(1));
  expect(far.open({ type: "data", payload: first })).toBeUndefined();
});
