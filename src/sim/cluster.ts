import { KindTable } from "../actors/link/kind-table.ts";
import type { Spec } from "../actors/spec.ts";
import { storageName, storageTable } from "../actors/storage.ts";
import { type ChildSpec, child } from "../actors/supervisor.ts";
import type { Log } from "../actors/world.ts";
import type { Prng } from "../base/prng.ts";
import { reportTable } from "../frameworks/report.ts";
import { schedulerDriver } from "../frameworks/scheduler-driver.ts";
import { allocator, type Book } from "../master/allocator/allocator.ts";
import { allocatorName } from "../master/allocator/protocol.ts";
import { type MasterConfig, masterTestScale } from "../master/config.ts";
import { master } from "../master/master.ts";
import { registryStoreName } from "../master/ports.ts";
import type { MasterState } from "../master/state.ts";
import { viewTable } from "../protocol/cluster-events.ts";
import { masterName } from "../protocol/master-api.ts";
import { noResources, type Resources } from "../protocol/resources.ts";
import { schedulerTable } from "../protocol/scheduler-api.ts";
import { slaveTable } from "../protocol/slave-api.ts";
import { commandExecutor } from "../slave/command-executor.ts";
import { slaveTestScale } from "../slave/config.ts";
import { functionExecutor } from "../slave/function-executor.ts";
import { simulatedExecutor } from "../slave/simulated-executor.ts";
import { type Party, slave } from "../slave/slave.ts";
import { SimClock } from "./clock.ts";
import { JournalDisk, simJournalStorage } from "./journal-storage.ts";
import { Network } from "./network.ts";
import { SimNode, type ThreadPlan } from "./node.ts";
import { RegistryDisk, simRegistryStore } from "./registry-store.ts";
import { Trace } from "./trace.ts";
import { simScheduler, type WorkRecord } from "./workload.ts";

/** The endpoint at which simulated slaves and frameworks find whoever is master. */
const masterEndpoint = "master:5050";

/** Changes a behaviour on its way into a simulated node, as planted bugs do. */
export type Alter = <P, Args>(spec: Spec<P, Args>) => Spec<P, Args>;

export type ClusterOptions = {
  readonly slaves: readonly Resources[];
  readonly work: readonly WorkRecord[];
  readonly config?: Partial<MasterConfig>;
  readonly isolation: "reference" | "roundtrip";
  readonly latencyMaxMs: number;
  readonly alter?: Alter;
};

const kinds = new KindTable([
  storageTable,
  slaveTable,
  schedulerTable,
  viewTable,
  reportTable,
  ...[master, allocator, slave, commandExecutor, functionExecutor, simulatedExecutor].map(({ protocol }) => protocol),
  simRegistryStore(new RegistryDisk(), undefined as never).protocol,
]);

/** A whole cluster of production actors in one thread, on virtual time, every choice drawn from a seed. */
export class SimCluster {
  readonly clock = new SimClock();
  readonly trace = new Trace();
  readonly network: Network;
  readonly disk = new RegistryDisk();
  readonly work: readonly WorkRecord[];
  /** Failures of actors that nobody injected. */
  readonly failures: string[] = [];
  readonly #random: Prng;
  readonly #choices: Prng;
  readonly #options: ClusterOptions;
  readonly #nodes = new Map<string, SimNode>();
  readonly #epochs = new Map<string, number>();
  readonly #log: Log;
  /** What slaves with a journal find again when they restart. */
  readonly #journals: ReadonlyMap<string, JournalDisk>;

