import { describe, expect, test } from "vitest";
import { Codec } from "../../src/actors/link/codec.ts";
import { KindTable } from "../../src/actors/link/kind-table.ts";
import { linkLimits } from "../../src/actors/link/limits.ts";
import type { WireValue } from "../../src/actors/wire-value.ts";
import { type PuppetProtocol, placeOf, puppetTable, Stage } from "./kit.ts";
import { across, say, twoSites } from "./two-sites.ts";

function nested(depth: number): WireValue {
  return depth === 0 ? null : [nested(depth - 1)];
}

describe("a link", () => {
  test("R3.2 carries tells both ways in the order they were sent, by slot and by name", () => {
    const { stage, here, there, near, far, toFar, toNear } = twoSites();
    const named = near.ctx.named<PuppetProtocol>("far", placeOf(there));
    here.do(near, () => {
      toFar.tell("say", { text: "one" });
      named.tell("say", { text: "two" });
      toFar.tell("say", { text: "three" });
    });
    say(there, far, toNear, "hello");
    stage.settle();
    expect([far.heard, near.heard]).toEqual([["one", "two", "three"], ["hello"]]);
  });

  test("R13.1 sends once per turn what the turn produced", () => {
    const { stage, here, wire, near, toFar } = twoSites();
    wire.held = true;
    say(here, near, toFar, ...Array.from({ length: 256 }, (_, index) => `${index}`));
    stage.settle();
    const { bytesInFlight } = wire;
    // The batch header, who sent it to whom, and for each item: tag, text and `more`.
    expect(bytesInFlight).toBeLessThan(256 * 9);
    expect(bytesInFlight).toBeGreaterThan(256 * 6);
  });
});

describe("a watch across a link", () => {
  test("R9.1 goes both ways, R3.3 each down after the dying actor's own messages", () => {
    const { stage, here, there, near, far, toFar, toNear } = twoSites();
    const other = there.start("other");
    here.do(near, () => near.watch(toFar));
    there.do(other, () => other.watch(across(other, near)));
    stage.settle();
    there.do(far, (ctx) => {
      toNear.tell("say", { text: "one" });
      ctx.stop();
      toNear.tell("say", { text: "two" });
    });
    stage.settle();
    expect(near.heard).toEqual(["one", "two", "down: normal"]);
    here.do(near, (ctx) => {
      across(near, other).tell("say", { text: "goodbye" });
      ctx.stop();
    });
    stage.settle();
    expect(other.heard).toEqual(["goodbye", "down: normal"]);
  });

  test("R9.2 on the dead and the unknown is answered at once", () => {
    const { stage, here, there, near, far, toFar } = twoSites();
    there.cell(far).terminate("normal");
    here.do(near, (ctx) => {
      near.watch(toFar);
      near.watch(ctx.named("nobody", placeOf(there)));
    });
    stage.settle();
    expect(near.heard).toEqual(["down: noproc", "down: noproc"]);
  });

  test("R9.3 that was given up is forgotten at both ends", () => {
    const { stage, here, there, near, far, toFar } = twoSites();
    let watch = { id: 0 };
    here.do(near, (ctx) => {
      watch = ctx.watch(toFar, () => near.heard.push("down"));
    });
    stage.settle();
    expect(there.cell(far).watchers.size).toBe(2);
    here.do(near, (ctx) => ctx.unwatch(watch));
    stage.settle();
    expect(there.cell(far).watchers.size).toBe(1); // What is left is the stage's own.
    there.cell(far).terminate("normal");
    stage.settle();
    expect(near.heard).toEqual([]);
  });
});

describe("a turn that throws", () => {
  test("has told nothing across a link, and what others say over it is still theirs", () => {
    const { stage, here, there, near, far } = twoSites({ far: { mailboxMax: 3 } });
    const other = here.start("other");
    const bad = here.start("bad");
    say(here, near, across(near, far), "one");
    here.queue(bad, () => {
      for (let count = 0; count < 100; count++) across(bad, far).tell("say", { text: "never" });
      throw new Error("no");
    });
    say(here, other, across(other, far), "two", "three", "too many");
    stage.settle();
    expect(far.heard).toEqual(["one", "two", "three"]);
    expect([near, bad, other].map(({ refused }) => refused.length)).toEqual([0, 0, 1]);
    expect(here.deadLetters).toEqual([]);
    expect(there.deadLetters).toEqual(["say refused"]);
  });
});

