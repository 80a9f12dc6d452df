import fc from "fast-check";
import { expect, test } from "vitest";
import { RingBuffer } from "../../src/base/ring-buffer.ts";

/** Pushes that many, then shifts that many: enough of both makes the buffer wrap around and grow. */
const rounds = fc.array(fc.tuple(fc.nat(40), fc.nat(40), fc.nat(5)), { maxLength: 20 });

test("any pushes, shifts, pops and retains give what an array gives", () => {
  fc.assert(
    fc.property(rounds, (script) => {
      const ring = new RingBuffer<number>();
      let model: number[] = [];
      let next = 0;
      for (const [pushes, shifts, divisor] of script) {
        for (let count = 0; count < pushes; count++) {
          ring.push(next);
          model.push(next++);
        }
        for (let count = 0; count < shifts; count++) {
          expect(ring.peek()).toBe(model[0]);
          expect(ring.shift()).toBe(model.shift());
        }
        if (divisor === 3) expect(ring.pop()).toBe(model.pop());
        const keep = (item: number) => divisor === 0 || item % divisor > 0;
        ring.retain(keep);
        model = model.filter(keep);
        expect(ring.length).toBe(model.length);
      }
    }),
  );
});

test("a buffer that wrapped around keeps its order when it grows", () => {
  const ring = new RingBuffer<number>();
  for (let item = 0; item < 10; item++) ring.push(item);
  for (let item = 0; item < 10; item++) ring.shift();
  for (let item = 0; item < 40; item++) ring.push(item);
  expect(Array.from({ length: 40 }, () => ring.shift())).toEqual([...Array(40).keys()]);
});
