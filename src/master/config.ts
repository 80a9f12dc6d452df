import type { Quantities } from "../protocol/quantities.ts";

/** What a master may be told to do differently. Times in milliseconds; defaults as in Mesos where it has them. */
export type MasterConfig = {
  /** Pause between two pings of a slave. Default 15 000. */
  readonly slavePingMs: number;
  /** Pings in a row a slave may leave unanswered before it is unreachable. Default 5. */
  readonly slavePingMissesMax: number;
  /** How long a slave of the registry may take to come back after a master's restart. Default 600 000. */
  readonly slaveReregisterMs: number;
  /** How long a framework may sit on an offer. Default 30 000; 0: for ever. */
  readonly offerTimeoutMs: number;
  /** Pause between two passes over all slaves, a safety net under the event-driven ones. Default 1 000. */
  readonly allocationIntervalMs: number;
  /** What an offer must have: all that one of these lists names. Default: 0.01 cpus, or 32 MiB. None: anything. */
  readonly minAllocatable: readonly Quantities[];
  /** How long a view may lag behind. Default 10. */
  readonly publishMs: number;
  /** Whether frameworks whose user is root may subscribe. Default true, as in Mesos. */
  readonly rootSubmissions: boolean;
  /** Offers that one framework may hold; more wait until it has answered some. Default 10 000. */
  readonly outstandingOffersMax: number;
  /** How fast messages of frameworks are handled, by principal. Default: as they come. */
  readonly rateLimits?: RateLimits;
};

/** Without `qps` there is no limit. */
export type RateLimit = {
  /** Messages per second, of all frameworks together that it is for. */
  readonly qps?: number;
  /** How many messages may wait. Default 262 144. */
  readonly capacity?: number;
};

export type RateLimits = {
  /** No two for the same principal. */
  readonly principals: readonly (RateLimit & { readonly principal: string })[];
  /** Shared by all frameworks whose principal is not among them, or that have none. Default: no limit. */
  readonly others?: RateLimit;
};

export const masterDefaults: MasterConfig = {
  slavePingMs: 15_000,
  slavePingMissesMax: 5,
  slaveReregisterMs: 600_000,
  offerTimeoutMs: 30_000,
  allocationIntervalMs: 1_000,
  minAllocatable: [{ cpus: 10 }, { mem: 32_000 }],
  publishMs: 10,
  rootSubmissions: true,
  outstandingOffersMax: 10_000,
};

/** The same machinery a few seconds long, for tests of real processes. */
export const masterTestScale: MasterConfig = {
  ...masterDefaults,
  slavePingMs: 1_000,
  slavePingMissesMax: 3,
  slaveReregisterMs: 5_000,
  offerTimeoutMs: 3_000,
};