describe("the loss of a link", () => {
  test("R9.8 fails every question and fires every watch across it, once", () => {
    const { stage, here, there, wire, near, far, toFar, toNear } = twoSites();
    here.do(near, () => {
      near.question(toFar, "well?");
      near.watch(toFar);
    });
    there.do(far, () => far.watch(toNear));
    stage.settle();
    wire.cut();
    stage.settle();
    expect(near.heard).toEqual(["re: down unknown", "down: noconnection"]);
    expect(far.heard).toEqual(["well?", "down: noconnection"]);
    there.do(far, () => far.replies[0]?.("to nobody"));
    there.cell(far).terminate("normal");
    stage.advance(10_000);
    expect(near.heard).toHaveLength(2);
    expect(here.system.asks.size).toBe(0);
    say(here, near, toFar, "is anybody there?");
    stage.settle();
    expect(here.deadLetters).toEqual(["say link-down"]);
  });

  test("R3.3 is told after everything that had arrived and before anything of the next session", () => {
    const { stage, here, there, wire, near, far, toFar, toNear } = twoSites();
    here.do(near, () => near.watch(toFar));
    stage.settle();
    say(there, far, toNear, "arrived");
    there.turns();
    wire.deliver();
    say(there, far, toNear, "lost");
    there.turns();
    wire.cut();
    stage.join(here, there);
    say(there, far, toNear, "of the next session");
    there.turns();
    stage.settle();
    expect(near.heard).toEqual(["arrived", "down: noconnection", "of the next session"]);
    expect(here.system.links.places).toEqual([placeOf(there)]);
  });

  test("R15.2 is what a newer connection of the same place makes of the older one", () => {
    const { stage, here, there, wire, near, toFar } = twoSites();
    here.do(near, () => near.watch(toFar));
    stage.settle();
    stage.join(here, there);
    stage.settle();
    expect(wire.closed).toContain("superseded by a newer connection");
    expect(near.heard).toEqual(["down: noconnection"]);
    say(here, near, toFar, "hello again");
    stage.settle();
    expect(there.system.find("far")?.mailbox.length).toBe(0);
    expect(here.deadLetters).toEqual([]);
  });

  test("R15.2 a higher epoch ends the session of the one before, and a lower one is refused", () => {
    const { stage, here, near, toFar } = twoSites();
    here.do(near, () => near.watch(toFar));
    const reborn = stage.site("there", { epoch: 2 });
    stage.join(here, reborn);
    stage.settle();
    expect(near.heard).toEqual(["down: noconnection"]);
    expect(here.system.links.places).toEqual(["there~2/main.1"]);

    const ghost = stage.join(here, stage.site("there", { epoch: 1 }));
    stage.settle();
    expect(ghost.closed).toEqual(["stale incarnation"]);
    expect(here.system.links.places).toEqual(["there~2/main.1"]);
    // Another thread of the node, or an older epoch of another node, is somebody else.
    stage.join(here, stage.site("there", { epoch: 2, thread: "allocator" }));
    stage.join(here, stage.site("elsewhere"));
    expect(here.system.links.places).toHaveLength(3);
  });
});

describe("between hosts", () => {
  test("R15.10 only exported actors are in reach, by name, by slot, and of watches", () => {
    for (const exported of [true, false]) {
      const { stage, here, there, near, far, toFar } = twoSites({ crossesHosts: true, exported });
      here.do(near, (ctx) => {
        toFar.tell("say", { text: "by slot" });
        ctx.named<PuppetProtocol>("far", placeOf(there)).tell("say", { text: "by name" });
        near.question(toFar, "well?");
        near.watch(toFar);
      });
      stage.settle();
      expect(far.heard).toEqual(exported ? ["by slot", "by name", "well?"] : []);
      expect(near.heard).toEqual(exported ? [] : ["re: down not-run", "down: noproc"]);
      expect(there.deadLetters).toEqual(
        exported ? [] : new Array(2).fill("say unauthorised").concat("ask unauthorised"),
      );
    }
  });
});

