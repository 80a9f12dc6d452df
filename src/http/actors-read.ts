import type { FastifyInstance } from "fastify";
import { sendJson } from "./server.ts";

/** How long a look at the threads is kept for others who ask, in milliseconds: asking more often costs them nothing. */
const lookKeptMs = 250;

/**
 * `GET /mesolite/actors`: what the threads and actors of this process are doing. It needs no master, and each thread is
 * asked beside its actors, so that it answers also while the cluster does not.
 */
export function actorsRoute(app: FastifyInstance, look: () => Promise<unknown>): void {
  let latest: Promise<unknown> | undefined;
  const forget = () => {
    latest = undefined;
  };
  app.get("/mesolite/actors", async (_request, reply) => {
    latest ??= look().finally(() => setTimeout(forget, lookKeptMs).unref());
    return sendJson(reply, await latest);
  });
}
