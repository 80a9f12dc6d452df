import { describe, expect, test } from "vitest";
import { type ClientId, clientId } from "../../../src/master/allocator/client.ts";
import { DrfSorter } from "../../../src/master/allocator/drf-sorter.ts";
import { FrameworkId } from "../../../src/protocol/ids.ts";
import { add, contains, noResources, type Resources } from "../../../src/protocol/resources.ts";
import { quantities } from "../../protocol/quantities.ts";

const a = clientId(FrameworkId("a"), "*");
const b = clientId(FrameworkId("b"), "*");
const c = clientId(FrameworkId("c"), "*");

function sorter(total: string, ...clients: readonly ClientId[]): DrfSorter {
  const made = new DrfSorter();
  made.addTotal(quantities(total));
  for (const client of clients) made.addClient(client);
  return made;
}

/** Gives the client owed most one task after another, until nobody's next task fits. */
function fill(drf: DrfSorter, total: Resources, demands: ReadonlyMap<ClientId, Resources>) {
  const tasks = new Map([...demands.keys()].map((client) => [client, 0]));
  let used = noResources;
  for (;;) {
    const fits = (client: ClientId) => contains(total, add(used, demands.get(client) ?? total));
    const next = drf.order().find(fits);
    if (next === undefined) return tasks;
    const demand = demands.get(next) ?? noResources;
    drf.allocated(next, demand);
    used = add(used, demand);
    tasks.set(next, (tasks.get(next) ?? 0) + 1);
  }
}

describe("dominant resource fairness", () => {
  test("gives the paper's example 3 tasks to A and 2 to B, two thirds of memory and of cpus each", () => {
    const total = quantities("cpus:9;mem:18432");
    const drf = sorter("cpus:9;mem:18432", a, b);
    const demands = new Map([
      [a, quantities("cpus:1;mem:4096")],
      [b, quantities("cpus:3;mem:1024")],
    ]);
    expect(fill(drf, total, demands)).toEqual(
      new Map([
        [a, 3],
        [b, 2],
      ]),
    );
    expect([drf.share(a), drf.share(b)]).toEqual([2 / 3, 2 / 3]);
  });

  test("divides one resource equally, whatever the sizes of the tasks", () => {
    const drf = sorter("cpus:12", a, b);
    const demands = new Map([
      [a, quantities("cpus:1")],
      [b, quantities("cpus:3")],
    ]);
    expect(fill(drf, quantities("cpus:12"), demands)).toEqual(
      new Map([
        [a, 6],
        [b, 2],
      ]),
    );
  });

  test("puts the smallest dominant share first", () => {
    const drf = sorter("cpus:10;mem:100", a, b, c);
    drf.allocated(a, quantities("cpus:5;mem:1"));
    drf.allocated(b, quantities("cpus:1;mem:40"));
    drf.allocated(c, quantities("cpus:3;mem:30"));
    expect(drf.order()).toEqual([c, b, a]);
  });

  test("breaks ties by fewer allocations, then by id", () => {
    const drf = sorter("cpus:10", c, b, a);
    expect(drf.order()).toEqual([a, b, c]);
    drf.allocated(a, quantities("cpus:1"));
    drf.allocated(a, quantities("cpus:1"));
    drf.allocated(b, quantities("cpus:2"));
    expect(drf.order()).toEqual([c, b, a]);
  });

  test("counts shares of what the cluster has now", () => {
    const drf = sorter("cpus:10;mem:10", a, b);
    drf.allocated(a, quantities("cpus:4"));
    drf.allocated(b, quantities("mem:5"));
    expect(drf.order()).toEqual([a, b]);
    drf.addTotal(quantities("mem:90"));
    expect([drf.share(a), drf.share(b)]).toEqual([0.4, 0.05]);
    drf.removeTotal(quantities("mem:90"));
    expect(drf.share(b)).toBe(0.5);
  });

  test("only scalars count, and a client that gives everything back is as new", () => {
    const drf = sorter("cpus:10;ports:[1-10]", a, b);
    drf.allocated(a, quantities("ports:[1-9]"));
    expect(drf.share(a)).toBe(0);
    drf.allocated(a, quantities("cpus:3"));
    drf.unallocated(a, quantities("cpus:3"));
    drf.unallocated(a, quantities("ports:[1-9]"));
    expect([drf.share(a), drf.order()]).toEqual([0, [a, b]]);
  });

  test("giving back more than was had is a bug", () => {
    const drf = sorter("cpus:10", a);
    drf.allocated(a, quantities("cpus:1"));
    expect(() => drf.unallocated(a, quantities("cpus:2"))).toThrow("below zero");
    expect(() => drf.allocated(b, quantities("cpus:1"))).toThrow("not sorted");
    expect(() => drf.addClient(a)).toThrow("sorted already");
  });
});
