/** What the allocator says of itself, compared with what it does, over books of any kind. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { Book } from "../../../src/master/allocator/book.ts";
import { explain } from "../../../src/master/allocator/explain.ts";
import { explainIdle, idleByCause } from "../../../src/master/allocator/idle.ts";
import { Pass } from "../../../src/master/allocator/pass.ts";
import { drf } from "../../../src/master/allocator/policies/drf.ts";
import { lottery } from "../../../src/master/allocator/policies/lottery.ts";
import { Bundle } from "../../../src/master/allocator/scalar-names.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import type { ClientFilters } from "../../../src/protocol/offer-filters.ts";
import { type Quantities, quantitiesOf } from "../../../src/protocol/quantities.ts";
import { add, noResources, type Resources } from "../../../src/protocol/resources.ts";
import type { WhyNotGroup } from "../../../src/protocol/why.ts";
import { quantities } from "../../protocol/quantities.ts";

const clients = [
  { frameworkId: FrameworkId("f1"), role: "a" },
  { frameworkId: FrameworkId("f1"), role: "b" },
  { frameworkId: FrameworkId("f2"), role: "a" },
  { frameworkId: FrameworkId("f3"), role: "a/x" },
  { frameworkId: FrameworkId("f4"), role: "c" },
] as const;
const frameworks = [...new Set(clients.map(({ frameworkId }) => frameworkId))];

const totals = [
  "cpus:4;mem:64",
  "cpus:1;mem:512;gpus:1",
  "cpus:2;cpus(a):2;mem:64",
  "cpus(b):3;mem(b):64",
  "cpus:0.001",
];
const wishes: readonly ClientFilters[] = [
  {},
  { minFree: quantities("cpus:3") },
  { slaves: [SlaveId("s1"), SlaveId("s2")] },
  { constraints: [[{ selector: { attribute: "rack" }, predicate: { type: "exists" } }]] },
  { minAllocatable: [{ mem: 128_000 }] },
];

const client = fc.constantFrom(...clients);
const account = fc.integer({ min: 1, max: 6 });
const giveBack = fc.record({
  type: fc.constant("giveBack" as const),
  which: fc.nat(100),
  refuseMs: fc.constantFrom(undefined, 0, 2_000, 60_000),
});
const event = fc.oneof(
  fc.record({
    type: fc.constant("slave" as const),
    account,
    total: fc.constantFrom(...totals),
    rack: fc.boolean(),
    short: fc.boolean(),
    minOffer: fc.boolean(),
  }),
  fc.record({ type: fc.constant("active" as const), account, active: fc.boolean() }),
  fc.record({ type: fc.constant("client" as const), client, present: fc.boolean(), gpus: fc.boolean() }),
  fc.record({ type: fc.constant("suppress" as const), client }),
  fc.record({ type: fc.constant("wish" as const), client, wish: fc.constantFrom(...wishes) }),
  giveBack,
  giveBack,
  giveBack,
  fc.record({ type: fc.constant("revive" as const), client }),
  fc.record({ type: fc.constant("wish" as const), client, wish: fc.constantFrom(...wishes) }),
  fc.record({ type: fc.constant("weight" as const), weight: fc.constantFrom(0.5, 1, 3) }),
  fc.record({ type: fc.constant("quota" as const), limit: fc.constantFrom(undefined, 0, 3_000), owed: fc.boolean() }),
  giveBack,
  fc.record({ type: fc.constant("time" as const), ms: fc.constantFrom(0, 500, 5_000) }),
  fc.record({ type: fc.constant("pass" as const) }),
  fc.record({ type: fc.constant("pass" as const) }),
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

/** A book as it is after a story, and its passes. */
class Story {
  readonly book: Book;
  nowMs = 0;
  readonly #open = new Set<number>();

  constructor(isLottery: boolean) {
    const policy = isLottery ? lottery : drf;
    this.book = new Book({ policy, minAllocatable: [{ cpus: 10 }, { mem: 32_000 }], refuseMsMin: 1_000, seed: 7 });
    for (const [index, who] of clients.entries()) this.book.addClient({ ...who, active: true, gpus: index > 1 });
    for (const [index, total] of [...totals, ...totals].slice(0, 6).entries()) {
      this.#toggleSlave({ account: index + 1, total, rack: index > 2, short: false, minOffer: index === 3 });
    }
  }

