import { array, assert, constantFrom, integer, nat, oneof, property, record, tuple } from "fast-check";
import { describe, expect, test, vi } from "vitest";
import {
  ClusterRows,
  completedFrameworksMax,
  completedTasksMax,
  namelessFrameworksMax,
} from "../../../src/http/view/cluster-rows.ts";
import { ClusterView } from "../../../src/http/view/view.ts";
import { type ClusterChange, taskKey } from "../../../src/protocol/cluster-events.ts";
import { FrameworkId, OfferId, SlaveId, TaskId } from "../../../src/protocol/ids.ts";
import { isTerminal, type TaskState } from "../../../src/protocol/task.ts";
import { fedView, frameworkRow, masterRow, offerRow, slaveRow, taskRow } from "../scene.ts";

const ids = ["a", "b", "c"];
const states: readonly TaskState[] = ["staging", "running", "finished", "failed", "unreachable"];
const anyId = constantFrom(...ids);

/** What a cluster may do, over few names so that changes meet. */
const anyChange = oneof(
  record({ id: anyId, cpus: nat(9) }).map(
    (it): ClusterChange => ({ type: "slave", row: slaveRow(it.id, { used: { cpus: it.cpus } }) }),
  ),
  anyId.map((id): ClusterChange => ({ type: "slaveGone", id: SlaveId(id) })),
  record({ id: anyId, sent: nat(9) }).map(
    ({ id, sent }): ClusterChange => ({
      type: "framework",
      row: frameworkRow(id, { offers: { sent, accepted: 0, declined: 0, rescinded: 0 } }),
    }),
  ),
  tuple(anyId, anyId, constantFrom(...states)).map(
    ([f, t, state]): ClusterChange => ({ type: "task", row: taskRow(f, t, state) }),
  ),
  tuple(anyId, anyId, constantFrom(...states)).map(
    ([f, t, state]): ClusterChange => ({
      type: "taskStatus",
      frameworkId: FrameworkId(f),
      status: taskRow(f, t, state).status,
    }),
  ),
  tuple(anyId, anyId).map(([id, f]): ClusterChange => ({ type: "offer", row: offerRow(id, f) })),
  anyId.map((id): ClusterChange => ({ type: "offerGone", id: OfferId(id) })),
);

function picture(rows: ClusterRows): unknown {
  const sorted = (entries: Iterable<readonly [string, unknown]>) =>
    Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    slaves: sorted(rows.slaves),
    frameworks: sorted(rows.frameworks),
    completed: sorted(rows.completedFrameworks),
    tasks: sorted(rows.tasks),
    histories: sorted(
      [...rows.histories].filter(([, history]) => history.size > 0).map(([id, history]) => [id, sorted(history)]),
    ),
    offers: sorted(rows.offers),
  };
}

/** What a master would send a new view: every row once. */
function snapshotOf(rows: ClusterRows): ClusterChange[] {
  return [
    ...[...rows.frameworks.values()].map((row) => ({ type: "framework", row }) as const),
    ...[...rows.slaves.values()].map((row) => ({ type: "slave", row }) as const),
    ...[...rows.histories.values()]
      .flatMap((history) => [...history.values()])
      .map((row) => ({ type: "task", row }) as const),
    ...[...rows.tasks.values()].map((row) => ({ type: "task", row }) as const),
    ...[...rows.offers.values()].map((row) => ({ type: "offer", row }) as const),
  ];
}

function inPieces<T>(items: readonly T[], sizes: readonly number[]): (readonly T[])[] {
  const pieces: T[][] = [];
  for (let first = 0, turn = 0; first < items.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(items.slice(first, first + size));
    first += size;
  }
  return pieces;
}

/** The chunk a row belongs to, whatever its contents. */
function chunkOf(change: ClusterChange, count: number): number {
  const row = "row" in change ? change.row : undefined;
  const name =
    row === undefined ? "" : "task" in row ? taskKey(row.frameworkId, row.task.taskId) : `${change.type} ${row.id}`;
  return [...name].reduce((sum, char) => sum + char.charCodeAt(0), 0) % count;
}

