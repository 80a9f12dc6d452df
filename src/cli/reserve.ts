import { resourcesFromJson, resourcesTo } from "../http/resource-list.ts";
import type { Label } from "../protocol/label.ts";
import { pushed, reservationFault, reservationOf } from "../protocol/reservation.ts";
import { format, isEmpty, parse, type Resources } from "../protocol/resources.ts";
import { CliFailure } from "./failure.ts";
import { type ReadOptions, read } from "./reads.ts";

export type ReserveOptions = Pick<ReadOptions, "master" | "credential"> & {
  readonly role: string;
  readonly principal?: string;
  readonly label: readonly string[];
  readonly output: "table" | "json";
};

/** Keeps resources of a slave for a role, or gives what was kept like this back to everybody. */
export async function reserve(
  type: "RESERVE_RESOURCES" | "UNRESERVE_RESOURCES",
  slave: string,
  text: string,
  options: ReserveOptions,
): Promise<void> {
  const resources = reserved(text, options);
  const asked = { agent_id: { value: slave }, resources: resourcesTo(resources) };
  if (type === "RESERVE_RESOURCES") await read(options, { type, reserve_resources: asked });
  else await read(options, { type, unreserve_resources: asked });
  const done = type === "RESERVE_RESOURCES" ? "reserved" : "unreserved";
  const json = JSON.stringify({ slave, [done]: asked.resources }, null, 2);
  process.stdout.write(options.output === "json" ? `${json}\n` : `${done} on ${slave}: ${format(resources)}\n`);
}

/** The resources under the reservation that the options describe. */
function reserved(text: string, { role, principal, label }: ReserveOptions): Resources {
  const labels = label.map(labelFrom);
  const reservation = {
    role,
    dynamic: true,
    ...(principal === undefined ? {} : { principal }),
    ...(labels.length === 0 ? {} : { labels }),
  };
  const parsed = text.trimStart().startsWith("[") ? resourcesFromJson(text) : parse(text);
  const fault = reservationFault(reservation) ?? (parsed.ok ? undefined : parsed.error);
  if (!parsed.ok || fault !== undefined) throw new CliFailure(fault ?? "", { exit: "usage" });
  if (isEmpty(parsed.value)) throw new CliFailure("no resources are named; write cpus:2;mem:1024", { exit: "usage" });
  const named = Object.keys(parsed.value).find((key) => reservationOf(key) !== undefined);
  if (named === undefined) return pushed(parsed.value, reservation);
  throw new CliFailure(`${named} names a reservation; --role, --principal and --label say it for all`, {
    exit: "usage",
  });
}

function labelFrom(text: string): Label {
  const at = text.indexOf("=");
  return at < 0 ? { key: text } : { key: text.slice(0, at), value: text.slice(at + 1) };
}
