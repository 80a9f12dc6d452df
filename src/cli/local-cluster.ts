import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { placeText } from "../actors/address.ts";
import { storageName } from "../actors/storage.ts";
import { child, supervisor } from "../actors/supervisor.ts";
import type { WireValue } from "../actors/wire-value.ts";
import type { Log, LogLevel } from "../actors/world.ts";
import { mesosApiVersion } from "../http/cluster-facts.ts";
import type { BridgeAddress, GatewayOptions } from "../http/gateway.ts";
import type { Authenticator } from "../http/guards/authentication.ts";
import { loopbackHost, reachableIp } from "../http/reachable-ip.ts";
import type { ListenOptions, OpenServer } from "../http/server.ts";
import { ClusterView } from "../http/view/view.ts";
import { clusterView } from "../http/view/view-actor.ts";
import { allocatorName } from "../master/allocator/protocol.ts";
import type { MasterConfig } from "../master/config.ts";
import { registryStoreName } from "../master/ports.ts";
import { masterName } from "../protocol/master-api.ts";
import type { Resources } from "../protocol/resources.ts";
import type { SlaveInfo } from "../protocol/slave-info.ts";
import { createLog } from "../runtime/log.ts";
import { sibling } from "../runtime/sibling.ts";
import { type HostedSystem, hostMain } from "../runtime/system-host.ts";
import type { ThreadRoot } from "../runtime/thread-facade.ts";
import { ThreadWatch, type WatchLimits } from "../runtime/thread-watch.ts";
import { Threads } from "../runtime/threads.ts";
import { BridgeTransport } from "../runtime/transport.ts";
import type { SlaveConfig } from "../slave/config.ts";
import type { SlaveMailbox } from "../slave/slave.ts";
import type { ProcessLook } from "./actors-picture.ts";
import { kinds } from "./catalogue.ts";
import { type CredentialFiles, credentialFiles, credentialsFrom } from "./credentials.ts";
import { CliFailure, exitCodes } from "./failure.ts";
import { PolicyModuleFailure } from "./policy-module.ts";
import { ThreadKeeper } from "./thread-keeper.ts";
import type { MasterDoorPlan, ThreadOptions } from "./thread-options.ts";

export type ProcessOptions = CredentialFiles & {
  /** Name of this process in the cluster: `[a-z0-9-]`. */
  readonly node: string;
  readonly logLevel: LogLevel;
  readonly prettyLog: boolean;
  /** When a thread counts as stuck. Default: reported after 10 s, ended after 30 s. */
  readonly threadWatch?: WatchLimits;
};

export type MasterPlan = {
  readonly config: MasterConfig;
  /** Who is owed the next offer: a policy by name, or a module's path. Default: `drf`. */
  readonly allocator?: string;
  /** File of the registry; absent: it is kept in memory. */
  readonly registryFile?: string;
  /** Absent: no other process can join. */
  readonly bridge?: { readonly host: string; readonly port: number; readonly advertise: string };
};

export type SlavesPlan = {
  /** `thread:master`, or `HOST:PORT` of a master elsewhere. */
  readonly master: string;
  readonly slaves: readonly SlavePlan[];
  readonly config: SlaveConfig;
  /** Where sandboxes are made; absent: a temporary directory that is removed in the end. */
  readonly workDir?: string;
  /** Whether they remember who they are and what they have to report through a restart; needs `workDir`. */
  readonly journal?: boolean;
  /** Where sandbox files can be read; absent: nowhere. */
  readonly http?: ListenOptions & { readonly authenticator?: Authenticator; readonly flags?: GatewayOptions["flags"] };
};

/** What a scheduler starts with. */
export type FrameworkPlan = {
  /** `thread:master`, or `HOST:PORT` of a master elsewhere. */
  readonly master: string;
  readonly report: string;
  readonly options: WireValue;
};

export type SlavePlan = {
  readonly name: string;
  readonly hostname: string;
  readonly resources: Resources;
  readonly attributes: { readonly [name: string]: string };
} & Pick<SlaveInfo, "minOffer" | "shortTasks">;

/** How long a drained slave's tasks have between SIGTERM and SIGKILL, in milliseconds. */
const drainGraceMs = 1_000;
/** How long the actors of a thread may go on with what they have, in milliseconds. */
const threadDrainMs = 500;

