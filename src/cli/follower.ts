import type { Spec } from "../actors/spec.ts";
import type { WireValue } from "../actors/wire-value.ts";
import type { OfferCounts } from "../frameworks/held-offers.ts";
import { type ConnectionReport, type Ending, type ReportProtocol, reportTable } from "../frameworks/report.ts";

export type FollowerEvents = {
  readonly connection?: (report: ConnectionReport) => void;
  readonly progress?: (offers: OfferCounts, details: WireValue) => void;
  readonly record?: (row: WireValue) => void;
  readonly finished: (ending: Ending, offers: OfferCounts) => void;
};

/** Hears a framework's reports on behalf of the command line. Ends with the framework. */
export const follower: Spec<ReportProtocol, FollowerEvents> = {
  name: "follower",
  protocol: reportTable,
  start: (ctx, events) => ({
    connection: (report) => events.connection?.(report),
    progress: ({ offers, details }) => events.progress?.(offers, details),
    record: ({ row }) => events.record?.(row),
    finished: ({ offers, ending }) => {
      events.finished(ending, offers);
      ctx.stop();
    },
  }),
};
