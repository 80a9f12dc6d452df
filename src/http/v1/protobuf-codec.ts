import protobuf from "protobufjs/minimal.js";
import { invariant } from "../../base/invariant.ts";
import { ok, type Result, refused } from "../../base/result.ts";
import {
  blank,
  type Entry,
  type InputOf,
  int64Max,
  type Message,
  type ScalarName,
  type Type,
  typeOf,
  type ValueOf,
} from "./schema.ts";
import { Malformed, messageDepthMax, Trail } from "./trail.ts";

/**
 * Messages as proto2 bytes, by walking the schema: no code is generated and no descriptor loaded.
 *
 * Read: the last of several wins, messages that come several times merge, lists may be packed, unknown fields and unknown
 * numbers of enums are skipped. Required fields are looked for at the end, when all that merges has merged. Written: fields
 * in the order of their numbers, lists not packed, as proto2 does.
 */

export function decodeProtobuf<Of extends Message>(message: Of, bytes: Uint8Array): Result<ValueOf<Of>, string> {
  const trail = new Trail(message.name);
  const value = blank(message);
  try {
    readMessage(new protobuf.Reader(bytes), message, value, trail, 1);
    checkComplete(message, value, trail);
    return ok(value as ValueOf<Of>);
  } catch (error) {
    return refused(error instanceof Malformed ? error.message : trail.fault(readerFault(error)).message);
  }
}

/** Text that is not Unicode is mended. */
export function encodeProtobuf<Of extends Message>(message: Of, value: InputOf<Of>): Uint8Array {
  const writer = new protobuf.Writer();
  writeMessage(writer, message, value as Readonly<Record<string, unknown>>);
  return writer.finish();
}

/** What the reader threw, for people. */
function readerFault(error: unknown): string {
  if (error instanceof RangeError) return "ends too early";
  if (error instanceof TypeError) return "is not UTF-8";
  return "is not protobuf";
}

/** How a value stands on the wire. */
const wireTypes: Readonly<Record<ScalarName, number>> = {
  string: 2,
  bytes: 2,
  bool: 0,
  int32: 0,
  uint32: 0,
  int64: 0,
  uint64: 0,
  double: 1,
};

const varint = 0;
const delimited = 2;

function wireTypeOf(type: Type): number {
  if (typeof type === "string") return wireTypes[type];
  return typeof type === "object" && type.kind === "enumeration" ? varint : delimited;
}

type Reader = InstanceType<typeof protobuf.Reader>;
type Filled = Record<string, unknown>;

/** Reads up to the reader's end, which is the end of this message. */
function readMessage(reader: Reader, message: Message, into: Filled, trail: Trail, depth: number): void {
  if (depth > messageDepthMax) throw trail.fault(`is more than ${messageDepthMax} messages deep`);
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    const entry = message.byNumber.get(tag >>> 3);
    if (entry === undefined) {
      reader.skipType(tag & 7, 0, tag >>> 3);
      continue;
    }
    trail.enter(entry.name);
    readField(reader, entry, tag & 7, into, trail, depth);
    trail.leave();
  }
}

function readField(reader: Reader, entry: Entry, wire: number, into: Filled, trail: Trail, depth: number): void {
  const type = typeOf(entry);
  if (entry.presence === "map") {
    checkWire(wire, delimited, trail);
    readPair(reader, type, mapOf(into, entry.name), trail, depth);
    return;
  }
  if (entry.presence === "repeated") {
    readElements(reader, type, wire, listOf(into, entry.name), trail, depth);
    return;
  }
  checkWire(wire, wireTypeOf(type), trail);
  const held = readValue(reader, type, into[entry.name], trail, depth);
  if (held !== undefined) into[entry.name] = held;
}

/** The list of a field, its own from the first element on. */
function listOf(into: Filled, name: string): unknown[] {
  const held = into[name] as unknown[];
  if (held.length > 0) return held;
  const own: unknown[] = [];
  into[name] = own;
  return own;
}

function mapOf(into: Filled, name: string): Map<string, unknown> {
  const held = into[name] as Map<string, unknown>;
  if (held.size > 0) return held;
  const own = new Map<string, unknown>();
  into[name] = own;
  return own;
}

function readElements(reader: Reader, type: Type, wire: number, into: unknown[], trail: Trail, depth: number): void {
  const expected = wireTypeOf(type);
  const packed = wire === delimited && expected !== delimited;
  if (!packed) checkWire(wire, expected, trail);
  const outerEnd = packed ? enter(reader) : reader.len;
  do {
    if (packed && reader.pos === reader.len) break;
    trail.enter(into.length);
    const held = readValue(reader, type, undefined, trail, depth);
    if (held !== undefined) into.push(held);
    trail.leave();
  } while (packed);
  reader.len = outerEnd;
}

/** An entry of a map is a message of a key #1 and a value #2, either of which may be absent. */
function readPair(reader: Reader, type: Type, into: Map<string, unknown>, trail: Trail, depth: number): void {
  const outerEnd = enter(reader);
  let key = "";
  let held: unknown;
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    const number = tag >>> 3;
    if (number === 1 || number === 2) checkWire(tag & 7, delimited, trail);
    if (number === 1) key = reader.stringVerify();
    else if (number === 2) held = readValue(reader, type, held, trail, depth);
    else reader.skipType(tag & 7, 0, number);
  }
  reader.len = outerEnd;
  into.set(key, held ?? (type === "string" ? "" : blank(type as Message)));
}