/** This process and the threads it runs: a master, slaves, a framework, or all of them. */
export class LocalCluster {
  readonly hosted: HostedSystem;
  readonly threads: Threads;
  readonly keeper: ThreadKeeper;
  readonly view = new ClusterView();
  readonly log: Log;
  readonly #options: ProcessOptions;
  readonly #epoch = Date.now();
  readonly #closers: (() => Promise<void> | void)[] = [];
  #slaves: readonly SlavePlan[] = [];
  #frameworks = 0;
  #bridge: BridgeAddress | undefined;

  constructor(options: ProcessOptions) {
    const { node, logLevel, prettyLog } = options;
    this.#options = options;
    this.log = createLog({ level: logLevel, pretty: prettyLog, thread: "main" });
    const credentials = credentialsFrom(options);
    this.hosted = hostMain({
      kinds,
      node,
      epoch: this.#epoch,
      log: this.log,
      rootDown: (path, reason) => {
        if (typeof reason === "object") this.#lost(`the actor ${path}`, reason.failed);
      },
      equip: (seat) => ({
        transport: new BridgeTransport(seat, { log: this.log, ...credentials }),
      }),
    });
    const watch = new ThreadWatch(this.hosted.world.clock, this.log, options.threadWatch);
    this.threads = new Threads({
      watch,
      entry: sibling("./thread", import.meta.url),
      node,
      epoch: this.#epoch,
      main: this.hosted.system,
      onExit: (thread, reason) => this.keeper.lost(thread, reason),
    });
    this.keeper = new ThreadKeeper(
      () => this.threads,
      this.log,
      (thread, reason) => this.#lost(`the thread ${thread}`, reason),
    );
  }

