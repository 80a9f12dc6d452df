import { isIP } from "node:net";
import { networkInterfaces } from "node:os";

export const loopbackHost = "127.0.0.1";

/** An IP under which a server bound to this host can be reached: service discovery for Mesos insists on one. */
export function reachableIp(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (bare === "localhost") return loopbackHost;
  if (isIP(bare) !== 0 && bare !== "0.0.0.0" && bare !== "::") return bare;
  const outward = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  return outward?.address ?? loopbackHost;
}
