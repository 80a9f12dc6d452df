import fc from "fast-check";
import { expect, test } from "vitest";
import { Codec } from "../../../src/actors/link/codec.ts";
import type { LinkItem } from "../../../src/actors/link/item.ts";
import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { isPlain, plainBytesMax } from "../../../src/actors/link/plain-batch.ts";
import { LinkSession } from "../../../src/actors/link/session.ts";
import type { WireValue } from "../../../src/actors/wire-value.ts";
import { puppetTable } from "../kit.ts";
import { linkItems } from "./arbitraries.ts";

const codec = new Codec(new KindTable([puppetTable]));

test("R13.5 what is plain comes out of a clone as it comes out of the codec", () => {
  let plain = 0;
  fc.assert(
    fc.property(fc.array(linkItems, { maxLength: 4 }), (items) => {
      const batch = { firstSeq: 3, credit: 5, items };
      const { values } = codec.flatten(batch);
      if (!isPlain(values)) return;
      plain++;
      expect(codec.read(structuredClone(values))).toStrictEqual(codec.decode(codec.encode(batch)));
    }),
    { numRuns: 500 },
  );
  expect(plain).toBeGreaterThan(250);
});

test.each<[string, unknown, boolean]>([
  ["numbers, texts, bytes and nothing", [1.5, "x", Uint8Array.of(1), null, true, 2n ** 60n, { a: [undefined] }], true],
  ["-0, which the codec makes 0", [{ a: -0 }], false],
  ["an instance of a class", [new Date(0)], false],
  ["a map", [new Map()], false],
  ["a buffer, which is no plain byte array", [Buffer.from("x")], false],
  ["a function", [() => {}], false],
  ["a text of half the limit", ["x".repeat(plainBytesMax / 2)], false],
  ["bytes of the whole limit", [new Uint8Array(plainBytesMax)], false],
  ["many values", [Array.from({ length: plainBytesMax }, () => null)], false],
])("R13 %s", (_name, values, expected) => {
  expect(isPlain(values as WireValue[])).toBe(expected);
});

/** The two ends of a link between threads, joined by structured clones. */
class Pair {
  readonly near = new LinkSession(codec, { trusted: true });
  readonly far = new LinkSession(codec, { trusted: true });
  readonly forms: string[] = [];

  /** Carries everything over, both ways, until nothing is left; answers with what the far end heard. */
  carry(): readonly LinkItem[] {
    const heard: LinkItem[] = [];
    for (let before = -1; before !== this.forms.length; ) {
      before = this.forms.length;
      this.#once(this.near, this.far, heard);
      this.#once(this.far, this.near, []);
    }
    return heard;
  }

  #once(from: LinkSession, to: LinkSession, heard: LinkItem[]): void {
    const unsendable = () => expect.unreachable();
    for (let batch = from.takePlain(unsendable); batch !== undefined; batch = from.takePlain(unsendable)) {
      this.forms.push(batch instanceof Uint8Array ? "packed" : "plain");
      const items = batch instanceof Uint8Array ? to.receive(batch) : to.receivePlain(structuredClone(batch));
      heard.push(...items);
    }
  }
}

const say = (text: string): LinkItem => ({ type: "tell", to: { name: "x" }, kind: "say", body: { text } });

test("R13 a small batch is cloned, a long or a heavy one is packed, and all are heard in order", () => {
  const pair = new Pair();
  const sent: LinkItem[] = [];
  const send = (...texts: readonly string[]) => {
    for (const text of texts) {
      sent.push(say(text));
      pair.near.queue(say(text));
    }
    return pair.carry();
  };
  const heard = [
    ...send("one"),
    ...send(..."abcdefgh"),
    ...send(..."abcdefghi"),
    ...send("x".repeat(100_000)),
    ...send("z"),
  ];
  expect(heard).toEqual(sent);
  expect(pair.forms).toEqual(["plain", "plain", "packed", "packed", "plain"]);
});

test("R15.5 a cloned batch counts against the credit of its link, and the credit comes back", () => {
  const pair = new Pair();
  for (let count = 0; count < 2_000; count++) {
    pair.near.queue(say(`${count}`));
    expect(pair.carry()).toHaveLength(1);
  }
  const credit = pair.near.credit;
  pair.near.queue(say("last"));
  pair.near.takePlain(() => {});
  expect(pair.near.credit).toBe(credit - plainBytesMax);
  expect(credit).toBeGreaterThan(0);
});