describe("a view that began anywhere shows what one that heard everything shows", () => {
  const anyStory = {
    changes: array(anyChange, { maxLength: 60, size: "max" }),
    begin: nat(60),
    chunkCount: integer({ min: 1, max: 5 }),
    batchSizes: array(integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
    regime: constantFrom("read at once", "read when sent"),
  };

  test("in any chunks, with changes between them, whether the rows were read at once or when each was sent", () => {
    void assert(
      property(record(anyStory), ({ changes, begin, chunkCount, batchSizes, regime }) => {
        const direct = new ClusterRows();
        direct.apply(changes.slice(0, begin));
        const atOnce = snapshotOf(direct);
        const batches = inPieces(changes.slice(begin), batchSizes);
        const view = new ClusterView();
        let seq = 10;
        const send = (batch: readonly ClusterChange[] | undefined) => {
          if (batch === undefined) return;
          direct.apply(batch);
          expect(view.applyChanges({ seq: ++seq, changes: batch })).toBe("applied");
        };
        for (let index = 0; index < chunkCount; index++) {
          const rows = regime === "read at once" ? atOnce : snapshotOf(direct);
          view.applySnapshot({
            seq: regime === "read at once" ? 10 : seq,
            master: masterRow,
            changes: rows.filter((change) => chunkOf(change, chunkCount) === index),
            last: index === chunkCount - 1,
          });
          send(batches.shift());
        }
        while (batches.length > 0) send(batches.shift());
        expect(view.seq).toBe(seq);
        expect(picture(view.rows)).toEqual(picture(direct));
      }),
    );
  });

  test("live tasks are those that have not ended, and no task is in both places", () => {
    void assert(
      property(array(anyChange, { maxLength: 80, size: "max" }), (changes) => {
        const rows = new ClusterRows();
        rows.apply(changes);
        const ended = [...rows.histories.values()].flatMap((history) => [...history]);
        expect([...rows.tasks.values()].some(({ status }) => isTerminal(status.state))).toBe(false);
        expect(ended.every(([key, { status }]) => isTerminal(status.state) && !rows.tasks.has(key))).toBe(true);
      }),
    );
  });
});

describe("a gap", () => {
  const one: ClusterChange = { type: "slave", row: slaveRow("a") };

  test("is told once, and nothing is applied until a new snapshot", () => {
    const view = fedView([], 7);
    expect(view.applyChanges({ seq: 8, changes: [] })).toBe("applied");
    expect(view.applyChanges({ seq: 10, changes: [one] })).toBe("gap");
    expect(view.applyChanges({ seq: 11, changes: [one] })).toBe("applied");
    expect(view.rows.slaves.size).toBe(0);
    expect(view.seq).toBe(8);
    view.applySnapshot({ seq: 12, master: masterRow, changes: [one], last: true });
    expect([view.seq, view.rows.slaves.size]).toEqual([12, 1]);
  });

  test("is seen while a snapshot arrives", () => {
    const view = new ClusterView();
    view.applySnapshot({ seq: 7, master: masterRow, changes: [], last: false });
    expect(view.applyChanges({ seq: 9, changes: [] })).toBe("gap");
  });

  test("is seen between numbered chunks", () => {
    const view = new ClusterView();
    view.applySnapshot({ seq: 7, master: masterRow, changes: [], last: false });
    expect(view.applySnapshot({ seq: 9, master: masterRow, changes: [], last: true })).toBe("gap");
    expect(view.fresh).toBe(false);
  });

  test("is not what comes twice", () => {
    const view = fedView([], 7);
    view.applyChanges({ seq: 8, changes: [one] });
    expect(view.applyChanges({ seq: 8, changes: [{ type: "slaveGone", id: SlaveId("a") }] })).toBe("applied");
    expect(view.rows.slaves.size).toBe(1);
  });

  test("comes of more batches between the chunks than a view holds", () => {
    const view = new ClusterView();
    view.applySnapshot({ seq: 0, master: masterRow, changes: [], last: false });
    let seq = 1;
    while (view.applyChanges({ seq, changes: [] }) === "applied" && seq < 20_000) seq++;
    expect(seq).toBe(10_001);
  });
});

test("readers see the old picture until a new one is complete", () => {
  const view = fedView([{ type: "slave", row: slaveRow("old") }]);
  view.expectSnapshot();
  view.applySnapshot({ seq: 9, master: masterRow, changes: [{ type: "slave", row: slaveRow("new") }], last: false });
  expect([...view.rows.slaves.keys()]).toEqual(["old"]);
  view.applySnapshot({ seq: 9, master: masterRow, changes: [], last: true });
  expect([...view.rows.slaves.keys()]).toEqual(["new"]);
});

describe("the past is bounded", () => {
  test("a framework keeps its last tasks", () => {
    const rows = new ClusterRows();
    rows.apply([{ type: "framework", row: frameworkRow("f") }]);
    for (let n = 0; n <= completedTasksMax; n++) rows.apply([{ type: "task", row: taskRow("f", `t${n}`, "finished") }]);
    const history = rows.histories.get(FrameworkId("f"));
    expect(history?.size).toBe(completedTasksMax);
    expect(history?.has(taskKey(FrameworkId("f"), TaskId("t0")))).toBe(false);
  });

  test("completed frameworks leave with their tasks, the oldest first", () => {
    const rows = new ClusterRows();
    for (let n = 0; n <= completedFrameworksMax; n++) {
      rows.apply([
        { type: "task", row: taskRow(`f${n}`, "t", "finished") },
        { type: "framework", row: frameworkRow(`f${n}`, { state: "completed" }) },
      ]);
    }
    expect(rows.completedFrameworks.size).toBe(completedFrameworksMax);
    expect(rows.completedFrameworks.has(FrameworkId("f0"))).toBe(false);
    expect(rows.histories.has(FrameworkId("f0"))).toBe(false);
    expect(rows.histories.has(FrameworkId("f1"))).toBe(true);
  });

  test("ended tasks of frameworks that nobody names are forgotten, and those that get a name are not", () => {
    const rows = new ClusterRows();
    rows.apply([{ type: "task", row: taskRow("named-later", "t", "lost") }]);
    rows.apply([{ type: "framework", row: frameworkRow("named-later") }]);
    for (let n = 0; n < namelessFrameworksMax + 9; n++)
      rows.apply([{ type: "task", row: taskRow(`f${n}`, "t", "lost") }]);
    expect(rows.histories.size).toBe(namelessFrameworksMax + 1);
    expect(rows.histories.has(FrameworkId("named-later"))).toBe(true);
  });
});

describe("waiting for a change", () => {
  test("ends when the change shows, and at once when it did already", async () => {
    const view = fedView([], 7);
    await view.reached(7);
    const seen: string[] = [];
    const waiting = view.reached(9).then(() => seen.push("9"));
    view.applyChanges({ seq: 8, changes: [] });
    await Promise.resolve();
    expect(seen).toEqual([]);
    view.applyChanges({ seq: 9, changes: [] });
    await waiting;
  });

  test("gives up at its deadline", async () => {
    vi.useFakeTimers();
    try {
      const late = expect(fedView([], 7).reached(8, 100)).rejects.toThrow(
        "change 8 did not show within 100 ms: the view is at 7",
      );
      await vi.advanceTimersByTimeAsync(100);
      await late;
    } finally {
      vi.useRealTimers();
    }
  });

  test("ends when another master takes over", async () => {
    const view = fedView([], 7);
    const waiting = expect(view.reached(99)).rejects.toThrow("another master took over");
    view.applySnapshot({ seq: 0, master: { ...masterRow, lead: { epoch: 2, term: 1 } }, changes: [], last: true });
    await waiting;
  });
});
