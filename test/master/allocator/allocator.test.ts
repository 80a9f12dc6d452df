import { describe, expect, test } from "vitest";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import { quantities } from "../../protocol/quantities.ts";
import { Allocation, offered, rowsOf } from "./kit.ts";

const whole = quantities("cpus:4;mem:1024");
const frameworkId = FrameworkId("a");
const client = { frameworkId, role: "*" };

/** One slave, one framework, everything offered. */
function scene() {
  const { allocation, master } = Allocation.running();
  allocation.slave("s1", "cpus:4;mem:1024");
  allocation.framework("a");
  allocation.settle();
  return { allocation, master };
}

describe("offering", () => {
  test("is done at once, a slave's free resources as a whole", () => {
    const { master } = scene();
    expect(rowsOf(master)).toEqual([{ account: 1, ...client, resources: whole }]);
  });

  test("happens not before resume, and then with what has been told", () => {
    const allocation = new Allocation();
    const master = allocation.reset();
    allocation.slave("s1", "cpus:4;mem:1024");
    allocation.framework("a");
    allocation.advance(10_000);
    expect(offered(allocation, master)).toEqual([]);
    allocation.tell("resume", {});
    allocation.settle();
    expect(offered(allocation, master)).toEqual(["s1 a"]);
  });

  test("counts what is offered as held: the next slave goes to somebody else", () => {
    const { allocation, master } = Allocation.running();
    allocation.framework("a");
    allocation.framework("b");
    for (const slave of ["s1", "s2", "s3", "s4"]) allocation.slave(slave, "cpus:4;mem:1024");
    allocation.settle();
    expect(rowsOf(master).map(({ frameworkId }) => String(frameworkId))).toEqual(["a", "b", "a", "b"]);
  });

  test("does not offer twice what is out, however often it is asked to look", () => {
    const { allocation, master } = scene();
    allocation.tell("clientRevived", client);
    allocation.advance(10_000);
    expect(offered(allocation, master)).toEqual(["s1 a"]);
  });

  test("leaves out what is held already when the slave is told", () => {
    const { allocation, master } = Allocation.running();
    allocation.framework("a");
    const allocated = [{ ...client, resources: quantities("cpus:1;mem:24") }];
    allocation.slave("s1", whole, { allocated });
    allocation.settle();
    expect(rowsOf(master)).toEqual([{ account: 1, ...client, resources: quantities("cpus:3;mem:1000") }]);
  });

  test.each([
    ["cpus:0.009;mem:31.999", 0],
    ["cpus:0.01", 1],
    ["mem:32", 1],
    ["ports:[1-100];gpus:4", 0],
  ])("of %s makes %i offers: crumbs wait", (resources, count) => {
    const { allocation, master } = Allocation.running();
    allocation.framework("a");
    allocation.slave("s1", resources);
    allocation.settle();
    expect(offered(allocation, master).length).toBe(count);
  });

  test("an inactive slave is not offered; what comes free on it waits for its return", () => {
    const { allocation, master } = scene();
    allocation.setActive("s1", false);
    allocation.recovered("s1", "a", whole);
    allocation.advance(5_000);
    expect(offered(allocation, master).length).toBe(1);
    allocation.setActive("s1", true);
    allocation.settle();
    expect(offered(allocation, master).length).toBe(2);
  });
});

test("what is reserved for others is not given to anybody else, not even as an empty offer", () => {
  const allocation = new Allocation();
  const master = allocation.reset({ minAllocatable: [] });
  allocation.tell("resume", {});
  allocation.framework("a");
  allocation.slave("s1", quantities("cpus(web):4;mem(web):1024"));
  allocation.settle();
  expect(rowsOf(master)).toEqual([]);
  allocation.framework("b", "web/shop");
  allocation.settle();
  expect(rowsOf(master)).toMatchObject([{ frameworkId: "b", resources: quantities("cpus(web):4;mem(web):1024") }]);
});

