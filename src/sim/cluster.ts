import { KindTable } from "../actors/link/kind-table.ts";
import type { Spec } from "../actors/spec.ts";
import { storageName, storageTable } from "../actors/storage.ts";
import { type ChildSpec, child } from "../actors/supervisor.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { Log, World } from "../actors/world.ts";
import type { Prng } from "../base/prng.ts";
import { reportTable } from "../frameworks/report.ts";
import type { SchedulerDefinition } from "../frameworks/scheduler.ts";
import { type SchedulerDriverArgs, schedulerDriver } from "../frameworks/scheduler-driver.ts";
import { allocator } from "../master/allocator/allocator.ts";
import type { Book } from "../master/allocator/book.ts";
import { drf } from "../master/allocator/policies/drf.ts";
import type { Policy } from "../master/allocator/policy.ts";
import { allocatorName, allocatorTable } from "../master/allocator/protocol.ts";
import { type MasterConfig, masterTestScale } from "../master/config.ts";
import { master } from "../master/master.ts";
import { registryStoreName } from "../master/ports.ts";
import { Registry, type Settings } from "../master/registry.ts";
import type { MasterState } from "../master/state.ts";
import { viewTable } from "../protocol/cluster-events.ts";
import type { FrameworkId } from "../protocol/ids.ts";
import { masterName } from "../protocol/master-api.ts";
import { noResources, type Resources } from "../protocol/resources.ts";
import { type SchedulerProtocol, schedulerTable } from "../protocol/scheduler-api.ts";
import { slaveTable } from "../protocol/slave-api.ts";
import type { SlaveInfo } from "../protocol/slave-info.ts";
import { commandExecutor } from "../slave/command-executor.ts";
import { slaveTestScale } from "../slave/config.ts";
import { functionExecutor } from "../slave/function-executor.ts";
import { simulatedExecutor } from "../slave/simulated-executor.ts";
import { type Party, slave } from "../slave/slave.ts";
import { SimClock } from "./clock.ts";
import { Condition } from "./condition.ts";
import { FailingPolicy } from "./failing-policy.ts";
import { type Interference, interfered } from "./interference.ts";
import { JournalDisk, simJournalStorage } from "./journal-storage.ts";
import { Network } from "./network.ts";
import { SimNode, type ThreadPlan } from "./node.ts";
import { Orders } from "./orders.ts";
import type { Platter } from "./platter.ts";
import { RegistryDisk, simRegistryStore } from "./registry-store.ts";
import { type Strategy, type StrategyName, strategyOf } from "./strategy.ts";
import { Trace } from "./trace.ts";
import { Turns } from "./turns.ts";
import { viciousScheduler } from "./vices.ts";
import { simScheduler, type WorkRecord } from "./workload.ts";

/** The endpoint at which simulated slaves and frameworks find whoever is master. */
const masterEndpoint = "master:5050";

export type ClusterOptions = {
  readonly slaves: readonly Resources[];
  readonly work: readonly WorkRecord[];
  readonly config?: Partial<MasterConfig>;
  /** What operators set before the cluster began. Default: nothing. */
  readonly settings?: Partial<Settings>;
  readonly isolation: "reference" | "roundtrip";
  readonly latencyMaxMs: number;
  /** What stands between the actors and their threads: planted bugs, lookouts. Default: nothing. */
  readonly interferences?: readonly Interference[];
  /** Puts something else in place of parts of the worlds that nodes live in, such as the programs they run. */
  readonly furnish?: (world: World) => World;
  /** Who is owed the next offer. Default `drf`. */
  readonly policy?: Policy;
  /** How each slave wants to be offered. Default: as a whole, whatever is free of it. */
  readonly parts?: SlaveParts;
  /** Default `uniform`. */
  readonly strategy?: StrategyName;
  /** Told every step of the trace. */
  readonly heard?: (line: string) => void;
};

export type SlaveParts = Pick<SlaveInfo, "minOffer" | "shortTasks">;

/** Silence after which an end of a link gives the other up, in milliseconds: the real link's own limit. */
const silenceMs = 5_000;

