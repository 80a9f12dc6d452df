import { isDeepStrictEqual } from "node:util";
import { invariant } from "../../src/base/invariant.ts";
import type { Policy } from "../../src/master/allocator/policy.ts";
import type { Client, OfferedBatch, SlaveAccount } from "../../src/master/allocator/protocol.ts";
import { FrameworkId, SlaveId } from "../../src/protocol/ids.ts";
import type { Resources } from "../../src/protocol/resources.ts";
import { parse } from "../../src/protocol/resources.ts";
import type { Work } from "../kit.ts";
import { cross } from "./crossing.ts";
import { DrivenAllocator } from "./driven-allocator.ts";
import { Floor } from "./floor.ts";
import { Ledger } from "./ledger.ts";
import { Stopwatch } from "./stopwatch.ts";

/** `own`: each framework has a role of its own; `one`: all are in the same. */
export type Shape = { readonly slaves: number; readonly frameworks: number; readonly roles: "own" | "one" };

/** What each slave has, as in Mesos's own benchmark of its allocator. */
const total = resourcesOf("cpus:24;mem:4096;disk:4096;ports:[31000-32000]");
/** Longer than anything here takes. */
const yearMs = 365 * 24 * 3_600_000;

/** One allocator and everything that is done to it. Each piece of work is checked, and only what counts of it is timed. */
export class Trial {
  readonly #slaves: number;
  readonly #clients: readonly Client[];
  readonly #ledger: Ledger;
  readonly #allocator: DrivenAllocator;
  #floor: Floor | undefined;
  #offered: readonly OfferedBatch[] = [];
  #decoded = new Stopwatch();
  #handedBack = 0;

