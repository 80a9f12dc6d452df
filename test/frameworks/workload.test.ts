import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Piece, Workload } from "../../src/frameworks/workload.ts";
import type { TaskState } from "../../src/protocol/task.ts";
import { offer, quantities, status } from "./kit.ts";

function piece(key: string, more: Partial<Piece> = {}): Piece {
  const work = { simulated: { durationMs: 1, outcome: "finished" } } as const;
  return { key, kind: "step", name: key, resources: quantities("cpus:1"), work, retriesMax: 0, ...more };
}

function started(...pieces: readonly Piece[]): Workload {
  const workload = new Workload();
  workload.add(pieces);
  workload.launch([offer("o", "s1", "cpus:100")], {});
  return workload;
}

function relaunched(workload: Workload): readonly string[] {
  return workload.launch([offer("o", "s2", "cpus:100")], {}).flatMap(({ tasks }) => tasks.map(({ taskId }) => taskId));
}

describe("a workload", () => {
  test.each(["lost", "dropped", "gone", "unreachable", "unknown"] as const)(
    "runs a piece again under a fresh task id when its task is %s",
    (state) => {
      const workload = started(piece("a"));
      expect(workload.hear(status("a.1", state)).kind).toBe("again");
      expect(relaunched(workload)).toEqual(["a.2"]);
      expect(workload.counts).toEqual({ pending: 0, running: 1, finished: 0, failed: 0, rerun: 1 });
    },
  );

  test("gives a piece up with its sixth lost task", () => {
    const workload = started(piece("a"));
    for (let attempt = 1; attempt <= 5; attempt++) {
      expect(workload.hear(status(`a.${attempt}`, "lost")).kind).toBe("again");
      relaunched(workload);
    }
    expect(workload.hear(status("a.6", "lost")).kind).toBe("over");
    expect(workload.counts.failed).toBe(1);
  });

  test("tries a failed piece again as often as it allows", () => {
    const workload = started(piece("a", { retriesMax: 1 }), piece("b"));
    expect(workload.hear(status("b.1", "failed")).kind).toBe("over");
    expect(workload.hear(status("a.1", "failed")).kind).toBe("again");
    relaunched(workload);
    expect(workload.hear(status("a.2", "killed")).kind).toBe("over");
  });

  test("does not try an invalid task again", () => {
    expect(started(piece("a", { retriesMax: 9 })).hear(status("a.1", "error")).kind).toBe("over");
  });

  test("calls a task that comes back after it was given up a stray, and does not count its end", () => {
    const workload = started(piece("a"));
    workload.hear(status("a.1", "unreachable"));
    relaunched(workload);
    expect(workload.hear(status("a.1", "running")).kind).toBe("stray");
    expect(workload.hear(status("a.1", "finished")).kind).toBe("noted");
    expect(workload.hear(status("a.2", "finished")).kind).toBe("over");
    expect(workload.counts.finished).toBe(1);
  });
});

describe("a workload's book", () => {
  test("tallies what each slave and each worker finished", () => {
    const workload = started(piece("a"), piece("b"), piece("c"));
    workload.hear(status("a.1", "running", { worker: "7/1" }));
    workload.hear(status("a.1", "finished"));
    workload.hear(status("b.1", "finished", { worker: "7/2" }));
    expect(workload.tally.slaves).toEqual([
      { slaveId: "s1", hostname: "s1.test", running: 1, finished: { step: 2 }, rerun: 0 },
    ]);
    expect(workload.tally.workers).toEqual([
      { worker: "7/1", slaveId: "s1", finished: { step: 1 } },
      { worker: "7/2", slaveId: "s1", finished: { step: 1 } },
    ]);
  });

  test("sends no more in one reply than a link takes", () => {
    const workload = new Workload();
    const big = { command: { shell: true, value: "x".repeat(60_000) } };
    workload.add(["a", "b", "c"].map((key) => piece(key, { work: big })));
    expect(relaunched(workload)).toEqual(["a.1", "b.1"]);
    expect(relaunched(workload)).toEqual(["c.1"]);
  });

  const states: readonly TaskState[] = [
    "running",
    "finished",
    "failed",
    "killed",
    "lost",
    "dropped",
    "unreachable",
    "error",
  ];
  test("is over with every piece exactly once, whatever becomes of its tasks", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...states), { maxLength: 200 }), (story) => {
        const workload = new Workload();
        const pieces = ["a", "b", "c"].map((key) => piece(key, { retriesMax: 2 }));
        workload.add(pieces);
        const over: string[] = [];
        const running: string[] = [];
        for (const state of [...story, ...Array<TaskState>(60).fill("finished")]) {
          running.push(...relaunched(workload));
          const taskId = running.shift();
          if (taskId === undefined) break;
          const verdict = workload.hear(status(taskId, state));
          if (verdict.kind === "over") over.push(verdict.attempt.piece.key);
          if (verdict.kind === "noted") running.push(taskId);
        }
        expect(over.sort()).toEqual(["a", "b", "c"]);
        expect(workload.counts).toMatchObject({ pending: 0, running: 0 });
      }),
    );
  });
});
