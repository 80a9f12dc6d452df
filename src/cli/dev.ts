import { join } from "node:path";
import type { BackoffConfig } from "../actors/backoff.ts";
import type { LogLevel } from "../actors/world.ts";
import { probeAddress } from "../http/listen-failure.ts";
import { loopbackHost } from "../http/reachable-ip.ts";
import { isPolicyName } from "../master/allocator/policies/named.ts";
import { quantitiesOf } from "../protocol/quantities.ts";
import type { Resources } from "../protocol/resources.ts";
import { type AllocationOptions, allocationFrom } from "./allocation-options.ts";
import { CliFailure } from "./failure.ts";
import { aborted, interruption } from "./interrupt.ts";
import { LocalCluster, type SlavePlan } from "./local-cluster.ts";
import { timeoutsOf } from "./options.ts";
import { type LimitOptions, limitsFrom } from "./rate-limits.ts";

export type DevOptions = AllocationOptions &
  LimitOptions & {
    readonly slaves: number;
    readonly resources: Resources;
    readonly port: number;
    readonly bridgePort?: number;
    readonly data?: string;
    readonly timeouts: string;
    readonly logLevel: LogLevel;
  };

/** Pauses of slaves whose master is a thread away: it is there within milliseconds. */
export const threadBackoff: BackoffConfig = { minMs: 20, maxMs: 1_000, factor: 2 };

/** Time in which every slave must have registered, in milliseconds. */
const readyWithinMs = 15_000;

/** A whole cluster in one process, on loopback, until Ctrl-C. */
export async function dev(options: DevOptions): Promise<void> {
  const { slaves, port, data, logLevel, resources } = options;
  const limits = limitsFrom(options);
  const interrupted = interruption();
  const cluster = new LocalCluster({ node: "dev", logLevel, prettyLog: process.stderr.isTTY });
  try {
    await probeAddress(loopbackHost, port);
    if (!isPolicyName(options.allocator)) await cluster.startAllocator(options.allocator);
    const [gateway] = await Promise.all([
      cluster.openGateway({ port }, slaves),
      startCluster(cluster, options, limits),
    ]);
    await registered(cluster, slaves, interrupted);
    process.stdout.write(`mesolite is ready in ${readyMs()} ms: http://127.0.0.1:${gateway.port}\n`);
    if (process.stdout.isTTY) process.stdout.write(nextSteps(gateway.port, slaves, resources, data));
    await aborted(interrupted);
    process.stderr.write("draining; Ctrl-C again to stop at once\n");
  } finally {
    await cluster.close();
  }
}

async function startCluster(
  cluster: LocalCluster,
  options: DevOptions,
  limits: ReturnType<typeof limitsFrom>,
): Promise<void> {
  const { slaves, data, timeouts, resources, port } = options;
  const { master, slave } = timeoutsOf(timeouts);
  const config = { ...slave, registration: threadBackoff };
  const bridgePort = options.bridgePort ?? (port === 0 ? 0 : port + 10);
  await Promise.all([
    cluster.startMaster({
      config: { ...master, ...allocationFrom(options), ...limits },
      allocator: options.allocator,
      ...(data === undefined ? {} : { registryFile: join(data, "registry.sqlite") }),
      bridge: { host: "127.0.0.1", port: bridgePort, advertise: "127.0.0.1" },
    }),
    cluster.startSlaves({
      master: "thread:master",
      slaves: devSlaves(slaves, resources),
      config,
      ...(data === undefined ? {} : { workDir: data, journal: true }),
      http: { host: "127.0.0.1", port: 0 },
    }),
  ]);
}

/** Slaves of one process, all alike. */
export function devSlaves(count: number, resources: Resources): readonly SlavePlan[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `slave-${index}`,
    hostname: "localhost",
    resources,
    attributes: { slave: `slave-${index}` },
  }));
}

/** Resolves when so many slaves have registered, or when the user has had enough. */
export async function registered(cluster: LocalCluster, slaves: number, interrupted: AbortSignal): Promise<void> {
  const { clock } = cluster.hosted.world;
  const until = clock.now() + readyWithinMs;
  while (cluster.registeredSlaves < slaves && !interrupted.aborted) {
    if (clock.now() > until) {
      throw new CliFailure(`only ${cluster.registeredSlaves} of ${slaves} slaves have registered`, { exit: "failure" });
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Since this process began. */
function readyMs(): number {
  return Math.round(performance.now());
}

function nextSteps(port: number, slaves: number, resources: Resources, data: string | undefined): string {
  const master = port === 5050 ? "" : `--master 127.0.0.1:${port} `;
  return `
  ${slaves} slaves of ${(quantitiesOf(resources)["cpus"] ?? 0) / 1_000} cpus each${data === undefined ? ", nothing kept" : `, kept in ${data}`}

  Next steps
    mesolite run ${master}-- echo hello
    mesolite framework run wordcount ${master}--input 'src/**/*.ts' --output counts.tsv
    mesolite ps ${master}
  Ctrl-C stops it
`;
}
