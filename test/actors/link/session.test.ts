import { describe, expect, test } from "vitest";
import { Codec, MalformedBatch } from "../../../src/actors/link/codec.ts";
import { IngressBudget } from "../../../src/actors/link/ingress-budget.ts";
import type { LinkItem } from "../../../src/actors/link/item.ts";
import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { type LinkLimits, linkLimits } from "../../../src/actors/link/limits.ts";
import { LinkSession } from "../../../src/actors/link/session.ts";
import { puppetTable } from "../kit.ts";

const codec = new Codec(new KindTable([puppetTable]));
const say = (text: string): LinkItem => ({ type: "tell", to: { name: "one" }, kind: "say", body: { text } });
const watch: LinkItem = { type: "watch", to: { name: "one" }, watch: 1 };

const never = () => expect.unreachable("nothing here is too large");
const session = (limits: Partial<LinkLimits> = {}) => new LinkSession(codec, { limits: { ...linkLimits, ...limits } });

/** Everything that a session can send now. */
function drain(from: LinkSession, unsendable: (item: LinkItem) => void = never): Uint8Array[] {
  const batches: Uint8Array[] = [];
  for (let batch = from.take(unsendable); batch !== undefined; batch = from.take(unsendable)) batches.push(batch);
  return batches;
}

test("R13.1 a batch holds 512 items at most", () => {
  const sender = session();
  for (let count = 0; count < 1_100; count++) sender.queue(say(`${count}`));
  expect(drain(sender).map((batch) => codec.decode(batch).items.length)).toEqual([512, 512, 76]);
  expect(sender.queued).toBe(0);
});

test("R13.1 heavy messages make short batches, and light ones long ones again", () => {
  const sender = session();
  const sizes = (count: number, bytes: number) => {
    for (let index = 0; index < count; index++) sender.queue(say("x".repeat(bytes)));
    const batches = [];
    // Nobody gives credit back here.
    for (let batch = sender.take(never); batch !== undefined; batch = sender.take(never)) batches.push(batch);
    return batches.map((batch) => codec.decode(batch).items.length);
  };
  expect(sizes(20, 20_000)).toEqual([20]);
  expect(sizes(20, 20_000)).toEqual([4, 4, 4, 4, 4]);
  expect(sizes(40, 10)).toEqual([4, 8, 16, 12]);
});

test("R15.4 batches are numbered by their items from 0 in each session, R15.3 and none is taken twice", () => {
  const sender = session();
  const receiver = session();
  for (const text of ["a", "b", "c"]) {
    sender.queue(say(text));
    sender.queue(watch);
    const [batch] = drain(sender);
    expect(batch && receiver.receive(batch)).toHaveLength(2);
    expect(() => batch && receiver.receive(batch)).toThrow(MalformedBatch);
  }
});

test("a batch that no frame may carry is sent in parts, in order", () => {
  const limits = { frameBytesMax: 4_000, envelopeBytesMax: 1_000 };
  const sender = session(limits);
  const texts = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(10 * index));
  for (const text of texts) sender.queue(say(text));
  const batches = drain(sender);
  expect(batches.length).toBeGreaterThan(2);
  for (const batch of batches) expect(batch.byteLength).toBeLessThanOrEqual(4_000);
  const receiver = session(limits);
  expect(batches.flatMap((batch) => receiver.receive(batch))).toEqual(texts.map(say));
});

