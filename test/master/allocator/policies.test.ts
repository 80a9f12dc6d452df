/** What each policy that comes with the product promises, through the allocator's own book and passes. */

import { describe, expect, test } from "vitest";
import { Book } from "../../../src/master/allocator/book.ts";
import { Pass } from "../../../src/master/allocator/pass.ts";
import { drf } from "../../../src/master/allocator/policies/drf.ts";
import { fifo } from "../../../src/master/allocator/policies/fifo.ts";
import { lottery } from "../../../src/master/allocator/policies/lottery.ts";
import { priority } from "../../../src/master/allocator/policies/priority.ts";
import type { Policy } from "../../../src/master/allocator/policy.ts";
import type { Client } from "../../../src/master/allocator/protocol.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import { noResources, subtract } from "../../../src/protocol/resources.ts";
import { quantities } from "../../protocol/quantities.ts";
import { Allocation, rowsOf } from "./kit.ts";

type Given = { readonly account: number; readonly client: Client; readonly name: string };

/** A book without the actor around it, so that a hundred thousand draws take a second: each framework has its role. */
class Table {
  readonly book: Book;
  readonly given: Given[] = [];
  #accounts = 0;

  constructor(policy: Policy, weights: { readonly [role: string]: number } = {}, seed = 1) {
    this.book = new Book({ policy, minAllocatable: [], refuseMsMin: 0, seed });
    this.book.setWeights(weights);
  }

  slave(total = "cpus:1"): number {
    const account = ++this.#accounts;
    const facts = { slaveId: SlaveId(`s${account}`), hostname: "h", attributes: {}, allocated: [], active: true };
    this.book.addSlave({ account, ...facts, total: quantities(total) });
    return account;
  }

  framework(name: string, role = name): Client {
    const client = { frameworkId: FrameworkId(name), role };
    this.book.addClient({ ...client, active: true, gpus: false });
    return client;
  }

  /** The framework wants offers of these accounts alone. */
  only(client: Client, accounts: readonly number[]): void {
    this.book.wish(client, { slaves: accounts.map((account) => SlaveId(`s${account}`)) });
  }

  /** Looks at every slave, and answers who was given which. */
  pass(): readonly Given[] {
    const given: Given[] = [];
    this.book.candidates.touchAll();
    new Pass(this.book, 0, (row, { frameworkId, role }) => {
      const { account } = this.book.slaves.fact(row);
      given.push({ account, client: { frameworkId, role }, name: frameworkId });
    }).run();
    this.given.push(...given);
    return given;
  }

  /** What was given of the account is free again. */
  release({ account, client }: Given): void {
    const row = this.book.slaves.row(account) as number;
    const { total } = { total: this.book.total(row) };
    this.book.recovered(account, client, total, undefined, 0);
  }

  /** So many draws for one slave after another, each free again at once: the part that each framework had of them. */
  draws(count: number, between: (draw: number) => void = () => {}): (name: string, account?: number) => number {
    const won: Given[] = [];
    for (let draw = 0; draw < count; draw++) {
      between(draw);
      for (const given of this.pass()) {
        won.push(given);
        this.release(given);
      }
    }
    return (name, account) => {
      const counted = account === undefined ? won : won.filter((given) => given.account === account);
      return counted.filter((given) => given.name === name).length / counted.length;
    };
  }
}

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