/** What an actor says that fails because its storage did: it could promise nothing more. */
const bereft = /lost its journal|the registry store did not commit|the registry cannot be read/;
/** Threads of one process that may be lost within the window before the process ends, as its keeper has it. */
const threadLossesMax = 3;
const threadLossesWithinMs = 60_000;
/** How long a thread and a process take to start, in milliseconds. */
const threadBootMs = 50;
const processBootMs = 1_000;

const kinds = new KindTable([
  allocatorTable,
  storageTable,
  slaveTable,
  schedulerTable,
  viewTable,
  reportTable,
  ...[master, slave, commandExecutor, functionExecutor, simulatedExecutor].map(({ protocol }) => protocol),
  simRegistryStore(new RegistryDisk(), undefined as never).protocol,
]);

/** A whole cluster of production actors in one thread, on virtual time, every choice drawn from a seed. */
export class SimCluster {
  readonly clock = new SimClock();
  readonly trace: Trace;
  readonly network: Network;
  readonly disk = new RegistryDisk();
  readonly work: readonly WorkRecord[];
  /** Letters that actors have handled. */
  letters = 0;
  /** Orders that slaves have had, of which some may come again. */
  readonly orders = new Orders();
  /** Failures of actors that nobody injected. */
  readonly failures: string[] = [];
  /** Of the allocator. */
  readonly policy: FailingPolicy;
  readonly #random: Prng;
  readonly #strategy: Strategy;
  readonly #options: ClusterOptions;
  readonly #nodes = new Map<string, SimNode>();
  readonly #epochs = new Map<string, number>();
  readonly #conditions = new Map<string, Condition>();
  /** Whether some storage has failed because a fault made it. */
  #storageFailed = false;
  /** When threads of a process were lost. */
  readonly #losses = new Map<SimNode, readonly number[]>();
  readonly #turnsTaken = new Map<string, number>();
  readonly #turns = new Turns(() => this.clock.now());
  readonly #log: Log;
  /** What slaves with a journal find again when they restart, by node. */
  readonly journals: ReadonlyMap<string, JournalDisk>;

