import protobuf from "protobufjs";
import { type Field, type Message, type Type, typeOf } from "../../../src/http/v1/schema.ts";

/**
 * The schema as the full protobufjs knows it, with descriptors and its own encoder and decoder: the other end of the wire
 * shares no code with the codec under test.
 */

const root = new protobuf.Root();
const known = new Map<Message, protobuf.Type>();

export function reflected(message: Message): protobuf.Type {
  const found = known.get(message);
  if (found !== undefined) return found;
  const type = new protobuf.Type(plainName(message.name));
  known.set(message, type);
  root.add(type);
  for (const entry of message.entries) type.add(fieldOf(entry.name, entry));
  return type;
}

function fieldOf(name: string, field: Field): protobuf.Field {
  const type = typeNameOf(typeOf(field));
  if (field.presence === "map") return new protobuf.MapField(name, field.number, "string", type);
  return new protobuf.Field(name, field.number, type, field.presence);
}

function typeNameOf(type: Exclude<Type, () => Message>): string {
  if (typeof type === "string") return type;
  if (type.kind === "message") return reflected(type).name;
  const name = plainName(type.name);
  if (root.get(name) === null) root.add(new protobuf.Enum(name, Object.fromEntries(type.numberOf)));
  return name;
}

function plainName(name: string): string {
  return name.replaceAll(".", "_");
}
