/** How much of the registry goes to another thread at once. */
export type PortionLimits = {
  readonly itemsMax: number;
  /** As JSON, in characters. An item that is longer goes alone. */
  readonly charactersMax: number;
};

/** At three bytes to a character still a fifth of what one message between threads may be. */
export const portionLimits: PortionLimits = { itemsMax: 1_000, charactersMax: 1_000_000 };

/** The first of these that may go together, at least one if there are any, and whether there are more. */
export function portion<T>(
  items: Iterable<T>,
  { itemsMax, charactersMax }: PortionLimits = portionLimits,
): { readonly part: readonly T[]; readonly more: boolean } {
  const part: T[] = [];
  let characters = 0;
  for (const item of items) {
    characters += JSON.stringify(item).length;
    if (part.length > 0 && (part.length >= itemsMax || characters > charactersMax)) return { part, more: true };
    part.push(item);
  }
  return { part, more: false };
}
