import type { WireValue } from "../actors/wire-value.ts";
import type { OfferCounts } from "../frameworks/held-offers.ts";
import type { Ending } from "../frameworks/report.ts";
import type { Credential } from "../http/guards/credentials-file.ts";
import { callOperator } from "../http/master-client.ts";
import { FrameworkId } from "../protocol/ids.ts";
import { CliFailure } from "./failure.ts";
import { type FollowerEvents, follower } from "./follower.ts";
import type { LocalCluster } from "./local-cluster.ts";
import type { MasterDoorPlan } from "./thread-options.ts";

export type FrameworkRun = {
  /** A bundled behaviour, or the path of a module with a scheduler. */
  readonly behaviour: string;
  /** `thread:master`, or `HOST:PORT`. */
  readonly master: string;
  /** For the HTTP door of that master. */
  readonly credential?: Credential | undefined;
  /** Present when the framework itself comes by that door; absent: over the bridge. */
  readonly door?: MasterDoorPlan | undefined;
  readonly options: WireValue;
  readonly events?: Omit<FollowerEvents, "finished">;
};

export type FrameworkEnd = { readonly ending: Ending; readonly offers: OfferCounts };

/** A framework that this process runs, until it ends or is told to. */
export class FrameworkProcess {
  readonly ended: Promise<FrameworkEnd>;
  readonly #cluster: LocalCluster;
  readonly #master: string;
  readonly #credential: Credential | undefined;
  #frameworkId: FrameworkId | undefined;

  constructor(cluster: LocalCluster, run: FrameworkRun) {
    const { promise, resolve, reject } = Promise.withResolvers<FrameworkEnd>();
    const { events = {} } = run;
    this.#cluster = cluster;
    this.#master = run.master;
    this.#credential = run.credential;
    this.ended = promise;
    const report = cluster.hosted.system.spawn(follower, {
      ...events,
      connection: (connection) => {
        if (connection.frameworkId !== undefined) this.#frameworkId = FrameworkId(connection.frameworkId);
        events.connection?.(connection);
      },
      finished: (ending, offers) => resolve({ ending, offers }),
    });
    const args = { master: run.master, report: report.address, options: run.options };
    cluster.startFramework(run.behaviour, args, run.door).catch(reject);
  }

  /** Tears the framework down: the master kills its tasks, and `ended` hears of it. */
  async stop(): Promise<void> {
    const frameworkId = this.#frameworkId;
    if (frameworkId === undefined) return;
    if (this.#master.startsWith("thread:")) {
      this.#cluster.view.master?.tell("teardown", { frameworkId });
      return;
    }
    const call = { type: "TEARDOWN", teardown: { framework_id: { value: frameworkId } } } as const;
    await callOperator(this.#master, call, this.#credential);
  }
}

/** The failure that an ending amounts to, or undefined when the framework got its work done. Stacks stay in the logs. */
export function endingFailure({ ending }: FrameworkEnd): CliFailure | undefined {
  if (ending.kind === "done") return undefined;
  const [sentence = ""] = ending.message.split("\n");
  return new CliFailure(sentence, { exit: ending.kind === "notPlaced" ? "notPlaced" : "failure" });
}
