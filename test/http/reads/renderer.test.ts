import { describe, expect, test } from "vitest";
import type { ClusterFacts } from "../../../src/http/cluster-facts.ts";
import type { JsonBody } from "../../../src/http/reads/json-body.ts";
import { counted, type Document, list, Renderer, sliceStepsMax } from "../../../src/http/reads/renderer.ts";
import { Turns } from "../../../src/http/reads/turns.ts";
import type { ClusterChange } from "../../../src/protocol/cluster-events.ts";
import { fedView, gateway, slaveRow, taskRow } from "../scene.ts";

const round = () => new Promise<void>((resolve) => setImmediate(resolve));
const textOf = (body: JsonBody | undefined) => body && Buffer.concat(body.pieces).toString();

/** A renderer over a cluster of which only the number of its last change matters. */
function scene() {
  const it = { seq: 1, known: true, facts: { rows: {} } as ClusterFacts };
  const renderer = new Renderer({
    facts: () => (it.known ? it.facts : undefined),
    seq: () => it.seq,
  });
  const begun: number[] = [];
  /** The number of the picture it was made from, after some steps. */
  const document: Document = function* () {
    const { seq } = it;
    begun.push(seq);
    for (let step = 0; step < 4 * sliceStepsMax; step++) yield "";
    yield String(seq);
  };
  return { it, renderer, begun, document };
}

