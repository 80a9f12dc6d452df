/** What both sides of the HTTP benchmark agree on. */

export const codecNames = ["json", "protobuf"] as const;

/** Schedulers at once; a cluster has as many slaves as the largest crowd. */
export const crowds = [1, 16] as const;

/** Calls that one scheduler has under way. */
export const callsAtOnce = 4;

export const reconcileShape = (codec: string, count: number): string => `calls ${codec} by ${count}`;
export const offersShape = (codec: string, count: number): string => `offers ${codec} to ${count}`;

/** Readers of `/state` at once, and the pause of each between an answer and the next question, in milliseconds. */
export const readers = { count: 20, pauseMs: 1_000 } as const;

/** Tasks that run while `/state` is read. */
export const backgroundTasks = 10_000;