describe("lottery", () => {
  const draws = 100_000;
  const within = 0.01;

  test("gives each its part of the weights, over a hundred thousand draws", () => {
    const weights = { a: 1, b: 2, c: 3, d: 0.25 };
    const table = new Table(lottery, weights);
    table.slave();
    for (const name of Object.keys(weights)) table.framework(name);
    const part = table.draws(draws);
    for (const [name, weight] of Object.entries(weights))
      expect(Math.abs(part(name) - weight / 6.25)).toBeLessThan(within);
  });

  test("draws among those who want the slave: who is passed over elsewhere has no better chance here", () => {
    const table = new Table(lottery, { a: 1, b: 1, c: 2 });
    const [alone, common] = [table.slave(), table.slave()];
    for (const name of ["a", "b", "c"]) table.framework(name);
    table.only({ frameworkId: FrameworkId("b"), role: "b" }, [common]);
    table.only({ frameworkId: FrameworkId("c"), role: "c" }, [common]);
    const part = table.draws(draws / 2);
    expect(part("a", alone)).toBe(1);
    expect(Math.abs(part("a", common) - 0.25)).toBeLessThan(within);
    expect(Math.abs(part("b", common) - 0.25)).toBeLessThan(within);
    expect(Math.abs(part("c", common) - 0.5)).toBeLessThan(within);
  });

  test("one draw knows nothing of the one before", () => {
    const table = new Table(lottery, { a: 1, b: 3 });
    table.slave();
    for (const name of ["a", "b"]) table.framework(name);
    table.draws(draws);
    const after = (name: string) => table.given.filter((_, draw) => table.given[draw - 1]?.name === name);
    for (const before of ["a", "b"]) {
      const wins = after(before).filter(({ name }) => name === "b").length / after(before).length;
      expect(Math.abs(wins - 0.75)).toBeLessThan(within);
    }
  });

  test("draws in every role for itself, and a role's chance is its weight whoever is in it", () => {
    const table = new Table(lottery, { a: 1, b: 3, "b/x": 1, "b/y": 4 });
    table.slave();
    const members = [
      ["a1", "a"],
      ["a2", "a"],
      ["x", "b/x"],
      ["y1", "b/y"],
      ["y2", "b/y"],
    ] as const;
    for (const [name, role] of members) table.framework(name, role);
    const part = table.draws(draws);
    const expected = { a1: 1 / 8, a2: 1 / 8, x: 3 / 20, y1: 3 / 10, y2: 3 / 10 };
    for (const [name, chance] of Object.entries(expected)) expect(Math.abs(part(name) - chance)).toBeLessThan(within);
  });

  const toggles: readonly (readonly [how: string, often: (draw: number, lost: boolean) => boolean])[] = [
    ["before every draw", () => true],
    ["after every draw that it has lost", (_, lost) => lost],
    ["after every draw that it has won", (_, lost) => !lost],
    ["every tenth draw", (draw) => draw % 10 === 0],
  ];
  test.each(toggles)("nobody gains by ceasing to want offers and wanting them again, %s", (_, often) => {
    const table = new Table(lottery, { toggling: 1, steady: 1, heavy: 2 });
    table.slave();
    const [toggling] = ["toggling", "steady", "heavy"].map((name) => table.framework(name));
    const part = table.draws(draws, (draw) => {
      if (!often(draw, table.given.at(-1)?.name !== "toggling")) return;
      table.book.setWanting(toggling as Client, { suppressed: true });
      table.book.revive(toggling as Client, undefined);
    });
    expect(Math.abs(part("toggling") - 0.25)).toBeLessThan(within);
    expect(Math.abs(part("steady") - 0.25)).toBeLessThan(within);
  });

  test("who was away for long has missed its draws, and gets none of them back", () => {
    const table = new Table(lottery);
    table.slave();
    const [away] = ["away", "steady"].map((name) => table.framework(name));
    table.book.setWanting(away as Client, { suppressed: true });
    expect(table.draws(1_000)("steady")).toBe(1);
    table.book.revive(away as Client, undefined);
    expect(Math.abs(table.draws(draws)("away") - 0.5)).toBeLessThan(within);
  });

  test("a change of weights counts from the next draw on", () => {
    const changes = Array.from({ length: 2_000 }, (_, seed) => {
      const table = new Table(lottery, { a: 0.001 }, seed);
      table.slave();
      for (const name of ["a", "b"]) table.framework(name);
      table.draws(3);
      table.book.setWeights({ a: 3 });
      table.draws(1);
      return table.given.at(-1)?.name;
    });
    expect(Math.abs(changes.filter((name) => name === "a").length / changes.length - 0.75)).toBeLessThan(0.03);
  });

  test("slots that several prefer are theirs in proportion to their weights (paper §4.3)", () => {
    const weights = { a: 1, b: 2, c: 3, d: 6 };
    const table = new Table(lottery, weights);
    const preferred = Array.from({ length: 12 }, () => table.slave());
    const others = Array.from({ length: 12 }, () => table.slave());
    for (const name of ["a", "b", "c"]) table.only(table.framework(name), preferred);
    table.only(table.framework("d"), others);
    const rounds = 4_000;
    const part = table.draws(rounds);
    // Of p·s_i/Σs_j slots, on average over the rounds; four binomial standard errors.
    for (const [name, weight] of Object.entries({ a: 1, b: 2, c: 3 })) {
      const slots = part(name) * 24;
      const chance = weight / 6;
      const error = 4 * Math.sqrt((12 * chance * (1 - chance)) / rounds);
      expect(Math.abs(slots - 12 * chance)).toBeLessThan(error);
    }
  });

  test("the same seed draws the same, another one otherwise", () => {
    const story = (seed: number) => {
      const table = new Table(lottery, {}, seed);
      table.slave();
      for (const name of ["a", "b", "c"]) table.framework(name);
      table.draws(200);
      return table.given.map(({ name }) => name).join("");
    };
    expect(story(7)).toBe(story(7));
    expect(story(7)).not.toBe(story(8));
  });

  test("nothing is lost: the book adds up after all draws", () => {
    const table = new Table(lottery);
    table.slave();
    for (const name of ["a", "b"]) table.framework(name);
    table.draws(100);
    expect(table.book.fault()).toBeUndefined();
    expect(table.book.free(table.book.slaves.row(1) as number)).not.toEqual(noResources);
  });
});
