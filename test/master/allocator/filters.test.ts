import { describe, expect, test } from "vitest";
import { clientId } from "../../../src/master/allocator/client.ts";
import { Filters } from "../../../src/master/allocator/filters.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import { quantities } from "../../protocol/quantities.ts";

const a = clientId(FrameworkId("a"), "*");
const b = clientId(FrameworkId("b"), "*");
const s1 = SlaveId("s1");
const s2 = SlaveId("s2");
const half = quantities("cpus:2;mem:100");

describe("a decline", () => {
  function declined(): Filters {
    const filters = new Filters();
    filters.refuse(a, s1, half, 5_000);
    return filters;
  }

  test("hides as much or less of that slave from that framework until it expires", () => {
    const filters = declined();
    expect(filters.hides(a, s1, half, 4_999)).toBe(true);
    expect(filters.hides(a, s1, quantities("cpus:1"), 4_999)).toBe(true);
    expect(filters.hides(b, s1, half, 0)).toBe(false);
    expect(filters.hides(a, s2, half, 0)).toBe(false);
    expect(filters.hides(a, s1, half, 5_000)).toBe(false);
  });

  test("does not hide more, of whatever resource", () => {
    const filters = declined();
    expect(filters.hides(a, s1, quantities("cpus:2.001;mem:100"), 0)).toBe(false);
    expect(filters.hides(a, s1, quantities("cpus:1;mem:101"), 0)).toBe(false);
    expect(filters.hides(a, s1, quantities("cpus:1;gpus:1"), 0)).toBe(false);
    expect(filters.hides(a, s1, half, 0)).toBe(true);
  });

  test("is replaced by a later one, and forgotten on revive or with its slave or framework", () => {
    const filters = declined();
    filters.refuse(a, s1, quantities("cpus:1"), 9_000);
    expect(filters.hides(a, s1, half, 0)).toBe(false);
    for (const forget of [
      (all: Filters) => all.revive(a),
      (all: Filters) => all.removeClient(a),
      (all: Filters) => all.removeSlave(s1),
    ]) {
      const all = declined();
      forget(all);
      expect(all.hides(a, s1, half, 0)).toBe(false);
    }
  });
});

describe("a standing filter", () => {
  test("lets only the listed slaves through, and only bundles that are large enough", () => {
    const filters = new Filters();
    filters.setStanding(a, { slaves: [s1], minFree: quantities("cpus:2") });
    expect(filters.hides(a, s1, half, 0)).toBe(false);
    expect(filters.hides(a, s2, half, 0)).toBe(true);
    expect(filters.hides(a, s1, quantities("cpus:1.999;mem:100"), 0)).toBe(true);
    expect(filters.hides(b, s2, half, 0)).toBe(false);
  });

  test("outlives a revive, and ends when it is set to nothing", () => {
    const filters = new Filters();
    filters.setStanding(a, { slaves: [] });
    filters.revive(a);
    expect(filters.hides(a, s1, half, 0)).toBe(true);
    filters.setStanding(a, {});
    expect(filters.hides(a, s1, half, 0)).toBe(false);
  });
});
