import { describe, expect, test } from "vitest";
import { Puppet, reasonText, Stage } from "./kit.ts";

const scene = () => {
  const stage = new Stage();
  return { stage, site: stage.site() };
};

describe("spawn", () => {
  test("R10.1 gives a ref at once: messages sent before the start wait for it", () => {
    const { site } = scene();
    const parent = site.start("parent");
    const child = new Puppet("child", { start: () => child.heard.push("started") });
    site.queue(parent, (ctx) => {
      const ref = ctx.spawn(child.spec, undefined, { name: "child" });
      ref.tell("say", { text: "one" });
      ctx.named<never>("child").tell("say" as never, { text: "two" } as never);
      expect(child.lives).toBe(0);
    });
    site.turns();
    expect(child.heard).toEqual(["started", "one", "two"]);
    expect(site.cell(child).path).toBe("/parent/child");
  });

  test("R8.3 a start that throws is a failure like any other: its children, slot and name are gone, its mail dead", () => {
    const { site } = scene();
    const cells = site.system.cellCount;
    const grandchild = new Puppet("grandchild");
    const puppet = new Puppet("one", {
      start: (ctx) => {
        ctx.spawn(grandchild.spec, undefined, { name: "grandchild" });
        throw new Error("no such file");
      },
    });
    site.system.spawn(puppet.spec, undefined, { name: "one" }).tell("say", { text: "hello" });
    site.turns();
    expect(site.ended).toEqual(["/one failed Error: no such file"]);
    expect(site.deadLetters).toEqual(["say stopped"]);
    expect([site.system.find("one"), site.system.find("grandchild"), grandchild.lives]).toEqual([
      undefined,
      undefined,
      0,
    ]);
    expect(site.system.cellCount).toBe(cells);
  });

  test("R10.4 a name that is taken fails whoever wants it, and not its holder", () => {
    const { site } = scene();
    const holder = site.start("holder");
    const parent = site.start("parent");
    site.do(parent, (ctx) => {
      ctx.spawn(new Puppet("child").spec, undefined, { name: "holder" });
    });
    expect(site.ended).toEqual(["/parent failed InvariantViolation: the name holder is taken on this thread"]);
    expect(site.system.find("holder")).toBe(site.cell(holder));
  });
});

describe("stop", () => {
  test("ends the children first, the youngest before the eldest", () => {
    const { site } = scene();
    const order: string[] = [];
    const family = (name: string, ...children: readonly Puppet[]): Puppet =>
      new Puppet(name, {
        start: (ctx) => {
          for (const child of children) ctx.spawn(child.spec, undefined);
        },
        onStop: (reason) => order.push(`${name} ${reasonText(reason)}`),
      });
    const root = family("root", family("a", family("a1"), family("a2")), family("b"));
    site.system.spawn(root.spec, undefined);
    site.turns();
    site.do(root, (ctx) => ctx.stop());
    expect(order).toEqual(["b shutdown", "a2 shutdown", "a1 shutdown", "a shutdown", "root normal"]);
    expect(site.system.cellCount).toBe(0);
  });

  test("takes effect before anything else that is queued", () => {
    const { site } = scene();
    const one = site.start("one", { say: (_text, ctx) => ctx.stop() });
    for (const text of ["stop", "more", "and more"]) one.ref.tell("say", { text });
    site.turns();
    expect(one.heard).toEqual(["stop"]);
    expect(site.deadLetters).toEqual(["say stopped", "say stopped"]);
  });

  test("is for oneself and one's own children", () => {
    const { site } = scene();
    const stranger = site.start("stranger");
    const one = site.start("one");
    const child = new Puppet("child");
    site.do(one, (ctx) => {
      ctx.spawn(child.spec, undefined);
    });
    site.do(one, (ctx) => {
      ctx.stop(child.ref);
      ctx.stop(child.ref);
    });
    expect(site.system.refs.cellOf(child.ref)).toBeUndefined();
    site.do(one, (ctx) => ctx.stop(stranger.ref));
    expect(site.ended).toEqual(["/one failed InvariantViolation: an actor stops itself or its own children"]);
    expect(site.cell(stranger).state).toBe("running");
  });
});

