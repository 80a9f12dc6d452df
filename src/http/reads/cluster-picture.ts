import type { ClusterSettings, FrameworkRow, OfferRow, SlaveRow, TaskRow } from "../../protocol/cluster-events.ts";
import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import type { ClusterRows } from "../view/cluster-rows.ts";

/** Which rows there are at one moment: the rows stay as they are while the cluster goes on. */
export class ClusterPicture {
  readonly slaves: readonly SlaveRow[];
  /** Connected and disconnected ones. */
  readonly frameworks: readonly FrameworkRow[];
  readonly completedFrameworks: readonly FrameworkRow[];
  /** Those that have not ended, in the order in which they came. */
  readonly tasks: readonly TaskRow[];
  /** The ended ones of each framework, the oldest first. */
  readonly histories: ReadonlyMap<FrameworkId, readonly TaskRow[]>;
  readonly offers: readonly OfferRow[];
  readonly settings: ClusterSettings;
  readonly #rows: ClusterRows;

  constructor(rows: ClusterRows) {
    this.#rows = rows;
    this.slaves = [...rows.slaves.values()];
    this.frameworks = [...rows.frameworks.values()];
    this.completedFrameworks = [...rows.completedFrameworks.values()];
    this.tasks = [...rows.tasks.values()];
    this.histories = new Map([...rows.histories].map(([id, history]) => [id, [...history.values()]]));
    this.offers = [...rows.offers.values()];
    this.settings = rows.settings;
  }

  /** Ended or not. */
  *allTasks(): Generator<TaskRow> {
    yield* this.tasks;
    for (const history of this.histories.values()) yield* history;
  }

  /** The address of a slave that is still known. */
  ipOf(id: SlaveId): string | undefined {
    return this.#rows.slaves.get(id)?.info.ip;
  }
}
