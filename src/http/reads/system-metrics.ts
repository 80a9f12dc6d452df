import { cpus, freemem, loadavg, totalmem } from "node:os";

/** What every process tells of its machine. */
export function systemMetrics(): Readonly<Record<string, number>> {
  const [load1 = 0, load5 = 0, load15 = 0] = loadavg();
  return {
    "system/cpus_total": cpus().length,
    "system/load_1min": load1,
    "system/load_5min": load5,
    "system/load_15min": load15,
    "system/mem_total_bytes": totalmem(),
    "system/mem_free_bytes": freemem(),
  };
}
