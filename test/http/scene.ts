import { onTestFinished } from "vitest";
import { KindTable } from "../../src/actors/link/kind-table.ts";
import type { Handlers, ProtocolTable } from "../../src/actors/protocol.ts";
import type { Spec } from "../../src/actors/spec.ts";
import { ActorSystem } from "../../src/actors/system.ts";
import type { World } from "../../src/actors/world.ts";
import { type GatewayOptions, openGateway } from "../../src/http/gateway.ts";
import type { OpenServer } from "../../src/http/server.ts";
import { ClusterView } from "../../src/http/view/view.ts";
import {
  type ClusterChange,
  type FrameworkRow,
  type MasterRow,
  type OfferRow,
  type SlaveRow,
  type TaskRow,
  viewTable,
} from "../../src/protocol/cluster-events.ts";
import { FrameworkId, OfferId, SlaveId, TaskId } from "../../src/protocol/ids.ts";
import { type MasterProtocol, masterTable } from "../../src/protocol/master-api.ts";
import type { TaskState } from "../../src/protocol/task.ts";

/** Rows as a master would tell them, and a system of one thread for the actors of a gateway. */

export const masterRow: MasterRow = { id: "cluster-1", lead: { epoch: 1, term: 1 }, startedMs: 1_700_000_000_000 };

export function slaveRow(id: string, more: Partial<SlaveRow> = {}): SlaveRow {
  return {
    id: SlaveId(id),
    info: {
      hostname: "127.0.0.1",
      ip: "10.0.0.7",
      port: 5051,
      resources: { cpus: 4_000, mem: 1_024_000, ports: { ranges: [[31_000, 31_009]] }, zones: { items: ["a", "b"] } },
      attributes: { rack: "r1", size: "2.5" },
      checkpoint: false,
    },
    state: "registered",
    registeredMs: 1_700_000_001_000,
    used: { cpus: 1_500, mem: 64_000 },
    offered: { cpus: 500 },
    ...more,
  };
}

export function frameworkRow(id: string, more: Partial<FrameworkRow> = {}): FrameworkRow {
  return {
    id: FrameworkId(id),
    info: {
      name: `${id} name`,
      user: "ada",
      roles: ["batch"],
      failoverTimeoutMs: 60_500,
      checkpoint: true,
      capabilities: [],
    },
    state: "connected",
    registeredMs: 1_700_000_002_000,
    used: { cpus: 1_500, mem: 64_000 },
    offered: { cpus: 500 },
    offers: { sent: 3, accepted: 1, declined: 1, rescinded: 0 },
    ...more,
  };
}

export function taskRow(frameworkId: string, taskId: string, state: TaskState = "running"): TaskRow {
  return {
    frameworkId: FrameworkId(frameworkId),
    task: {
      taskId: TaskId(taskId),
      name: `${taskId} name`,
      slaveId: SlaveId("s1"),
      resources: { cpus: 1_500, mem: 64_000 },
      command: { shell: true, value: "true" },
      labels: [{ key: "tier", value: "front" }, { key: "plain" }],
      role: "batch",
    },
    status: {
      taskId: TaskId(taskId),
      state,
      source: "slave",
      timestampMs: 1_700_000_003_500,
      slaveId: SlaveId("s1"),
      message: "as told",
      worker: "4242",
      containerId: "run-1",
    },
  };
}

export function offerRow(id: string, frameworkId: string): OfferRow {
  return {
    id: OfferId(id),
    frameworkId: FrameworkId(frameworkId),
    slaveId: SlaveId("s1"),
    role: "batch",
    resources: { cpus: 500 },
    madeMs: 1_700_000_004_000,
  };
}

export function fedView(changes: readonly ClusterChange[], seq = 7): ClusterView {
  const view = new ClusterView();
  view.applySnapshot({ seq, master: masterRow, changes, last: true });
  return view;
}

/** A thread called `master` whose clock moves by hand and whose turns run as soon as there is work. */
export function oneThread(): { readonly system: ActorSystem; advance(ms: number): void } {
  let nowMs = 0;
  const timers = new Set<{ dueMs: number; task: () => void }>();
  const world = {
    clock: {
      now: () => nowMs,
      wall: () => nowMs,
      arm: (delayMs: number, task: () => void) => {
        const timer = { dueMs: nowMs + delayMs, task };
        timers.add(timer);
        return timer;
      },
      disarm: (timer: { dueMs: number; task: () => void }) => void timers.delete(timer),
    },
    random: { unit: () => 0.5, int: () => 0 },
    ids: { next: () => "id" },
    log: () => {},
    transport: {
      dial: (_endpoint: string, _opened: unknown, failed: (reason: string) => void) => failed("no transport"),
    },
  } as unknown as World;
  const system: ActorSystem = new ActorSystem({
    place: { node: "test", epoch: 1, thread: "master", threadEpoch: 0 },
    world,
    kinds: new KindTable([masterTable, viewTable] as unknown as ProtocolTable<never>[]),
    wake: () => setImmediate(() => system.turn()),
  });
  const run = () => {
    while (system.runnable) system.turn();
  };
  return {
    system,
    advance: (ms) => {
      run();
      for (const end = nowMs + ms; ; ) {
        const [next] = [...timers].filter(({ dueMs }) => dueMs <= end).sort((a, b) => a.dueMs - b.dueMs);
        nowMs = next?.dueMs ?? end;
        if (next === undefined) return;
        timers.delete(next);
        next.task();
        run();
      }
    },
  };
}

/** A master that only does what a test tells it to. */
export function scriptedMaster(script: Partial<Handlers<MasterProtocol>>): Spec<MasterProtocol, undefined> {
  const silent = Object.fromEntries(Object.keys(masterTable.fields).map((kind) => [kind, () => {}]));
  return {
    name: "master",
    protocol: masterTable,
    start: () => ({ ...(silent as unknown as Handlers<MasterProtocol>), ...script }),
  };
}

/** A gateway on a free port that closes when the test ends. */
export async function gateway(
  options: Partial<GatewayOptions> = {},
): Promise<{ readonly port: number; readonly url: string }> {
  const { port, close } = await bareGateway(options);
  onTestFinished(close);
  return { port, url: `http://127.0.0.1:${port}` };
}

/** A gateway on a free port. */
export function bareGateway(options: Partial<GatewayOptions> = {}): Promise<OpenServer> {
  return openGateway({
    system: oneThread().system,
    view: fedView([]),
    master: () => undefined,
    port: 0,
    bridge: () => undefined,
    ready: () => true,
    look: async () => ({ threads: [] }),
    version: "1.11.0",
    ...options,
  });
}