describe("what comes back", () => {
  test("is offered again at once when no filter came with it", () => {
    const { allocation, master } = scene();
    allocation.recovered("s1", "a", whole);
    allocation.settle();
    expect(offered(allocation, master)).toEqual(["s1 a", "s1 a"]);
  });

  test("with a refusal is hidden until it expires, and offered then", () => {
    const { allocation, master } = scene();
    allocation.recovered("s1", "a", whole, 2_500);
    allocation.advance(2_499);
    expect(offered(allocation, master).length).toBe(1);
    allocation.advance(1);
    expect(offered(allocation, master).length).toBe(2);
  });

  test("with a refusal of 0 waits for the next batch", () => {
    const { allocation, master } = scene();
    allocation.recovered("s1", "a", whole, 0);
    allocation.advance(999);
    expect(offered(allocation, master).length).toBe(1);
    allocation.advance(1);
    expect(offered(allocation, master).length).toBe(2);
  });

  test("breaks through a refusal when more is free than was refused", () => {
    const { allocation, master } = Allocation.running();
    allocation.framework("a");
    const allocated = [{ ...client, resources: quantities("cpus:1") }];
    allocation.slave("s1", whole, { allocated });
    allocation.settle();
    allocation.recovered("s1", "a", quantities("cpus:3;mem:1024"), 1_000_000);
    allocation.advance(5_000);
    expect(rowsOf(master).length).toBe(1);
    allocation.recovered("s1", "a", quantities("cpus:1"));
    allocation.settle();
    expect(rowsOf(master).at(-1)?.resources).toEqual(whole);
  });

  test("that was refused is offered to others", () => {
    const { allocation, master } = scene();
    allocation.framework("b");
    allocation.recovered("s1", "a", whole, 1_000_000);
    allocation.settle();
    expect(offered(allocation, master)).toEqual(["s1 a", "s1 b"]);
  });

  test("of a slave or framework that is gone changes nothing", () => {
    const { allocation, master } = scene();
    allocation.removeSlave("s1");
    allocation.recovered("s1", "a", whole);
    allocation.removeSlave("s1");
    allocation.tell("clientRemoved", client);
    allocation.tell("clientSuppressed", client);
    allocation.setActive("s1", true);
    allocation.advance(2_000);
    expect(offered(allocation, master)).toEqual(["s1 a"]);
  });
});

describe("wanting", () => {
  test("a suppressed or disconnected framework is passed over until it wants again", () => {
    const { allocation, master } = scene();
    allocation.tell("clientSuppressed", client);
    allocation.recovered("s1", "a", whole);
    allocation.advance(5_000);
    allocation.tell("clientActive", { ...client, active: false });
    allocation.tell("clientRevived", client);
    allocation.advance(5_000);
    expect(offered(allocation, master).length).toBe(1);
    allocation.tell("clientActive", { ...client, active: true });
    allocation.settle();
    expect(offered(allocation, master).length).toBe(2);
  });

  test("a revive forgets declines", () => {
    const { allocation, master } = scene();
    allocation.recovered("s1", "a", whole, 1_000_000);
    allocation.settle();
    allocation.tell("clientRevived", client);
    allocation.settle();
    expect(offered(allocation, master).length).toBe(2);
  });

  test("standing filters hold, and what they hide goes to others", () => {
    const { allocation, master } = Allocation.running();
    for (const framework of ["a", "b"]) allocation.framework(framework);
    allocation.tell("clientFilters", {
      ...client,
      filters: { slaves: [SlaveId("s2")], minFree: quantities("cpus:4") },
    });
    for (const slave of ["s1", "s2"]) allocation.slave(slave, "cpus:4;mem:1024");
    allocation.slave("s3", "cpus:2;mem:1024");
    allocation.settle();
    expect(offered(allocation, master)).toEqual(["s1 b", "s2 a", "s3 b"]);
  });

  test("a framework that is gone holds its tasks' resources until they end, and is offered nothing", () => {
    const { allocation, master } = scene();
    allocation.tell("clientRemoved", client);
    allocation.framework("b");
    allocation.recovered("s1", "a", quantities("cpus:1"));
    allocation.settle();
    expect(rowsOf(master).at(-1)).toMatchObject({ frameworkId: "b", resources: quantities("cpus:1") });
    expect(allocation.book.fault()).toBeUndefined();
  });
});

