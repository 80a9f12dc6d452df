import { expect, test } from "vitest";
import { parseAttributes } from "../../src/protocol/attribute.ts";

test.each([
  ["", {}],
  ["rack:abc;zone:west", { rack: "abc", zone: "west" }],
  [" rack : abc ; ; ", { rack: "abc" }],
  ["url:http://h:80", { url: "http://h:80" }],
  ["empty:", { empty: "" }],
])("%j are attributes", (text, attributes) => {
  expect(parseAttributes(text)).toEqual(attributes);
});

test.each(["rack", ":abc", "rack:abc;zone", " :x"])("%j are none", (text) => {
  expect(parseAttributes(text)).toBeUndefined();
});