describe("R15.5 credit", () => {
  const text = "x".repeat(64 * 1_024);
  const texts = Array.from({ length: 40 }, (_, index) => `${index} ${text}`);

  test("stops a sender whose peer takes nothing, and lets it go on when the peer has", () => {
    const { stage, here, wire, near, far, toFar } = twoSites();
    wire.held = true;
    say(here, near, toFar, ...texts.slice(0, 20));
    say(here, near, toFar, ...texts.slice(20));
    for (let turn = 0; turn < 10; turn++) {
      say(here, near, toFar, "and more");
      here.turns();
    }
    // One frame may pass the limit; nothing leaves beyond that.
    expect(wire.bytesInFlight).toBeLessThan(linkLimits.creditBytes + linkLimits.frameBytesMax);
    expect(wire.bytesInFlight).toBeGreaterThan(linkLimits.creditBytes / 2);
    wire.held = false;
    stage.settle();
    expect(far.heard.map((heard) => heard.length)).toEqual(
      [...texts, ...new Array(10).fill("and more")].map((t) => t.length),
    );
    expect(far.heard.slice(0, 40)).toEqual(texts);
  });

  test("lasts for ever between peers that read", () => {
    const { stage, here, near, far, toFar } = twoSites();
    for (let round = 0; round < 100; round++) {
      say(here, near, toFar, text);
      stage.settle();
    }
    expect(far.heard).toHaveLength(100);
    expect(here.deadLetters).toEqual([]);
  });

  test("without it the queue fills, and then user messages are refused and signals are not", () => {
    const { stage, here, there, wire, near, far, toFar } = twoSites({ far: { mailboxMax: 100_000 } });
    wire.held = true;
    say(here, near, toFar, ...texts.slice(0, 20));
    here.turns();
    const fill = linkLimits.queueMax + 3;
    here.queue(near, () => {
      for (let count = 0; count < fill; count++) toFar.tell("say", { text: "" });
      near.question(toFar, "one too many");
      near.watch(toFar);
    });
    here.turns();
    expect(near.refused).toEqual([{ to: far.ref.address, kind: "say", count: expect.any(Number) }]);
    expect(near.heard).toEqual(["re: overloaded not-run"]);
    const [refused] = near.refused;
    expect(here.system.deadLetters.counts.get("refused")).toBe((refused?.count ?? 0) + near.heard.length);
    wire.held = false;
    stage.settle();
    expect(far.heard).toHaveLength(20 + fill - (refused?.count ?? 0));
    expect(there.cell(far).watchers.size).toBe(2);
  });
});

describe("an item that no link carries", () => {
  const large = "x".repeat(linkLimits.envelopeBytesMax);

  test("is a dead letter, and what was sent before and after it arrives", () => {
    const { stage, here, near, far, toFar } = twoSites({ crossesHosts: true, exported: true });
    say(here, near, toFar, "before", large, "after");
    stage.settle();
    expect(far.heard).toEqual(["before", "after"]);
    expect(here.deadLetters).toEqual(["say unsendable"]);
  });

  test("is not one that is only large, between threads", () => {
    const { stage, here, near, far, toFar } = twoSites();
    say(here, near, toFar, "before", large, large, "after");
    stage.settle();
    expect(far.heard.map((text) => text.length)).toEqual([6, large.length, large.length, 5]);
  });

  test.each<[string, boolean, WireValue, string]>([
    ["a number beyond 64 bits", false, 2n ** 64n, "too large to fit in MessagePack 64-bit integer"],
    ["a list nested 200 deep", true, nested(200), "nested deeper than 32"],
  ])("is a dead letter with the reason: %s", (_name, crossesHosts, more, why) => {
    const { stage, here, wire, near, far, toFar } = twoSites({ crossesHosts, exported: true });
    here.do(near, () => {
      toFar.tell("say", { text: "before" });
      toFar.tell("say", { text: "never", more });
      toFar.tell("say", { text: "after" });
    });
    stage.settle();
    expect([far.heard, wire.closed]).toEqual([["before", "after"], []]);
    expect(here.deadLetters).toEqual(["say unsendable"]);
    const warnings = here.logged.filter((line) => line.startsWith("warn"));
    expect(warnings).toEqual([expect.stringMatching(`a say message cannot be sent: .*${why}`)]);
  });

  test("is a dead letter, and holds up nothing, however many there are", () => {
    const { stage, here, near, far, toFar } = twoSites({ crossesHosts: true, exported: true });
    const many = new Array<string>(linkLimits.batchMax).fill(large);
    say(here, near, toFar, ...many, "after");
    stage.settle();
    expect(far.heard).toEqual(["after"]);
  });

  test("fails the question that it is, or that it answers", () => {
    const { stage, here, there, near, far, toFar, toNear } = twoSites();
    const huge = "x".repeat(linkLimits.threadEnvelopeBytesMax);
    here.do(near, () => near.question(toFar, huge));
    expect(near.heard).toEqual(["re: overloaded not-run"]);
    here.do(near, () => near.question(toFar, "well?"));
    stage.settle();
    // The credit for the question goes back with another message, so the reply stands alone.
    say(there, far, toNear, "wait");
    stage.settle();
    there.do(far, () => far.replies[0]?.(huge));
    stage.settle();
    expect(near.heard).toEqual(["re: overloaded not-run", "wait", "re: overloaded unknown"]);
    expect(here.system.asks.size).toBe(0);
  });
});