describe("a pass", () => {
  test("follows what comes free without any time passing", () => {
    const { allocation, master } = scene();
    const atMs = allocation.stage.clock.now();
    for (let round = 2; round < 6; round++) {
      allocation.recovered("s1", "a", whole);
      allocation.settle();
      expect([offered(allocation, master).length, allocation.stage.clock.now()]).toEqual([round, atMs]);
    }
  });

  test("is one for all that waits for the allocator, and none follows when there is nothing to look at", () => {
    const { allocation, master } = scene();
    for (const slave of ["s2", "s3", "s4"]) allocation.slave(slave, "cpus:4;mem:1024");
    allocation.settle();
    const before = allocation.passes;
    for (const slave of ["s1", "s2", "s3", "s4"]) allocation.recovered(slave, "a", whole);
    allocation.framework("b");
    allocation.tell("clientRevived", client);
    allocation.settle();
    expect(allocation.passes - before).toBe(1);
    expect(offered(allocation, master).length).toBe(8);
    allocation.settle();
    expect(allocation.passes - before).toBe(1);
  });

  test("follows the expiry of a filter, one for all that expire together", () => {
    const { allocation, master } = scene();
    for (const slave of ["s2", "s3"]) allocation.slave(slave, "cpus:4;mem:1024");
    allocation.settle();
    for (const slave of ["s1", "s2", "s3"]) allocation.recovered(slave, "a", whole, 2_500);
    // The batches of the first two seconds are behind; the next would come half a second after the expiry.
    allocation.advance(2_499);
    const before = allocation.passes;
    expect(offered(allocation, master).length).toBe(3);
    allocation.advance(1);
    expect([allocation.passes - before, offered(allocation, master).length]).toEqual([1, 6]);
  });
});

describe("a new master", () => {
  test("gets an empty book: nothing of the old one's is offered to anybody", () => {
    const allocation = new Allocation();
    const old = allocation.reset();
    allocation.tell("resume", {});
    allocation.slave("s1", "cpus:4;mem:1024");
    allocation.framework("a");
    const present = allocation.reset();
    allocation.advance(5_000);
    allocation.tell("resume", {});
    allocation.advance(5_000);
    expect([offered(allocation, old), offered(allocation, present)]).toEqual([[], []]);
    expect(allocation.book.slaves.size).toBe(0);
  });
});

/** Each was found by comparison with the reference allocator. */
describe("what was once wrong", () => {
  test("nobody is offered nothing, not even who asks for no minimum", () => {
    const { allocation, master } = Allocation.running();
    allocation.framework("a");
    allocation.tell("clientFilters", { ...client, filters: { minAllocatable: [] } });
    allocation.slave("s1", "cpus(web):4");
    allocation.slave("s2", "cpus:0.001;cpus(web):4");
    allocation.settle();
    expect(rowsOf(master).map(({ resources }) => resources)).toEqual([quantities("cpus:0.001")]);
  });

  test("reserved gpus are gpus: who cannot deal with them is not offered the slave", () => {
    const { allocation, master } = Allocation.running();
    allocation.framework("a");
    allocation.slave("s1", "cpus:4;gpus(web):1");
    allocation.settle();
    expect(offered(allocation, master)).toEqual([]);
  });

  /** A role with a limit of what it holds, so that the rest of the slaves is not for it. */
  function limited() {
    const { allocation, master } = Allocation.running();
    allocation.tell("quotas", { quotas: { web: { limits: { cpus: 4_000 }, guarantees: {}, graceMs: 0 } }, version: 1 });
    allocation.framework("a", "web");
    allocation.slave("s1", "cpus:4");
    allocation.settle();
    allocation.slave("s2", "cpus:4");
    allocation.settle();
    return { allocation, master };
  }

  test("what a limited role held of a slave that is gone it may have of others", () => {
    const { allocation, master } = limited();
    expect(offered(allocation, master)).toEqual(["s1 a"]);
    allocation.removeSlave("s1");
    allocation.settle();
    expect(offered(allocation, master)).toEqual(["s1 a", "s2 a"]);
  });

  test("what a limited role declines without a filter waits for the next batch, with all other slaves", () => {
    const { allocation, master } = limited();
    allocation.recovered("s1", "a", quantities("cpus:4"), 0, "web");
    allocation.settle();
    expect(rowsOf(master).length).toBe(1);
    allocation.advance(1_000);
    expect(rowsOf(master).length).toBe(2);
  });

  test("who is gone and gives back without a filter is forgotten", () => {
    const { allocation } = scene();
    allocation.tell("clientRemoved", client);
    allocation.recovered("s1", "a", whole, 0);
    allocation.settle();
    expect([...allocation.book.clients.all()]).toEqual([]);
  });
});
