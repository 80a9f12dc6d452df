import { describe, expect, test } from "vitest";
import { storageName } from "../../src/actors/storage.ts";
import { HandStorage, Puppet, placeOf, Stage } from "./kit.ts";

function scene() {
  const stage = new Stage();
  const site = stage.site();
  return { stage, site, one: site.start("one") };
}

describe("pipe", () => {
  test("R6.2 brings the outcome back as a turn", async () => {
    const { stage, site, one } = scene();
    site.do(one, (ctx) => {
      ctx.pipe(
        async () => 42,
        (outcome) => {
          one.heard.push(JSON.stringify(outcome));
          expect(site.system.current).toBe(site.cell(one));
        },
      );
    });
    expect(one.heard).toEqual([]);
    await stage.settlePromises();
    expect(one.heard).toEqual(['{"ok":true,"value":42}']);
  });

  test("turns a rejection, and work that throws before it has a promise, into a refusal", async () => {
    const { stage, site, one } = scene();
    const works = [
      () => Promise.reject(new Error("no route")),
      () => {
        throw new Error("no route");
      },
      () => Promise.reject("no route"),
    ];
    site.do(one, (ctx) => {
      for (const work of works) ctx.pipe(work, (outcome) => one.heard.push(outcome.ok ? "ok" : outcome.error));
    });
    await stage.settlePromises();
    expect(one.heard).toHaveLength(3);
    for (const text of one.heard) expect(text).toContain("no route");
    expect(site.ended).toEqual([]);
  });

  test("R3.9 of an actor that has stopped is aborted and comes to nothing", async () => {
    const { stage, site, one } = scene();
    let signal: AbortSignal | undefined;
    let finish = () => {};
    site.do(one, (ctx) =>
      ctx.pipe(
        (aborted) => {
          signal = aborted;
          return new Promise<void>((resolve) => {
            finish = resolve;
          });
        },
        () => one.heard.push("piped"),
      ),
    );
    expect(signal?.aborted).toBe(false);
    site.do(one, (ctx) => ctx.stop());
    expect(signal?.aborted).toBe(true);
    finish();
    await stage.settlePromises();
    expect(one.heard).toEqual([]);
  });
});

describe("act", () => {
  test("runs when the turn has returned, outside any actor's turn", () => {
    const { site, one } = scene();
    const seen: unknown[] = [];
    site.do(one, (ctx) => {
      ctx.act((world) => seen.push(world === site.system.world, site.system.current));
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([true, undefined]);
  });
});

describe("afterDurable", () => {
  test("gates what is promised on the record being on disk, in the order appended", () => {
    const stage = new Stage();
    const storage = new HandStorage();
    const site = stage.site("one", {}, { storagePlace: "one~1/main.1" });
    site.system.spawn(storage.spec, undefined, { name: storageName });
    const listener = site.start("listener");
    const one = site.start("one");
    site.do(one, (ctx) => {
      for (const record of ["a", "b"])
        ctx.afterDurable(record, () => listener.ref.tell("say", { text: `${record} is safe` }));
    });
    expect(storage.appended.map(({ journal, record }) => [journal, record])).toEqual([
      ["/one", "a"],
      ["/one", "b"],
    ]);
    expect(listener.heard).toEqual([]);
    for (const { durable } of storage.appended) durable();
    site.turns();
    expect(listener.heard).toEqual(["a is safe", "b is safe"]);
  });

  test("leaves a journal that can be read again, page by page, and replaced", () => {
    const stage = new Stage();
    const storage = new HandStorage();
    const site = stage.site("one", {}, { storagePlace: "one~1/main.1" });
    site.system.spawn(storage.spec, undefined, { name: storageName });
    const one = site.start("one");
    const recover = () =>
      site.do(one, (ctx) => ctx.recoverJournal((records) => one.heard.push(`recovered ${records.join(" ")}`)));
    recover();
    storage.journals.set("/one", ["a", "b", "c", "d", "e"]);
    recover();
    site.do(one, (ctx) => ctx.replaceJournal(["abc", "de"], () => one.heard.push("replaced")));
    recover();
    expect(one.heard).toEqual(["recovered ", "recovered a b c d e", "replaced", "recovered abc de"]);
    expect(storage.journals.get("/one")).toEqual(["abc", "de"]);
  });

  test("fails the actor whose journal is lost: nothing more can be promised", () => {
    const stage = new Stage();
    const site = stage.site("one", {}, { storagePlace: "one~1/main.1" });
    const one = site.start("one");
    site.do(one, (ctx) => ctx.afterDurable("a", () => one.heard.push("safe")));
    expect(one.heard).toEqual([]);
    expect(site.ended).toEqual(["/one failed InvariantViolation: /one lost its journal: nothing more can be promised"]);
  });

  test("is refused on a thread without storage", () => {
    const { site, one } = scene();
    site.do(one, (ctx) => ctx.afterDurable("a", () => {}));
    expect(site.ended).toEqual(["/one failed InvariantViolation: /one wants a journal and this thread has no storage"]);
  });
});

describe("dial", () => {
  test("of a thread needs a link that is there already; its own thread always is", () => {
    const { stage, site, one } = scene();
    stage.join(site, stage.site("one", { thread: "allocator" }));
    const dial = (endpoint: string) =>
      site.do(one, (ctx) =>
        ctx.dial(endpoint, {
          up: (place) => one.heard.push(place),
          failed: (reason) => one.heard.push(reason),
        }),
      );
    for (const endpoint of ["thread:main", "thread:allocator", "thread:storage"]) dial(endpoint);
    expect(one.heard).toEqual(["one~1/main.1", "one~1/allocator.1", "no thread storage in this process"]);
  });

  test("of another node opens a link, or says why not", () => {
    const { stage, site, one } = scene();
    const far = stage.site("two");
    site.endpoints.set("10.0.0.2:5050", far);
    const dial = (endpoint: string) =>
      site.do(one, (ctx) =>
        ctx.dial(endpoint, {
          up: (place) => one.heard.push(place),
          failed: (reason) => one.heard.push(reason),
        }),
      );
    dial("10.0.0.2:5050");
    dial("10.0.0.3:5050");
    expect(one.heard).toEqual([placeOf(far), "10.0.0.3:5050 does not answer"]);
    expect(site.system.links.places).toEqual([placeOf(far)]);
  });
});

test("a log line says who speaks", () => {
  const { site, one } = scene();
  const child = new Puppet("child", { start: (ctx) => ctx.log("info", "hello") });
  site.do(one, (ctx) => {
    ctx.spawn(child.spec, undefined, { name: "child" });
  });
  expect(site.logged).toContain("info /one/child hello");
});
