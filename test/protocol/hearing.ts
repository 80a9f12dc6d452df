import type { BodyOf, ProtocolTable } from "../../src/actors/protocol.ts";
import type { Spec } from "../../src/actors/spec.ts";

/** One message as a scripted actor heard it. */
export type Heard<P> = { [K in keyof P & string]: { readonly kind: K; readonly body: BodyOf<P[K]> } }[keyof P & string];

/** An actor that only listens: what it heard, oldest first. */
export class Hearing<P> {
  readonly heard: Heard<P>[] = [];
  /** Runs in the actor's turn, after the message has been noted. */
  react: (heard: Heard<P>) => void = () => {};

  /** Every body of one kind. */
  of<K extends keyof P & string>(kind: K): readonly BodyOf<P[K]>[] {
    return this.heard.filter((each) => each.kind === kind).map(({ body }) => body as BodyOf<P[K]>);
  }

  /** The kinds in the order in which they came. */
  get kinds(): readonly string[] {
    return this.heard.map(({ kind }) => kind);
  }

  clear(): void {
    this.heard.length = 0;
  }

  spec(name: string, protocol: ProtocolTable<P>): Spec<P, undefined> {
    const hear = (kind: string) => (body: unknown) => {
      const heard = { kind, body } as Heard<P>;
      this.heard.push(heard);
      this.react(heard);
    };
    const handlers = Object.fromEntries(Object.keys(protocol.fields).map((kind) => [kind, hear(kind)]));
    return { name, protocol, start: () => handlers as ReturnType<Spec<P, undefined>["start"]> };
  }
}
