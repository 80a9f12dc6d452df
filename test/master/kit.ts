import type { Address } from "../../src/actors/address.ts";
import type { AskOutcome } from "../../src/actors/context.ts";
import type { AskKind, BodyOf, ProtocolTable, ReplyOf, TellKind } from "../../src/actors/protocol.ts";
import type { ActorSystem } from "../../src/actors/system.ts";
import { allocator } from "../../src/master/allocator/allocator.ts";
import type { Book } from "../../src/master/allocator/book.ts";
import { type ClientId, clientId } from "../../src/master/allocator/client.ts";
import { allocatorName, allocatorTable } from "../../src/master/allocator/protocol.ts";
import { type MasterConfig, masterDefaults } from "../../src/master/config.ts";
import { master } from "../../src/master/master.ts";
import { registryStoreName, registryStoreTable } from "../../src/master/ports.ts";
import type { MasterState } from "../../src/master/state.ts";
import { viewTable } from "../../src/protocol/cluster-events.ts";
import { type MasterProtocol, masterName } from "../../src/protocol/master-api.ts";
import { add, contains } from "../../src/protocol/resources.ts";
import { schedulerTable } from "../../src/protocol/scheduler-api.ts";
import { slaveTable } from "../../src/protocol/slave-api.ts";
import { disagreement } from "../../src/sim/books.ts";
import { Hearing } from "../protocol/hearing.ts";
import { Stage, type StageOptions } from "../protocol/stage.ts";
import { RegistryOnHold } from "./registry-on-hold.ts";

/** Where slaves find the master. */
export const masterEndpoint = "master:5050";

/** Seconds where the defaults are minutes; four pings that stay unanswered make a slave unreachable. */
const timing: MasterConfig = {
  ...masterDefaults,
  slavePingMs: 1_000,
  slavePingMissesMax: 3,
  slaveReregisterMs: 5_000,
  offerTimeoutMs: 10_000,
};

/** A real master with a real allocator, on a registry that the test can hold back, among scripted parties. */
export class Cluster {
  readonly stage: Stage;
  readonly registry = new RegistryOnHold();
  readonly #config: MasterConfig;
  #master: ActorSystem | undefined;

  /** `tables`: the protocols of what else lives on the stage. */
  constructor(config: Partial<MasterConfig> = {}, tables: readonly unknown[] = [], options: StageOptions = {}) {
    this.#config = { ...timing, ...config };
    const known = [schedulerTable, slaveTable, viewTable, master.protocol, allocatorTable, registryStoreTable];
    this.stage = new Stage([...known, ...tables] as unknown as ProtocolTable<never>[], options);
    this.bootMaster();
  }

  /** A new life of the master's process, on the same registry. */
  bootMaster(): void {
    this.stage.crash("master");
    const system = this.stage.boot("master");
    this.#master = system;
    this.registry.beginEpoch();
    system.spawn(this.registry.spec, {}, { name: registryStoreName });
    system.spawn(allocator(), {}, { name: allocatorName });
    this.#spawnMaster(system);
    this.stage.network.publish(masterEndpoint, system.place);
    this.settle();
  }

  /** A new life of the master actor in the same process, as its supervisor gives it. */
  restartMaster(): void {
    this.system.find(masterName)?.terminate("restarted");
    this.#spawnMaster(this.system);
    this.settle();
  }

  stopAllocator(): void {
    this.system.find(allocatorName)?.terminate("restarted");
  }

  startAllocator(): void {
    this.system.spawn(allocator(), {}, { name: allocatorName });
  }

