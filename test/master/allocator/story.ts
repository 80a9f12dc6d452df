import fc from "fast-check";
import { rowsOf } from "../../../src/master/allocator/offered-batch.ts";
import { namedPolicies } from "../../../src/master/allocator/policies/named.ts";
import type { OfferedRow, SlaveAllocation } from "../../../src/master/allocator/protocol.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import type { ClientFilters } from "../../../src/protocol/offer-filters.ts";
import { flattened, pushed, reservedKey, unreserved } from "../../../src/protocol/reservation.ts";
import { add, contains, equal, format, isEmpty, type Resources, subtract } from "../../../src/protocol/resources.ts";
import { Allocation, minAllocatable } from "./kit.ts";
import { Reference, type RefPolicy, type RefSlave, type RefWishes, type Who } from "./reference.ts";

const slaves = ["s1", "s2", "s3", "s4"] as const;
const roles = ["*", "a", "a/b", "a/b/c", "a/d", "e", "e/f"] as const;
/** Pause between two batches, and between two sweeps for what has expired; the allocator's own. */
const batchMs = 1_000;
const expiryPauseMs = 50;

const slave = fc.constantFrom(...slaves);
const role = fc.constantFrom(...roles);
const client = fc.record({ frameworkId: fc.constantFrom("x", "y", "z"), role });
const ownedRole = fc.constantFrom("a", "a/b", "e");
const topRole = fc.constantFrom("a", "e");
const amounts = fc.record({ cpus: fc.nat(12_000), mem: fc.nat(48) }, { requiredKeys: [] });
const part = fc.constantFrom(0.001, 0.25, 0.5, 1);

function seldom<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
}

const slaveAdded = fc.record({
  type: fc.constant("slave" as const),
  slave,
  cpus: fc.constantFrom(4, 1_000, 2_000, 8_000),
  mem: fc.constantFrom(0, 16, 32),
  ports: fc.boolean(),
  reserved: seldom(fc.record({ role: ownedRole, dynamic: fc.boolean(), all: fc.boolean() })),
  gpus: fc.constantFrom("none", "none", "none", "none", "none", "none", "plain", "reserved"),
  rack: fc.constantFrom("r1", "r2"),
  minOffer: seldom(fc.constantFrom(500, 2_000)),
  holder: seldom(client),
  active: fc.constantFrom(true, true, true, false),
});

const wished = fc.record({
  type: fc.constant("filters" as const),
  client,
  slaves: seldom(fc.subarray([...slaves])),
  minFree: seldom(fc.constantFrom(500, 1_500)),
  minAllocatable: seldom(fc.constantFrom([], [{ cpus: 500, mem: 8 }], [{ gpus: 1_000 }, { cpus: 4_000 }])),
  rack: seldom(fc.constantFrom("r1", "r2")),
});

const clientToggled = fc.record({
  type: fc.constant("client" as const),
  client,
  gpus: fc.boolean(),
  active: fc.constantFrom(true, true, true, false),
});

