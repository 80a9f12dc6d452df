import { add } from "../../protocol/resources.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { resourceSummary } from "../mesos-resources.ts";
import { ClusterPicture } from "./cluster-picture.ts";
import { list } from "./renderer.ts";
import { roleUsage } from "./role-usage.ts";

/** The answer of `GET /roles`. All weights are 1, and no role has a quota. */
export function* roleSteps({ rows }: ClusterFacts): Generator<string, void> {
  const usage = yield* roleUsage(new ClusterPicture(rows));
  yield '{"roles":';
  yield* list(usage, ([name, { frameworks, allocated, offered, reserved }]) =>
    JSON.stringify({
      name,
      weight: 1,
      resources: resourceSummary(add(allocated.quantities, offered.quantities)),
      allocated: resourceSummary(allocated.quantities),
      offered: resourceSummary(offered.quantities),
      reserved: resourceSummary(reserved.quantities),
      frameworks: [...frameworks],
    }),
  );
  yield "}";
}