  get system(): ActorSystem {
    if (this.#master === undefined) throw new Error("there is no master");
    return this.#master;
  }

  get state(): MasterState {
    return this.system.find(masterName)?.inspect() as MasterState;
  }

  get book(): Book | undefined {
    return this.system.find(allocatorName)?.inspect() as Book | undefined;
  }

  settle(): void {
    this.advance(0);
  }

  /** Lets time pass; at its end the books must be in order. */
  advance(ms: number): void {
    this.stage.advance(ms);
    const fault = this.bookFault();
    if (fault !== undefined) throw new Error(fault);
  }

  party<P>(node: string, table: ProtocolTable<P>): Party<P> {
    return new Party(this, node, table);
  }

  /** What is wrong between the master's book and the allocator's, which must agree whenever nothing is under way. */
  bookFault(): string | undefined {
    const { state, book } = this;
    if (state === undefined || book === undefined) return undefined;
    for (const { id, info, used, offered } of state.slaves.all()) {
      if (!contains(info.resources, add(used, offered))) return `${id} is over-allocated`;
    }
    return disagreement(state, book) ?? book.fault();
  }

  #spawnMaster(system: ActorSystem): void {
    const args = { config: this.#config, store: "thread:main", allocator: "thread:main" };
    system.spawn(master, args, { name: masterName, exported: true });
  }
}

/** Who may be offered something, as the allocator has it. */
export function clientsOf({ book }: Cluster): readonly ClientId[] {
  return [...(book?.clients.all() ?? [])]
    .filter(({ present }) => present)
    .map(({ frameworkId, role }) => clientId(frameworkId, role));
}

/** A scripted actor on a node of its own, linked to the master: it hears everything and says what it is told to. */
export class Party<P> {
  readonly hearing = new Hearing<P>();
  readonly node: string;
  readonly #cluster: Cluster;
  readonly #table: ProtocolTable<P>;
  #system: ActorSystem | undefined;
  #address: Address<P> | undefined;

  constructor(cluster: Cluster, node: string, table: ProtocolTable<P>) {
    this.#cluster = cluster;
    this.node = node;
    this.#table = table;
    this.boot();
  }

  get address(): Address<P> {
    if (this.#address === undefined) throw new Error(`${this.node} is gone`);
    return this.#address;
  }

  /** A new life of its node. */
  boot(): void {
    this.#system = this.#cluster.stage.boot(this.node);
    const spec = this.hearing.spec(this.node, this.#table);
    this.#address = this.#system.spawn(spec, undefined, { name: this.node, exported: true }).address;
    this.connect();
  }

  connect(): void {
    this.#node.links.dial(
      masterEndpoint,
      () => {},
      (reason) => {
        throw new Error(`${this.node} cannot reach the master: ${reason}`);
      },
    );
    this.#cluster.settle();
  }

  /** Breaks the link; both sides live on. */
  cut(): void {
    this.#cluster.stage.network.reset(this.node, "master");
    this.#cluster.settle();
  }

  /** The actor ends, and its watchers know for certain. */
  end(): void {
    this.#node.find(this.node)?.terminate("normal");
    this.#cluster.settle();
  }

  tell<K extends TellKind<MasterProtocol>>(kind: K, body: BodyOf<MasterProtocol[K]>): void {
    this.say(kind, body);
    this.#cluster.settle();
  }

  /** Tells, and leaves it to others to let it arrive: for turns of the party's own. */
  say<K extends TellKind<MasterProtocol>>(kind: K, body: BodyOf<MasterProtocol[K]>): void {
    this.#master.tell(kind, body);
  }

  ask<K extends AskKind<MasterProtocol>>(kind: K, body: BodyOf<MasterProtocol[K]>): ReplyOf<MasterProtocol[K]> {
    const [outcome] = this.asking(kind, body);
    if (outcome?.ok !== true) throw new Error(`${kind} was not answered`);
    return outcome.value as ReplyOf<MasterProtocol[K]>;
  }

  /** Asks; what becomes of it is added to the list when it is known. */
  asking<K extends AskKind<MasterProtocol>>(
    kind: K,
    body: BodyOf<MasterProtocol[K]>,
    settled: () => void = () => {},
  ): readonly AskOutcome<unknown>[] {
    const outcomes: AskOutcome<unknown>[] = [];
    this.#node.ask(this.#master as never, kind, body, 60_000, (outcome) => {
      outcomes.push(outcome);
      settled();
    });
    this.#cluster.settle();
    return outcomes;
  }

  get #node(): ActorSystem {
    if (this.#system === undefined) throw new Error(`${this.node} is gone`);
    return this.#system;
  }

  get #master() {
    return this.#node.refs.at<MasterProtocol>({ place: this.#cluster.system.place, name: masterName });
  }
}
