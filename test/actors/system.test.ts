import { describe, expect, test } from "vitest";
import type { WireValue } from "../../src/actors/wire-value.ts";
import { type Puppet, type PuppetContext, type Site, Stage } from "./kit.ts";

const say = (site: Site, from: Puppet, to: Puppet, ...texts: readonly string[]) =>
  site.queue(from, () => {
    for (const text of texts) to.ref.tell("say", { text });
  });

describe("order", () => {
  test("R3.2 what one actor tells another arrives in the order it was told, over many turns", () => {
    const site = new Stage().site();
    const [a, b, c] = [site.start("a"), site.start("b"), site.start("c")];
    const texts = Array.from({ length: 200 }, (_, index) => `${index}`);
    for (const text of texts) {
      say(site, a, c, `a${text}`);
      say(site, b, c, `b${text}`);
    }
    site.turns();
    for (const letter of ["a", "b"]) {
      expect(c.heard.filter((text) => text.startsWith(letter))).toEqual(texts.map((text) => letter + text));
    }
  });

  test("R3.6 telling never runs the receiver on the caller's stack, also outside any actor", () => {
    const site = new Stage().site();
    const one = site.start("one");
    one.ref.tell("say", { text: "hello" });
    expect(one.heard).toEqual([]);
    site.do(one, () => {
      one.ref.tell("say", { text: "to myself" });
      expect(one.heard).toEqual(["hello"]);
    });
    expect(one.heard).toEqual(["hello", "to myself"]);
  });

  test("R4.4 nobody waits for more than 32 messages of another", () => {
    const site = new Stage().site();
    const order: string[] = [];
    const note = (name: string) => site.start(name, { say: () => void order.push(name) });
    const [busy, quiet] = [note("busy"), note("quiet")];
    for (let count = 0; count < 100; count++) busy.ref.tell("say", { text: "more" });
    quiet.ref.tell("say", { text: "once" });
    site.turns();
    expect(order.indexOf("quiet")).toBe(32);
    expect(order).toHaveLength(101);
  });

  test("R4.4 a turn of the thread ends soon after 2 ms, with the rest left for the next", () => {
    const stage = new Stage();
    const site = stage.site();
    const slow = (name: string) => site.start(name, { say: () => stage.clock.advanceTo(stage.clock.now() + 1) });
    const puppets = Array.from({ length: 40 }, (_, index) => slow(`slow-${index}`));
    for (const { ref } of puppets) ref.tell("say", { text: "work" });
    const ran = () => puppets.filter(({ heard }) => heard.length === 1).length;
    site.system.turn();
    expect([ran(), site.system.runnable]).toEqual([16, true]);
    site.system.turn();
    site.system.turn();
    expect([ran(), site.system.runnable]).toEqual([40, false]);
  });

  test("a step runs one letter of the actor that the simulator picks", () => {
    const site = new Stage().site();
    const puppets = ["a", "b", "c"].map((name) => site.start(name));
    for (const { ref } of puppets) ref.tell("say", { text: "hello" });
    expect(site.system.choices).toBe(3);
    expect([site.system.step(1), site.system.step(3), site.system.step(0), site.system.step(0)]).toEqual([
      "/b say",
      "/a say",
      "/c say",
      undefined,
    ]);
  });
});

describe("R13 a message inside one thread", () => {
  const received = (isolation: "reference" | "roundtrip", value: unknown) => {
    const site = new Stage().site("one", {}, { isolation });
    const bodies: unknown[] = [];
    const one = site.start("one");
    site.system.spawn(
      { ...one.spec, start: () => ({ say: ({ more }) => void bodies.push(more), ask: () => {} }) },
      undefined,
      { name: "other" },
    );
    site.do(one, (ctx: PuppetContext) =>
      ctx.named<never>("other").tell("say" as never, { text: "", more: value as WireValue } as never),
    );
    return site.ended.length > 0 ? "the sender failed" : bodies[0];
  };

  test("is the very body by reference, and one's own copy by roundtrip", () => {
    const value = { list: [1, 2, 3] };
    expect(received("reference", value)).toBe(value);
    expect(received("roundtrip", value)).toEqual(value);
    expect(received("roundtrip", value)).not.toBe(value);
  });

  test("by roundtrip loses whatever a link would lose, so that nobody comes to rely on it", () => {
    class Money {
      readonly cents = 5;
      text() {
        return `${this.cents} c`;
      }
    }
    expect(Object.getPrototypeOf(received("roundtrip", new Money()))).toBe(Object.prototype);
    expect(received("roundtrip", new Map([["a", 1]]))).not.toBeInstanceOf(Map);
    expect(received("roundtrip", new Set([1]))).not.toBeInstanceOf(Set);
    expect(received("roundtrip", () => 1)).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ["a date", new Date(0)],
    ["a symbol", Symbol("x")],
    ["a bigint of 65 bits", 2n ** 64n],
    ["a value nested 40 deep", JSON.parse("[".repeat(40) + "]".repeat(40))],
  ])("by roundtrip fails the sender of %s", (_name, value) => {
    expect(received("roundtrip", value)).toBe("the sender failed");
    expect(received("reference", value)).toBe(value);
  });

  test("by roundtrip fails the sender of a field without a position", () => {
    const site = new Stage().site();
    const one = site.start("one");
    site.do(one, () => one.ref.tell("say", { text: "", loud: true } as { text: string }));
    expect(site.ended).toEqual([expect.stringContaining("a body of say has a field without a position: text, loud")]);
  });
});

describe("a name", () => {
  test("R1.4 is resolved at every send", () => {
    const site = new Stage().site();
    const one = site.start("one");
    const named = one.ctx.named<never>("later");
    const tell = (text: string) => {
      site.do(one, () => named.tell("say" as never, { text } as never));
    };
    tell("too early");
    const first = site.start("later");
    tell("to the first");
    site.cell(first).terminate("normal");
    const second = site.start("later");
    tell("to the second");
    expect([first.heard, second.heard]).toEqual([["to the first"], ["to the second"]]);
    expect(site.deadLetters).toEqual(["say noproc"]);
    expect(named.address).toBe("one~1/main.1:@later");
  });
});
