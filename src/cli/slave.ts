import { mkdirSync } from "node:fs";
import { hostname as machineName } from "node:os";
import { resolve } from "node:path";
import type { LogLevel } from "../actors/world.ts";
import type { Resources } from "../protocol/resources.ts";
import { slaveInfoFault } from "../protocol/slave-info.ts";
import { type CredentialFiles, credentialFiles } from "./credentials.ts";
import { CliFailure } from "./failure.ts";
import { type HttpAccessOptions, slaveAuthenticator } from "./http-access.ts";
import { aborted, interruption } from "./interrupt.ts";
import { LocalCluster } from "./local-cluster.ts";
import { machineLack, machineResources } from "./machine.ts";
import { nodeName } from "./node-name.ts";
import { timeoutsOf } from "./options.ts";
import { shownFlags } from "./shown-flags.ts";

export type SlaveOptions = CredentialFiles &
  HttpAccessOptions & {
    readonly master: string;
    readonly host: string;
    readonly port: number;
    readonly hostname?: string;
    readonly resources?: Resources;
    readonly attributes: { readonly [name: string]: string };
    readonly minOffer?: Resources;
    /** Neither without the other. */
    readonly shortTasks?: Resources;
    /** Milliseconds. */
    readonly shortTaskMax?: number;
    readonly workDir: string;
    readonly insecure?: boolean;
    readonly timeouts: string;
    readonly logLevel: LogLevel;
  };

/** One slave in a process of its own, until it is told to stop. */
export async function slave(options: SlaveOptions): Promise<void> {
  const { master, host, port, logLevel, timeouts, attributes } = options;
  const authenticator = slaveAuthenticator(options);
  const interrupted = interruption();
  const workDir = resolve(options.workDir);
  mkdirSync(workDir, { recursive: true });
  const cluster = new LocalCluster({
    node: nodeName("slave", options),
    logLevel,
    prettyLog: process.stderr.isTTY,
    ...credentialFiles(options),
  });
  try {
    const hostname = options.hostname ?? (host === "127.0.0.1" ? "localhost" : machineName());
    const resources = options.resources ?? machineResources(workDir);
    const offered = offeredApart(options);
    const fault = slaveInfoFault({ resources, attributes, ...offered });
    if (fault !== undefined) throw new CliFailure(fault, { exit: "usage" });
    const lack = machineLack(resources, workDir);
    // Simulated capacity is fine; a slip in a unit is not.
    if (lack !== "") process.stderr.write(`mesolite: warning: this machine has less than --resources says: ${lack}\n`);
    await cluster.startSlaves({
      master,
      slaves: [{ name: "slave", hostname, resources, attributes, ...offered }],
      config: timeoutsOf(timeouts).slave,
      workDir,
      journal: true,
      http: {
        flags: shownFlags({ ...options, workDir }),
        host,
        port,
        insecure: options.insecure === true,
        names: [machineName(), hostname],
        authenticator,
      },
    });
    process.stdout.write(`mesolite slave is running (pid ${process.pid}), looking for its master at ${master}\n`);
    await aborted(interrupted);
  } finally {
    await cluster.close();
  }
}

/** How the slave wants to be offered. */
function offeredApart({ minOffer, shortTasks, shortTaskMax: maxTaskMs }: SlaveOptions) {
  if ((shortTasks === undefined) !== (maxTaskMs === undefined)) {
    throw new CliFailure("--short-tasks and --short-task-max belong together: give both or none", { exit: "usage" });
  }
  const short = shortTasks === undefined || maxTaskMs === undefined ? undefined : { resources: shortTasks, maxTaskMs };
  return { ...(minOffer && { minOffer }), ...(short && { shortTasks: short }) };
}
