import { expect, test } from "vitest";
import type { Address } from "../../../src/actors/address.ts";
import { child, supervisor } from "../../../src/actors/supervisor.ts";
import { ClusterView } from "../../../src/http/view/view.ts";
import { clusterView } from "../../../src/http/view/view-actor.ts";
import type { ClusterChange, ViewProtocol } from "../../../src/protocol/cluster-events.ts";
import { masterRow, oneThread, scriptedMaster, slaveRow } from "../scene.ts";

const slave: ClusterChange = { type: "slave", row: slaveRow("s1") };

function scene(answers = true) {
  const { system, advance } = oneThread();
  const asked: Address<ViewProtocol>[] = [];
  const view = new ClusterView();
  const spawnMaster = () =>
    system.spawn(
      scriptedMaster({
        watchCluster: ({ self }) => {
          asked.push(self);
          if (answers)
            told(system, self, "clusterSnapshot", { seq: 3, master: masterRow, changes: [slave], last: true });
        },
      }),
      undefined,
      { name: "master" },
    );
  const tell = <K extends keyof ViewProtocol & string>(kind: K, body: ViewProtocol[K]["tell"]) => {
    const [self] = asked;
    if (self !== undefined) told(system, self, kind, body);
    advance(0);
  };
  return { system, advance, asked, view, spawnMaster, tell };
}

function told<K extends keyof ViewProtocol & string>(
  system: ReturnType<typeof oneThread>["system"],
  self: Address<ViewProtocol>,
  kind: K,
  body: ViewProtocol[K]["tell"],
): void {
  const [place = "", target = ""] = self.split(":");
  const [slot, generation] = target.split(".").map(Number);
  system.refs.at<ViewProtocol>({ place, slot: slot ?? 0, generation: generation ?? 0 }).tell(kind, body as never);
}

test("a view asks for the cluster and is kept up to date", () => {
  const { system, advance, asked, view, spawnMaster, tell } = scene();
  spawnMaster();
  system.spawn(clusterView(view), { master: "thread:master" });
  advance(0);
  expect([asked.length, view.seq, view.rows.slaves.size, view.fresh]).toEqual([1, 3, 1, true]);
  expect(view.master).toBeDefined();
  tell("clusterChanged", { seq: 4, changes: [{ type: "slaveGone", id: slaveRow("s1").id }] });
  expect(view.rows.slaves.size).toBe(0);
});

test("a gap is mended with a fresh snapshot", () => {
  const { system, advance, asked, view, spawnMaster, tell } = scene();
  spawnMaster();
  system.spawn(clusterView(view), { master: "thread:master" });
  advance(0);
  tell("clusterChanged", { seq: 9, changes: [] });
  expect(asked.length).toBe(2);
  expect(view.fresh).toBe(true);
});

test("a snapshot that never ends is asked for again", () => {
  const { system, advance, asked, view, spawnMaster } = scene(false);
  spawnMaster();
  system.spawn(clusterView(view), { master: "thread:master" });
  advance(9_999);
  expect(asked.length).toBe(1);
  advance(1);
  expect([asked.length, view.fresh]).toEqual([2, false]);
});

test("a master that is gone makes the view stale, and its successor fresh again", () => {
  const { system, advance, asked, view, spawnMaster } = scene();
  const first = system.find("master") ?? spawnMaster();
  expect(first).toBeDefined();
  system.spawn(clusterView(view), { master: "thread:master" });
  advance(0);
  system.find("master")?.terminate("shutdown");
  advance(0);
  expect([view.fresh, view.master, view.rows.slaves.size]).toEqual([false, undefined, 1]);
  spawnMaster();
  advance(2_000);
  expect([asked.length, view.fresh]).toEqual([2, true]);
});

test("a view actor that stops leaves a view that says it is stale", () => {
  const { system, advance, view, spawnMaster } = scene();
  spawnMaster();
  system.spawn(clusterView(view), { master: "thread:master" }, { name: "view" });
  advance(0);
  system.find("view")?.terminate("shutdown");
  expect(view.fresh).toBe(false);
});

test("a view actor that fails is started again, and its view is fresh again", () => {
  const { system, advance, asked, view, spawnMaster, tell } = scene();
  spawnMaster();
  const children = [child("view", clusterView(view), { master: "thread:master" })];
  system.spawn(supervisor, { strategy: "one-for-one", children });
  advance(0);
  tell("clusterChanged", { seq: 4, changes: [{ type: "slave" }] as never });
  expect([view.fresh, view.master === undefined, view.rows.slaves.size]).toEqual([false, true, 1]);
  advance(1_000);
  expect([asked.length, view.fresh, view.master === undefined, view.seq]).toEqual([2, true, false, 3]);
});
