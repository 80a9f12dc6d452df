import { invariant } from "../../base/invariant.ts";
import { ok, type Result, refused } from "../../base/result.ts";
import {
  blank,
  type Entry,
  type Enumeration,
  type InputOf,
  int64Max,
  type Message,
  type ScalarName,
  type Type,
  typeOf,
  type ValueOf,
} from "./schema.ts";
import { Malformed, messageDepthMax, printable, Trail } from "./trail.ts";

/**
 * Messages as JSON, the way Mesos reads and writes it.
 *
 * Read: `null` is unset, unknown fields are ignored, enums go by name (an unknown one leaves an optional field unset, an
 * element of a list out), numbers and booleans may stand in strings, a single value may stand for a list of one.
 * Written: defaults of unset fields too where Mesos declares one, no empty lists, doubles with a point (`15.0`), one line
 * of ASCII.
 */

/** `value` is parsed JSON. */
export function decodeJson<Of extends Message>(message: Of, value: unknown): Result<ValueOf<Of>, string> {
  const trail = new Trail(message.name);
  try {
    return ok(readMessage(message, value, trail, 1) as ValueOf<Of>);
  } catch (error) {
    if (error instanceof Malformed) return refused(error.message);
    throw error;
  }
}

/** On one line, in ASCII. Text that is not Unicode is mended; a number that JSON cannot say is a bug. */
export function encodeJson<Of extends Message>(message: Of, value: InputOf<Of>): string {
  return messageJson(message, value as Readonly<Record<string, unknown>>);
}

function readMessage(message: Message, value: unknown, trail: Trail, depth: number): Record<string, unknown> {
  if (!isObject(value)) throw trail.fault("is not an object");
  if (depth > messageDepthMax) throw trail.fault(`is more than ${messageDepthMax} messages deep`);
  const read = blank(message);
  for (const entry of message.entries) {
    const given = Object.hasOwn(value, entry.name) ? value[entry.name] : undefined;
    if (given === undefined || given === null) {
      if (entry.presence !== "required") continue;
      trail.enter(entry.name);
      throw trail.fault("is missing");
    }
    trail.enter(entry.name);
    const held = readField(entry, given, trail, depth);
    if (held !== undefined) read[entry.name] = held;
    trail.leave();
  }
  return read;
}

/** `undefined`: leave it unset. */
function readField(entry: Entry, given: unknown, trail: Trail, depth: number): unknown {
  const type = typeOf(entry);
  if (entry.presence === "repeated") return readList(type, given, trail, depth);
  if (entry.presence === "map") return readMap(type, given, trail, depth);
  const held = readValue(type, given, trail, depth);
  if (held === undefined && entry.presence === "required") throw trail.fault(`is not a name of ${typeName(type)}`);
  return held;
}

function readList(type: Type, given: unknown, trail: Trail, depth: number): readonly unknown[] {
  const list: unknown[] = [];
  for (const [index, element] of (Array.isArray(given) ? given : [given]).entries()) {
    if (element === null) continue;
    trail.enter(index);
    const held = readValue(type, element, trail, depth);
    if (held !== undefined) list.push(held);
    trail.leave();
  }
  return list;
}

function readMap(type: Type, given: unknown, trail: Trail, depth: number): ReadonlyMap<string, unknown> {
  if (!isObject(given)) throw trail.fault("is not an object");
  const read = new Map<string, unknown>();
  for (const [key, element] of Object.entries(given)) {
    if (element === null) continue;
    trail.enter(key);
    if (!key.isWellFormed()) throw trail.fault("is not a key in Unicode");
    read.set(key, readValue(type, element, trail, depth));
    trail.leave();
  }
  return read;
}

/** `undefined`: a name of an enumeration that is not known here. */
function readValue(type: Type, given: unknown, trail: Trail, depth: number): unknown {
  if (typeof type === "string") return readScalar(type, given, trail);
  if (typeof type === "function") return readMessage(type(), given, trail, depth + 1);
  if (type.kind === "message") return readMessage(type, given, trail, depth + 1);
  if (typeof given !== "string") throw trail.fault(`is not a name of ${type.name}`);
  return type.numberOf.has(given) ? given : undefined;
}

function readScalar(type: ScalarName, given: unknown, trail: Trail): unknown {
  switch (type) {
    case "string":
      if (typeof given !== "string") throw trail.fault("is not a string");
      if (!given.isWellFormed()) throw trail.fault("is not text in Unicode");
      return given;
    case "bytes":
      return readBytes(given, trail);
    case "bool":
      if (given === true || given === "true") return true;
      if (given === false || given === "false") return false;
      throw trail.fault("is not true or false");
    default:
      return readNumber(type, given, trail);
  }
}

