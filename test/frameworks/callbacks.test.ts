import { describe, expect, test } from "vitest";
import { frameworkId, Kit, offer, scheduler, status } from "./kit.ts";

describe("status updates", () => {
  test("an update is acknowledged after its callback, once for each time it comes, and told once", () => {
    let told = 0;
    const kit = Kit.subscribed(scheduler({ statusUpdate: () => void told++ }));
    kit.update(status("t1", "running"));
    kit.update(status("t1", "running"));
    expect(told).toBe(1);
    expect(kit.calls("acknowledge")).toEqual(
      Array(2).fill({ frameworkId, slaveId: "s1", taskId: "t1", uuid: "t1 running" }),
    );
    expect([...kit.inspect().acked]).toEqual(["t1 running"]);
  });

  test("an update without a uuid is told and not acknowledged", () => {
    let told = 0;
    const kit = Kit.subscribed(scheduler({ statusUpdate: () => void told++ }));
    const { uuid: _, ...unnumbered } = status("t1", "running");
    kit.update(unnumbered);
    kit.update(unnumbered);
    expect(told).toBe(2);
    expect(kit.heard).toEqual([]);
  });

  test("an update whose callback fails stays unacknowledged and is told again", () => {
    let told = 0;
    const kit = Kit.subscribed(
      scheduler({
        statusUpdate() {
          if (++told === 1) throw new Error("not now");
        },
      }),
    );
    kit.update(status("t1", "finished"));
    expect(kit.calls("acknowledge")).toEqual([]);
    kit.update(status("t1", "finished"));
    expect(told).toBe(2);
    expect(kit.calls("acknowledge").length).toBe(1);
  });
});

describe("callbacks that take their time", () => {
  test("they run one at a time and in order, each acknowledged when it has resolved", async () => {
    const story: string[] = [];
    const gates: (() => void)[] = [];
    const kit = Kit.subscribed(
      scheduler({
        async statusUpdate({ state }) {
          story.push(`${state} begins`);
          await new Promise<void>((resolve) => gates.push(resolve));
          story.push(`${state} ends`);
        },
      }),
    );
    kit.update(status("t1", "running"));
    kit.update(status("t1", "finished"));
    kit.update(status("t1", "running"));
    await kit.settle();
    expect(story).toEqual(["running begins"]);
    expect(kit.calls("acknowledge")).toEqual([]);
    gates[0]?.();
    await kit.settle();
    expect(story).toEqual(["running begins", "running ends", "finished begins"]);
    expect(kit.calls("acknowledge").map(({ uuid }) => uuid)).toEqual(["t1 running"]);
    gates[1]?.();
    await kit.settle();
    expect(kit.calls("acknowledge").map(({ uuid }) => uuid)).toEqual(["t1 running", "t1 finished"]);
    expect(story.at(-1)).toBe("finished ends");
  });

  test("an update whose promise rejects stays unacknowledged, and the next event is heard", async () => {
    const kit = Kit.subscribed(
      scheduler({
        async statusUpdate({ state }) {
          await Promise.resolve();
          if (state === "running") throw new Error("the database is away");
        },
      }),
    );
    kit.update(status("t1", "running"));
    kit.update(status("t2", "finished"));
    await kit.settle();
    expect(kit.calls("acknowledge").map(({ uuid }) => uuid)).toEqual(["t2 finished"]);
    expect(kit.logged.some((line) => line.includes("the database is away"))).toBe(true);
  });

  test("what an async callback asks for leaves while it still runs", async () => {
    const gates: (() => void)[] = [];
    const kit = Kit.subscribed(
      scheduler({
        async statusUpdate({ taskId }, driver) {
          await Promise.resolve();
          driver.killTask(taskId, 10);
          await new Promise<void>((resolve) => gates.push(resolve));
        },
      }),
    );
    kit.update(status("t1", "running"));
    await kit.settle();
    expect(gates.length).toBe(1);
    expect(kit.heard).toEqual([{ kind: "killTask", body: { frameworkId, taskId: "t1", graceMs: 10 } }]);
  });

  test("beyond ten thousand waiting callbacks offers are declined, and updates left for later are asked for", async () => {
    let open = () => {};
    const kit = Kit.subscribed(
      scheduler({
        statusUpdate: () =>
          new Promise((resolve) => {
            open = resolve;
          }),
      }),
    );
    for (let count = 0; count <= 10_000; count++) kit.update(status("t1", "running", { uuid: String(count) }));
    kit.update(status("t1", "running", { uuid: "one too many" }));
    kit.offers(offer("o1", "s1", "cpus:1"));
    expect(kit.calls("decline").length).toBe(1);
    kit.heard.length = 0;
    kit.advance(1_000);
    expect(kit.calls("reconcile").length).toBe(1);
    open();
  });
});
