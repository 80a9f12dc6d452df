import { expect, test } from "vitest";
import { Puppet, Stage } from "./kit.ts";

test("a turn's effects leave in the order it made them, after it has returned", () => {
  const site = new Stage().site();
  const other = site.start("other");
  const child = new Puppet("child", { start: (ctx) => ctx.ref(other.ref.address).tell("say", { text: "born" }) });
  const one = site.start("one");
  site.do(one, (ctx) => {
    other.ref.tell("say", { text: "first" });
    ctx.act(() => other.heard.push("acted"));
    ctx.spawn(child.spec, undefined).tell("say", { text: "hello" });
    other.ref.tell("say", { text: "second" });
    expect(other.heard).toEqual([]);
  });
  // The act runs as the outbox is emptied, before anybody else's turn.
  expect(other.heard).toEqual(["acted", "first", "second", "born"]);
  expect(child.heard).toEqual(["hello"]);
});

test("a turn that throws has told, asked, spawned, armed, watched, piped, dialled and done nothing", async () => {
  const stage = new Stage();
  const site = stage.site();
  const other = site.start("other");
  const one = site.start("one");
  const child = new Puppet("child", { onStop: () => other.heard.push("the child ran") });
  site.endpoints.set("10.0.0.1:5050", stage.site("two"));
  const cells = site.system.cellCount;
  site.do(one, (ctx) => {
    ctx.spawn(child.spec, undefined, { name: "child" }).tell("say", { text: "hello" });
    other.ref.tell("say", { text: "told" });
    one.question(other.ref, "asked");
    one.watch(other.ref);
    ctx.after("timer", 10, () => other.heard.push("timer"));
    ctx.every("ticker", 10, () => other.heard.push("ticker"));
    ctx.act(() => other.heard.push("acted"));
    ctx.pipe(
      async () => other.heard.push("piped"),
      () => {},
    );
    ctx.dial("10.0.0.1:5050", { up: () => other.heard.push("up"), failed: () => {} });
    throw new Error("second thoughts");
  });
  await stage.settlePromises();
  stage.advance(100);
  expect(other.heard).toEqual([]);
  expect([child.lives, stage.wires.length, site.system.asks.size]).toEqual([0, 0, 0]);
  expect(site.ended).toEqual(["/one failed Error: second thoughts"]);
  // The child's slot and name are free again, and so are the parent's.
  expect(site.system.cellCount).toBe(cells - 1);
  expect(site.system.find("child")).toBeUndefined();
});

test("what a turn that throws has told is taken back, and nothing else of what waits where it went", () => {
  const site = new Stage().site();
  const full = site.start("full", { mailboxMax: 5 });
  const other = site.start("other");
  const good = site.start("good");
  const bad = site.start("bad");
  const say = (from: Puppet, ...texts: readonly string[]) =>
    site.queue(from, (ctx) => {
      for (const text of texts) {
        ctx.ref(full.ref.address).tell("say", { text });
        ctx.ref(other.ref.address).tell("say", { text });
      }
      if (from === bad) throw new Error("no");
    });
  say(good, "one", "two");
  say(bad, "x", "y", "z");
  site.turns();
  expect([full.heard, other.heard]).toEqual([
    ["one", "two"],
    ["one", "two"],
  ]);
  expect(site.deadLetters).toEqual([]);
  const again = site.start("again");
  say(again, "1", "2", "3", "4", "5");
  site.turns();
  expect(full.heard.slice(2)).toEqual(["1", "2", "3", "4", "5"]);
});

test("what a turn tells behind something else it does keeps its place", () => {
  const stage = new Stage();
  const site = stage.site();
  const asked = site.start("asked");
  const asker = site.start("asker");
  site.do(asker, () => asker.question(asked.ref, "well?"));
  site.do(asked, (ctx) => {
    ctx.ref(asker.ref.address).tell("say", { text: "before" });
    asked.replies[0]?.("yes");
    ctx.ref(asker.ref.address).tell("say", { text: "after" });
  });
  expect(asker.heard).toEqual(["before", "re: yes", "after"]);
});

test("a reply given in a turn that throws is not sent: the asker hears of the failure", () => {
  const site = new Stage().site();
  const callee = site.start("callee", {
    ask: () => "an answer",
    say: () => {},
  });
  const asker = site.start("asker");
  site.do(asker, () => asker.question(callee.ref, "well?"));
  expect(asker.heard).toEqual(["re: an answer"]);

  const keeper = site.start("keeper");
  site.do(asker, () => asker.question(keeper.ref, "well?"));
  site.do(keeper, () => {
    keeper.replies[0]?.("an answer");
    throw new Error("second thoughts");
  });
  expect(asker.heard.slice(1)).toEqual(["re: down unknown"]);
});

test("what a turn tells before or after stopping its own actor leaves before the down", () => {
  const site = new Stage().site();
  const watcher = site.start("watcher");
  const one = site.start("one");
  site.do(watcher, () => watcher.watch(one.ref));
  site.do(one, (ctx) => {
    watcher.ref.tell("say", { text: "before" });
    ctx.stop();
    watcher.ref.tell("say", { text: "after" });
  });
  expect(watcher.heard).toEqual(["before", "after", "down: normal"]);
});
