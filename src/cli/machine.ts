import { statfsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { flattened } from "../protocol/reservation.ts";
import { type Resources, shortfall } from "../protocol/resources.ts";

const mebibyte = 1_048_576;

/** What a slave offers of this machine when nobody says: Mesos's rules, memory and disk less what the host needs. */
export function machineResources(workDir: string): Resources {
  const mem = Math.floor(totalmem() / mebibyte);
  return {
    cpus: availableParallelism() * 1_000,
    mem: (mem > 2_048 ? mem - 1_024 : Math.floor(mem / 2)) * 1_000,
    disk: diskMiB(workDir) * 1_000,
    ports: { ranges: [[31_000, 32_000]] },
  };
}

/** What of the resources this machine does not have, as text such as `cpus:64 of 2`; empty when it has them all. */
export function machineLack(resources: Resources, workDir: string): string {
  const { blocks, bsize } = statfsSync(workDir);
  const machine: Resources = {
    cpus: availableParallelism() * 1_000,
    mem: Math.floor(totalmem() / mebibyte) * 1_000,
    disk: Math.floor((blocks * bsize) / mebibyte) * 1_000,
  };
  const known = Object.entries(flattened(resources)).filter(([name]) => Object.hasOwn(machine, name));
  return shortfall(machine, Object.fromEntries(known));
}

function diskMiB(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  const free = Math.floor((bavail * bsize) / mebibyte);
  return free > 10_240 ? free - 5_120 : Math.floor(free / 2);
}
