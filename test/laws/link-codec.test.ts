import fc from "fast-check";
import { expect, test } from "vitest";
import { Codec } from "../../src/actors/link/codec.ts";
import { KindTable } from "../../src/actors/link/kind-table.ts";
import { puppetTable } from "../actors/kit.ts";
import { linkItems } from "../actors/link/arbitraries.ts";

const codec = new Codec(new KindTable([puppetTable]));
const batches = fc.record(
  {
    firstSeq: fc.maxSafeInteger().map(Math.abs),
    credit: fc.nat({ max: 2 ** 31 }),
    items: fc.array(linkItems, { maxLength: 8 }),
  },
  { noNullPrototype: true },
);

test("a batch is read as it was written, whatever its items carry", () => {
  fc.assert(
    fc.property(batches, (batch) => {
      expect(codec.decode(codec.encode(batch))).toStrictEqual(batch);
    }),
    { numRuns: 300 },
  );
});

test("what is written again after reading is the same bytes", () => {
  fc.assert(
    fc.property(batches, (batch) => {
      const bytes = codec.encode(batch);
      expect(Buffer.compare(codec.encode(codec.decode(bytes)), bytes)).toBe(0);
    }),
    { numRuns: 100 },
  );
});