  constructor(random: Prng, options: ClusterOptions) {
    this.#random = random;
    const { strategy = "uniform", heard } = options;
    this.#strategy = strategyOf(strategy, random.split("choices"));
    this.trace = new Trace(heard);
    this.trace.add(0, "strategy", strategy);
    this.#options = options;
    this.policy = new FailingPolicy(options.policy ?? drf);
    this.work = options.work;
    const { latencyMaxMs } = options;
    this.network = new Network(this.clock, random.split("network"), {
      latencyMinMs: 0.05,
      latencyMaxMs,
      silenceMs,
    });
    this.#log = (level, from, message) => {
      if (level === "error" && !this.#isExpected(message)) this.failures.push(`${from} ${message}`);
    };
    this.disk.registry = new Registry([], options.settings);
    const keeps = random.split("journals");
    const journals = this.slaveNames.filter(() => keeps.chance(0.5));
    this.journals = new Map(journals.map((name) => [name, new JournalDisk()]));
    for (const { cluster } of options.interferences ?? []) cluster?.(this);
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
      { thread: "storage", roots: () => [this.#child(masterName, registryStoreName, store, {})] },
      {
        thread: "allocator",
        roots: () => [this.#child(masterName, allocatorName, allocator(this.policy.policy), {})],
      },
      {
        thread: "master",
        roots: () => {
          const args = { config, store: "thread:storage", allocator: "thread:allocator" };
          return [this.#child(masterName, masterName, master, args)];
        },
      },
    ]);
    this.#publish(masterName, node.system("master"));
  }

  bootSlave(index: number): void {
    const resources = this.#options.slaves[index] ?? noResources;
    const hostname = slaveName(index);
    const disk = this.journals.get(hostname);
    const checkpoint = disk !== undefined;
    const info = { hostname, ip: "127.0.0.1", port: 0, resources, attributes: {}, checkpoint, ...this.#options.parts };
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
      { thread: "storage", roots: () => [this.#child(hostname, storageName, storage, {})] },
      { thread: "slave", storage: "storage", roots: () => [this.#child(hostname, "slave", slave, args)] },
    ]);
  }

  /** A scheduler resumes the framework that its record knows. */
  bootFramework(index: number): void {
    const record = this.#options.work[index];
    if (record === undefined) return;
    const name = frameworkName(index);
    const random = this.#random.split(`${name}.${this.#epochs.get(name) ?? 0}`);
    this.bootScheduler(
      name,
      schedulerDriver(() => schedulerOf(record, random)),
      record.frameworkId,
    );
  }

  /** A process with one scheduler in it, which takes over the framework of that id. */
  bootScheduler(name: string, driver: Spec<SchedulerProtocol, SchedulerDriverArgs<null>>, id?: FrameworkId): void {
    const args = { master: masterEndpoint, options: null, ...(id !== undefined && { frameworkId: id }) };
    this.#boot(name, [{ thread: "scheduler", roots: () => [this.#child(name, "scheduler", driver, args)] }]);
  }

  /** Ends a node as SIGKILL and a power cut would: of what was on its way to its disk, that share survives. */
  crash(name: string, share = 0): void {
    const node = this.node(name);
    if (node === undefined) return;
    for (const system of node.systems) this.#turns.remove(system);
    node.crash();
    node.condition.reborn();
    this.diskOf(name)?.crash(share);
  }

  /** What is under the storage of a node; undefined when it keeps nothing. */
  diskOf(name: string): Platter | undefined {
    return name === masterName ? this.disk : this.journals.get(name);
  }

  /** Ends one thread of a node, which is started again as its keeper does: with a new epoch, and not too often. */
  crashThread(name: string, thread: string): void {
    const node = this.node(name);
    const system = node?.thread(thread);
    if (node === undefined || system === undefined) return;
    this.#storageFailed ||= thread === "storage";
    this.#turns.remove(system);
    node.crashThread(thread);
    const nowMs = this.clock.now();
    const losses = (this.#losses.get(node) ?? []).filter((atMs) => nowMs - atMs < threadLossesWithinMs);
    this.#losses.set(node, [...losses, nowMs]);
    if (losses.length < threadLossesMax && thread !== "scheduler") {
      this.clock.arm(threadBootMs, () => {
        if (!node.alive) return;
        this.#publish(name, node.restartThread(thread));
        // They know only the thread that was lost.
        for (const dependent of node.dependentsOf(thread)) this.crashThread(name, dependent);
      });
    } else {
      this.crash(name, 1);
      this.clock.arm(processBootMs, () => this.boot(name));
    }
  }

  /** Starts a node that is down, whatever it is. */
  boot(name: string): void {
    if (this.node(name) !== undefined) return;
    if (name === masterName) return this.bootMaster();
    const index = Number(name.slice(name.lastIndexOf("-") + 1));
    if (this.slaveNames.includes(name)) this.bootSlave(index);
    else this.bootFramework(index);
  }

  /** The node's process stands still for a while, as under SIGSTOP; then all that it missed arrives at once. */
  pause(name: string, durationMs: number): void {
    const condition = this.node(name)?.condition;
    if (condition === undefined || condition.paused) return;
    const { lasts, resume } = condition.pause();
    this.clock.arm(silenceMs, () => {
      if (lasts()) this.network.forsake(name);
    });
    this.clock.arm(durationMs, resume);
  }

  /** Every letter takes the node that long, in milliseconds; 0: it is as fast as before. */
  slow(name: string, restMs: number): void {
    const condition = this.node(name)?.condition;
    if (condition !== undefined) condition.restMs = restMs;
  }

  /** The node's wall clock jumps, and stays off. */
  jumpWall(name: string, byMs: number): void {
    const condition = this.#conditions.get(name);
    if (condition !== undefined) condition.wallOffsetMs += byMs;
  }

  /** The node's monotonic clock goes at another rate; 1: as it should. */
  drift(name: string, rate: number): void {
    this.#conditions.get(name)?.drift(rate, this.clock.now());
  }

  /** Everybody hears everybody, disks take what they are given, clocks go right, and all runs at full speed. */
  heal(): void {
    this.network.healAll();
    for (const [name, condition] of this.#conditions) {
      condition.restMs = 0;
      condition.resume();
      condition.drift(1, this.clock.now());
      const disk = this.diskOf(name);
      if (disk !== undefined) Object.assign(disk, { full: false, lagMs: 0 });
    }
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

  /** Whether some thread has something to do before time needs to pass. */
  get runnable(): boolean {
    return this.#turns.ready().length > 0;
  }

  /** How many turns a node has had. */
  turnsOf(name: string): number {
    return this.#turnsTaken.get(name) ?? 0;
  }

  /** One choice: a letter of some ready actor, or the next timer or frame. False when nothing will ever happen again. */
  step(): boolean {
    const ready = this.#turns.ready();
    const dueMs = this.clock.nextDueMs;
    const choice = ready.length === 0 ? "clock" : this.#strategy.pick(ready, this.clock.now(), dueMs);
    if (choice === "clock") {
      if (dueMs === undefined) return false;
      this.clock.fireNext();
      return true;
    }
    const { node, system } = choice.ready;
    this.#turns.remove(system);
    const label = system.step(choice.cell);
    this.#turnsTaken.set(node, (this.#turnsTaken.get(node) ?? 0) + 1);
    if (label !== undefined && !label.endsWith(" undefined")) this.letters++;
    this.trace.add(this.clock.now(), system.place, label ?? "sends what waits");
    this.#rest(node);
    return true;
  }

  /** A slow node takes its next letter later, and time must get there. */
  #rest(name: string): void {
    const condition = this.#conditions.get(name);
    if (condition === undefined || condition.restMs === 0) return;
    condition.restsUntilMs = this.clock.now() + condition.restMs;
    this.clock.arm(condition.restMs, () => {});
  }

  /** Fails an actor as a bug would. */
  crashActor(node: string, thread: string, name: string): void {
    const system = this.node(node)?.thread(thread);
    const cell = system?.find(name);
    if (system !== undefined && cell !== undefined) system.failed(cell, new Error("injected"));
  }

  /** The master is found where its thread is now. */
  #publish(node: string, system: ActorSystem | undefined): void {
    if (node === masterName && system?.place.includes("/master.") === true) {
      this.network.publish(masterEndpoint, system.place);
    }
  }

  /** Whether an actor failed because somebody injected a failure, or as it must when its storage has failed so. */
  #isExpected(message: string): boolean {
    if (message.includes("injected")) {
      this.#storageFailed ||= message.includes("(injected)");
      return true;
    }
    return this.#storageFailed && bereft.test(message);
  }

  /** A slave hears an order of the master before the present one, as when that one was only thought to be dead. */
  orderLate(name: string, which: number): void {
    const system = this.node(name)?.thread("slave");
    const order = this.orders.former(name, which);
    if (system === undefined || order === undefined) return;
    system.tell(system.refs.at({ place: system.place, name: "slave" }), order.kind, order.body);
  }

  #boot(name: string, plans: readonly ThreadPlan[]): SimNode {
    const epoch = (this.#epochs.get(name) ?? 0) + 1;
    this.#epochs.set(name, epoch);
    const condition = this.#conditions.get(name) ?? new Condition();
    this.#conditions.set(name, condition);
    const node = new SimNode(name, epoch, plans, {
      condition,
      clock: this.clock,
      random: this.#random,
      network: this.network,
      kinds,
      log: this.#log,
      wake: (system) => this.#turns.wake(name, system, condition),
      isolation: this.#options.isolation,
      gaveUp: (thread) => this.clock.arm(0, () => this.crashThread(name, thread)),
      equip: (system) => {
        for (const { system: equip } of this.#options.interferences ?? []) equip?.(system, name);
      },
      furnish: this.#options.furnish ?? ((world) => world),
    });
    this.#nodes.set(name, node);
    return node;
  }

  #child<P, Args>(node: string, name: string, spec: Spec<P, Args>, args: Args): ChildSpec {
    const { interferences = [] } = this.#options;
    const given = interferences.length === 0 ? spec : interfered(spec, node, interferences);
    return child(name, given, args, { exported: true, restart: name === "scheduler" ? "transient" : "permanent" });
  }

  #inspect(node: string, thread: string, name: string): unknown {
    return this.node(node)?.thread(thread)?.find(name)?.inspect();
  }
}

function schedulerOf(record: WorkRecord, random: Prng): SchedulerDefinition {
  const { vice } = record;
  return vice === undefined ? simScheduler(record, random) : viciousScheduler(record, vice, random);
}

export function slaveName(index: number): string {
  return `slave-${index}`;
}

export function frameworkName(index: number): string {
  return `framework-${index}`;
}
