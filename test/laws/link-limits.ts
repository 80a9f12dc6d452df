import { linkLimits } from "../../src/actors/link/limits.ts";

/** Silence is noticed sooner than in production, so that a law need not wait for it so long. */
export const lawLimits = { ...linkLimits, pingAfterMs: 200, downAfterMs: 2_000 };
