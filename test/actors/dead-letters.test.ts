import { expect, test } from "vitest";
import { DeadLetters } from "../../src/actors/dead-letters.ts";
import { Stage } from "./kit.ts";

test("R11 dead letters are counted by reason; the last 1 024 are kept and the first 10 logged", () => {
  const lines: string[] = [];
  let now = 0;
  const letters = new DeadLetters(
    (_level, _from, message) => lines.push(message),
    () => now++,
  );
  for (let count = 0; count < 2_000; count++) letters.add("/nobody", "say", count % 2 === 0 ? "noproc" : "stopped");
  expect(Object.fromEntries(letters.counts)).toEqual({ noproc: 1_000, stopped: 1_000 });
  expect(letters.recent).toHaveLength(1_024);
  expect(letters.recent[0]).toEqual({ at: 976, to: "/nobody", kind: "say", reason: "noproc", count: 1 });
  expect(lines).toEqual(new Array(10).fill("say reached nobody"));
});

test("R11 beyond the first 10, a line a minute says how many there were since the last one", () => {
  const lines: string[] = [];
  let now = 0;
  const letters = new DeadLetters(
    (level, _from, message, facts) => lines.push(`${level} ${message} ${JSON.stringify(facts)}`),
    () => now,
  );
  for (let count = 0; count < 10; count++) letters.add("/nobody", "say", "noproc");
  lines.length = 0;
  for (const [at, reason] of [
    [1_000, "noproc"],
    [59_999, "stopped"],
    [60_000, "noproc"],
    [60_001, "refused"],
    [119_999, "refused"],
    [500_000, "noproc"],
  ] as const) {
    now = at;
    letters.add("/nobody", "say", reason);
  }
  expect(lines).toEqual([
    'info 3 more messages reached nobody {"noproc":2,"stopped":1}',
    'info 3 more messages reached nobody {"refused":2,"noproc":1}',
  ]);
});

test("R11 a message to nobody is a dead letter with the reason", () => {
  const site = new Stage().site();
  const one = site.start("one");
  const stopped = site.start("stopped");
  site.cell(stopped).terminate("normal");
  site.do(one, (ctx) => {
    stopped.ref.tell("say", { text: "to the dead" });
    ctx.named<never>("nobody").tell("say" as never, { text: "to nobody" } as never);
    ctx.named<never>("master", "two~1/main.1").tell("say" as never, { text: "too far" } as never);
    one.ref.tell("append" as never, { journal: "j", record: 1 } as never);
  });
  expect(site.deadLetters).toEqual(["say noproc", "say noproc", "say link-down", "append unknown-kind"]);
});
