import type { IncomingHttpHeaders } from "node:http";
import { ok, type Result, refused } from "../base/result.ts";
import type { Refusal } from "./guards/admission.ts";
import { type Codec, jsonCodec, protobufCodec } from "./v1/codec.ts";

/**
 * What a request says and what it wants to hear: JSON, and protobuf where both are spoken. Mesos's order of checks is method,
 * content type, body, call, and `Accept` last.
 */

const json = jsonCodec.mediaType;
const protobuf = protobufCodec.mediaType;

/** What is wrong with the headers of a body. A parameter such as a charset hurts nobody. */
export function contentTypeFault(headers: IncomingHttpHeaders): Refusal | undefined {
  const type = mediaType(headers["content-type"]);
  if (type === "") return { status: 400, message: `a call needs a Content-Type: ${json}` };
  return type === json ? undefined : { status: 415, message: `calls are taken as ${json} only` };
}

/** An answer in JSON is acceptable: no `Accept` at all, a wildcard, or JSON by name, and not with `q=0`. */
export function acceptFault(headers: IncomingHttpHeaders): Refusal | undefined {
  if (headers.accept === undefined || headers.accept.trim() === "") return undefined;
  if (acceptedTypes(headers).some((type) => [json, "application/*", "*/*"].includes(type))) return undefined;
  return { status: 406, message: `answers come as ${json} only` };
}

/** How a body is encoded, where both encodings are taken. */
export function requestCodec(headers: IncomingHttpHeaders): Result<Codec, Refusal> {
  const type = mediaType(headers["content-type"]);
  if (type === "") return refused({ status: 400, message: `a call needs a Content-Type: ${json} or ${protobuf}` });
  if (type === json) return ok(jsonCodec);
  if (type === protobuf) return ok(protobufCodec);
  return refused({ status: 415, message: `calls are taken as ${json} or ${protobuf}` });
}

/** How an answer is to be encoded: JSON, unless only protobuf is acceptable. */
export function answerCodec(headers: IncomingHttpHeaders): Result<Codec, Refusal> {
  if (acceptFault(headers) === undefined) return ok(jsonCodec);
  if (acceptedTypes(headers).includes(protobuf)) return ok(protobufCodec);
  return refused({ status: 406, message: `answers come as ${json} or ${protobuf}` });
}

/** The JSON value of a body, which must be UTF-8 without a byte order mark. */
export function parseJson(body: unknown): Result<unknown, Refusal> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      body instanceof Buffer ? body : undefined,
    );
    return ok(JSON.parse(text));
  } catch {
    return refused({ status: 400, message: "the body is not JSON" });
  }
}

function acceptedTypes({ accept = "" }: IncomingHttpHeaders): readonly string[] {
  const ranges = accept.split(",").filter((range) => !/;\s*q=0(\.0*)?\s*(;|$)/.test(range));
  return ranges.map(mediaType);
}

function mediaType(header: string | undefined): string {
  return (header ?? "").replace(/;.*$/s, "").trim().toLowerCase();
}
