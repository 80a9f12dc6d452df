import { expect, test } from "vitest";
import { attributeValue, parseAttributes } from "../../src/protocol/attribute.ts";

test.each([
  ["", {}],
  ["rack:abc;zone:west", { rack: "abc", zone: "west" }],
  [" rack : abc ; ; ", { rack: "abc" }],
  ["url:http://h:80", { url: "http://h:80" }],
  ["empty:", { empty: "" }],
  ["level:10;keys:[1000-1500]", { level: "10", keys: "[1000-1500]" }],
])("%j are attributes", (text, attributes) => {
  expect(parseAttributes(text)).toEqual(attributes);
});

test.each(["rack", ":abc", "rack:abc;zone", " :x", "keys:[9-1]", "keys:[1000", "keys:[]"])("%j are none", (text) => {
  expect(parseAttributes(text)).toBeUndefined();
});

test.each<[string, ReturnType<typeof attributeValue>]>([
  ["abc", "abc"],
  ["10", 10],
  ["-2.5", -2.5],
  ["1e3", "1e3"],
  ["10 MB", "10 MB"],
  ["[1000-1500]", { ranges: [[1_000, 1_500]] }],
  [
    "[7-9,1-2,3-4]",
    {
      ranges: [
        [1, 4],
        [7, 9],
      ],
    },
  ],
  ["[9-1]", "[9-1]"],
  ["{a,b}", "{a,b}"],
])("the value of %j", (text, value) => {
  expect(attributeValue(text)).toEqual(value);
});
