/** How much is under way at once, the same for every subject of a shape. */

/** Messages that were sent and not yet acknowledged: mailboxes are bounded, so a sender that outruns its receiver would be refused. */
export const windowMax = 4_096;
/** Messages that one acknowledgement covers. */
export const receiptEvery = windowMax / 4;
/** Messages per turn of a sender. */
export const burst = 256;
/** Questions that wait for their answer. */
export const questionsMax = 64;
