import fc from "fast-check";
import { expect, test } from "vitest";
import { EventQueue } from "../../../src/http/scheduler/event-queue.ts";

/** Offers pushed, other events pushed, an offer (by its age) taken back, events read. */
const rounds = fc.array(
  fc.tuple(fc.nat(150), fc.nat(10), fc.uniqueArray(fc.nat(200), { maxLength: 200, size: "max" }), fc.nat(20)),
  {
    maxLength: 12,
  },
);

test("what is read is what was pushed, in order, without the offers that were taken back while they waited", () => {
  fc.assert(
    fc.property(rounds, (script) => {
      const queue = new EventQueue();
      let model: { readonly id: string; readonly bytes: Uint8Array; readonly isOffer: boolean }[] = [];
      let made = 0;
      const push = (isOffer: boolean) => {
        const one = { id: `o${made}`, bytes: new Uint8Array(1 + made++), isOffer };
        queue.push(one.bytes, isOffer ? one.id : undefined);
        model.push(one);
      };
      for (const [offers, others, backs, reads] of script) {
        for (let count = 0; count < offers; count++) push(true);
        for (let count = 0; count < others; count++) push(false);
        for (const back of backs) {
          const id = `o${made - back}`;
          const waiting = model.find((one) => one.id === id && one.isOffer);
          expect(queue.takeBack(id)).toBe(waiting?.bytes.length ?? 0);
          model = model.filter((one) => one !== waiting);
        }
        expect(queue.offerIds).toEqual(model.filter(({ isOffer }) => isOffer).map(({ id }) => id));
        for (let count = 0; count < reads; count++) expect(queue.shift()).toBe(model.shift()?.bytes);
        expect(queue.length).toBe(model.length);
      }
    }),
    { numRuns: 30 },
  );
});
