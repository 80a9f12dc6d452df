import { isIP } from "node:net";
import type { MasterRow } from "../protocol/cluster-events.ts";
import type { ClusterRows } from "./view/cluster-rows.ts";

/** Everything that an answer about the cluster is made from. */
export type ClusterFacts = {
  readonly rows: ClusterRows;
  readonly master: MasterRow;
  readonly at: HttpAddress;
  readonly version: string;
  /** How the master was told to be, by Mesos's names of flags. */
  readonly flags: Readonly<Record<string, string>>;
};

/** Where a gateway answers. */
export type HttpAddress = { readonly hostname: string; readonly ip: string; readonly port: number };

/** Mesos's name of a process, such as `master@10.0.0.1:5050`; service discovery wants an IP in it. */
export function pid(process: string, ip: string, port: number): string {
  return `${process}@${isIP(ip) === 6 ? `[${ip}]` : ip}:${port}`;
}

/** The version of Mesos whose HTTP APIs these are: clients split it into numbers and look at them. */
export const mesosApiVersion = "1.11.0";

/** Nothing is built: the sources are what runs, so the build has neither a date nor a user of its own. */
export function versionInfo(version: string) {
  return { version, build_date: "1970-01-01 00:00:00", build_time: 0, build_user: "mesolite" };
}

/** Mesos's times in `/state` are seconds. */
export function seconds(unixMs: number): number {
  return unixMs / 1000;
}

/** Times of others' in milliseconds, to the microsecond: a product of doubles is not what was divided. */
export function milliseconds(ofSeconds: number): number {
  return Math.round(ofSeconds * 1_000_000) / 1_000;
}

/** Mesos's times in the operator API. Nanoseconds since 1970 pass 2^53: they are right to a microsecond. */
export function timeInfo(unixMs: number): { readonly nanoseconds: number } {
  return { nanoseconds: unixMs * 1_000_000 };
}
