import { isIPv4 } from "node:net";
import { type ClusterFacts, pid } from "./cluster-facts.ts";

/** Mesos's `MasterInfo`: who leads, and where it is reached. */
export function masterInfo({ master, at, version }: ClusterFacts) {
  return {
    id: master.id,
    ip: ipNumber(at.ip),
    port: at.port,
    pid: pid("master", at.ip, at.port),
    hostname: at.hostname,
    version,
    address: { hostname: at.hostname, ip: at.ip, port: at.port },
  };
}

/** The number that `MasterInfo.ip` holds: the four bytes in network order, read as little-endian. */
function ipNumber(ip: string): number {
  if (!isIPv4(ip)) return 0;
  return ip.split(".").reduceRight((number, byte) => number * 256 + Number(byte), 0);
}
