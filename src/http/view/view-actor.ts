import type { BackoffConfig } from "../../actors/backoff.ts";
import { Peer } from "../../actors/peer.ts";
import type { Spec } from "../../actors/spec.ts";
import { type ViewProtocol, viewTable } from "../../protocol/cluster-events.ts";
import { type MasterProtocol, masterName } from "../../protocol/master-api.ts";
import type { ClusterView } from "./view.ts";

/** `master`: the endpoint behind which the master is, such as `thread:master`. */
type ViewArgs = { readonly master: string };

/** Pauses between attempts to reach the master: short, because every read waits for it. */
const backoff: BackoffConfig = { minMs: 20, maxMs: 2_000, factor: 2 };

/** A snapshot that is not complete after so long is asked for again, in milliseconds. */
const snapshotWithinMs = 10_000;

/** Chunks and changes that may wait. When more come they are refused, the numbers show a gap, and a snapshot mends it. */
const mailboxMax = 16_384;

/** The actor that keeps a view fed. It lives in the thread of the routes that read the view. */
export function clusterView(view: ClusterView): Spec<ViewProtocol, ViewArgs> {
  return {
    name: "clusterView",
    protocol: viewTable,
    mailboxMax,
    start(ctx, args) {
      const ask = () => {
        view.expectSnapshot();
        view.master?.tell("watchCluster", { self: ctx.self.address });
        ctx.after("snapshot", snapshotWithinMs, ask);
      };
      const peer = new Peer<MasterProtocol>(
        ctx,
        { endpoint: args.master, name: masterName, backoff },
        {
          up: (master) => {
            view.master = master;
            ask();
          },
          down: () => {
            view.lost();
            ctx.cancel("snapshot");
          },
        },
      );
      return {
        clusterSnapshot: (chunk) => {
          if (view.applySnapshot(chunk) === "gap") ask();
          else if (chunk.last) {
            ctx.cancel("snapshot");
            peer.settled();
          }
        },
        clusterChanged: (batch) => {
          if (view.applyChanges(batch) === "gap") ask();
        },
        onStop: () => view.lost(),
      };
    },
  };
}
