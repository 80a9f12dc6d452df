import { describe, expect, test } from "vitest";
import { placeOf } from "./kit.ts";
import { across, twoSites } from "./two-sites.ts";

describe("a question across a link", () => {
  test("goes both ways: it is answered at once, in a later turn, or never", () => {
    const { stage, here, there, near, far, toFar, toNear } = twoSites();
    here.do(near, () => near.question(toFar, "now?"));
    stage.settle();
    there.do(far, () => far.replies[0]?.("yes"));
    there.do(far, () => far.replies[0]?.("again"));
    there.do(far, () => far.question(toNear, "and you?", 50));
    stage.settle();
    expect(near.heard).toEqual(["re: yes", "and you?"]);
    stage.advance(50);
    here.do(near, () => near.replies[0]?.("too late"));
    stage.settle();
    expect(far.heard).toEqual(["now?", "re: timeout unknown"]);
    expect([here.system.asks.size, there.system.asks.size]).toEqual([0, 0]);
    expect([here.cell(near).openReplies.size, there.cell(far).openReplies.size]).toEqual([0, 0]);
  });

  test("R5.2 carries the time that remains: the callee drops a question that it finds too late", () => {
    const { stage, here, there, near, far, toFar } = twoSites();
    here.do(near, () => near.question(toFar, "well?", 50));
    stage.wires[0]?.deliver();
    expect(there.system.runnable).toBe(true);
    stage.clock.advanceTo(51);
    stage.settle();
    expect(far.heard).toEqual([]);
    expect(there.deadLetters).toEqual(["ask expired"]);
    expect(near.heard).toEqual(["re: expired not-run"]);
  });

  test("R5.4 fails at once when the callee ends, whether it was read or not, and when there is none", () => {
    const { stage, here, there, near, far, toFar } = twoSites();
    here.do(near, () => near.question(toFar, "read"));
    stage.settle();
    here.do(near, (ctx) => {
      near.question(toFar, "unread");
      near.question(ctx.named("nobody", placeOf(there)), "to nobody");
    });
    stage.wires[0]?.deliver();
    there.cell(far).terminate("normal");
    stage.settle();
    expect(near.heard.toSorted()).toEqual(["re: down not-run", "re: down not-run", "re: down unknown"]);
    expect(here.system.asks.size).toBe(0);
  });

  test("R3.4 fails when the far mailbox is full", () => {
    const { stage, here, there, near, far, toFar } = twoSites({ far: { mailboxMax: 1 } });
    here.do(near, () => {
      near.question(toFar, "first");
      near.question(toFar, "second");
      toFar.tell("say", { text: "third" });
    });
    stage.settle();
    expect(far.heard).toEqual(["first"]);
    expect(near.heard).toEqual(["re: overloaded not-run"]);
    expect(there.deadLetters).toEqual(["ask refused", "say refused"]);
    expect(near.refused).toEqual([{ to: far.ref.address, kind: "say", count: 1 }]);
  });

  test("R12.2 fails when the thread there is finishing what it has", () => {
    const { stage, here, there, near, far, toFar } = twoSites();
    there.queue(far, () => far.ref.tell("say", { text: "from here" }));
    there.system.drain();
    here.do(near, () => {
      near.question(toFar, "from afar");
      toFar.tell("say", { text: "from afar" });
    });
    stage.settle();
    expect(far.heard).toEqual(["from here"]);
    expect(near.heard).toEqual(["re: shutting-down not-run"]);
    expect(there.deadLetters).toEqual(["ask stopped", "say stopped"]);
  });
});

describe("a message that a far mailbox has no room for", () => {
  test("R3.4 is told to its sender, once per receiver and kind and turn", () => {
    const { stage, here, near, far, toFar } = twoSites({ far: { mailboxMax: 2 } });
    const other = here.start("other");
    here.do(near, () => {
      for (let count = 0; count < 5; count++) toFar.tell("say", { text: "mine" });
    });
    here.do(other, () => across(other, far).tell("say", { text: "theirs" }));
    stage.settle();
    expect(near.refused).toEqual([{ to: far.ref.address, kind: "say", count: 3 }]);
    expect(other.refused).toEqual([{ to: far.ref.address, kind: "say", count: 1 }]);
    expect(far.heard).toEqual(["mine", "mine"]);
  });

  test("R3.4 is told to nobody when its sender has ended, or was no actor", () => {
    const { stage, here, near, far, toFar } = twoSites({ far: { mailboxMax: 1 } });
    here.do(near, (ctx) => {
      for (let count = 0; count < 5; count++) toFar.tell("say", { text: "x" });
      ctx.stop();
    });
    for (let count = 0; count < 5; count++) here.system.refs.parsed(far.ref.address).tell("say", { text: "y" });
    stage.settle();
    const heir = here.start("heir");
    stage.settle();
    expect([near.refused, heir.refused, far.heard]).toEqual([[], [], ["x"]]);
  });
});
