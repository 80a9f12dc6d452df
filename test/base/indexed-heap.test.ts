import fc from "fast-check";
import { expect, test } from "vitest";
import { IndexedHeap } from "../../src/base/indexed-heap.ts";

const items = 12;
const item = fc.nat(items - 1);
const step = fc.oneof(
  fc.record({ type: fc.constant("key" as const), item, key: fc.nat(5) }),
  fc.record({ type: fc.constant("toggle" as const), item }),
  fc.record({ type: fc.constant("refill" as const), items: fc.uniqueArray(item) }),
);

test("any insertions, removals and changes of order leave the least of what a sorted array has", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (script) => {
      const keys = new Array<number>(items).fill(0);
      const before = (a: number, b: number) =>
        (keys[a] as number) < (keys[b] as number) || (keys[a] === keys[b] && a < b);
      const places = { place: new Int32Array(items).fill(-1) };
      const heap = new IndexedHeap(before, places);
      let model = new Set<number>();
      const sorted = () => [...model].sort((a, b) => (before(a, b) ? -1 : 1));
      for (const each of script) {
        if (each.type === "key") {
          keys[each.item] = each.key;
          heap.moved(each.item);
        } else if (each.type === "refill") {
          heap.refill(each.items);
          model = new Set(each.items);
        } else if (model.delete(each.item)) heap.remove(each.item);
        else {
          model.add(each.item);
          heap.insert(each.item);
        }
        expect(heap.first).toBe(sorted()[0] ?? -1);
        for (let index = 0; index < items; index++) expect((places.place[index] as number) >= 0).toBe(model.has(index));
      }
      const drained: number[] = [];
      while (heap.first >= 0) {
        drained.push(heap.first);
        heap.remove(heap.first);
      }
      expect(drained).toEqual(sorted());
    }),
  );
});
