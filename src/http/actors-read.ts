import type { FastifyInstance } from "fastify";
import { sendJson } from "./server.ts";

/** One look at the threads serves whoever asks within so many milliseconds: asking more often costs them nothing. */
const lookKeptMs = 250;

/**
 * `GET /mesolite/actors`: what the threads and actors of this process are doing. It needs no master, and each thread is
 * asked beside its actors, so that it answers also while the cluster does not.
 */
export function actorsRoute(app: FastifyInstance, look: () => Promise<unknown>): void {
  let latest: { readonly takenMs: number; readonly look: Promise<unknown> } | undefined;
  app.get("/mesolite/actors", async (_request, reply) => {
    const nowMs = performance.now();
    if (latest === undefined || nowMs - latest.takenMs > lookKeptMs) latest = { takenMs: nowMs, look: look() };
    return sendJson(reply, await latest.look);
  });
}
