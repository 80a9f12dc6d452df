import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeJson, encodeJson } from "../../../src/http/v1/json-codec.ts";
import { decodeProtobuf, encodeProtobuf } from "../../../src/http/v1/protobuf-codec.ts";
import type { InputOf, Message } from "../../../src/http/v1/schema.ts";
import { anyValue, everyMessage, withDefaults } from "./any-message.ts";

/** Each message is drawn on its own, so that the deepest is as well covered as the first. */
const runs = { numRuns: 6 };

describe.each(everyMessage.map((message) => ({ name: message.name, message })))("any $name", ({ message }) => {
  test("comes out of either codec as it went in, and says the same in both", () => {
    fc.assert(
      fc.property(anyValue(message), (value) => {
        const input = value as InputOf<Message>;
        const text = encodeJson(message, input);
        expect(text).not.toContain("\n");
        expect(decodeJson(message, JSON.parse(text))).toStrictEqual({ ok: true, value: withDefaults(message, value) });
        const back = decodeProtobuf(message, encodeProtobuf(message, input));
        expect(back).toStrictEqual({ ok: true, value });
        if (back.ok) expect(encodeJson(message, back.value)).toBe(text);
      }),
      runs,
    );
  });
});
