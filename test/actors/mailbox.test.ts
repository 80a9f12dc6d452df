import { expect, test } from "vitest";
import { Letter, Mailbox, type MailboxMax } from "../../src/actors/mailbox.ts";
import { Stage } from "./kit.ts";

const letter = (kind: string) => new Letter(kind, {}, undefined, undefined, undefined, 0);
const mailboxOf = (max: MailboxMax, fallsBehind: (messages: number) => void = () => {}) =>
  new Mailbox(max, fallsBehind);

test("R4.1 messages and turns share one queue", () => {
  const mailbox = mailboxOf(10);
  mailbox.offer(letter("a"));
  mailbox.turn("b", () => {}, 0);
  mailbox.offer(letter("c"));
  expect(mailbox.peekKind()).toBe("a");
  expect([mailbox.take(), mailbox.take(), mailbox.take(), mailbox.take()].map((letter) => letter?.kind)).toEqual([
    "a",
    "b",
    "c",
    undefined,
  ]);
});

test("R4.2 a full mailbox refuses messages, and takes them again once one has left", () => {
  const mailbox = mailboxOf(2);
  expect([1, 2, 3].map(() => mailbox.offer(letter("say")))).toEqual([true, true, false]);
  mailbox.take();
  expect(mailbox.offer(letter("say"))).toBe(true);
  expect(mailbox.length).toBe(2);
});

test("R4.3 turns are exempt from the bound and make no room when they leave", () => {
  const mailbox = mailboxOf(1);
  for (let count = 0; count < 100; count++) mailbox.turn("timer", () => {}, 0);
  expect(mailbox.offer(letter("say"))).toBe(true);
  expect(mailbox.offer(letter("say"))).toBe(false);
  mailbox.take();
  expect(mailbox.offer(letter("say"))).toBe(false);
  expect(mailbox.length).toBe(100);
});

test("R4.2 a mailbox without a bound takes everything", () => {
  const mailbox = mailboxOf({ unbounded: "a test" });
  for (let count = 0; count < 100_000; count++) expect(mailbox.offer(letter("say"))).toBe(true);
  expect(mailbox.length).toBe(100_000);
});

test("R4.2 1 024 waiting messages are told once, and again only after half of them have been taken", () => {
  const told: number[] = [];
  const mailbox = mailboxOf(2_000, (messages) => told.push(messages));
  const offer = (count: number) => {
    for (let index = 0; index < count; index++) mailbox.offer(letter("say"));
  };
  const take = (count: number) => {
    for (let index = 0; index < count; index++) mailbox.take();
  };
  offer(1_024);
  expect(told).toEqual([]);
  offer(2_000);
  expect([told, mailbox.length]).toEqual([[1_024], 2_000]);
  take(1_000);
  offer(500);
  expect(told).toEqual([1_024]);
  take(1_100);
  offer(1_000);
  expect(told).toEqual([1_024, 1_024]);
});

test("R4.2 8 192 messages may wait unless the behaviour says otherwise", () => {
  const stage = new Stage();
  const site = stage.site("one", {}, { isolation: "reference" });
  const busy = site.start("busy");
  for (let count = 0; count < 8_193; count++) busy.ref.tell("say", { text: "more" });
  expect(site.deadLetters).toEqual(["say refused"]);
  site.turns();
  expect(busy.heard).toHaveLength(8_192);
});

test("R4.3 a full mailbox still gets its timers, replies, downs and refusals", () => {
  const stage = new Stage();
  const site = stage.site();
  const other = site.start("other");
  const doomed = site.start("doomed");
  const full = site.start("full", { mailboxMax: 1 });
  site.do(full, (ctx) => {
    full.question(other.ref, "well?");
    full.watch(doomed.ref);
    ctx.after("timer", 10, () => full.heard.push("timer"));
  });
  full.ref.tell("say", { text: "one" });
  full.ref.tell("say", { text: "two" });
  other.replies[0]?.("yes");
  site.cell(doomed).terminate("normal");
  stage.clock.fireNext();
  site.turns();
  expect(full.heard).toEqual(["one", "re: yes", "down: normal", "timer"]);
});

test("R3.4 refusals are told to the sender, once per receiver and turn, with their number", () => {
  const site = new Stage().site();
  const full = site.start("full", { mailboxMax: 1 });
  const alsoFull = site.start("also-full", { mailboxMax: 1 });
  const sender = site.start("sender");
  site.do(sender, () => {
    for (let count = 0; count < 5; count++) full.ref.tell("say", { text: "more" });
    for (let count = 0; count < 3; count++) alsoFull.ref.tell("say", { text: "more" });
  });
  expect(sender.refused).toEqual([
    { to: "/full", kind: "say", count: 4 },
    { to: "/also-full", kind: "say", count: 2 },
  ]);
  expect(site.deadLetters).toEqual(new Array(6).fill("say refused"));
  expect([full.heard, alsoFull.heard]).toEqual([["more"], ["more"]]);
  // The next turn starts from nothing.
  site.do(sender, () => {
    for (let count = 0; count < 2; count++) full.ref.tell("say", { text: "more" });
  });
  expect(sender.refused.slice(2)).toEqual([{ to: "/full", kind: "say", count: 1 }]);
});

test("R3.4 an ask that a full mailbox refuses fails as overloaded and has not run", () => {
  const site = new Stage().site();
  const full = site.start("full", { mailboxMax: 1 });
  const sender = site.start("sender");
  site.do(sender, () => {
    full.ref.tell("say", { text: "first" });
    sender.question(full.ref, "second");
  });
  expect(sender.heard).toEqual(["re: overloaded not-run"]);
  expect(full.heard).toEqual(["first"]);
  expect(site.system.asks.size).toBe(0);
});