  constructor({ slaves, frameworks, roles }: Shape, policy?: Policy) {
    this.#slaves = slaves;
    this.#clients = Array.from({ length: frameworks }, (_, index) => ({
      frameworkId: FrameworkId(`bench-${String(index).padStart(4, "0")}`),
      role: roles === "own" ? `role-${index}` : "all",
    }));
    const ids = this.#clients.map(({ frameworkId }) => frameworkId);
    this.#ledger = new Ledger(slaves, ids, total);
    this.#allocator = new DrivenAllocator(policy);
  }

  addSlaves(): Work {
    const watch = new Stopwatch();
    this.#allocator.tell("slaveAdded", accounts(this.#slaves), watch);
    return worked(this.#allocator.book.slaves.size, watch);
  }

  addFrameworks(): Work {
    const watch = new Stopwatch();
    const clients = this.#clients.map((client) => ({ ...client, active: true, gpus: false }));
    this.#allocator.tell("clientAdded", clients, watch);
    return worked([...this.#allocator.book.clients.all()].length, watch);
  }

  /** The first that an allocator does in its life, when the master has told it everything. */
  firstCycle(): Work {
    this.#allocator.tell("resume", [{}], new Stopwatch());
    return this.fullCycle();
  }

  /** Every framework gives back all that it has. */
  handBack(): Work {
    const watch = new Stopwatch();
    this.#allocator.tell("recovered", this.#givenBack(this.#slaves, 1), watch);
    return worked(this.#ledger.free, watch);
  }

  /** Goes over what is free now: before a full cycle, and beside it. */
  floor(): Work {
    invariant(this.#ledger.free === this.#slaves, "the floor shares out what is free, and not all of it is");
    this.#floor ??= new Floor(this.#allocator.book, this.#clients.length);
    this.#floor.reset();
    const watch = new Stopwatch();
    watch.time(() => this.#floor?.run());
    return worked(this.#floor.checked(), watch);
  }

  /** Every slave is free, every framework wants offers. */
  fullCycle(): Work {
    const watch = new Stopwatch();
    this.#offered = this.#allocator.settle(watch);
    const rows = this.#ledger.take(this.#offered);
    this.#ledger.checkEven();
    return worked(rows, watch);
  }

  /** Packs the batches of the last cycle for the master's thread. */
  encode(): Work {
    const encode = new Stopwatch();
    this.#decoded = new Stopwatch();
    const arrived = cross(this.#offered, { encode, decode: this.#decoded });
    const areSame = arrived.every((batch, index) => isSame(batch, this.#offered[index]));
    invariant(areSame, "offers change as they cross to the master");
    return worked(count(arrived), encode);
  }

  /** What unpacking them cost when they were packed last. */
  decode(): Work {
    return worked(count(this.#offered), this.#decoded);
  }

  /** So many batches in which there is nothing to offer to anybody. */
  idleBatches(batches: number): Work {
    const whole = new Stopwatch();
    const latenciesMs: number[] = [];
    for (let batch = 0; batch < batches; batch++) {
      const before = whole.ms;
      this.#nothing(this.#allocator.batch(whole));
      latenciesMs.push(whole.ms - before);
    }
    return { ...worked(batches, whole), latenciesMs };
  }

  /** A look at every slave, such as follows when a framework comes back; there is nothing to offer to anybody. */
  idleLook(): Work {
    const watch = new Stopwatch();
    this.#allocator.tell("clientActive", [{ ...this.#client(0), active: true }], watch);
    this.#nothing(this.#allocator.settle(watch));
    return worked(this.#slaves, watch);
  }

  /** So many slaves, other ones each time, are handed back and offered again. */
  someHandedBack(slaves: number): Work {
    const watch = new Stopwatch();
    const everyNth = Math.floor(this.#slaves / slaves);
    const first = 1 + (this.#handedBack++ % everyNth);
    this.#allocator.tell("recovered", [...this.#givenBack(slaves, first, everyNth)], watch);
    const rows = this.#ledger.take(this.#allocator.settle(watch));
    this.#ledger.checkEven();
    return worked(rows, watch);
  }

  /**
   * Every framework declines every slave for a year, one framework after the other: each comes back from being away, is
   * offered everything, declines it, and goes away again. In the end all come back. What it takes is how long that took.
   */
  declineAll(): Work {
    const watch = new Stopwatch();
    this.#allocator.tell("recovered", this.#givenBack(this.#slaves, 1), watch);
    this.#setActive(this.#clients, false, watch);
    this.#nothing(this.#allocator.settle(watch));
    for (const client of this.#clients) {
      this.#setActive([client], true, watch);
      const rows = this.#ledger.take(this.#allocator.settle(watch));
      invariant(rows === this.#slaves, () => `${client.frameworkId} was offered ${rows} slaves, and is alone`);
      this.#allocator.tell("recovered", this.#givenBack(this.#slaves, 1, 1, yearMs), watch);
      this.#setActive([client], false, watch);
      this.#nothing(this.#allocator.settle(watch));
    }
    this.#setActive(this.#clients, true, watch);
    this.#nothing(this.#allocator.settle(watch));
    return worked(this.#filters(), watch);
  }

  /** How many declines still hide a slave from a client. */
  #filters(): number {
    return this.#allocator.book.filters.active.reduce((sum, filters) => sum + filters, 0);
  }

  #nothing(batches: readonly OfferedBatch[]): void {
    invariant(batches.length === 0, () => `${count(batches)} slaves were offered, and nobody was to get one`);
  }

  #client(index: number): Client {
    return this.#clients[index] as Client;
  }

  #setActive(clients: readonly Client[], active: boolean, watch: Stopwatch): void {
    const messages = clients.map((client) => ({ ...client, active }));
    this.#allocator.tell("clientActive", messages, watch);
  }

  *#givenBack(slaves: number, first: number, everyNth = 1, refuseMs?: number) {
    for (let index = 0; index < slaves; index++) {
      const account = first + index * everyNth;
      const client = this.#client(this.#ledger.giveBack(account));
      yield { ...client, account, resources: total, ...(refuseMs === undefined ? {} : { refuseMs }) };
    }
  }
}

function* accounts(slaves: number): Generator<SlaveAccount> {
  for (let account = 1; account <= slaves; account++) {
    const slaveId = SlaveId(`bench-S${account}`);
    yield { account, slaveId, hostname: `slave-${account}`, attributes: {}, total, allocated: [], active: true };
  }
}

function count(batches: readonly OfferedBatch[]): number {
  return batches.reduce((sum, { rows }) => sum + rows, 0);
}

function isSame({ columns, ...batch }: OfferedBatch, other: OfferedBatch | undefined): boolean {
  const others = other?.columns ?? new Uint8Array();
  return Buffer.compare(columns, others) === 0 && isDeepStrictEqual({ ...batch, columns: others }, other);
}

function worked(done: number, { ms, cpuMs }: Stopwatch) {
  return { done, ms, cpuMs };
}

function resourcesOf(text: string): Resources {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