function readBytes(given: unknown, trail: Trail): Uint8Array {
  const bytes = typeof given === "string" ? Buffer.from(given, "base64") : undefined;
  // Node reads whatever resembles base64; only the real thing comes out as it went in.
  if (bytes === undefined || bytes.toString("base64") !== given) throw trail.fault("is not base64 with its padding");
  return new Uint8Array(bytes);
}

const decimal = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

type NumberName = "double" | "int32" | "uint32" | "int64" | "uint64";

function readNumber(type: NumberName, given: unknown, trail: Trail): number {
  const number = typeof given === "string" && decimal.test(given) ? Number(given) : given;
  if (typeof number !== "number" || !Number.isFinite(number)) throw trail.fault("is not a number");
  if (type === "double") return number;
  if (!Number.isInteger(number)) throw trail.fault("is not a whole number");
  const [least, most] = ranges[type];
  if (number < least || number > most) throw trail.fault(`is out of range for ${type}`);
  // Not minus zero: protobuf has none either.
  return number === 0 ? 0 : Math.min(number, int64Max);
}

const ranges: Readonly<Record<Exclude<NumberName, "double">, readonly [least: number, most: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  // The largest int64, 2^63 - 1, comes out of a JSON parser as 2^63.
  int64: [-(2 ** 63), 2 ** 63],
  uint64: [0, Number.MAX_SAFE_INTEGER],
};

function messageJson(message: Message, value: Readonly<Record<string, unknown>>): string {
  let fields = "";
  for (const entry of message.entries) {
    const held = value[entry.name] ?? entry.declaredDefault;
    invariant(held !== undefined || entry.presence !== "required", () => `${message.name}.${entry.name} is missing`);
    const json = held === undefined ? undefined : fieldJson(entry, held);
    if (json !== undefined) fields += `${fields === "" ? "" : ","}"${entry.name}":${json}`;
  }
  return `{${fields}}`;
}

/** `undefined`: leave it out. */
function fieldJson(entry: Entry, held: unknown): string | undefined {
  const type = typeOf(entry);
  if (entry.presence === "repeated") {
    const list = held as readonly unknown[];
    return list.length === 0 ? undefined : `[${list.map((element) => valueJson(type, element)).join(",")}]`;
  }
  if (entry.presence === "map") {
    const pairs = [...(held as ReadonlyMap<string, unknown>)];
    if (pairs.length === 0) return undefined;
    return `{${pairs.map(([key, element]) => `${textJson(key)}:${valueJson(type, element)}`).join(",")}}`;
  }
  return valueJson(type, held);
}

function valueJson(type: Type, held: unknown): string {
  if (typeof type === "string") return scalarJson(type, held);
  if (typeof type === "function") return messageJson(type(), held as Readonly<Record<string, unknown>>);
  if (type.kind === "message") return messageJson(type, held as Readonly<Record<string, unknown>>);
  return nameJson(type, held as string);
}

function nameJson(type: Enumeration, name: string): string {
  invariant(type.numberOf.has(name), () => `${printable(name, 40)} is not a name of ${type.name}`);
  return `"${name}"`;
}

function scalarJson(type: ScalarName, held: unknown): string {
  switch (type) {
    case "string":
      return textJson(held as string);
    case "bytes": {
      const bytes = held as Uint8Array;
      return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")}"`;
    }
    case "bool":
      return held === true ? "true" : "false";
    case "double":
      return doubleJson(held as number);
    default:
      return wholeJson(type, held as number);
  }
}

/** In ASCII, so that a character is a byte: some clients of Mesos count the one where the length of a record is the other. */
const textJson = (text: string): string => JSON.stringify(text.toWellFormed()).replace(beyondAscii, escaped);

const beyondAscii = /[^ -~]/g;

/** A character beyond 16 bits is two escapes: the expression matches its halves one by one. */
const escaped = (half: string): string => `\\u${half.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** The shortest text that reads back as the same number, with a point or an exponent. */
function doubleJson(number: number): string {
  invariant(Number.isFinite(number), "JSON has no number that is not finite");
  if (Object.is(number, -0)) return "-0.0";
  const text = String(number);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function wholeJson(type: Exclude<NumberName, "double">, number: number): string {
  const [least, most] = ranges[type];
  invariant(Number.isInteger(number) && number >= least && number <= most, () => `${number} is no ${type}`);
  return String(Math.min(number, int64Max));
}

const typeName = (type: Type): string => (typeof type === "object" ? type.name : "this");

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
