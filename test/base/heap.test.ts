import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "../../src/base/heap.ts";

type Entry = { readonly key: number; readonly order: number };

const inOrder = (a: Entry, b: Entry) => a.key - b.key || a.order - b.order;

/** A number is pushed; undefined pops. */
const steps = fc.array(fc.option(fc.integer({ min: -5, max: 5 }), { nil: undefined }), { maxLength: 200 });

test("any pushes and pops give what a sorted array gives, ties in the order they came", () => {
  fc.assert(
    fc.property(steps, (script) => {
      const heap = new Heap<Entry>((a, b) => inOrder(a, b) < 0);
      const model: Entry[] = [];
      for (const [order, key] of script.entries()) {
        expect(heap.peek()).toEqual(model[0]);
        if (key === undefined) {
          expect(heap.pop()).toEqual(model.shift());
        } else {
          heap.push({ key, order });
          model.push({ key, order });
          model.sort(inOrder);
        }
        expect(heap.size).toBe(model.length);
      }
      while (model.length > 0) expect(heap.pop()).toEqual(model.shift());
      expect(heap.pop()).toBeUndefined();
    }),
  );
});
