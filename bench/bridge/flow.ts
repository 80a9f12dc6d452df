/**
 * What is sent over the bridge and over a bare socket: bodies of so many bytes, so many of them under way that together
 * they are no more than the credit of a link, and by the socket in batches of one size or the other.
 */
export const loads = {
  "100 B": { bytes: 100, window: 4_096, batches: [64, 256] },
  "1 KiB": { bytes: 1_024, window: 1_024, batches: [16, 64] },
  "64 KiB": { bytes: 65_536, window: 16, batches: [1, 4] },
} as const;

export type Load = keyof typeof loads;

/** Balls in play at the same time. */
export const ballsAtOnce = [1, 16, 256] as const;
export const crowd = 100;
