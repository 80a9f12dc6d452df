/**
 * What a message may carry: plain data that survives every crossing alike, also inside one thread.
 * No class instances, functions, `Map`, `Set` or `Date`; an absent field is an absent key; numbers are finite.
 */
export type WireValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly WireValue[]
  | { readonly [key: string]: WireValue | undefined };

export type WireBody = { readonly [key: string]: WireValue | undefined };
