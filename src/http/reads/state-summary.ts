import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import type { TaskState } from "../../protocol/task.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { taskState } from "../operator/rows.ts";
import { ClusterPicture } from "./cluster-picture.ts";
import { counted, list } from "./renderer.ts";
import type { RowTexts } from "./row-texts.ts";
import { opened } from "./state-json.ts";

/** The states that a summary counts. */
const states: readonly TaskState[] = [
  "staging",
  "starting",
  "running",
  "killing",
  "finished",
  "killed",
  "failed",
  "lost",
  "error",
  "dropped",
  "unreachable",
  "gone",
  "gone_by_operator",
];

/** How many tasks of something are in each state, and what they connect it with. */
class Tally<Id> {
  readonly others = new Set<Id>();
  readonly #counts = new Map<TaskState, number>();

  add(state: TaskState, other: Id): void {
    this.others.add(other);
    this.#counts.set(state, (this.#counts.get(state) ?? 0) + 1);
  }

  json(): Readonly<Record<string, number>> {
    return Object.fromEntries(states.map((state) => [taskState(state), this.#counts.get(state) ?? 0]));
  }
}

/** The answer of `GET /state-summary`: numbers of tasks instead of tasks. */
export function* summarySteps({ rows, at }: ClusterFacts, texts: RowTexts): Generator<string, void> {
  const picture = new ClusterPicture(rows);
  const bySlave = new Map<SlaveId, Tally<FrameworkId>>();
  const byFramework = new Map<FrameworkId, Tally<SlaveId>>();
  yield* counted(picture.allTasks(), ({ frameworkId, task: { slaveId }, status: { state } }) => {
    tallyOf(bySlave, slaveId).add(state, frameworkId);
    tallyOf(byFramework, frameworkId).add(state, slaveId);
  });
  yield `{"hostname":${JSON.stringify(at.hostname)},"slaves":`;
  const reachable = picture.slaves.filter(({ state }) => state !== "unreachable");
  yield* list(reachable, (row) => withTally(texts.slave(row), bySlave.get(row.id), "framework_ids"));
  yield ',"frameworks":';
  yield* list(picture.frameworks, (row) => withTally(texts.summary(row), byFramework.get(row.id), "slave_ids"));
  yield "}";
}

function withTally<Id>(object: string, tally: Tally<Id> = new Tally(), key: string): string {
  return `${opened(object)},${JSON.stringify({ ...tally.json(), [key]: [...tally.others] }).slice(1)}`;
}

function tallyOf<Key, Id>(tallies: Map<Key, Tally<Id>>, key: Key): Tally<Id> {
  const known = tallies.get(key);
  if (known !== undefined) return known;
  const tally = new Tally<Id>();
  tallies.set(key, tally);
  return tally;
}