describe("last words", () => {
  test("leave, and so does what they start on the world", () => {
    const { site } = scene();
    const listener = site.start("listener");
    const one = site.start("one", {
      onStop: (_reason, ctx) => {
        listener.ref.tell("say", { text: "goodbye" });
        // The effect itself may tell: the world often answers on the spot.
        ctx.act(() => listener.ref.tell("say", { text: "the world heard" }));
      },
    });
    site.do(one, (ctx) => ctx.stop());
    expect(listener.heard).toEqual(["goodbye", "the world heard"]);
  });

  test("may not spawn, ask, watch, arm or wait: the rest of them is discarded, and the stop goes on", () => {
    const { site } = scene();
    const listener = site.start("listener");
    const one = site.start("one", {
      onStop: (_reason, ctx) => {
        listener.ref.tell("say", { text: "goodbye" });
        ctx.after("t", 1, () => {});
      },
    });
    site.do(one, (ctx) => ctx.stop());
    expect(listener.heard).toEqual([]);
    expect(site.logged).toContain("error /one failed while stopping");
    expect(site.ended).toEqual(["/one normal"]);
  });
});

describe("after its end", () => {
  test("R3.9 every door of the context is shut", () => {
    const { site } = scene();
    const one = site.start("one");
    const { ctx } = one;
    site.do(one, () => ctx.stop());
    const doors: (() => unknown)[] = [
      () => ctx.spawn(one.spec, undefined),
      () => ctx.stop(),
      () => ctx.watch(ctx.self, () => {}),
      () => ctx.unwatch({ id: 1 }),
      () => one.question(ctx.self, "hello?"),
      () => ctx.after("t", 1, () => {}),
      () => ctx.every("t", 1, () => {}),
      () => ctx.cancel("t"),
      () => ctx.afterDurable(null, () => {}),
      () => ctx.recoverJournal(() => {}),
      () => ctx.replaceJournal([], () => {}),
      () => ctx.act(() => {}),
      () =>
        ctx.pipe(
          async () => {},
          () => {},
        ),
      () => ctx.dial("thread:main", { up: () => {}, failed: () => {} }),
    ];
    for (const door of doors) expect(door).toThrow("/one has stopped");
  });

  test("R1.3 its refs are dead for ever, though slot and name have a new holder", () => {
    const { site } = scene();
    const first = site.start("one");
    const listener = site.start("listener");
    const old = first.ref;
    const named = listener.ctx.named<never>("one");
    site.do(first, (ctx) => ctx.stop());
    const second = site.start("one");
    expect(site.cell(second).slot).toBe(Number(/:(\d+)\./.exec(old.address)?.[1]));
    old.tell("say", { text: "to the dead" });
    listener.ctx.ref(old.address).tell("say", { text: "to the dead" });
    named.tell("say" as never, { text: "to the name" } as never);
    site.turns();
    expect([first.heard, second.heard]).toEqual([[], ["to the name"]]);
    expect(site.deadLetters).toEqual(["say noproc", "say noproc"]);
  });
});

describe("a failure", () => {
  test("R8.7 consumes the message that caused it; R8.1 nobody restarts a plain actor", () => {
    const { site } = scene();
    const one = site.start("one", {
      say: () => {
        throw new Error("poison");
      },
    });
    one.ref.tell("say", { text: "poison" });
    one.ref.tell("say", { text: "more" });
    site.turns();
    expect([one.heard, one.lives]).toEqual([["poison"], 1]);
    expect(site.deadLetters).toEqual(["say stopped"]);
    expect(site.ended).toEqual(["/one failed Error: poison"]);
  });

  test("R8.4 is logged once, and what is thrown need not be an error", () => {
    const { site } = scene();
    const one = site.start("one", {
      say: () => {
        // biome-ignore lint/style/useThrowOnlyError: code that is not ours may do this.
        throw "a string";
      },
    });
    one.ref.tell("say", { text: "go" });
    site.turns();
    expect(site.logged.filter((line) => line.startsWith("error"))).toEqual(["error /one failed: a string"]);
  });

  test("R6.2 is what a handler that returns a promise makes; any other value is nobody's business", () => {
    const { site } = scene();
    const one = site.start("one", { say: async () => {} });
    const two = site.start("two", { say: () => 42 });
    for (const { ref } of [one, two]) ref.tell("say", { text: "go" });
    site.turns();
    expect(site.ended).toEqual([
      "/one failed InvariantViolation: the handler of say in /one returned a promise: actors are synchronous",
    ]);
  });
});
