import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeJson } from "../../../src/http/v1/json-codec.ts";
import { Labels } from "../../../src/http/v1/label-messages.ts";

test("JSON is written in ASCII and on one line, and reads back as the same text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (key, value) => {
      const json = encodeJson(Labels, { labels: [{ key, value }] });
      expect(json).toMatch(/^[ -~]*$/);
      expect(JSON.parse(json)).toEqual({ labels: [{ key, value }] });
    }),
  );
});

test("a character beyond 16 bits is a pair of escapes", () => {
  expect(encodeJson(Labels, { labels: [{ key: "é", value: "🐑" }] })).toBe(
    '{"labels":[{"key":"\\u00e9","value":"\\ud83d\\udc11"}]}',
  );
});
