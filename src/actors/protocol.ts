import type { WireBody, WireValue } from "./wire-value.ts";

/** A message that wants no answer. */
export type Tell<Body extends WireBody> = { readonly tell: Body };

/** A message that is answered once: with a reply, or with a typed failure. */
export type Ask<Body extends WireBody, Reply extends WireValue> = { readonly ask: Body; readonly reply: Reply };

/**
 * What an actor understands: a map from message kind to body and reply. A map, not a union, so that `ask` infers
 * its answer and a missing handler does not compile.
 */
export type Protocol = { readonly [kind: string]: Tell<WireBody> | Ask<WireBody, WireValue> };

type Anything = Tell<WireBody> | Ask<WireBody, WireValue>;

export type BodyOf<M> = M extends { readonly tell: infer B } ? B : M extends { readonly ask: infer B } ? B : never;
export type ReplyOf<M> = M extends { readonly reply: infer R } ? R : never;
export type TellKind<P> = { [K in keyof P]: P[K] extends { readonly tell: WireBody } ? K : never }[keyof P] & string;
export type AskKind<P> = { [K in keyof P]: P[K] extends { readonly ask: WireBody } ? K : never }[keyof P] & string;

/** Answers an ask, now or in a later turn; the first call counts. */
export type Reply<R> = (value: R) => void;

export type Handlers<P> = {
  readonly [K in keyof P]: P[K] extends { readonly ask: infer B; readonly reply: infer R }
    ? (body: B, reply: Reply<R>) => void
    : P[K] extends { readonly tell: infer B }
      ? (body: B) => void
      : never;
};

/**
 * The wire form of a protocol: for every kind the position of each field of its body. Bodies cross a link as
 * arrays in this order, so no key names travel. A new field takes the next position; positions are never reused.
 */
export type FieldPositions<P> = {
  readonly [K in keyof P]: { readonly [F in keyof BodyOf<P[K]>]-?: number };
};

export type ProtocolTable<P> = {
  readonly name: string;
  readonly fields: FieldPositions<P>;
  /** Absent: bodies from other hosts are not checked. */
  readonly fault?: BodyFault;
};

/**
 * What is wrong with a message that came from another host, such as `lead.epoch: expected number`; undefined when its
 * body has the shape of its kind. Messages within a process were made by this same program and are not asked about.
 */
export type BodyFault = (kind: string, body: WireBody) => string | undefined;

export function protocolTable<P extends { readonly [K in keyof P]: Anything }>(
  name: string,
  fields: FieldPositions<P>,
  fault?: BodyFault,
): ProtocolTable<P> {
  return { name, fields, ...(fault === undefined ? {} : { fault }) };
}
