import { expect, test } from "vitest";
import type { FunctionOutcome } from "../../src/actors/world.ts";
import { functionTask, Host, slaveId } from "./kit.ts";

function running() {
  const host = Host.registered();
  host.run(functionTask("t1"));
  const [called] = host.called;
  if (called === undefined) throw new Error("nothing was called");
  host.acknowledgeLast();
  return { host, called };
}

test("a function is called with its arguments and told where it is", () => {
  const { host, called } = running();
  expect(called.call).toMatchObject({ module: "m", export: "e", args: [1], context: { taskId: "t1", slaveId } });
  expect(called.call.context.directory).toContain("/executors/t1/runs/");
  expect(host.updates).toMatchObject([{ state: "running" }]);
});

test.each<[FunctionOutcome, object]>([
  [
    { kind: "returned", value: { words: 3 }, worker: "7/2" },
    { state: "finished", data: { words: 3 }, worker: "7/2" },
  ],
  [
    { kind: "threw", message: "TypeError: no" },
    { state: "failed", message: "TypeError: no" },
  ],
  [{ kind: "aborted" }, { state: "killed" }],
])("%j", (outcome, status) => {
  const { host, called } = running();
  called.outcome(outcome);
  host.settle();
  expect(host.updates.at(-1)).toMatchObject(status);
  expect(host.updates.length).toBe(2);
});

test("killing one ends its thread, at once and also before it has begun", () => {
  const { host, called } = running();
  host.kill("t1", 60_000);
  expect(called.aborted).toBe(true);
  expect(host.updates.length).toBe(1);
  called.outcome({ kind: "aborted" });
  host.settle();
  expect(host.updates.at(-1)?.state).toBe("killed");
});
