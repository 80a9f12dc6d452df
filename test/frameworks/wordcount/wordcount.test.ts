import { describe, expect, test } from "vitest";
import type { WireValue } from "../../../src/actors/wire-value.ts";
import { type WordcountResult, wordcount, wordcountFault } from "../../../src/frameworks/wordcount/wordcount.ts";
import { SlaveId } from "../../../src/protocol/ids.ts";
import { Kit, offer, status } from "../kit.ts";

const options = { inputs: ["*.txt"], output: "/out", directory: "/job", reduces: 2 };

function offerAll(kit: Kit): readonly string[] {
  kit.offers(...["s1", "s2", "s3"].map((slave) => offer(`${slave}-${kit.clock.now()}`, slave, "cpus:4;mem:4096")));
  return kit.takeTasks().map(({ taskId, slaveId }) => `${taskId} ${slaveId}`);
}

function finish(kit: Kit, taskId: string, slave: string, data: WireValue, worker: string) {
  kit.update(status(taskId, "finished", { slaveId: SlaveId(slave), data, worker }));
}

/** Runs through the plan. */
function planned(chunks: number): Kit {
  const kit = Kit.subscribed(wordcount(options));
  expect(offerAll(kit)).toEqual(["plan.1 s1"]);
  finish(kit, "plan.1", "s1", { files: 2, bytes: 99, chunks }, "1/1");
  return kit;
}

describe("wordcount", () => {
  test("goes from plan over maps and reduces, spread over the slaves, to collect", () => {
    const kit = planned(4);
    expect(offerAll(kit)).toEqual(["map-0.1 s1", "map-3.1 s1", "map-1.1 s2", "map-2.1 s3"]);
    for (const [index, slave] of ["s1", "s2", "s3", "s1"].entries()) {
      finish(kit, `map-${index}.1`, slave, { bytes: 9, words: 3 }, `${slave}/1`);
    }
    expect(offerAll(kit)).toEqual(["reduce-0.1 s1", "reduce-1.1 s2"]);
    finish(kit, "reduce-0.1", "s1", { words: 6, distinct: 2 }, "s1/1");
    finish(kit, "reduce-1.1", "s2", { words: 6, distinct: 2 }, "s2/2");
    expect(offerAll(kit)).toEqual(["collect.1 s1"]);
    const collected = { words: 12, distinct: 4, top: [{ word: "the", count: 6 }] };
    finish(kit, "collect.1", "s1", collected, "s1/1");
    const result = kit.ending?.kind === "done" ? (kit.ending.result as WordcountResult) : undefined;
    expect(result).toMatchObject({
      files: 2,
      bytes: 99,
      maps: 4,
      reduces: 2,
      output: "/out",
      rerun: 0,
      lostSlaves: [],
    });
    expect(result).toMatchObject(collected);
    expect(result?.slaves.map(({ slaveId, finished }) => [slaveId, finished])).toEqual([
      ["s1", { plan: 1, map: 2, reduce: 1, collect: 1 }],
      ["s2", { map: 1, reduce: 1 }],
      ["s3", { map: 1 }],
    ]);
    expect(result?.workers.find(({ worker }) => worker === "s1/1")?.finished).toEqual({
      map: 2,
      reduce: 1,
      collect: 1,
    });
  });

  test("a map of a lost slave runs again with the same index, and the reduces wait for it", () => {
    const kit = planned(2);
    const first = offerAll(kit);
    expect(first).toEqual(["map-0.1 s1", "map-1.1 s2"]);
    finish(kit, "map-0.1", "s1", { bytes: 9, words: 3 }, "s1/1");
    kit.update(status("map-1.1", "lost", { slaveId: SlaveId("s2") }));
    kit.offers(offer("again", "s3", "cpus:4;mem:4096"));
    const [again] = kit.takeTasks();
    expect(again?.taskId).toBe("map-1.2");
    expect(again?.function?.args).toEqual({ job: { directory: "/job", partitions: 2 }, index: 1 });
    finish(kit, "map-1.2", "s3", { bytes: 9, words: 3 }, "s3/1");
    expect(offerAll(kit).map((line) => line.split(".")[0])).toEqual(["reduce-0", "reduce-1"]);
  });

  test("a slave that is offered first does not get every map: the others have a second to take their share", () => {
    const kit = Kit.subscribed(wordcount(options));
    offerAll(kit);
    kit.placeable = { slaves: 3, fitting: 3 };
    finish(kit, "plan.1", "s1", { files: 2, bytes: 99, chunks: 6 }, "1/1");
    const launched = (id: string, slave: string) => {
      kit.offers(offer(id, slave, "cpus:4;mem:4096"));
      return kit.takeTasks().map(({ taskId }) => taskId);
    };
    expect(launched("a", "s1")).toEqual(["map-0.1", "map-1.1"]);
    expect(launched("b", "s1")).toEqual([]);
    expect(launched("c", "s2")).toEqual(["map-2.1", "map-3.1"]);
    kit.advance(1_000);
    expect(kit.calls("revive").length).toBe(1);
    expect(launched("d", "s1")).toEqual(["map-4.1", "map-5.1"]);
  });
});

describe("a word count in trouble", () => {
  test("a plan that fails ends it at once with the reason; a map is tried three times", () => {
    const kit = Kit.subscribed(wordcount(options));
    offerAll(kit);
    kit.update(status("plan.1", "failed", { message: "no file matches *.txt" }));
    expect(kit.ending).toEqual({ kind: "failed", message: "plan failed: no file matches *.txt" });

    const other = planned(1);
    for (const attempt of [1, 2, 3]) {
      offerAll(other);
      expect(other.down).toBeUndefined();
      other.update(status(`map-0.${attempt}`, "failed", { message: "EIO" }));
    }
    expect(other.ending).toEqual({ kind: "failed", message: "map-0 failed: EIO" });
  });

  test("options that make no sense are refused with their reason", () => {
    expect(wordcountFault(options)).toBeUndefined();
    expect(wordcountFault({ ...options, inputs: [] })).toContain("no input");
    expect(wordcountFault({ ...options, output: "" })).toContain("no output");
    expect(wordcountFault({ ...options, reduces: 0 })).toBe("reduces must be a whole number from 1 to 1024, not 0");
    expect(wordcountFault({ ...options, chunkBytes: 0.5 })).toContain("chunkBytes");
  });
});