/** What may happen between a master and its allocator. */
const event = fc.oneof(
  { weight: 4, arbitrary: slaveAdded },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("active" as const), slave, active: fc.boolean() }) },
  { weight: 5, arbitrary: clientToggled },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("wants" as const),
      client,
      how: fc.constantFrom("suppress", "revive", "reviveOne", "on", "off"),
      slave,
    }),
  },
  { weight: 2, arbitrary: wished },
  {
    weight: 14,
    arbitrary: fc.record({
      type: fc.constant("giveBack" as const),
      which: fc.nat(100),
      part,
      refuseMs: fc.constantFrom(undefined, undefined, 0, 20, 1_500, 10_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("convert" as const), which: fc.nat(100), part, dynamic: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant("time" as const), ms: fc.constantFrom(30, 400, 1_000, 5_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("weights" as const),
      weights: fc.dictionary(role, fc.constantFrom(0.5, 1, 2, 10), { maxKeys: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("quotas" as const),
      quotas: fc.dictionary(topRole, fc.record({ limits: amounts, guarantees: amounts }), { maxKeys: 2 }),
    }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

/** Begins with somebody to offer something to. Without bias, which is for few and small values: much must come together. */
export const story: fc.Arbitrary<readonly Event[]> = fc.noBias(
  fc
    .tuple(
      fc.array(fc.oneof(slaveAdded, clientToggled), { minLength: 4, maxLength: 14, size: "max" }),
      fc.array(event, { maxLength: 70, size: "max" }),
    )
    .map(([opening, rest]) => [...opening, ...rest]),
);
type Of<T extends Event["type"]> = Extract<Event, { readonly type: T }>;

/** Plays a story to the allocator and to the reference, and compares what they offer, row by row. */
export class Comparison {
  rows = 0;
  readonly #reference: Reference;
  readonly #kit: ReturnType<typeof Allocation.running>;
  /** Slaves that wait for a batch, by when they do no longer. */
  readonly #waiting = new Map<number, number>();

  constructor(policy: RefPolicy) {
    this.#reference = new Reference(policy, minAllocatable);
    this.#kit = Allocation.running(namedPolicies[policy]);
    this.#kit.allocation.settle();
    this.#kit.master.react = (heard) => {
      if (heard.kind !== "offered") return;
      this.#reference.nowMs = this.#kit.allocation.stage.clock.now();
      this.#compare([...rowsOf(heard.body)]);
    };
  }

  happen(event: Event): void {
    this.#act(event);
    this.#reference.tidy();
    this.#kit.allocation.settle();
    this.#reference.nowMs = this.#kit.allocation.stage.clock.now();
    this.#nothingIsLeft();
    const fault = this.#kit.allocation.book.fault();
    if (fault !== undefined) throw new Error(fault);
  }

  #compare(rows: readonly OfferedRow[]): void {
    let last: RefSlave | undefined;
    for (const { account, frameworkId, role, resources } of rows) {
      const slave = this.#reference.slaves.get(account);
      if (slave === undefined) throw new Error(`account ${account} is offered and is not open`);
      if (last !== undefined && last !== slave) this.#isLeft(last);
      last = slave;
      const gift = this.#reference.next(slave);
      const theirs = `${slave.slaveId}: ${format(resources)} to ${frameworkId} in ${role}`;
      if (gift === undefined) throw new Error(`${theirs}, and it should go to nobody`);
      const { client } = gift;
      if (client.frameworkId !== frameworkId || client.role !== role || !equal(gift.resources, resources)) {
        throw new Error(
          `${theirs}, and it should be ${format(gift.resources)} to ${client.frameworkId} in ${client.role}`,
        );
      }
      this.#reference.hold(account, client, resources);
      this.rows++;
    }
    if (last !== undefined) this.#isLeft(last);
  }

  #isLeft(slave: RefSlave): void {
    const gift = this.#reference.next(slave);
    if (gift === undefined) return;
    const { frameworkId, role } = gift.client;
    throw new Error(`${slave.slaveId}: ${format(gift.resources)} should go to ${frameworkId} in ${role}`);
  }

  /** At rest everything that somebody could have is taken, but for what waits for the next batch or the next sweep. */
  #nothingIsLeft(): void {
    const { nowMs, refusals, slaves } = this.#reference;
    for (const slave of slaves.values()) {
      if ((this.#waiting.get(slave.account) ?? 0) > nowMs || (this.#waiting.get(0) ?? 0) > nowMs) continue;
      const isSwept = refusals.every(
        ({ account, untilMs }) => account !== slave.account || untilMs > nowMs || untilMs <= nowMs - expiryPauseMs,
      );
      if (isSwept) this.#isLeft(slave);
    }
  }

  #act(event: Event): void {
    const { allocation } = this.#kit;
    const reference = this.#reference;
    switch (event.type) {
      case "slave":
        return this.#toggleSlave(event);
      case "active": {
        const known = reference.slaves.get(allocation.account(event.slave));
        if (known !== undefined) known.active = event.active;
        return allocation.setActive(event.slave, event.active);
      }
      case "client":
        return this.#toggleClient(event);
      case "wants":
        return this.#want(event);
      case "filters":
        return this.#wish(event);
      case "giveBack":
        return this.#giveBack(event);
      case "convert":
        return this.#convert(event);
      case "time":
        return allocation.advance(event.ms);
      case "weights":
        reference.weights = event.weights;
        return allocation.tell("weights", { weights: event.weights });
      case "quotas":
        reference.quotas = Object.fromEntries(
          Object.entries(event.quotas).map(([name, quota]) => [name, { ...quota, graceMs: 0 }]),
        );
        return allocation.tell("quotas", { quotas: reference.quotas, version: 1 });
    }
  }

  #toggleSlave(event: Of<"slave">): void {
    const { allocation } = this.#kit;
    const reference = this.#reference;
    const account = allocation.account(event.slave);
    if (reference.slaves.delete(account)) {
      reference.holdings = reference.holdings.filter((each) => each.account !== account);
      reference.refusals = reference.refusals.filter((each) => each.account !== account);
      return allocation.removeSlave(event.slave);
    }
    const total = totalOf(event);
    const attributes = { rack: event.rack };
    const minOffer = event.minOffer === undefined ? {} : { minOffer: { cpus: event.minOffer } };
    const held = { cpus: 500 };
    const allocated: readonly SlaveAllocation[] =
      event.holder === undefined || !contains(total, held) ? [] : [{ ...asClient(event.holder), resources: held }];
    allocation.slave(event.slave, total, { attributes, allocated, active: event.active, ...minOffer });
    const opened = allocation.account(event.slave);
    const facts = { account: opened, slaveId: event.slave, hostname: event.slave, attributes, ...minOffer };
    reference.slaves.set(opened, { ...facts, total, active: event.active });
    for (const { frameworkId, role, resources } of allocated) {
      reference.enter({ frameworkId, role });
      reference.hold(opened, { frameworkId, role }, resources);
    }
  }

  #toggleClient({ client, gpus, active }: Of<"client">): void {
    const { allocation } = this.#kit;
    if (this.#reference.client(client)?.present === true) {
      this.#reference.enter(client, { present: false, wishes: {} });
      this.#reference.forgive(client);
      return allocation.tell("clientRemoved", asClient(client));
    }
    this.#reference.enter(client, { present: true, active, gpus, suppressed: false });
    allocation.tell("clientAdded", { ...asClient(client), active, gpus });
  }

  #want({ client, how, slave }: Of<"wants">): void {
    const { allocation } = this.#kit;
    const known = this.#reference.client(client);
    const who = asClient(client);
    const change = { suppress: { suppressed: true }, on: { active: true }, off: { active: false } };
    if (known !== undefined) {
      Object.assign(known, how === "revive" || how === "reviveOne" ? { suppressed: false } : change[how]);
    }
    const account = allocation.account(slave);
    if (how === "revive") this.#reference.forgive(client);
    if (how === "reviveOne") this.#reference.forgive(client, account);
    if (how === "suppress") allocation.tell("clientSuppressed", who);
    else if (how === "revive") allocation.tell("clientRevived", who);
    else if (how === "reviveOne") allocation.tell("clientRevived", { ...who, accounts: [account] });
    else allocation.tell("clientActive", { ...who, active: how === "on" });
  }

  #wish({ client, slaves, minFree, minAllocatable: least, rack }: Of<"filters">): void {
    const known = this.#reference.client(client);
    if (known?.present !== true) return;
    const common = {
      ...(minFree === undefined ? {} : { minFree: { cpus: minFree } }),
      ...(least === undefined ? {} : { minAllocatable: least }),
    };
    const filters: ClientFilters = {
      ...common,
      ...(slaves === undefined ? {} : { slaves: slaves.map((id) => SlaveId(id)) }),
      ...(rack === undefined
        ? {}
        : { constraints: [[{ selector: { attribute: "rack" }, predicate: { type: "equals", value: rack } }]] }),
    };
    const wishes: RefWishes = {
      ...common,
      ...(slaves === undefined ? {} : { slaves }),
      ...(rack === undefined ? {} : { fits: ({ attributes }) => attributes["rack"] === rack }),
    };
    known.wishes = wishes;
    this.#kit.allocation.tell("clientFilters", { ...asClient(client), filters });
  }

  #giveBack({ which, part: share, refuseMs }: Of<"giveBack">): void {
    const holding = this.#holding(which);
    if (holding === undefined) return;
    const { account, who } = holding;
    const resources = partOf(holding.resources, share);
    if (isEmpty(resources)) return;
    this.#reference.giveBack(account, who, resources);
    if (refuseMs === 0) {
      const limits = this.#reference.quotas[who.role.split("/")[0] as string]?.limits ?? {};
      const untilMs = (Math.floor(this.#reference.nowMs / batchMs) + 1) * batchMs;
      // What a limited role gives back concerns every slave.
      this.#waiting.set(Object.keys(limits).length > 0 ? 0 : account, untilMs);
    } else if (refuseMs !== undefined && this.#reference.client(who)?.present === true) {
      this.#reference.refuse(account, who, resources, Math.max(refuseMs, batchMs));
    }
    const filter = refuseMs === undefined ? {} : { refuseMs };
    const before = this.rows;
    this.#kit.allocation.tell("recovered", { ...asClient(who), account, resources, ...filter });
    if (refuseMs !== 0) return;
    this.#kit.allocation.settle();
    if (this.rows !== before) throw new Error("what was declined without a filter is offered before the next batch");
  }

  /** Unreserved resources become the role's; what is reserved becomes everybody's. */
  #convert({ which, part: share, dynamic }: Of<"convert">): void {
    const holding = this.#holding(which);
    if (holding === undefined) return;
    const { account, who } = holding;
    const plain = partOf(unreserved(holding.resources), share);
    const kept = subtract(holding.resources, unreserved(holding.resources));
    const [from, to] =
      isEmpty(plain) || who.role === "*"
        ? [kept, flattened(kept)]
        : [plain, pushed(plain, { role: who.role, dynamic })];
    if (isEmpty(from)) return;
    const slave = this.#reference.slaves.get(account);
    if (slave === undefined) return;
    this.#reference.giveBack(account, who, from);
    slave.total = add(subtract(slave.total, from), to);
    this.#reference.hold(account, who, to, false);
    this.#kit.allocation.tell("converted", { ...asClient(who), account, from, to });
  }

  #holding(which: number) {
    const { holdings } = this.#reference;
    return holdings[which % Math.max(1, holdings.length)];
  }
}

