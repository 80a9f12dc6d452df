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
  /** How long a view may lag behind. Default 10. */
  readonly publishMs: number;
  /** Whether frameworks whose user is root may subscribe. Default true, as in Mesos. */
  readonly rootSubmissions: boolean;
};

export const masterDefaults: MasterConfig = {
  slavePingMs: 15_000,
  slavePingMissesMax: 5,
  slaveReregisterMs: 600_000,
  offerTimeoutMs: 30_000,
  allocationIntervalMs: 1_000,
  publishMs: 10,
  rootSubmissions: true,
};

/** The same machinery a few seconds long, for tests of real processes. */
export const masterTestScale: MasterConfig = {
  ...masterDefaults,
  slavePingMs: 1_000,
  slavePingMissesMax: 3,
  slaveReregisterMs: 5_000,
  offerTimeoutMs: 3_000,
};