describe("a peer that does not speak the protocol", () => {
  const codec = new Codec(new KindTable([puppetTable]));

  /** A link whose other end is in the test's hands. */
  function rawScene() {
    const stage = new Stage();
    const site = stage.site("here", {}, { isolation: "reference" });
    const one = site.start("one");
    const closed: string[] = [];
    const sent: Uint8Array[] = [];
    const place = { node: "there", epoch: 1, thread: "main", threadEpoch: 1 };
    const end = site.system.links.open(place, {
      crossesHosts: false,
      send: (batch) => sent.push(batch),
      close: (reason) => closed.push(reason),
    });
    return { site, one, end, closed, sent };
  }

  const hello = { type: "tell", to: { name: "one" }, kind: "say", body: { text: "hello" } } as const;

  test("R15.4 is given up at a gap, with everything that depends on it", () => {
    const { site, one, end, closed } = rawScene();
    site.do(one, (ctx) => one.watch(ctx.named("far", "there~1/main.1")));
    end.receive(codec.encode({ firstSeq: 0, credit: 0, items: [hello] }));
    end.receive(codec.encode({ firstSeq: 2, credit: 0, items: [hello] }));
    end.receive(codec.encode({ firstSeq: 1, credit: 0, items: [hello] }));
    site.turns();
    expect(one.heard).toEqual(["hello", "down: noconnection"]);
    expect(closed).toEqual(["malformed batch: batch starts at 2, expected 1"]);
    expect(site.system.links.places).toEqual([]);
  });

  test.each<[string, Uint8Array]>([
    ["bytes that are no value", Uint8Array.of(0xc1)],
    ["a value that is no batch", Uint8Array.of(0x01)],
    ["a map with a key that is no text", Uint8Array.of(0x93, 0, 0, 0x91, 0x93, 2, 1, 0x81, 0x90, 1)],
    ["credit that was never used", codec.encode({ firstSeq: 0, credit: 1, items: [] })],
  ])("is given up at %s", (_name, bytes) => {
    const { site, one, end, closed } = rawScene();
    end.receive(bytes);
    site.turns();
    expect(closed).toEqual([expect.stringContaining("malformed batch: ")]);
    expect(one.heard).toEqual([]);
  });

  test("is given up when it makes more signals wait than a link may hold, and the rest of its batch is not heard", () => {
    const { site, one, end, closed } = rawScene();
    site.do(one, (ctx) => one.watch(ctx.named("far", "there~1/main.1")));
    const watch = { type: "watch", to: { name: "nobody" }, watch: 1 } as const;
    for (let seq = 0; seq < linkLimits.signalQueueMax; seq += 1_001)
      end.receive(codec.encode({ firstSeq: seq, credit: 0, items: [...new Array(1_000).fill(watch), hello] }));
    site.turns();
    expect(closed).toEqual(["more signals wait than a link may hold"]);
    const fullBatches = Math.floor(linkLimits.signalQueueMax / 1_000);
    expect(one.heard).toEqual([...new Array(fullBatches).fill("hello"), "down: noconnection"]);
  });
});

test("R12 a shutdown ends the actors, says their last words, and closes the links", () => {
  const { stage, here, there, wire, near, far, toFar, toNear } = twoSites();
  there.do(far, () => far.watch(toNear));
  const last = here.start("last", { onStop: () => toFar.tell("say", { text: "goodbye" }) });
  expect(here.cell(last).state).toBe("running");
  stage.settle();
  here.system.shutdown();
  stage.settle();
  expect(far.heard).toEqual(["goodbye", "down: shutdown"]);
  expect(wire.closed).toEqual(["shutdown"]);
  expect([here.system.cellCount, near.heard]).toEqual([0, []]);
});