/** `undefined`: a number of an enumeration that is not known here. `before` is what a message merges with. */
function readValue(reader: Reader, type: Type, before: unknown, trail: Trail, depth: number): unknown {
  if (typeof type === "string") return readScalar(reader, type, trail);
  const kind = typeof type === "function" ? type() : type;
  if (kind.kind === "enumeration") return kind.nameOf.get(reader.int32());
  const value = (before as Filled | undefined) ?? blank(kind);
  const outerEnd = enter(reader);
  readMessage(reader, kind, value, trail, depth + 1);
  reader.len = outerEnd;
  return value;
}

/** Narrows the reader to what is delimited here, and answers with the end to set again afterwards. */
function enter(reader: Reader): number {
  const length = reader.size();
  const outerEnd = reader.len;
  if (length > outerEnd - reader.pos) throw new RangeError("a length beyond the end");
  reader.len = reader.pos + length;
  return outerEnd;
}

function readScalar(reader: Reader, type: ScalarName, trail: Trail): unknown {
  switch (type) {
    case "string":
      return reader.stringVerify();
    case "bytes":
      // A copy of its own, so that it does not keep the whole body.
      return new Uint8Array(reader.bytes());
    case "double": {
      const number = reader.double();
      if (!Number.isFinite(number)) throw trail.fault("is not a finite number");
      return number;
    }
    case "int64":
      return Math.min(numberOf(reader.int64()), int64Max);
    case "uint64": {
      const number = numberOf(reader.uint64());
      if (!Number.isSafeInteger(number)) throw trail.fault("is out of range for uint64");
      return number;
    }
    default:
      return reader[type]();
  }
}

/** The reader makes two halves of 64 bits where the package `long` happens to be installed. */
function numberOf(read: number | { readonly high: number; readonly low: number; readonly unsigned: boolean }): number {
  if (typeof read === "number") return read;
  return (read.unsigned ? read.high >>> 0 : read.high) * 2 ** 32 + (read.low >>> 0);
}

function checkWire(wire: number, expected: number, trail: Trail): void {
  if (wire !== expected) throw trail.fault(`has wire type ${wire} in place of ${expected}`);
}

function checkComplete(message: Message, value: Filled, trail: Trail): void {
  for (const entry of message.entries) {
    const held = value[entry.name];
    if (held === undefined && entry.presence !== "required") continue;
    trail.enter(entry.name);
    if (held === undefined) throw trail.fault("is missing");
    const type = typeOf(entry);
    if (typeof type === "object" && type.kind === "message") checkField(type, entry, held, trail);
    trail.leave();
  }
}

function checkField(type: Message, entry: Entry, held: unknown, trail: Trail): void {
  if (entry.presence !== "repeated" && entry.presence !== "map") {
    checkComplete(type, held as Filled, trail);
    return;
  }
  for (const [step, element] of (held as readonly Filled[] | ReadonlyMap<string, Filled>).entries()) {
    trail.enter(step);
    checkComplete(type, element, trail);
    trail.leave();
  }
}

type Writer = InstanceType<typeof protobuf.Writer>;

function writeMessage(writer: Writer, message: Message, value: Readonly<Record<string, unknown>>): void {
  for (const entry of message.entries) {
    const held = value[entry.name];
    invariant(held !== undefined || entry.presence !== "required", () => `${message.name}.${entry.name} is missing`);
    if (held !== undefined) writeField(writer, entry, held);
  }
}

function writeField(writer: Writer, entry: Entry, held: unknown): void {
  const type = typeOf(entry);
  if (entry.presence === "map") {
    for (const [key, element] of held as ReadonlyMap<string, unknown>) {
      writer.uint32(tagOf(entry.number, delimited)).fork();
      writeTagged(writer, 1, "string", key);
      writeTagged(writer, 2, type, element);
      writer.ldelim();
    }
  } else if (entry.presence === "repeated") {
    for (const element of held as readonly unknown[]) writeTagged(writer, entry.number, type, element);
  } else writeTagged(writer, entry.number, type, held);
}

function writeTagged(writer: Writer, number: number, type: Type, held: unknown): void {
  writer.uint32(tagOf(number, wireTypeOf(type)));
  if (typeof type === "string") writeScalar(writer, type, held);
  else if (typeof type === "object" && type.kind === "enumeration") {
    const value = type.numberOf.get(held as string);
    invariant(value !== undefined, () => `a value of ${type.name} has a name that it does not know`);
    writer.int32(value);
  } else {
    writer.fork();
    writeMessage(writer, typeof type === "function" ? type() : type, held as Readonly<Record<string, unknown>>);
    writer.ldelim();
  }
}

function writeScalar(writer: Writer, type: ScalarName, held: unknown): void {
  switch (type) {
    case "string":
      writer.string((held as string).toWellFormed());
      return;
    case "bytes":
      writer.bytes(held as Uint8Array);
      return;
    case "bool":
      writer.bool(held === true);
      return;
    default:
      writer[type](held as number);
  }
}

const tagOf = (number: number, wire: number): number => ((number << 3) | wire) >>> 0;