  /** Starts storage, allocator and master, each on its thread, and the view that reads are answered from. */
  async startMaster({ config, allocator = "drf", registryFile, bridge }: MasterPlan): Promise<void> {
    const registry = registryFile === undefined ? "memory-registry" : "registry";
    const storage = this.#start("storage", [
      { name: registryStoreName, behaviour: registry, args: registryFile ?? null },
    ]);
    const args = {
      config,
      store: "thread:storage",
      allocator: "thread:allocator",
    };
    const { node } = this.#options;
    const listening = bridge === undefined ? {} : { bridge: { host: bridge.host, port: bridge.port, clusterId: node } };
    await Promise.all([
      storage,
      this.threads.place("allocator") === undefined ? this.startAllocator(allocator) : undefined,
      this.#start("master", [{ name: masterName, behaviour: "master", args, exported: true }], listening),
    ]);
    if (bridge !== undefined) {
      const { bridgePort } = this.threads.facts("master") as { readonly bridgePort: number };
      const { bridge: planned } = listening as Required<Pick<ThreadOptions, "bridge">>;
      // Whoever knows the port must find the master there again when its thread was lost.
      this.keeper.amend("master", (boot) => ({
        ...boot,
        options: { ...(boot.options as ThreadOptions), bridge: { ...planned, port: bridgePort } },
      }));
      this.#bridge = { host: bridge.advertise, port: bridgePort, node, epoch: this.#epoch, clusterId: node };
    }
    this.hosted.system.spawn(
      supervisor,
      {
        strategy: "one-for-one",
        children: [child("view", clusterView(this.view), { master: "thread:master" })],
      },
      { name: "supervisor" },
    );
  }

  /** Starts the allocator; ahead of the master, it refuses a user's module that is none before anything else is there. */
  async startAllocator(policy: string): Promise<void> {
    try {
      await this.#start("allocator", [{ name: allocatorName, behaviour: "allocator", args: policy }]);
    } catch (error) {
      const { cause } = error as { readonly cause?: unknown };
      if (!(cause instanceof Error) || cause.name !== PolicyModuleFailure.name) throw error;
      throw new CliFailure(cause.message, { exit: "usage", cause: error });
    }
  }

  /** Starts slaves on one thread, and the door to their files. */
  async startSlaves(plan: SlavesPlan): Promise<void> {
    const workDir = plan.workDir ?? this.#temporary();
    const files = plan.http === undefined ? undefined : await this.#openSlaveGateway(plan.http, workDir);
    if (files !== undefined) this.#closers.push(() => files.close());
    const ip = reachableIp(plan.http?.host ?? loopbackHost);
    const roots = plan.slaves.map(({ name, ...said }): ThreadRoot => {
      const info = { ...said, ip, port: files?.port ?? 0, checkpoint: plan.journal === true };
      const environment = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: process.env["HOME"] ?? "/" };
      const args = {
        master: plan.master,
        info,
        config: plan.config,
        workDir,
        environment,
        checkpoint: plan.journal === true,
      };
      return { name, behaviour: "slave", args, exported: true };
    });
    this.#slaves = plan.slaves;
    const tasks = { tasks: { poolThreads: availableParallelism() }, dials: true };
    if (plan.journal !== true) return await this.#start("slaves", roots, tasks);
    const journals = { name: storageName, behaviour: "journals", args: join(workDir, "journals") };
    await Promise.all([this.#start("journals", [journals]), this.#start("slaves", roots, tasks, "journals")]);
  }

  /** Starts a framework on a thread of its own. With a door its master is an actor there that speaks HTTP. */
  async startFramework(behaviour: string, { master, ...args }: FrameworkPlan, door?: MasterDoorPlan): Promise<void> {
    const thread = `framework-${++this.#frameworks}`;
    const scheduler = { name: "scheduler", behaviour, exported: true };
    const boot =
      door === undefined
        ? { roots: [{ ...scheduler, args: { ...args, master } }], options: this.#optionsWith({ dials: true }) }
        : {
            roots: [
              { name: "remote-master", behaviour: "remote-master", args: door },
              { ...scheduler, args: { ...args, master: `thread:${thread}` } },
            ],
            options: this.#optionsWith({}),
          };
    await this.keeper.start(thread, boot, false);
  }

  /** Opens the HTTP door of the master, on loopback unless told. `slaves`: how many must have registered for the cluster to be healthy. */
  async openGateway(
    door: ListenOptions & Pick<GatewayOptions, "authenticator" | "authorizer" | "flags">,
    slaves: number,
  ): Promise<OpenServer> {
    // Loaded while the threads start: with everything that it needs it takes as long as they do.
    const { openGateway } = await import("../http/gateway.ts");
    const gateway = await openGateway({
      ...door,
      system: this.hosted.system,
      view: this.view,
      master: () => this.view.master,
      bridge: () => (this.view.masterRow === undefined ? undefined : this.#bridge),
      ready: () => this.registeredSlaves >= slaves,
      look: () => this.#look(),
      version: mesosApiVersion,
    });
    this.#closers.push(() => gateway.close());
    return gateway;
  }

  get registeredSlaves(): number {
    return [...this.view.rows.slaves.values()].filter(({ state }) => state === "registered").length;
  }

  /** Ends tasks, slaves, actors and threads, in this order, and removes what was temporary. */
  async close(): Promise<void> {
    await this.#drainSlaves();
    for (const close of this.#closers.splice(0).reverse()) await close();
    await this.threads.stop(threadDrainMs);
    await this.hosted.close();
  }

  async #openSlaveGateway(http: NonNullable<SlavesPlan["http"]>, workDir: string): Promise<OpenServer> {
    const { openSlaveGateway } = await import("../http/slave-gateway.ts");
    return await openSlaveGateway({
      ...http,
      workDir,
      version: mesosApiVersion,
      log: this.log,
      look: () => this.#look(),
    });
  }

  async #start(
    name: string,
    roots: readonly ThreadRoot[],
    more: Partial<ThreadOptions> = {},
    storageThread?: string,
  ): Promise<void> {
    const options = this.#optionsWith(more);
    await this.keeper.start(name, { roots, options, ...(storageThread === undefined ? {} : { storageThread }) });
  }

  #optionsWith(more: Partial<ThreadOptions>): ThreadOptions {
    const { logLevel, prettyLog } = this.#options;
    return { logLevel, prettyLog, ...credentialFiles(this.#options), ...more };
  }

  async #drainSlaves(): Promise<void> {
    const place = this.threads.place("slaves");
    if (place === undefined) return;
    const { system } = this.hosted;
    await Promise.all(
      this.#slaves.map(({ name }) => {
        const slave = system.refs.at<SlaveMailbox>({ place: placeText(place), name });
        return system.question(slave, "drain", { graceMs: drainGraceMs }, 2 * drainGraceMs);
      }),
    );
  }

  async #look(): Promise<ProcessLook> {
    return { threads: await this.threads.stats() };
  }

  /** A part of this process is gone that nothing here can bring back: the process ends, for its keeper to restart. */
  #lost(part: string, reason: string): void {
    this.log("error", "process", `${part} is lost: this process ends`, { reason });
    void this.close().finally(() => process.exit(exitCodes.software));
  }

  #temporary(): string {
    const directory = mkdtempSync(join(tmpdir(), "mesolite-"));
    this.#closers.unshift(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  }
}
