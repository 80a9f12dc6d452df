import protobuf from "protobufjs";
import { type Field, type Message, type Type, typeOf } from "../../../src/http/v1/schema.ts";

/**
 * The schema as the full protobufjs knows it, with descriptors and its own encoder and decoder: the other end of the wire
 * shares no code with the codec under test.
 */
class Reflection {
  readonly #root = new protobuf.Root();
  readonly #known = new Map<Message, protobuf.Type>();
  readonly #strict: boolean;

  /** `strict`: what is required must be there. */
  constructor(strict: boolean) {
    this.#strict = strict;
  }

  typeOf(message: Message): protobuf.Type {
    const found = this.#known.get(message);
    if (found !== undefined) return found;
    const type = new protobuf.Type(plainName(message.name));
    this.#known.set(message, type);
    this.#root.add(type);
    for (const entry of message.entries) type.add(this.#field(entry.name, entry));
    return type;
  }

  #field(name: string, field: Field): protobuf.ReflectionObject {
    const type = this.#typeName(typeOf(field));
    if (field.presence === "map") return new protobuf.MapField(name, field.number, "string", type);
    const rule = field.presence === "required" && !this.#strict ? "optional" : field.presence;
    return new protobuf.Field(name, field.number, type, rule);
  }

  #typeName(type: Exclude<Type, () => Message>): string {
    if (typeof type === "string") return type;
    if (type.kind === "message") return this.typeOf(type).name;
    const name = plainName(type.name);
    if (this.#root.get(name) === null) this.#root.add(new protobuf.Enum(name, Object.fromEntries(type.numberOf)));
    return name;
  }
}

const strict = new Reflection(true);
const lenient = new Reflection(false);

/** A message with what the test gives, also if something is missing that must not. */
export function encodeReflected(message: Message, value: object): Buffer {
  const type = lenient.typeOf(message);
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}

/** In the form of JSON. Throws when something is missing that must not. */
export function decodeReflected(message: Message, bytes: Uint8Array): unknown {
  const type = strict.typeOf(message);
  return type.toObject(type.decode(bytes), { longs: Number, enums: String, bytes: String });
}

function plainName(name: string): string {
  return name.replaceAll(".", "_");
}