  constructor(random: Prng, options: ClusterOptions) {
    this.#random = random;
    this.#choices = random.split("choices");
    this.#options = options;
    this.work = options.work;
    const { latencyMaxMs } = options;
    this.network = new Network(this.clock, random.split("network"), {
      latencyMinMs: 0.05,
      latencyMaxMs,
      silenceMs: 5_000,
    });
    this.#log = (level, from, message) => {
      if (level === "error" && !message.includes("injected")) this.failures.push(`${from} ${message}`);
    };
    const keeps = random.split("journals");
    const journals = this.slaveNames.filter(() => keeps.chance(0.5));
    this.#journals = new Map(journals.map((name) => [name, new JournalDisk()]));
    this.bootMaster();
    for (const index of options.slaves.keys()) this.bootSlave(index);
    for (const index of options.work.keys()) this.bootFramework(index);
  }

  get nodes(): Iterable<SimNode> {
    return this.#nodes.values();
  }

  get slaveNames(): readonly string[] {
    return this.#options.slaves.map((_, index) => slaveName(index));
  }

  resourcesOf(slave: string): Resources {
    return this.#options.slaves[this.slaveNames.indexOf(slave)] ?? noResources;
  }

  node(name: string): SimNode | undefined {
    const node = this.#nodes.get(name);
    return node?.alive === true ? node : undefined;
  }

  bootMaster(): void {
    const config: MasterConfig = { ...masterTestScale, ...this.#options.config };
    const store = simRegistryStore(this.disk, this.#random.split(`disk.${this.#epochs.get(masterName) ?? 0}`));
    const node = this.#boot(masterName, [
      { thread: "storage", roots: () => [this.#child(registryStoreName, store, {})] },
      { thread: "allocator", roots: () => [this.#child(allocatorName, allocator, {})] },
      {
        thread: "master",
        roots: (place) => {
          const args = { config, storePlace: place("storage"), allocator: "thread:allocator" };
          return [this.#child(masterName, master, args)];
        },
      },
    ]);
    this.network.publish(masterEndpoint, node.system("master").place);
  }

  bootSlave(index: number): void {
    const resources = this.#options.slaves[index] ?? noResources;
    const hostname = slaveName(index);
    const disk = this.#journals.get(hostname);
    const checkpoint = disk !== undefined;
    const info = { hostname, port: 0, resources, attributes: {}, checkpoint };
    const args = {
      master: masterEndpoint,
      info,
      config: slaveTestScale,
      workDir: "/work",
      environment: {},
      checkpoint,
    };
    const storage = simJournalStorage(disk ?? new JournalDisk(), this.#random.split(`journal.${hostname}`));
    this.#boot(hostname, [
      { thread: "storage", roots: () => [this.#child(storageName, storage, {})] },
      { thread: "slave", storage: "storage", roots: () => [this.#child("slave", slave, args)] },
    ]);
  }

  /** A scheduler resumes the framework that its record knows. */
  bootFramework(index: number): void {
    const record = this.#options.work[index];
    if (record === undefined) return;
    const name = frameworkName(index);
    const random = this.#random.split(`${name}.${this.#epochs.get(name) ?? 0}`);
    const driver = schedulerDriver(() => simScheduler(record, random));
    const known = record.frameworkId === undefined ? {} : { frameworkId: record.frameworkId };
    const args = { master: masterEndpoint, options: null, ...known };
    this.#boot(name, [{ thread: "scheduler", roots: () => [this.#child("scheduler", driver, args)] }]);
  }

  /** Ends a node as SIGKILL would. */
  crash(name: string): void {
    this.node(name)?.crash();
  }

  /** The master's book, while a master leads. */
  get master(): MasterState | undefined {
    return this.#inspect(masterName, "master", masterName) as MasterState | undefined;
  }

  get allocatorBook(): Book | undefined {
    return this.#inspect(masterName, "allocator", allocatorName) as Book | undefined;
  }

  slaveParty(name: string): Party | undefined {
    return this.#inspect(name, "slave", "slave") as Party | undefined;
  }

  scheduler(index: number): unknown {
    return this.#inspect(frameworkName(index), "scheduler", "scheduler");
  }

  /** One choice: a letter of some ready actor, or the next timer or frame. False when nothing will ever happen again. */
  step(): boolean {
    const ready = [...this.#nodes.values()]
      .filter(({ alive }) => alive)
      .flatMap(({ systems }) => systems)
      .filter(({ runnable }) => runnable);
    const next = this.clock.nextDueMs;
    const due = next !== undefined && next <= this.clock.now();
    if (ready.length === 0 || (due && this.#choices.chance(0.5))) {
      if (next === undefined) return false;
      this.clock.fireNext();
      return true;
    }
    const system = ready[this.#choices.int(ready.length)];
    if (system === undefined) return false;
    const label = system.step(this.#choices.int(system.choices));
    this.trace.add(this.clock.now(), system.place, label ?? "");
    return true;
  }

  /** Fails an actor as a bug would. */
  crashActor(node: string, thread: string, name: string): void {
    const system = this.node(node)?.system(thread);
    const cell = system?.find(name);
    if (system !== undefined && cell !== undefined) system.failed(cell, new Error("injected"));
  }

  #boot(name: string, plans: readonly ThreadPlan[]): SimNode {
    const epoch = (this.#epochs.get(name) ?? 0) + 1;
    this.#epochs.set(name, epoch);
    const node = new SimNode(name, epoch, plans, {
      clock: this.clock,
      random: this.#random,
      network: this.network,
      kinds,
      log: this.#log,
      isolation: this.#options.isolation,
    });
    this.#nodes.set(name, node);
    return node;
  }

  #child<P, Args>(name: string, spec: Spec<P, Args>, args: Args): ChildSpec {
    const altered = this.#options.alter?.(spec) ?? spec;
    return child(name, altered, args, { exported: true, restart: name === "scheduler" ? "transient" : "permanent" });
  }

  #inspect(node: string, thread: string, name: string): unknown {
    return this.node(node)?.system(thread).find(name)?.inspect();
  }
}

export function slaveName(index: number): string {
  return `slave-${index}`;
}

export function frameworkName(index: number): string {
  return `framework-${index}`;
}