function asClient({ frameworkId, role }: Who) {
  return { frameworkId: FrameworkId(frameworkId), role };
}

function totalOf({ cpus, mem, ports, reserved, gpus }: Of<"slave">): Resources {
  const owner = reserved ?? { role: "a", dynamic: false, all: false };
  const under = (name: string) => reservedKey(name, { role: owner.role, dynamic: owner.dynamic });
  const share = reserved?.all === true ? cpus : Math.floor(cpus / 2);
  return {
    ...(reserved?.all === true ? {} : { cpus: reserved === undefined ? cpus : cpus - share }),
    ...(reserved === undefined ? {} : { [under("cpus")]: share }),
    mem,
    ...(ports ? { ports: { ranges: [[31_000, 31_009]] } } : {}),
    ...(gpus === "none" ? {} : { [gpus === "plain" ? "gpus" : under("gpus")]: 1_000 }),
  };
}

/** A share of each scalar, and ranges only as a whole. */
function partOf(resources: Resources, share: number): Resources {
  const parts = Object.entries(resources).map(([key, quantity]) => {
    if (typeof quantity !== "number") return share === 1 ? [key, quantity] : [key, 0];
    return [key, share === 1 ? quantity : Math.ceil(quantity * share)];
  });
  return Object.fromEntries(parts.filter(([, quantity]) => quantity !== 0));
}
