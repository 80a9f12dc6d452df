import { hostname as machineName } from "node:os";
import { join } from "node:path";
import type { LogLevel } from "../actors/world.ts";
import { isPolicyName } from "../master/allocator/policies/named.ts";
import { type AllocationOptions, allocationFrom } from "./allocation-options.ts";
import { type CredentialFiles, credentialFiles } from "./credentials.ts";
import { authorizerFrom, type MasterAccessOptions, masterAuthenticator } from "./http-access.ts";
import { aborted, interruption } from "./interrupt.ts";
import { LocalCluster } from "./local-cluster.ts";
import { nodeName } from "./node-name.ts";
import { timeoutsOf } from "./options.ts";
import { type LimitOptions, limitsFrom } from "./rate-limits.ts";
import { shownFlags } from "./shown-flags.ts";

export type MasterOptions = CredentialFiles &
  MasterAccessOptions &
  AllocationOptions &
  LimitOptions & {
    readonly host: string;
    readonly port: number;
    readonly bridgePort?: number;
    readonly advertise?: string;
    readonly data: string;
    readonly registry: "sqlite" | "memory";
    readonly insecure?: boolean;
    readonly rootSubmissions: boolean;
    readonly timeouts: string;
    readonly logLevel: LogLevel;
  };

/** The master of a cluster of several processes, until it is told to stop. */
export async function master(options: MasterOptions): Promise<void> {
  const { host, port, data, registry, logLevel, timeouts } = options;
  const authenticator = masterAuthenticator(options);
  const authorizer = authorizerFrom(options);
  const limits = limitsFrom(options);
  const interrupted = interruption();
  const cluster = new LocalCluster({
    node: nodeName("master", options),
    logLevel,
    prettyLog: process.stderr.isTTY,
    ...credentialFiles(options),
  });
  try {
    if (!isPolicyName(options.allocator)) await cluster.startAllocator(options.allocator);
    const gateway = await cluster.openGateway(
      {
        host,
        port,
        insecure: options.insecure === true,
        names: [machineName(), ...(options.advertise === undefined ? [] : [options.advertise])],
        authenticator,
        authorizer,
        flags: shownFlags(options),
      },
      0,
    );
    await cluster.startMaster({
      config: {
        ...timeoutsOf(timeouts).master,
        rootSubmissions: options.rootSubmissions,
        ...allocationFrom(options),
        ...limits,
      },
      allocator: options.allocator,
      ...(registry === "memory" ? {} : { registryFile: join(data, "registry.sqlite") }),
      bridge: {
        host,
        port: options.bridgePort ?? (port === 0 ? 0 : port + 10),
        advertise: options.advertise ?? host,
      },
    });
    process.stdout.write(`mesolite master is ready: http://${host}:${gateway.port}\n`);
    await aborted(interrupted);
  } finally {
    await cluster.close();
  }
}
