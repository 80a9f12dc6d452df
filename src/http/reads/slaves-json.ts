import type { ClusterFacts } from "../cluster-facts.ts";
import { ClusterPicture } from "./cluster-picture.ts";
import { list } from "./renderer.ts";
import type { RowTexts } from "./row-texts.ts";

/** The answer of `GET /slaves`, of all slaves that are in reach or may be soon, or of one. */
export function* slaveSteps(facts: ClusterFacts, texts: RowTexts, only?: string): Generator<string, void> {
  const { slaves } = new ClusterPicture(facts.rows);
  const shown = slaves.filter(({ id, state }) => state !== "unreachable" && (only === undefined || id === only));
  yield '{"slaves":';
  yield* list(shown, (row) => texts.fullSlave(row));
  yield ',"recovered_slaves":[]}';
}