  /** One pass; who was given which row. */
  pass(): readonly { readonly row: number; readonly client: string }[] {
    const given: { row: number; client: string }[] = [];
    new Pass(this.book, this.nowMs, (row, { frameworkId, role }) => {
      given.push({ row, client: `${frameworkId}/${role}` });
    }).run();
    return given;
  }

  happen(event: Event): void {
    const { book } = this;
    if (event.type === "slave") this.#toggleSlave(event);
    else if (event.type === "active") book.setActive(event.account, event.active);
    else if (event.type === "client") {
      if (event.present) book.addClient({ ...event.client, active: true, gpus: event.gpus });
      else book.removeClient(event.client);
    } else if (event.type === "suppress") book.setWanting(event.client, { suppressed: true });
    else if (event.type === "revive") book.revive(event.client, undefined);
    else if (event.type === "wish") book.wish(event.client, event.wish);
    else if (event.type === "weight") book.setWeights({ a: event.weight });
    else if (event.type === "quota") {
      const limits: Quantities = event.limit === undefined ? {} : { cpus: event.limit };
      book.setQuotas(
        {
          a: { limits, guarantees: {}, graceMs: 0 },
          c: { limits: {}, guarantees: event.owed ? { cpus: 4_000 } : {}, graceMs: 0 },
        },
        1,
      );
    } else if (event.type === "giveBack") this.#giveBack(event.which, event.refuseMs);
    else if (event.type === "pass") this.pass();
    else {
      this.nowMs += event.ms;
      book.filters.expire(this.nowMs, (row) => book.candidates.touch(row));
    }
  }

  #toggleSlave({ account, total, rack, short, minOffer }: Omit<Event & { type: "slave" }, "type">): void {
    if (this.#open.delete(account)) return this.book.removeSlave(account);
    this.#open.add(account);
    const slaveId = SlaveId(`s${account}`);
    this.book.addSlave({
      account,
      slaveId,
      hostname: slaveId,
      attributes: rack ? { rack: "r1" } : {},
      total: quantities(total),
      allocated: [],
      active: true,
      ...(short ? { maxTaskMs: 1_000 } : {}),
      ...(minOffer ? { minOffer: quantities("cpus:5") } : {}),
    });
  }

  #giveBack(which: number, refuseMs: number | undefined): void {
    const held = [...this.#open].flatMap((account) => {
      const row = this.book.slaves.row(account) as number;
      return [...this.book.held(row)].map(({ client: { frameworkId, role }, resources }) => ({
        account,
        who: { frameworkId, role },
        resources,
      }));
    });
    const one = held[which % Math.max(1, held.length)];
    if (one !== undefined) this.book.recovered(one.account, one.who, one.resources, refuseMs, this.nowMs);
  }
}

/** Everything that a book holds, as text. */
function contents(book: Book): string {
  const { slaves, holdings, tree, clients, candidates, quotas, totals, names, changes } = book;
  const rows = [...slaves.facts.keys()];
  const filtered = [...clients.all()].map(({ leaf }) =>
    rows.map((row) => book.filters.hiddenUntilMs(leaf, row, nothing, 0, 0)),
  );
  return JSON.stringify([
    [slaves.total, slaves.free, slaves.totalRest, slaves.freeRest, slaves.facts, slaves.active, slaves.firstHolding],
    [slaves.reserved, rows.map((row) => [slaves.leftCode(row), slaves.leftTo(row), candidates.has(row)])],
    [holdings.client, holdings.next, holdings.amounts, holdings.rest, tree.nodes, [...clients.all()]],
    [
      quotas.below(),
      Array.from({ length: slaves.height }, (_, row) => candidates.isWaiting(row)),
      totals,
      names.list,
      changes,
      filtered,
      book.filters.active,
    ],
  ]);
}

const nothing = new Bundle();

function soonOf(groups: readonly WhyNotGroup[]): readonly string[] {
  return groups
    .filter(({ reason }) => reason === "soon")
    .flatMap(({ examples }) => examples)
    .sort();
}

const story = fc.record({ events: fc.array(event, { minLength: 10, maxLength: 60 }), isLottery: fc.boolean() });

