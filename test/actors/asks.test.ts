import { describe, expect, test } from "vitest";
import { type Puppet, type Site, Stage } from "./kit.ts";

function asked(askerText = "well?", timeoutMs = 1_000) {
  const stage = new Stage();
  const site = stage.site();
  const callee = site.start("callee");
  const asker = site.start("asker");
  site.do(asker, () => asker.question(callee.ref, askerText, timeoutMs));
  return { stage, site, callee, asker };
}

/** Nothing of a question is left anywhere. */
function expectNothingOpen(site: Site, ...callees: readonly Puppet[]) {
  expect(site.system.asks.size).toBe(0);
  for (const callee of callees) expect(site.cell(callee).openReplies.size).toBe(0);
}

describe("an answer", () => {
  test("comes back as a turn of the asker, given at once or in a later turn", () => {
    const { site, callee, asker } = asked();
    expect(asker.heard).toEqual([]);
    site.do(callee, () => callee.replies[0]?.("yes"));
    expect(asker.heard).toEqual(["re: yes"]);
    expectNothingOpen(site, callee);
  });

  test("R5.3 counts once: the second is dropped", () => {
    const { site, callee, asker } = asked();
    site.do(callee, () => {
      callee.replies[0]?.("yes");
      callee.replies[0]?.("no");
    });
    site.do(callee, () => callee.replies[0]?.("maybe"));
    expect(asker.heard).toEqual(["re: yes"]);
  });

  test("may be given by the callee's last words", () => {
    const stage = new Stage();
    const site = stage.site();
    const callee: Puppet = site.start("callee", { onStop: () => callee.replies[0]?.("goodbye") });
    const asker = site.start("asker");
    site.do(asker, () => asker.question(callee.ref, "well?"));
    site.cell(callee).terminate("normal");
    site.turns();
    expect(asker.heard).toEqual(["re: goodbye"]);
    expectNothingOpen(site);
  });

  test("to a question from outside any actor resolves its promise", async () => {
    const site = new Stage().site();
    const callee = site.start("callee", { ask: (text) => `${text}!` });
    const answer = site.system.question(callee.ref, "ask", { text: "well" }, 100);
    site.turns();
    expect(await answer).toEqual({ ok: true, value: "well!" });
  });
});

describe("a deadline", () => {
  test("holds for each of many questions, however many behind a slow one have been answered", () => {
    const stage = new Stage();
    const site = stage.site();
    const callee = site.start("callee");
    const asker = site.start("asker");
    const ask = (text: string) => site.do(asker, () => asker.question(callee.ref, text));
    ask("slow");
    for (let count = 0; count < 200; count++) {
      stage.clock.advanceTo(count);
      ask("quick");
      site.do(callee, () => callee.replies.at(-1)?.("yes"));
    }
    ask("late");
    expect(site.system.asks.size).toBe(2);
    expect(asker.heard).toHaveLength(200);
    stage.advance(1_000 - 199);
    expect(asker.heard.slice(200)).toEqual(["re: timeout unknown"]);
    stage.advance(199);
    expect(asker.heard.slice(200)).toEqual(["re: timeout unknown", "re: timeout unknown"]);
    expect(site.system.asks.size).toBe(0);
  });

  test("R5.1 ends the question, R3.8 not knowing whether it ran", () => {
    const { stage, site, asker } = asked();
    stage.advance(999);
    expect(asker.heard).toEqual([]);
    stage.advance(1);
    expect(asker.heard).toEqual(["re: timeout unknown"]);
    expect(site.system.asks.size).toBe(0);
  });

  test("R5.3 drops the answer that comes after it", () => {
    const { stage, site, callee, asker } = asked();
    stage.advance(1_000);
    site.do(callee, () => callee.replies[0]?.("yes"));
    stage.advance(10_000);
    expect(asker.heard).toEqual(["re: timeout unknown"]);
    expectNothingOpen(site, callee);
  });

  test("never fires once the answer has come", () => {
    const { stage, site, callee, asker } = asked();
    site.do(callee, () => callee.replies[0]?.("yes"));
    stage.advance(10_000);
    expect(asker.heard).toEqual(["re: yes"]);
  });

  test("R5.2 drops a request that is found after it, unrun", () => {
    const stage = new Stage();
    const site = stage.site();
    const callee = site.start("callee");
    const asker = site.start("asker");
    site.queue(asker, () => asker.question(callee.ref, "too late", 10));
    // The callee is busy with a turn that takes longer than the asker waits.
    site.system.step(0);
    stage.clock.advanceTo(11);
    site.turns();
    expect(callee.heard).toEqual([]);
    expect(site.deadLetters).toEqual(["ask expired"]);
    expect(asker.heard).toEqual(["re: expired not-run"]);
    expectNothingOpen(site, callee);
  });
});

describe("the death of the callee", () => {
  test("R5.4 ends a question that it has read, at once, not knowing what was done", () => {
    const { site, callee, asker } = asked();
    site.cell(callee).terminate({ failed: "power cut" });
    site.turns();
    expect(asker.heard).toEqual(["re: down unknown"]);
    expectNothingOpen(site);
  });

  test("R5.4 ends a question that waits in its mailbox: it has not run", () => {
    const stage = new Stage();
    const site = stage.site();
    const callee = site.start("callee");
    const asker = site.start("asker");
    site.queue(asker, (ctx) => {
      asker.question(callee.ref, "well?");
      ctx.act(() => site.cell(callee).terminate("normal"));
    });
    site.turns();
    expect(asker.heard).toEqual(["re: down not-run"]);
    expect(callee.heard).toEqual([]);
    expectNothingOpen(site);
  });

  test("fails a question to somebody dead already or never known", () => {
    const { site, callee, asker } = asked();
    const { ref } = callee;
    site.cell(callee).terminate("normal");
    site.do(asker, (ctx) => {
      asker.question(ref, "are you there?");
      asker.question(ctx.named("nobody"), "are you there?");
      asker.question(ctx.named("callee", "two~1/main.1"), "are you there?");
    });
    expect(asker.heard.slice(1)).toEqual(new Array(3).fill("re: down not-run"));
    expectNothingOpen(site);
  });
});

test("the death of the asker leaves nothing behind once its deadline has passed", () => {
  const { stage, site, callee, asker } = asked();
  site.cell(asker).terminate("normal");
  site.do(callee, () => callee.replies[0]?.("yes"));
  stage.advance(1_000);
  expect(asker.heard).toEqual([]);
  expectNothingOpen(site, callee);
});

test("a question with a kind that the callee does not know is not run", () => {
  const { site, callee, asker } = asked();
  site.do(asker, (ctx) =>
    ctx.ask(callee.ref as never, "append" as never, { journal: "j", record: 1 } as never, {
      timeoutMs: 100,
      settled: (outcome: unknown) => asker.heard.push(JSON.stringify(outcome)),
    }),
  );
  expect(asker.heard).toEqual(['{"ok":false,"code":"expired","outcome":"not-run"}']);
  expect(site.deadLetters).toEqual(["append unknown-kind"]);
});
