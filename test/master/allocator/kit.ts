import type { BodyOf, ProtocolTable, TellKind } from "../../../src/actors/protocol.ts";
import type { ActorRef } from "../../../src/actors/ref.ts";
import { allocator, type Book } from "../../../src/master/allocator/allocator.ts";
import {
  type AllocatorEvents,
  type AllocatorProtocol,
  allocatorEventsTable,
  allocatorName,
  allocatorTable,
  type OfferedRow,
} from "../../../src/master/allocator/protocol.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import type { Resources } from "../../../src/protocol/resources.ts";
import { Hearing } from "../../protocol/hearing.ts";
import { quantities } from "../../protocol/quantities.ts";
import { Stage } from "../../protocol/stage.ts";

/** What constraints look at, where none does. */
export const host = { hostname: "h", attributes: {} };

/** A real allocator, and a master that only listens. */
export class Allocation {
  readonly stage = new Stage([allocatorTable, allocatorEventsTable] as unknown as ProtocolTable<never>[]);
  readonly #system = this.stage.boot("kit");
  readonly #allocator: ActorRef<AllocatorProtocol>;

  constructor() {
    this.#allocator = this.#system.spawn(allocator, {}, { name: allocatorName });
  }

  /** An allocator that may offer, and has nothing to. */
  static running(): { allocation: Allocation; master: Hearing<AllocatorEvents> } {
    const allocation = new Allocation();
    const master = allocation.reset();
    allocation.tell("resume", {});
    return { allocation, master };
  }

  /** A new master, with an empty book. */
  reset(): Hearing<AllocatorEvents> {
    const hearing = new Hearing<AllocatorEvents>();
    const master = this.#system.spawn(hearing.spec("master", allocatorEventsTable), undefined).address;
    this.tell("resetBook", { master, allocationIntervalMs: 1_000 });
    return hearing;
  }

  tell<K extends TellKind<AllocatorProtocol>>(kind: K, body: BodyOf<AllocatorProtocol[K]>): void {
    this.#allocator.tell(kind, body);
  }

  slave(id: string, total: string, active = true): void {
    this.tell("slaveAdded", {
      slaveId: SlaveId(id),
      account: 1,
      ...host,
      total: quantities(total),
      allocated: [],
      active,
    });
  }

  framework(id: string, role = "*"): void {
    this.tell("clientAdded", { frameworkId: FrameworkId(id), role, active: true });
  }

  recovered(slave: string, framework: string, resources: Resources, refuseMs?: number, role = "*"): void {
    const filter = refuseMs === undefined ? {} : { refuseMs };
    this.tell("recovered", {
      slaveId: SlaveId(slave),
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
  return master.of("offered").flatMap(({ rows }) => rows);
}

/** The same in short: `slave framework`. */
export function offered(master: Hearing<AllocatorEvents>): readonly string[] {
  return rowsOf(master).map(({ slaveId, frameworkId }) => `${slaveId} ${frameworkId}`);
}
