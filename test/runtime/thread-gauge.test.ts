import { expect, onTestFinished, test } from "vitest";
import { hostMain } from "../../src/runtime/system-host.ts";
import { ThreadGauge } from "../../src/runtime/thread-gauge.ts";
import { echo, echoKinds } from "./fixtures/echo.ts";

function scene() {
  const { system } = hostMain({ kinds: echoKinds, node: "test", epoch: 1, log: () => {} });
  const gauge = new ThreadGauge(system);
  onTestFinished(() => gauge.close());
  return { system, gauge };
}

/** Holds the loop up. */
function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

test("the lag of the loop is measured from the first look on, each time since the last", () => {
  const { gauge } = scene();
  block(40);
  expect(gauge.read().lag).toBeUndefined();
  block(60);
  const held = gauge.read().lag?.maxMs ?? 0;
  expect(held).toBeGreaterThanOrEqual(49);
  const next = gauge.read().lag?.maxMs ?? Number.POSITIVE_INFINITY;
  expect(next).toBeLessThan(held / 2);
});

test("the time in which the thread did nothing is not busy", async () => {
  const { gauge } = scene();
  gauge.read();
  await new Promise((resolve) => setTimeout(resolve, 60));
  const idle = gauge.read().utilization;
  block(60);
  await new Promise(setImmediate);
  expect(gauge.read().utilization).toBeGreaterThan(idle);
});

test("actors are found by their slot", async () => {
  const { system, gauge } = scene();
  system.spawn(echo, { name: "one" }, { name: "one" });
  const two = system.spawn(echo, { name: "two" });
  system.spawn(echo, { name: "three" }, { name: "three" });
  await system.question(two, "echo", { value: 1 }, 1_000);
  expect([...gauge.slots()]).toEqual([
    [0, "/one"],
    [1, "/echo-1"],
    [2, "/three"],
  ]);
  expect(gauge.read()).toMatchObject({
    actorCount: 3,
    rows: { actorsLeftOut: 0, actors: [{}, { path: "/echo-1" }, {}] },
  });
});
