import { expect } from "vitest";
import { resourcesTo } from "../../../src/http/resource-list.ts";
import type { LiveCluster } from "../scheduler/live-cluster.ts";

/** A request as an operator's program sends it: a body that is no text goes as JSON. */
export async function ask(
  { port }: LiveCluster,
  body: unknown,
  { method = "POST", path = "/api/v1" } = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** Ends all reservations. Answers how many there were, by slave and kind. */
export async function endReservations(live: LiveCluster): Promise<number> {
  let count = 0;
  for (const { id, info } of [...live.cluster.state.slaves.all()]) {
    const reserved = Object.fromEntries(Object.entries(info.resources).filter(([key]) => key.includes("(")));
    count += Object.keys(reserved).length;
    if (Object.keys(reserved).length === 0) continue;
    const unreserve_resources = { agent_id: { value: id }, resources: resourcesTo(reserved) };
    expect(await ask(live, { type: "UNRESERVE_RESOURCES", unreserve_resources })).toEqual({ status: 202, text: "" });
  }
  return count;
}
