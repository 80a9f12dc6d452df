import { parse, type Resources } from "../../src/protocol/resources.ts";

/** Resources from their text form; a test that misspells them fails at once. */
export function quantities(text: string): Resources {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
