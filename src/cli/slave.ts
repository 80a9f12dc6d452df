import { mkdirSync } from "node:fs";
import { hostname as machineName } from "node:os";
import { resolve } from "node:path";
import type { LogLevel } from "../actors/world.ts";
import type { Resources } from "../protocol/resources.ts";
import { type CredentialFiles, credentialFiles } from "./credentials.ts";
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
    const lack = machineLack(resources, workDir);
    // Simulated capacity is fine; a slip in a unit is not.
    if (lack !== "") process.stderr.write(`mesolite: warning: this machine has less than --resources says: ${lack}\n`);
    await cluster.startSlaves({
      master,
      slaves: [{ name: "slave", hostname, resources, attributes }],
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
