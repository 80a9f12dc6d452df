import fc from "fast-check";
import { expect, test } from "vitest";
import { nameAddress, parseAddress, parsePlace, placeText, slotAddress } from "../../src/actors/address.ts";

const word = fc.stringMatching(/^[a-z0-9-]{1,63}$/);
const places = fc.record({
  node: word,
  epoch: fc.nat({ max: 2 ** 48 - 1 }),
  thread: word,
  threadEpoch: fc.nat({ max: 65_535 }),
});

test("R1.5 a place is what its text says", () => {
  const place = { node: "master-1", epoch: 1_234_567, thread: "allocator", threadEpoch: 3 };
  expect(placeText(place)).toBe("master-1~qglj/allocator.3");
  fc.assert(
    fc.property(places, (any) => {
      expect(parsePlace(placeText(any))).toEqual(any);
    }),
  );
});

test("R1.5 an address is what its text says, whoever it is for", () => {
  fc.assert(
    fc.property(
      places,
      fc.nat({ max: 2 ** 24 - 1 }),
      fc.nat({ max: 2 ** 32 - 1 }),
      word,
      (any, slot, generation, name) => {
        const place = placeText(any);
        expect(parseAddress(slotAddress(place, slot, generation))).toEqual({ place, slot, generation });
        expect(parseAddress(nameAddress(place, name))).toEqual({ place, name });
      },
    ),
  );
});

test.each([
  "",
  "node",
  "node~1/main",
  "Node~1/main.1",
  "node~1/main.1 ",
  "node~1/main.123456",
  `${"n".repeat(64)}~1/main.1`,
])("%j names no place", (text) => {
  expect(parsePlace(text)).toBeUndefined();
});

test.each(["", "node~1/main.1", "node~1/main.1:", "node~1/main.1:4", "node~1/main.1:four.1", ":1.1"])(
  "%j is no address",
  (text) => {
    expect(() => parseAddress(text)).toThrow("not an actor address");
  },
);
