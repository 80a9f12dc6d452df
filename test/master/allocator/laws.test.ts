/** What holds after any story that a master could tell an allocator. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { OfferedRow } from "../../../src/master/allocator/protocol.ts";
import { FrameworkId } from "../../../src/protocol/ids.ts";
import { add, contains, noResources, type Resources, scalar, subtract } from "../../../src/protocol/resources.ts";
import { Allocation, rowsOf } from "./kit.ts";

const slaves = ["s1", "s2", "s3"] as const;
const frameworks = ["a", "b", "c"] as const;
const slave = fc.constantFrom(...slaves);
const framework = fc.constantFrom(...frameworks);

const event = fc.oneof(
  fc.record({ type: fc.constant("slave" as const), slave, cpus: fc.integer({ min: 0, max: 8 }) }),
  fc.record({ type: fc.constant("active" as const), slave, active: fc.boolean() }),
  fc.record({ type: fc.constant("framework" as const), framework }),
  fc.record({
    type: fc.constant("wants" as const),
    framework,
    how: fc.constantFrom("clientSuppressed", "clientRevived", "on", "off"),
  }),
  fc.record({
    type: fc.constant("giveBack" as const),
    which: fc.nat(100),
    part: fc.constantFrom(0.25, 0.5, 1),
    refuseMs: fc.option(fc.constantFrom(0, 1_500, 10_000), { nil: undefined }),
  }),
  fc.record({ type: fc.constant("time" as const), ms: fc.constantFrom(0, 400, 1_000, 5_000) }),
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

/** The story as a master would keep it: who holds what, and who may be offered anything. */
class Model {
  readonly #kit = Allocation.running();
  readonly #totals = new Map<string, Resources>();
  readonly #inactive = new Set<string>();
  readonly #present = new Map<string, { active: boolean; suppressed: boolean }>();
  /** Every holding: offered to the framework, or used by it. */
  readonly #held: OfferedRow[] = [];
  #seen = 0;
  offers = 0;

  happen(event: Event): void {
    if (event.type === "slave") this.#toggleSlave(event.slave, { cpus: event.cpus * 1_000, mem: 64_000 });
    else if (event.type === "active") this.#setActive(event.slave, event.active);
    else if (event.type === "framework") this.#toggleFramework(event.framework);
    else if (event.type === "wants") this.#want(event.framework, event.how);
    else if (event.type === "giveBack") this.#giveBack(event.which, event.part, event.refuseMs);
    else this.#kit.allocation.advance(event.ms);
    this.#kit.allocation.settle();
    this.#check();
  }

  #toggleSlave(id: string, total: Resources): void {
    const { allocation } = this.#kit;
    if (this.#totals.delete(id)) {
      this.#inactive.delete(id);
      allocation.removeSlave(id);
      const left = this.#held.filter((row) => this.#slaveOf(row) !== id);
      this.#held.splice(0, Number.POSITIVE_INFINITY, ...left);
      return;
    }
    this.#totals.set(id, total);
    allocation.slave(id, total);
  }

  #slaveOf({ account }: OfferedRow): string {
    return this.#kit.allocation.slaveOf(account) ?? "";
  }

  #setActive(id: string, active: boolean): void {
    if (active) this.#inactive.delete(id);
    else if (this.#totals.has(id)) this.#inactive.add(id);
    this.#kit.allocation.setActive(id, active);
  }

  #toggleFramework(id: string): void {
    if (this.#present.delete(id))
      this.#kit.allocation.tell("clientRemoved", { frameworkId: FrameworkId(id), role: "*" });
    else {
      this.#present.set(id, { active: true, suppressed: false });
      this.#kit.allocation.framework(id);
    }
  }

  #want(id: string, how: string): void {
    const wanting = this.#present.get(id);
    const client = { frameworkId: FrameworkId(id), role: "*" };
    if (how === "clientSuppressed" || how === "clientRevived") this.#kit.allocation.tell(how, client);
    else this.#kit.allocation.tell("clientActive", { ...client, active: how === "on" });
    if (wanting === undefined) return;
    if (how === "clientSuppressed" || how === "clientRevived") wanting.suppressed = how === "clientSuppressed";
    else wanting.active = how === "on";
  }

  #giveBack(which: number, part: number, refuseMs: number | undefined): void {
    const index = which % Math.max(1, this.#held.length);
    const row = this.#held[index];
    if (row === undefined) return;
    const resources = { cpus: scalar(row.resources, "cpus") * part, mem: scalar(row.resources, "mem") * part };
    this.#held.splice(index, 1, { ...row, resources: subtract(row.resources, resources) });
    this.#kit.allocation.recovered(this.#slaveOf(row), row.frameworkId, resources, refuseMs);
  }

  #check(): void {
    const rows = rowsOf(this.#kit.master);
    for (const row of rows.slice(this.#seen)) {
      expect(
        this.#totals.has(this.#slaveOf(row)) && !this.#inactive.has(this.#slaveOf(row)),
        "only active slaves",
      ).toBe(true);
      expect(this.#present.get(row.frameworkId), "only who wants").toEqual({ active: true, suppressed: false });
      this.#held.push(row);
      this.offers++;
    }
    this.#seen = rows.length;
    for (const [id, total] of this.#totals) {
      const held = this.#held.filter((row) => this.#slaveOf(row) === id).map(({ resources }) => resources);
      expect(contains(total, held.reduce(add, noResources)), "nothing is held twice").toBe(true);
    }
    expect(this.#kit.allocation.book.fault()).toBeUndefined();
  }
}

test("nothing is given twice, and nobody who does not want or is not there is offered anything", () => {
  let offers = 0;
  fc.assert(
    fc.property(fc.array(event, { minLength: 10, maxLength: 60 }), (story) => {
      const model = new Model();
      for (const step of story) model.happen(step);
      offers += model.offers;
    }),
    { numRuns: 100, seed: 2011 },
  );
  expect(offers).toBeGreaterThan(100);
});
