import { statfsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import type { Resources } from "../protocol/resources.ts";

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

function diskMiB(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  const free = Math.floor((bavail * bsize) / mebibyte);
  return free > 10_240 ? free - 5_120 : Math.floor(free / 2);
}