describe("R15.5 credit", () => {
  const limits = { creditBytes: 1_000 };

  test("goes down by what is sent; nothing leaves without it, and all of it comes back", () => {
    const sender = session(limits);
    const receiver = session(limits);
    for (let round = 0; round < 20; round++) {
      for (let count = 0; count < 10; count++) sender.queue(say("x".repeat(90)));
      const batches = drain(sender);
      expect(batches).toHaveLength(1);
      sender.queue(say("held back"));
      expect(drain(sender)).toEqual([]);
      for (const batch of batches) receiver.receive(batch);
      // More than half is owed: it goes back even though the receiver has nothing to say.
      for (const credit of drain(receiver)) expect(sender.receive(credit)).toEqual([]);
      expect(drain(sender).map((batch) => receiver.receive(batch).length)).toEqual([1]);
      for (const credit of drain(receiver)) sender.receive(credit);
    }
  });

  test("rides on whatever the receiver has to say", () => {
    const sender = session(limits);
    const receiver = session(limits);
    sender.queue(say("hello"));
    const [batch] = drain(sender);
    if (batch !== undefined) receiver.receive(batch);
    expect(drain(receiver)).toEqual([]);
    receiver.queue(say("hello yourself"));
    expect(drain(receiver).map((each) => codec.decode(each).credit)).toEqual([batch?.byteLength]);
  });

  test("that is used up is waited for: a peer that goes on sending is refused", () => {
    const receiver = session(limits);
    const batch = (firstSeq: number, size: number) =>
      codec.encode({ firstSeq, credit: 0, items: [say("x".repeat(size))] });
    expect(receiver.receive(batch(0, 900))).toHaveLength(1);
    // The last batch may pass the limit, and the next may not begin.
    expect(receiver.receive(batch(1, 900))).toHaveLength(1);
    expect(() => receiver.receive(batch(2, 1))).toThrow("a batch came without credit for it");
  });

  test("is little at first between hosts, and grows when it is used", () => {
    const budget = new IngressBudget(10_000);
    const open = () =>
      new LinkSession(codec, { limits: { ...linkLimits, creditFirstBytes: 100, creditBytes: 1_000 }, budget });
    const [sender, receiver] = [open(), open()];
    for (let turn = 0; turn < 6; turn++) {
      for (let count = 0; count < 2_000; count++) sender.queue(say("x".repeat(10)));
      for (const batch of drain(sender)) receiver.receive(batch);
      for (const credit of drain(receiver)) sender.receive(credit);
    }
    expect(budget.bytes).toBe(1_100);
    for (const each of [sender, receiver]) each.close();
    expect(budget.bytes).toBe(0);
  });

  test("beyond what a link may have is refused", () => {
    const receiver = session(limits);
    expect(() => receiver.receive(codec.encode({ firstSeq: 0, credit: 1, items: [] }))).toThrow(
      "more credit came than a link may have",
    );
  });
});

test("R3.4 a full queue refuses user messages, takes signals beyond it, and gives the peer up beyond that", () => {
  const sender = session({ queueMax: 2, signalQueueMax: 4 });
  const verdicts = [say("a"), watch, say("b"), watch, watch, say("c"), watch].map((item) => sender.queue(item));
  expect(verdicts).toEqual(["queued", "queued", "refused", "queued", "queued", "refused", "overrun"]);
});

test("items that are too large are named, and hold up nothing", () => {
  const sender = session({ envelopeBytesMax: 100, batchMax: 4 });
  const large = ["x", "y", "z", "u", "v"].map((letter) => say(letter.repeat(200)));
  const named: LinkItem[] = [];
  for (const item of [...large, say("a"), ...large, say("b")]) sender.queue(item);
  const receiver = session();
  const heard = drain(sender, (item) => named.push(item)).flatMap((batch) => receiver.receive(batch));
  expect(heard).toEqual([say("a"), say("b")]);
  expect(named).toEqual([...large, ...large]);
});

describe("a batch of more values than a peer takes", () => {
  const numbers = (count: number): LinkItem => ({
    type: "reply",
    correlation: 1,
    value: new Array<number>(count).fill(1),
  });

  test("is sent in parts, in order", () => {
    const sender = session();
    const receiver = session();
    const items = Array.from({ length: 30 }, (_, index) => numbers(10_000 + index));
    for (const item of items) sender.queue(item);
    const heard = drain(sender).flatMap((batch) => receiver.receive(batch));
    expect(heard).toEqual(items);
  });

  test("is too large when one item makes it so", () => {
    const sender = session();
    const named: LinkItem[] = [];
    for (const item of [say("a"), numbers(linkLimits.valuesMax), say("b")]) sender.queue(item);
    const receiver = session();
    const heard = drain(sender, (item) => named.push(item)).flatMap((batch) => receiver.receive(batch));
    expect(heard).toEqual([say("a"), say("b")]);
    expect(named).toHaveLength(1);
  });
});
