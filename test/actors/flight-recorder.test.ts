import { expect, test } from "vitest";
import { FlightRecorder } from "../../src/actors/flight-recorder.ts";
import { placeOf, Stage } from "./kit.ts";

test("R14 an entry names the entry that caused it, here or at another place", () => {
  const recorder = new FlightRecorder("here~1/main.1");
  const first = recorder.record("/a", "start", 0);
  const second = recorder.record("/b", "say", first);
  const away = recorder.recordAway("there~1/main.1", 77);
  recorder.record("/c", "say", away);
  expect(recorder.recent(10)).toEqual([
    { n: 1, path: "/a", kind: "start" },
    { n: 2, path: "/b", kind: "say", cause: { place: "here~1/main.1", n: 1 } },
    { n: 4, path: "/c", kind: "say", cause: { place: "there~1/main.1", n: 77 } },
  ]);
  expect(recorder.story(second, 8)).toEqual(["/b say", "/a start"]);
  expect(recorder.story(4, 8)).toEqual(["/c say", "there~1/main.1 #77"]);
});

test("R14 only the last 65 536 are remembered, and a story ends where memory does", () => {
  const recorder = new FlightRecorder("here~1/main.1");
  let cause = 0;
  for (let count = 0; count < 100_000; count++) cause = recorder.record("/a", `kind-${count}`, cause);
  const all = recorder.recent(1_000_000);
  expect([all.length, all[0]?.kind, all.at(-1)?.kind]).toEqual([65_536, "kind-34464", "kind-99999"]);
  expect(recorder.story(cause, 100_000)).toHaveLength(65_536);
  expect(recorder.story(34_464, 8)).toEqual([]);
});

test("R14 what an actor does carries its cause through tells, asks, timers and links", () => {
  const stage = new Stage();
  const here = stage.site("here");
  const there = stage.site("there");
  stage.join(here, there);
  const far = there.start("far", { ask: () => "yes" });
  const near = here.start("near", {
    say: (text, ctx) => {
      if (text === "go") ctx.after("later", 10, () => near.question(ctx.ref(far.ref.address), "well?"));
    },
  });
  here.do(near, (ctx) => ctx.self.tell("say", { text: "go" }));
  stage.advance(10);
  expect(near.heard).toEqual(["go", "re: yes"]);

  const [asked] = there.system.recorder.recent(1);
  expect(asked).toMatchObject({ path: "/far", kind: "ask", cause: { place: placeOf(here) } });
  const ours = here.system.recorder.recent(10);
  const byNumber = (n: number | undefined) => ours.find((entry) => entry.n === n);
  const timer = byNumber(asked?.cause?.n);
  expect(timer).toMatchObject({ path: "/near", kind: "timer.later" });
  expect(byNumber(timer?.cause?.n)).toMatchObject({ path: "/near", kind: "say" });
  expect(ours.at(-1)).toMatchObject({ kind: "reply", cause: { place: placeOf(there), n: asked?.n } });
});

test("R8.4 the log line of a failure tells what led to it", () => {
  const stage = new Stage();
  const told: unknown[] = [];
  const here = stage.site("here");
  const world = { ...here.system.world, log: (...line: unknown[]) => told.push(line.at(-1)) };
  const site = stage.site("other", {}, { world });
  const one = site.start("one");
  const two = site.start("two", {
    say: () => {
      throw new Error("no");
    },
  });
  site.do(one, () => one.ctx.ref(two.ref.address).tell("say", { text: "x" }));
  expect(told).toMatchObject([{ story: ["/two say", "/one do"] }]);
});
