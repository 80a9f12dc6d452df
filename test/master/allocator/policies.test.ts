/** What each policy that comes with the product promises, through the allocator's own book and passes. */

import { describe, expect, test } from "vitest";
import { drf } from "../../../src/master/allocator/policies/drf.ts";
import { fifo } from "../../../src/master/allocator/policies/fifo.ts";
import { priority } from "../../../src/master/allocator/policies/priority.ts";
import type { Client } from "../../../src/master/allocator/protocol.ts";
import { subtract } from "../../../src/protocol/resources.ts";
import { quantities } from "../../protocol/quantities.ts";
import { Allocation, rowsOf } from "./kit.ts";
import { Table } from "./table.ts";

describe("drf", () => {
  /** Each is offered everything, takes what one task needs, and gives back the rest. */
  function filled(whole: string, demands: { readonly [framework: string]: string }): string {
    const { allocation, master } = Allocation.running(drf);
    for (const framework of Object.keys(demands)) allocation.framework(framework);
    allocation.slave("s", whole);
    let order = "";
    for (let seen = 0, idle = 0; idle < 2; allocation.advance(1_000)) {
      const rows = rowsOf(master).slice(seen);
      seen += rows.length;
      idle = rows.length === 0 ? idle + 1 : 0;
      for (const { frameworkId, resources } of rows) {
        const demand = quantities(demands[frameworkId] as string);
        const fits = Object.entries(demand).every(([name, needed]) => Number(resources[name] ?? 0) >= Number(needed));
        if (fits) order += frameworkId.at(-1);
        else allocation.tell("clientSuppressed", { frameworkId, role: "*" });
        allocation.recovered("s", frameworkId, fits ? subtract(resources, demand) : resources, 0);
      }
    }
    expect(allocation.book.fault()).toBeUndefined();
    return order;
  }

  // Between equal shares names decide, and the paper begins with B.
  test("fills the paper's example in the order of its Table 1: B, A, A, B, A", () => {
    expect(filled("cpus:9;mem:18", { "2-A": "cpus:1;mem:4", "1-B": "cpus:3;mem:1" })).toBe("BAABA");
  });

  test("gives users of one scalar the same number of tasks, and fills the slave", () => {
    expect([...filled("cpus:12", { A: "cpus:1", B: "cpus:1", C: "cpus:1" })].sort().join("")).toBe("AAAABBBBCCCC");
  });

  test("gives dominant shares in proportion to weights, to within one task", () => {
    const table = new Table(drf, { a: 1, b: 2, c: 3 });
    for (let count = 0; count < 300; count++) table.slave();
    const clients = ["a", "b", "c"].map((name) => table.framework(name));
    table.pass();
    const held = clients.map(({ role }) => table.book.tree.share(table.book.tree.role(role)) * 300);
    expect(held).toEqual([50, 100, 150]);
  });

  test("shares by dominant resource: each has the same share of what it needs most", () => {
    const table = new Table(drf);
    for (let count = 0; count < 20; count++) table.slave("cpus:1;mem:1");
    for (let count = 0; count < 20; count++) table.slave("cpus:1;mem:9");
    const [a, b] = [table.framework("a"), table.framework("b")];
    table.only(
      a,
      [...Array(20).keys()].map((index) => index + 1),
    );
    table.only(
      b,
      [...Array(20).keys()].map((index) => index + 21),
    );
    table.pass();
    const { tree } = table.book;
    expect([tree.share(tree.role("a")), tree.share(tree.role("b"))]).toEqual([0.5, 0.9]);
  });

  test("a change of weights counts at once", () => {
    const table = new Table(drf);
    for (let count = 0; count < 30; count++) table.slave();
    for (const name of ["a", "b"]) table.framework(name);
    table.pass();
    table.book.setWeights({ a: 2 });
    for (let count = 0; count < 30; count++) table.slave();
    table.pass();
    expect(table.given.filter(({ name }) => name === "a").length).toBe(40);
  });
});

describe("priority", () => {
  test("gives the greater weight everything while it wants, then the next", () => {
    const table = new Table(priority, { high: 3, middle: 2 });
    for (let count = 0; count < 9; count++) table.slave();
    const [low, high, middle] = ["low", "high", "middle"].map((name) => table.framework(name));
    table.only(high as Client, [1, 2, 3]);
    table.only(middle as Client, [1, 2, 3, 4, 5]);
    expect(
      table
        .pass()
        .map(({ account, name }) => `${account} ${name}`)
        .sort(),
    ).toEqual(["1 high", "2 high", "3 high", "4 middle", "5 middle", "6 low", "7 low", "8 low", "9 low"]);
    for (const given of table.given) table.release(given);
    for (const client of [high, middle]) table.book.setWanting(client as Client, { suppressed: true });
    expect(new Set(table.pass().map(({ name }) => name))).toEqual(new Set([low?.frameworkId]));
  });

  test("shares by dominant share among equals, within a role too", () => {
    const table = new Table(priority, { one: 5, two: 5, low: 4.9 });
    for (let count = 0; count < 12; count++) table.slave();
    for (const [name, role] of [
      ["a", "one"],
      ["b", "one"],
      ["c", "two"],
      ["d", "low"],
    ] as const) {
      table.framework(name, role);
    }
    table.pass();
    const count = (name: string) => table.given.filter((given) => given.name === name).length;
    expect(["a", "b", "c", "d"].map(count)).toEqual([3, 3, 6, 0]);
  });
});

describe("fifo", () => {
  test("serves who came first until it has enough, then the next", () => {
    const table = new Table(fifo);
    for (let count = 0; count < 4; count++) table.slave();
    const [first] = ["z", "m", "a"].map((name) => table.framework(name));
    expect(table.pass().map(({ name }) => name)).toEqual(Array(4).fill("z"));
    for (const given of table.given) table.release(given);
    table.book.setWanting(first as Client, { suppressed: true });
    expect(table.pass().map(({ name }) => name)).toEqual(Array(4).fill("m"));
  });
});
