import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pack } from "../../src/frameworks/pack.ts";
import { OfferId } from "../../src/protocol/ids.ts";
import { contains, type Resources, sum } from "../../src/protocol/resources.ts";
import { offer, quantities } from "./kit.ts";

function requests(...texts: readonly string[]) {
  return texts.map((text, index) => ({ key: index, resources: quantities(text) }));
}

function placed(bundles: ReturnType<typeof pack<{ key: number; resources: Resources }>>) {
  return bundles.map(({ slaveId, offerIds, requests: on }) => [
    slaveId,
    offerIds.join(),
    on.map(({ key }) => key).join(),
  ]);
}

describe("pack", () => {
  test("fills one slave after the other, in order, and leaves out what fits nowhere", () => {
    const offers = [offer("o1", "s1", "cpus:2;mem:100"), offer("o2", "s2", "cpus:4;mem:100")];
    expect(placed(pack(requests("cpus:1", "cpus:2", "cpus:9", "cpus:1", "mem:100"), offers))).toEqual([
      ["s1", "o1", "0,3,4"],
      ["s2", "o2", "1"],
    ]);
  });

  test("spread hands one request to each slave in turn", () => {
    const offers = ["s1", "s2", "s3"].map((slave) => offer(`o-${slave}`, slave, "cpus:2"));
    const bundles = pack(requests("cpus:1", "cpus:1", "cpus:1", "cpus:1"), offers, { fit: "spread" });
    expect(placed(bundles)).toEqual([
      ["s1", "o-s1", "0,3"],
      ["s2", "o-s2", "1"],
      ["s3", "o-s3", "2"],
    ]);
  });

  test("offers of one slave count together", () => {
    const offers = [offer("o1", "s1", "cpus:1"), offer("o2", "s1", "cpus:1")];
    expect(placed(pack(requests("cpus:2"), offers))).toEqual([["s1", "o1,o2", "0"]]);
  });

  test("the part of a slave for short tasks counts apart", () => {
    const short = { ...offer("o2", "s1", "cpus:1"), maxTaskMs: 60_000 };
    const offers = [offer("o1", "s1", "cpus:1"), short, { ...short, id: OfferId("o3") }];
    expect(placed(pack(requests("cpus:2", "cpus:1"), offers))).toEqual([
      ["s1", "o1", "1"],
      ["s1", "o2,o3", "0"],
    ]);
  });

  const size = fc.record({ cpus: fc.integer({ min: 0, max: 40 }), mem: fc.integer({ min: 0, max: 40 }) });
  test("never gives a slave more than it offers, never places twice, never leaves out what still fits", () => {
    fc.assert(
      fc.property(
        fc.array(size, { maxLength: 30 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), size), { maxLength: 10 }),
        fc.constantFrom("first" as const, "spread" as const),
        (sizes, offered, fit) => {
          const wanted = sizes.map((resources, key) => ({ key, resources }));
          const offers = offered.map(([slave, resources], index) => ({
            ...offer(`o${index}`, `s${slave}`, ""),
            resources,
          }));
          const bundles = pack(wanted, offers, { fit });
          const keys = bundles.flatMap((bundle) => bundle.requests.map(({ key }) => key));
          expect(new Set(keys).size).toBe(keys.length);
          for (const slave of new Set(offers.map(({ slaveId }) => slaveId))) {
            const total = sum(offers.filter(({ slaveId }) => slaveId === slave).map(({ resources }) => resources));
            const used = bundles.filter(({ slaveId }) => slaveId === slave).flatMap((bundle) => bundle.requests);
            expect(contains(total, sum(used.map(({ resources }) => resources)))).toBe(true);
            for (const { resources } of wanted.filter(({ key }) => !keys.includes(key))) {
              expect(contains(total, sum([...used.map((one) => one.resources), resources]))).toBe(false);
            }
          }
        },
      ),
    );
  });
});
