import type { BackoffConfig } from "../actors/backoff.ts";

/** What a slave may be told to do differently. Times in milliseconds; defaults as in Mesos where it has them. */
export type SlaveConfig = {
  /** Pauses between attempts to reach and register with the master. Default 1 s doubling to 60 s, full jitter. */
  readonly registration: BackoffConfig;
  /** Pause before an unacknowledged update is sent again; doubles up to the maximum. Defaults 10 s and 10 min. */
  readonly updateRetryMinMs: number;
  readonly updateRetryMaxMs: number;
};

export const slaveDefaults: SlaveConfig = {
  registration: { minMs: 1_000, maxMs: 60_000, factor: 2 },
  updateRetryMinMs: 10_000,
  updateRetryMaxMs: 600_000,
};

/** The same machinery a few seconds long, for tests of real processes. */
export const slaveTestScale: SlaveConfig = {
  registration: { minMs: 100, maxMs: 2_000, factor: 2 },
  updateRetryMinMs: 300,
  updateRetryMaxMs: 3_000,
};