test("whom the allocator says that it offers next, it offers next; and asking changes nothing", () => {
  let soon = 0;
  let owed = 0;
  fc.assert(
    fc.property(story, ({ events, isLottery }) => {
      const told = new Story(isLottery);
      for (const event of events) told.happen(event);
      const { book } = told;
      const before = contents(book);
      const said = frameworks.map((frameworkId) =>
        explain(book, { frameworkId, offered: [] }, { ms: told.nowMs, paused: false }),
      );
      expect(contents(book)).toBe(before);
      const given = told.pass().map(({ row, client }) => ({ slave: book.slaves.fact(row).slaveId, client }));
      for (const [index, { roles, slaves }] of said.entries()) {
        for (const { role, groups } of roles) {
          expect(groups.reduce((sum, group) => sum + group.slaves, 0)).toBe(slaves);
          const own = given.filter(({ client }) => client === `${frameworks[index]}/${role}`).map(({ slave }) => slave);
          expect(soonOf(groups)).toEqual([...new Set(own)].sort());
          soon += own.length;
          for (const { reason, other, examples } of groups) {
            if (reason !== "owedMore" || other === undefined) continue;
            const theirs = given.filter(({ client }) => client === `${other.frameworkId}/${other.role}`);
            expect(theirs.map(({ slave }) => slave)).toEqual(expect.arrayContaining([...examples]));
            owed++;
          }
        }
      }
      for (const frameworkId of frameworks) {
        const { roles } = explain(book, { frameworkId, offered: [] }, { ms: told.nowMs, paused: false });
        const undecided = roles.flatMap(({ groups }) =>
          groups.filter(({ reason }) => reason === "soon" || reason === "owedMore"),
        );
        expect(undecided, "after a pass nothing is left to decide").toEqual([]);
      }
    }),
    { numRuns: 300, seed: 2011 },
  );
  expect(soon).toBeGreaterThan(50);
  expect(owed).toBeGreaterThan(50);
});

test("what a revive would bring, it brings", () => {
  let offers = 0;
  fc.assert(
    fc.property(story, fc.constantFrom(...frameworks), ({ events, isLottery }, frameworkId) => {
      const told = new Story(isLottery);
      for (const event of events) if (event.type !== "quota") told.happen(event);
      told.book.candidates.wake();
      told.pass();
      const { whatIf } = explain(told.book, { frameworkId, offered: [] }, { ms: told.nowMs, paused: false });
      const revived = whatIf.find(({ change }) => change === "revive");
      if (revived === undefined) return;
      for (const client of clients) if (client.frameworkId === frameworkId) told.book.revive(client, undefined);
      const given = told.pass().filter(({ client }) => client.startsWith(`${frameworkId}/`));
      offers += given.length;
      expect(revived).toEqual({ change: "revive", offers: given.length, before: 0 });
    }),
    { numRuns: 600, seed: 2011 },
  );
  expect(offers).toBeGreaterThan(20);
});

test("the causes of what is idle and what is held add up to what there is, for each kind", () => {
  const causes = new Set<string>();
  fc.assert(
    fc.property(story, fc.boolean(), fc.nat(9), ({ events, isLottery }, paused, silent) => {
      const told = new Story(isLottery);
      for (const event of events) told.happen(event);
      const { book } = told;
      if (silent > 5) told.pass();
      if (silent === 0) for (const who of clients) book.setWanting(who, { suppressed: true });
      const before = contents(book);
      const now = { ms: told.nowMs, paused };
      const { total, groups } = explainIdle(book, now);
      expect(contents(book)).toBe(before);
      const rows = [...book.slaves.facts.keys()].filter((row) => book.slaves.has(row));
      const held = rows.flatMap((row) => [...book.held(row)].map(({ resources }) => quantitiesOf(resources)));
      const sum = [...held, ...groups.map(({ amounts }) => amounts)].reduce<Resources>(add, noResources);
      expect(sum).toEqual(total);
      expect(total).toEqual(rows.map((row) => quantitiesOf(book.total(row))).reduce<Resources>(add, noResources));
      const byCause: Record<string, Resources> = {};
      for (const { cause, amounts } of groups) {
        byCause[cause] = add(byCause[cause] ?? noResources, amounts);
        causes.add(cause);
      }
      expect(idleByCause(book, now)).toEqual(byCause);
    }),
    { numRuns: 600, seed: 2011 },
  );
  expect([...causes].sort()).toEqual([
    "belowMinFree",
    "belowMinOffer",
    "belowMinimum",
    "constraint",
    "filtered",
    "hasGpus",
    "nextBatch",
    "noDemand",
    "notNamed",
    "paused",
    "pending",
    "quota",
    "reserved",
    "shortPart",
    "slaveInactive",
  ]);
});