test("turns come one by one in the order of asking, with time for everything else between them", async () => {
  const turns = new Turns();
  const came: { readonly name: string; readonly atMs: number }[] = [];
  const asked = ["a", "b", "c"].map((name) => turns.next().then(() => came.push({ name, atMs: performance.now() })));
  await Promise.all(asked);
  expect(came.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  const pauses = came.slice(1).map(({ atMs }, index) => atMs - (came[index]?.atMs ?? 0));
  // Node rounds its timeouts to whole milliseconds.
  for (const pause of pauses) expect(pause).toBeGreaterThan(1);
});

describe("a text", () => {
  test("is made in slices of no more than 32 steps, with the event loop between them", async () => {
    const { renderer } = scene();
    let steps = 0;
    let longest = 0;
    const document: Document = function* () {
      for (let step = 0; step < 40 * sliceStepsMax; step++) {
        longest = Math.max(longest, ++steps);
        yield "x";
      }
    };
    let over = false;
    const text = renderer.body("a", document).then((body) => {
      over = true;
      return textOf(body);
    });
    let rounds = 0;
    for (; !over; rounds++) {
      await round();
      steps = 0;
    }
    expect((await text)?.length).toBe(40 * sliceStepsMax);
    // Rounds of the test and of the renderer may meet in either order.
    expect(longest).toBeLessThanOrEqual(2 * sliceStepsMax);
    expect(rounds).toBeGreaterThanOrEqual(40);
  });

  test("has no piece much longer than 64 Ki characters, however long its steps are", async () => {
    const { renderer } = scene();
    const step = "x".repeat(20_000);
    const document: Document = function* () {
      for (let count = 0; count < 20; count++) yield step;
    };
    const body = await renderer.body("a", document);
    expect(body?.pieces.map(({ byteLength }) => byteLength)).toEqual([80_000, 80_000, 80_000, 80_000, 80_000]);
    expect(body?.bytes).toBe(400_000);
  });

  test("is made once for all who ask while nothing changes", async () => {
    const { renderer, begun, document } = scene();
    const early = Array.from({ length: 20 }, () => renderer.body("a", document));
    for (let turn = 0; turn < 3; turn++) await round();
    const late = Array.from({ length: 20 }, () => renderer.body("a", document));
    const bodies = await Promise.all([...early, ...late]);
    expect(new Set(bodies).size).toBe(1);
    expect(await renderer.body("a", document)).toBe(bodies[0]);
    expect(begun).toEqual([1]);
  });
});

describe("a picture", () => {
  test("is never older than the request, and one is enough for all who ask while another is made", async () => {
    const { it, renderer, begun, document } = scene();
    const asked: Promise<readonly [number, number]>[] = [];
    for (let turn = 0; turn < 60; turn++) {
      it.seq = 1 + Math.floor(turn / 2);
      const { seq } = it;
      asked.push(renderer.body("a", document).then((body) => [seq, Number(textOf(body))] as const));
      await round();
    }
    for (const [at, shown] of await Promise.all(asked)) expect(shown).toBeGreaterThanOrEqual(at);
    expect(begun.length).toBeLessThan(20);
  });

  test("is not taken for that of other rows with the same number", async () => {
    const { it, renderer, begun, document } = scene();
    await renderer.body("a", document);
    it.facts = { rows: {} } as ClusterFacts;
    await renderer.body("a", document);
    expect(begun).toEqual([1, 1]);
  });

  test("is alone: no two are made at the same time", async () => {
    const { renderer } = scene();
    const order: string[] = [];
    const named = (name: string): Document =>
      function* () {
        for (let step = 0; step < 3 * sliceStepsMax; step++) {
          order.push(name);
          yield "";
        }
      };
    await Promise.all(["a", "b", "c"].map((name) => renderer.body(name, named(name))));
    expect(order.filter((name, index) => name !== order[index - 1])).toEqual(["a", "b", "c"]);
  });

  test("is undefined when nothing is known any more by its turn", async () => {
    const { it, renderer, document } = scene();
    const asked = renderer.body("a", document);
    it.known = false;
    expect(await asked).toBeUndefined();
    it.known = true;
    expect(textOf(await renderer.body("a", document))).toBe("1");
  });

  test("that fails is a fault of those who asked for it, and is tried again for the next", async () => {
    const { renderer, document } = scene();
    const broken: Document = function* () {
      yield "";
      throw new Error("a bug");
    };
    const other = renderer.body("b", document);
    await expect(renderer.body("a", broken)).rejects.toThrow("a bug");
    expect(textOf(await other)).toBe("1");
    expect(textOf(await renderer.body("a", document))).toBe("1");
  });
});

test("lists are JSON however many items they have, and counting takes a step for every few", () => {
  expect([[], [1], [1, 2, 3]].map((items) => [...list(items, String)].join(""))).toEqual(["[]", "[1]", "[1,2,3]"]);
  const items = Array.from({ length: 10 * sliceStepsMax + 1 }, (_, index) => index);
  const seen: number[] = [];
  expect([...counted(items, (item) => seen.push(item))].length).toBe(10);
  expect(seen).toEqual(items);
});

describe("/state of a large cluster", () => {
  const count = 2_000;
  const rows = (name: string): ClusterChange[] => [
    { type: "slave", row: slaveRow("s1") },
    ...Array.from({ length: count }, (_, index): ClusterChange => ({ type: "task", row: taskRow(name, `t${index}`) })),
  ];

  test("is about one moment although the cluster goes on, and as long as it says", async () => {
    const view = fedView(rows("f"));
    const { url } = await gateway({ view });
    let ended = 0;
    let over = false;
    const answers = Promise.all(
      Array.from({ length: 20 }, async () => {
        const response = await fetch(`${url}/state`);
        const text = await response.text();
        const { headers } = response;
        expect([headers.get("transfer-encoding"), headers.get("content-length")]).toEqual([
          null,
          String(Buffer.byteLength(text)),
        ]);
        return JSON.parse(text).orphan_tasks.length as number;
      }),
    ).finally(() => {
      over = true;
    });
    for (; !over && ended < count; ended++) {
      const row = taskRow("f", `t${ended}`, "finished");
      view.applyChanges({ seq: view.seq + 1, changes: [{ type: "task", row }] });
      await round();
    }
    for (const shown of await answers) {
      expect(shown).toBeLessThanOrEqual(count);
      expect(shown).toBeGreaterThanOrEqual(count - ended);
    }
    const last = await (await fetch(`${url}/state`)).json();
    expect(last).toMatchObject({ orphan_tasks: { length: count - ended } });
  });

  test("goes also to a reader who takes his time, while others are served", async () => {
    const { url } = await gateway({ view: fedView(rows("f")) });
    const slow = await fetch(`${url}/state`);
    const reader = slow.body?.getReader();
    const first = await reader?.read();
    for (let turn = 0; turn < 3; turn++)
      expect((await (await fetch(`${url}/state`)).text()).length).toBeGreaterThan(count);
    let bytes = first?.value?.byteLength ?? 0;
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      bytes += part.value.byteLength;
    expect(String(bytes)).toBe(slow.headers.get("content-length"));
  });
});
