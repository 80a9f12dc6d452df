import type { AskKind, BodyOf, ProtocolTable, ReplyOf, TellKind } from "../../../src/actors/protocol.ts";
import type { ActorRef } from "../../../src/actors/ref.ts";
import { allocator } from "../../../src/master/allocator/allocator.ts";
import type { Book } from "../../../src/master/allocator/book.ts";
import { BatchWriter, rowsOf as rowsOfBatch } from "../../../src/master/allocator/offered-batch.ts";
import type { Policy } from "../../../src/master/allocator/policy.ts";
import {
  type AllocatorConfig,
  type AllocatorEvents,
  type AllocatorProtocol,
  allocatorEventsTable,
  allocatorName,
  allocatorTable,
  type OfferedRow,
  type OfferedRows,
  type SlaveAccount,
} from "../../../src/master/allocator/protocol.ts";
import { Bundle, ScalarNames } from "../../../src/master/allocator/scalar-names.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import type { Resources } from "../../../src/protocol/resources.ts";
import { Hearing } from "../../protocol/hearing.ts";
import { quantities } from "../../protocol/quantities.ts";
import { Stage } from "../../protocol/stage.ts";

/** As masters have it by default. */
export const minAllocatable = [{ cpus: 10 }, { mem: 32_000 }];

/** A real allocator, and a master that only listens. */
export class Allocation {
  readonly stage = new Stage([allocatorTable, allocatorEventsTable] as unknown as ProtocolTable<never>[]);
  readonly #system = this.stage.boot("kit");
  readonly #allocator: ActorRef<AllocatorProtocol>;

  /** The account of each slave by its id. */
  readonly #accounts = new Map<string, number>();
  #opened = 0;

  constructor(policy?: Policy) {
    this.#allocator = this.#system.spawn(allocator(policy), {}, { name: allocatorName });
  }

  /** An allocator that may offer, and has nothing to. */
  static running(policy?: Policy): { allocation: Allocation; master: Hearing<AllocatorEvents> } {
    const allocation = new Allocation(policy);
    const master = allocation.reset();
    allocation.tell("resume", {});
    return { allocation, master };
  }

  /** A new master, with an empty book. */
  reset(config: Partial<AllocatorConfig> = {}): Hearing<AllocatorEvents> {
    const hearing = new Hearing<AllocatorEvents>();
    const master = this.#system.spawn(hearing.spec("master", allocatorEventsTable), undefined).address;
    this.tell("resetBook", { master, config: { allocationIntervalMs: 1_000, minAllocatable, ...config } });
    return hearing;
  }

  tell<K extends TellKind<AllocatorProtocol>>(kind: K, body: BodyOf<AllocatorProtocol[K]>): void {
    this.#allocator.tell(kind, body);
  }

  /** How many passes it has made, as the master asks for it. */
  get passes(): number {
    return this.ask("counts", {}).passes;
  }

  ask<K extends AskKind<AllocatorProtocol>>(
    kind: K,
    body: BodyOf<AllocatorProtocol[K]>,
  ): ReplyOf<AllocatorProtocol[K]> {
    const answers: ReplyOf<AllocatorProtocol[K]>[] = [];
    this.#system.ask(this.#allocator, kind, body, 60_000, (outcome) => {
      if (outcome.ok) answers.push(outcome.value as ReplyOf<AllocatorProtocol[K]>);
    });
    this.settle();
    const [answer] = answers;
    if (answer === undefined) throw new Error(`${kind} was not answered`);
    return answer;
  }

  /** Opens an account of the slave. */
  slave(id: string, total: string | Resources, more: Partial<SlaveAccount> = {}): void {
    const account = ++this.#opened;
    this.#accounts.set(id, account);
    const slave = { slaveId: SlaveId(id), hostname: id, attributes: {}, allocated: [], active: true };
    this.tell("slaveAdded", {
      ...slave,
      account,
      total: typeof total === "string" ? quantities(total) : total,
      ...more,
    });
  }

  /** The number of the slave's latest account. */
  account(slave: string): number {
    return this.#accounts.get(slave) ?? 0;
  }

  slaveOf(account: number): string | undefined {
    return [...this.#accounts].find(([, number]) => number === account)?.[0];
  }

  removeSlave(slave: string): void {
    this.tell("slaveRemoved", { account: this.account(slave) });
  }

  setActive(slave: string, active: boolean): void {
    this.tell("slaveActive", { account: this.account(slave), active });
  }

  framework(id: string, role = "*"): void {
    this.tell("clientAdded", { frameworkId: FrameworkId(id), role, active: true, gpus: false });
  }

  recovered(slave: string, framework: string, resources: Resources, refuseMs?: number, role = "*"): void {
    const filter = refuseMs === undefined ? {} : { refuseMs };
    this.tell("recovered", {
      account: this.account(slave),
      frameworkId: FrameworkId(framework),
      role,
      resources,
      ...filter,
    });
  }

  get book(): Book {
    return this.#system.find(allocatorName)?.inspect() as Book;
  }

  settle(): void {
    this.stage.settle();
  }

  advance(ms: number): void {
    this.stage.advance(ms);
  }
}

/** Every row a master was offered, in order. */
export function rowsOf(master: Hearing<AllocatorEvents>): readonly OfferedRow[] {
  return master.of("offered").flatMap((batch) => [...rowsOfBatch(batch)]);
}

/** The same in short: `slave framework`, in the order of slaves. Slaves are looked at in an order that is all chance. */
export function offered(allocation: Allocation, master: Hearing<AllocatorEvents>): readonly string[] {
  return rowsOf(master)
    .map(({ account, frameworkId }) => `${allocation.slaveOf(account)} ${frameworkId}`)
    .sort();
}

/** Rows as a master would tell them to an allocator again. */
export function batchesOf(rows: readonly OfferedRow[]): readonly OfferedRows[] {
  const batches: OfferedRows[] = [];
  const names = new ScalarNames();
  const writer = new BatchWriter(names, (batch) => batches.push(batch));
  const leaves: string[] = [];
  for (const { account, frameworkId, role, resources } of rows) {
    const key = `${frameworkId}/${role}`;
    if (!leaves.includes(key)) leaves.push(key);
    writer.write(account, leaves.indexOf(key), { frameworkId, role }, new Bundle().read(resources, names));
  }
  writer.flush();
  return batches;
}
