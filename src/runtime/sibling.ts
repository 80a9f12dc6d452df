/**
 * A module of ours by its path without extension, seen from the module at `from`: the sources run as they are in
 * development and as JavaScript when published.
 */
export function sibling(path: string, from: string): URL {
  return new URL(path + (from.endsWith(".ts") ? ".ts" : ".js"), from);
}
