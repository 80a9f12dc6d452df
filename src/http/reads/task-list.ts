import { Heap } from "../../base/heap.ts";
import { ok, type Result, refused } from "../../base/result.ts";
import type { TaskRow } from "../../protocol/cluster-events.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { ClusterPicture } from "./cluster-picture.ts";
import { type Query, single } from "./legacy-route.ts";
import { counted, list } from "./renderer.ts";
import type { RowTexts } from "./row-texts.ts";

/** Tasks in one answer unless the query says otherwise; as in Mesos. */
const limitDefault = 100;

/** Which tasks `GET /tasks` is asked for. */
export type TaskQuery = {
  /** Infinity: all. */
  readonly limit: number;
  /** So many are passed over first. */
  readonly offset: number;
  /** `asc`: the oldest first. */
  readonly order: "asc" | "desc";
  readonly frameworkId?: string;
  readonly taskId?: string;
};

/** What a query asks for, or what is wrong with it. */
export function taskQuery(query: Query): Result<TaskQuery> {
  const limit = single(query, "limit") ?? String(limitDefault);
  if (!/^(-1|\d{1,9})$/.test(limit)) return refused("limit is a number of tasks, or -1 for all");
  const offset = single(query, "offset") ?? "0";
  if (!/^\d{1,15}$/.test(offset)) return refused("offset is a number of tasks to pass over");
  const order = single(query, "order") ?? "desc";
  if (!["asc", "desc", "des"].includes(order)) return refused("order is asc (the oldest first) or desc");
  const frameworkId = single(query, "framework_id");
  const taskId = single(query, "task_id");
  return ok({
    limit: limit === "-1" ? Number.POSITIVE_INFINITY : Number(limit),
    offset: Number(offset),
    order: order === "asc" ? "asc" : "desc",
    ...(frameworkId === undefined ? {} : { frameworkId }),
    ...(taskId === undefined ? {} : { taskId }),
  });
}

/** The answer of `GET /tasks`: live and ended ones by the time of their status, those of equal time by their coming. */
export function* taskSteps(facts: ClusterFacts, texts: RowTexts, query: TaskQuery): Generator<string, void> {
  const picture = new ClusterPicture(facts.rows);
  const { frameworkId, taskId, order, offset, limit } = query;
  const sign = order === "asc" ? 1 : -1;
  const sorted = new Heap<Ranked>((a, b) => sign * (a.atMs - b.atMs || a.rank - b.rank) < 0);
  let rank = 0;
  yield* counted(picture.allTasks(), (row) => {
    if (frameworkId !== undefined && row.frameworkId !== frameworkId) return;
    if (taskId !== undefined && row.task.taskId !== taskId) return;
    sorted.push({ row, atMs: row.status.timestampMs, rank: rank++ });
  });
  for (let passed = 0; passed < offset && sorted.size > 0; passed++) {
    sorted.pop();
    if (passed % 8 === 0) yield "";
  }
  yield '{"tasks":';
  yield* list(first(sorted, limit), (row) => texts.task(row, picture.ipOf(row.task.slaveId)));
  yield "}";
}

type Ranked = { readonly row: TaskRow; readonly atMs: number; readonly rank: number };

function* first(sorted: Heap<Ranked>, limit: number): Generator<TaskRow> {
  for (let count = 0; count < limit; count++) {
    const next = sorted.pop();
    if (next === undefined) return;
    yield next.row;
  }
}
