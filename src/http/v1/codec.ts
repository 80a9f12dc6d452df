import { ok, type Result, refused } from "../../base/result.ts";
import { decodeJson, encodeJson } from "./json-codec.ts";
import { decodeProtobuf, encodeProtobuf } from "./protobuf-codec.ts";
import type { InputOf, Message, ValueOf } from "./schema.ts";
import { printable } from "./trail.ts";

/** One of the two encodings of a body. No bytes make it throw: a fault is a line for people, of at most 200 characters. */
export type Codec = {
  readonly mediaType: "application/json" | "application/x-protobuf";
  readonly decode: <Of extends Message>(message: Of, body: Uint8Array) => Result<ValueOf<Of>, string>;
  readonly encode: <Of extends Message>(message: Of, value: InputOf<Of>) => Uint8Array;
};

export const jsonCodec: Codec = {
  mediaType: "application/json",
  decode: (message, body) => {
    const parsed = parse(body);
    return parsed.ok ? decodeJson(message, parsed.value) : parsed;
  },
  encode: (message, value) => Buffer.from(encodeJson(message, value)),
};

export const protobufCodec: Codec = {
  mediaType: "application/x-protobuf",
  decode: decodeProtobuf,
  encode: encodeProtobuf,
};

/** How deep brackets may stand in one another, also in fields that nobody knows; messages and their lists need half. */
const bracketDepthMax = 256;

/** The body must be UTF-8 without a byte order mark. */
function parse(body: Uint8Array): Result<unknown, string> {
  if (bracketsTooDeep(body)) return refused(`the body has brackets more than ${bracketDepthMax} deep`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return refused("the body is not UTF-8");
  }
  try {
    return ok(JSON.parse(text));
  } catch (error) {
    return refused(printable(`the body is not JSON: ${error instanceof Error ? error.message : ""}`, 200));
  }
}

/** Looked for before the body is parsed: a parser makes a value of each bracket first. */
function bracketsTooDeep(body: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (inString) {
      if (byte === backslash) at++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openBracket || byte === openBrace) {
      if (++depth > bracketDepthMax) return true;
    } else if (byte === closeBracket || byte === closeBrace) depth--;
  }
  return false;
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = Buffer.from('"\\[]{}');
