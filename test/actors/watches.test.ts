import { expect, test } from "vitest";
import type { Down } from "../../src/actors/spec.ts";
import { Puppet, type Site, Stage } from "./kit.ts";

function scene() {
  const stage = new Stage();
  const site = stage.site();
  return { stage, site, watcher: site.start("watcher"), target: site.start("target") };
}

test("R9.1 each watch hears exactly one down", () => {
  const { site, watcher, target } = scene();
  const downs: Down[] = [];
  site.do(watcher, (ctx) => {
    ctx.watch(target.ref, (down) => downs.push(down));
    ctx.watch(target.ref, (down) => downs.push(down));
  });
  const { address } = target.ref;
  site.cell(target).terminate({ failed: "power cut" });
  site.turns();
  const down = { who: address, reason: { failed: "power cut" }, certainty: "dead" };
  expect(downs).toEqual([down, down]);
  expect(site.cell(watcher).held.size).toBe(0);
});

test("R9.2 watching the dead and the unknown is answered at once", () => {
  const { site, watcher, target } = scene();
  const { ref } = target;
  site.cell(target).terminate("normal");
  site.do(watcher, (ctx) => {
    watcher.watch(ref);
    watcher.watch(ctx.ref(ref.address));
    watcher.watch(ctx.named("nobody"));
  });
  expect(watcher.heard).toEqual(new Array(3).fill("down: noproc"));
});

test("R9.2 watching a place that is out of reach leaves open whether the actor lives", () => {
  const { site, watcher } = scene();
  const downs: Down[] = [];
  site.do(watcher, (ctx) => ctx.watch(ctx.named("master", "two~1/main.1"), (down) => downs.push(down)));
  expect(downs).toEqual([{ who: "two~1/main.1:@master", reason: "noconnection", certainty: "unknown" }]);
});

test("R9.2 a later life in the same slot is not the one that was watched", () => {
  const { site, watcher, target } = scene();
  const old = target.ref;
  site.cell(target).terminate("normal");
  const next = site.start("target");
  expect(next.ref.address.split(".").slice(0, -1)).toEqual(old.address.split(".").slice(0, -1));
  site.do(watcher, (ctx) => watcher.watch(ctx.ref(old.address)));
  expect(watcher.heard).toEqual(["down: noproc"]);
});

test("R9.3 after unwatch no down runs", () => {
  const { site, watcher, target } = scene();
  let watch = { id: 0 };
  site.do(watcher, (ctx) => {
    watch = ctx.watch(target.ref, () => watcher.heard.push("down"));
  });
  site.do(watcher, (ctx) => ctx.unwatch(watch));
  expect(site.cell(target).watchers.size).toBe(1); // What is left is the stage's own.
  site.cell(target).terminate("normal");
  site.turns();
  expect(watcher.heard).toEqual([]);
});

test("R9.3 after unwatch no down runs, also when it waits in the mailbox", () => {
  const { site, watcher, target } = scene();
  let watch = { id: 0 };
  site.do(watcher, (ctx) => {
    watch = ctx.watch(target.ref, () => watcher.heard.push("down"));
  });
  site.queue(watcher, (ctx) => ctx.unwatch(watch));
  site.cell(target).terminate("normal");
  expect(site.cell(watcher).mailbox.length).toBe(2);
  site.turns();
  expect(watcher.heard).toEqual([]);
});

test("R9.3 a watch given up in the turn that made it never was", () => {
  const { site, watcher, target } = scene();
  site.do(watcher, (ctx) => ctx.unwatch(ctx.watch(target.ref, () => watcher.heard.push("down"))));
  site.cell(target).terminate("normal");
  site.turns();
  expect(watcher.heard).toEqual([]);
});

test("R3.3 the down comes after everything the dying actor said, its last words included", () => {
  const { site, watcher } = scene();
  const tell = (text: string) => watcher.ref.tell("say", { text });
  const talker = site.start("talker", { onStop: () => tell("goodbye") });
  site.do(watcher, () => watcher.watch(talker.ref));
  site.queue(talker, () => tell("one"));
  site.queue(talker, (ctx) => {
    tell("two");
    ctx.stop();
  });
  site.turns();
  expect(watcher.heard).toEqual(["one", "two", "goodbye", "down: normal"]);
});

test("R9.4 the reason tells how it ended", () => {
  const { site, watcher } = scene();
  const fails = site.start("fails", {
    say: () => {
      throw new RangeError("out of bounds");
    },
  });
  const stops = site.start("stops");
  const child = new Puppet("child");
  site.do(watcher, () => {
    watcher.watch(fails.ref);
    watcher.watch(stops.ref);
  });
  site.do(stops, (ctx) => {
    ctx.spawn(child.spec, undefined);
  });
  site.do(watcher, () => watcher.watch(child.ref));
  fails.ref.tell("say", { text: "go" });
  site.turns();
  site.do(stops, (ctx) => ctx.stop());
  expect(watcher.heard).toEqual(["down: failed RangeError: out of bounds", "down: shutdown", "down: normal"]);
});

test("R9.5 the name is free before the down is told", () => {
  const { site, watcher, target } = scene();
  const next = new Puppet("next");
  site.do(watcher, (ctx) =>
    ctx.watch(target.ref, () => {
      ctx.spawn(next.spec, undefined, { name: "target" }).tell("say", { text: "welcome" });
    }),
  );
  site.cell(target).terminate("normal");
  expect(site.system.find("target")).toBeUndefined();
  site.turns();
  expect(next.heard).toEqual(["welcome"]);
  expect(site.cell(next).path).toBe("/watcher/target");
});

test("R9.5 the name of a root is free before the host is told, who may fill it at once", () => {
  const next = new Puppet("next");
  const site: Site = new Stage().site(
    "one",
    {},
    { rootDown: () => site.system.spawn(next.spec, undefined, { name: "root" }) },
  );
  const first = site.start("root");
  site.cell(first).terminate({ failed: "power cut" });
  site.turns();
  expect(site.cell(next).path).toBe("/root");
});

test("R9.6 a watch made in the turn of the spawn hears even a start that fails", () => {
  const { site, watcher } = scene();
  const stillborn = new Puppet("stillborn", {
    start: () => {
      throw new Error("no such file");
    },
  });
  site.do(watcher, (ctx) => watcher.watch(ctx.spawn(stillborn.spec, undefined)));
  expect(watcher.heard).toEqual(["down: failed Error: no such file"]);
});

test("a watcher that ends takes its watches with it", () => {
  const { site, watcher, target } = scene();
  site.do(watcher, () => watcher.watch(target.ref));
  site.cell(watcher).terminate("normal");
  expect(site.cell(target).watchers.size).toBe(1); // What is left is the stage's own.
  site.cell(target).terminate("normal");
  site.turns();
  expect(watcher.heard).toEqual([]);
});
