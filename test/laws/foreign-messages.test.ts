/** Whatever another host sends to a master, a slave or a scheduler, nobody fails of it, and the others are served. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { nameAddress } from "../../src/actors/address.ts";
import type { ActorSystem } from "../../src/actors/system.ts";
import type { WireBody, WireValue } from "../../src/actors/wire-value.ts";
import { batchFramework } from "../../src/frameworks/batch/batch.ts";
import { allocatorName } from "../../src/master/allocator/protocol.ts";
import { registryStoreName } from "../../src/master/ports.ts";
import { masterName } from "../../src/protocol/master-api.ts";
import { wireValues } from "../actors/link/arbitraries.ts";
import { Kit, subscribedBody } from "../frameworks/kit.ts";
import { Cluster } from "../master/kit.ts";
import { ScriptedScheduler } from "../master/scripted-scheduler.ts";
import { ScriptedSlave, task } from "../master/scripted-slave.ts";
import { changed, masterBodies, pathsOf, schedulerBodies, slaveBodies } from "../protocol/bodies.ts";
import { Stranger } from "../protocol/stranger.ts";
import { config, functionTask, Host, lead } from "../slave/kit.ts";

type Message = { readonly kind: string; readonly body: WireBody };

/** Stands for what a running system knows by this name: `$slave`, an offer that is outstanding, and such. */
type Names = Readonly<Record<string, () => WireValue>>;

const odd = ["constructor", "__proto__", "toString", "nobody"];
const scalars = fc.constantFrom(0, 1, 1_000, 4_000, 4_000_000, 10 ** 15, Number.MAX_SAFE_INTEGER);
const quantities: fc.Arbitrary<WireValue> = fc.oneof(
  scalars,
  fc.constantFrom<WireValue>(
    { ranges: [] },
    { ranges: [[0, Number.MAX_SAFE_INTEGER]] },
    { ranges: [[31_000, 31_001]] },
  ),
  fc.constantFrom<WireValue>({ items: [] }, { items: ["a", "b"] }),
);
const resources = fc.dictionary(fc.constantFrom("cpus", "mem", "ports", "constructor"), quantities, {
  maxKeys: 3,
  noNullPrototype: true,
});
const durations = fc.constantFrom(0, 0.5, 1_000, Number.MAX_VALUE);

/** Other values of the same shape for fields of these names. */
const likes: Readonly<Record<string, fc.Arbitrary<WireValue>>> = {
  self: fc.constantFrom("$stranger", "$self", "$allocator", "$registry", "gone~1/main.1:@x", "gone~1/main.1:0.0"),
  slaveId: fc.constantFrom("$slave", ...odd),
  frameworkId: fc.constantFrom("$framework", "$framework", ...odd),
  taskId: fc.constantFrom("running", "running", "new", ...odd),
  id: fc.constantFrom("$offer", "$framework", ...odd),
  offerIds: fc.array(fc.constantFrom("$offer", ...odd), { maxLength: 3 }),
  uuid: fc.constantFrom("$uuid", "", "constructor"),
  resources,
  minFree: resources,
  refuseMs: fc.constantFrom(-1, 0, 1_000, Number.NaN, Number.POSITIVE_INFINITY),
  graceMs: durations,
  missesMs: durations,
  failoverTimeoutMs: durations,
  timestampMs: durations,
  state: fc.constantFrom("staging", "running", "killing", "finished", "lost", "unreachable", "gone", "unknown"),
  hello: fc.constantFrom(0, 1, 2, Number.MAX_SAFE_INTEGER),
  lead: fc.constantFrom<WireValue>("$lead", "$lead", { epoch: 0, term: 0 }),
  over: fc.boolean(),
  role: fc.constantFrom("*", "", "constructor"),
  command: fc.constantFrom<WireValue>({ shell: false, value: "" }, { shell: true, value: "\0" }),
  checkpoint: fc.boolean(),
};

/** Messages of the shape that they should have, about what there is and what there is not. */
function likely(bodies: Readonly<Record<string, WireBody>>): fc.Arbitrary<Message> {
  return fc.constantFrom(...Object.entries(bodies)).chain(([kind, body]) => {
    const places = pathsOf(body).filter((path) => likes[String(path.at(-1))] !== undefined);
    const values = places.map((path) => likes[String(path.at(-1))] ?? wireValues);
    return fc.tuple(...values, fc.boolean()).map((drawn) => ({
      kind,
      body: places.reduce((whole, path, index) => put(whole, path, drawn[index]), body),
    }));
  });
}

/** A field inside one that was replaced before has no place any more. */
function put(body: WireBody, path: readonly (string | number)[], value: unknown): WireBody {
  return pathsOf(body).some((known) => known.join() === path.join()) ? changed(body, path, value) : body;
}

/** Messages of the right kind, in which something is of any shape, or gone. */
function mutated(bodies: Readonly<Record<string, WireBody>>): fc.Arbitrary<Message> {
  return fc
    .tuple(likely(bodies), fc.nat(), fc.option(wireValues, { nil: undefined, freq: 4 }))
    .map(([{ kind, body }, pick, value]) => {
      const paths = pathsOf(body);
      const path = paths[pick % Math.max(1, paths.length)];
      return { kind, body: path === undefined ? body : changed(body, path, value) };
    });
}

/** Messages whose fields carry anything at all. */
function arbitrary(bodies: Readonly<Record<string, WireBody>>): fc.Arbitrary<Message> {
  return fc
    .constantFrom(...Object.entries(bodies))
    .chain(([kind, body]) =>
      fc
        .tuple(...Object.keys(body).map((field) => wireValues.map((value) => [field, value] as const)))
        .map((fields) => ({ kind, body: Object.fromEntries(fields) })),
    );
}

function stories(bodies: Readonly<Record<string, WireBody>>) {
  const message = fc.oneof(
    { weight: 4, arbitrary: likely(bodies) },
    { weight: 2, arbitrary: mutated(bodies) },
    { weight: 1, arbitrary: arbitrary(bodies) },
  );
  return fc.array(message, { minLength: 1, maxLength: 12 });
}

/** The body with what the names stand for. */
function named(value: WireValue | undefined, names: Names): WireValue | undefined {
  if (typeof value === "string") return value.startsWith("$") ? (names[value]?.() ?? value) : value;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((each) => named(each, names) ?? null);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, named(inner, names)]));
}

/** Sends every message of a story; `settle` throws when somebody fails. */
function play(system: ActorSystem, to: string, story: readonly Message[], names: Names, settle: () => void): Stranger {
  const stranger = new Stranger(system);
  const all: Names = { ...names, $stranger: () => stranger.address };
  stranger.connect();
  for (const [index, { kind, body }] of story.entries()) {
    // A link has credit for so many of them, and what comes of its loss is part of the story.
    if (index % 4 === 3) stranger.connect();
    stranger.tell(to, kind, named(body, all) as WireBody);
    settle();
  }
  return stranger;
}

const options = { numRuns: 150 };

test("a master outlives whatever it is sent, its books stay right, and its slaves and frameworks are served", () => {
  fc.assert(
    fc.property(stories(masterBodies), (story) => {
      const cluster = new Cluster();
      const slave = ScriptedSlave.registered(cluster, "s1", "cpus:4;mem:4096;ports:[31000-31009]");
      const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
      scheduler.launch(task("running", slave.id, "cpus:1"));
      const { place, deadLetters } = cluster.system;
      const names: Names = {
        $slave: () => slave.id,
        $framework: () => scheduler.id,
        $offer: () => scheduler.offers.at(-1)?.id ?? "none",
        $self: () => nameAddress(place, masterName),
        $allocator: () => nameAddress(place, allocatorName),
        $registry: () => nameAddress(place, registryStoreName),
      };
      const state = cluster.state;
      const stranger = play(cluster.system, masterName, story, names, () => {
        cluster.advance(100);
        const { registry } = state.registrar;
        for (const { id } of state.slaves.all()) expect(registry.slaves.has(id)).toBe(true);
      });
      stranger.leave();
      cluster.advance(5_000);
      expect(cluster.state).toBe(state);
      expect(scheduler.party.ask("placeable", { resources: { cpus: 0 } }).slaves).toBeGreaterThanOrEqual(0);
      expect(stranger.goodbyes.filter((reason) => reason.startsWith("malformed")).length).toBe(
        deadLetters.counts.get("malformed") ?? 0,
      );
    }),
    options,
  );
});

test("a slave outlives whatever it is sent", () => {
  // It ends when its master refuses it: that is no failure.
  const { slaveRefused: _, ...bodies } = slaveBodies;
  fc.assert(
    fc.property(stories(bodies), (story) => {
      const host = Host.registered();
      host.run(functionTask("running"));
      const { party } = host;
      const names: Names = {
        $slave: () => party.registration.slaveId ?? "none",
        $framework: () => "f1",
        $lead: () => lead,
        $uuid: () => host.updates.at(-1)?.uuid ?? "none",
      };
      play(host.system, "slave", story, names, () => host.advance(100)).leave();
      host.advance(config.registration.maxMs);
      expect(host.party).toBe(party);
    }),
    options,
  );
});

test("a scheduler outlives whatever it is sent", () => {
  // It ends when its subscription is over: that is no failure.
  const { frameworkError: _, ...bodies } = schedulerBodies;
  fc.assert(
    fc.property(stories(bodies), (story) => {
      const kit = new Kit();
      kit.startMaster();
      const args = { master: "thread:main", options: { commands: [{ command: "true" }, { command: "false" }] } };
      kit.system.spawn(batchFramework, args as never, { name: "scheduler", exported: true });
      kit.turns();
      kit.say("subscribed", subscribedBody);
      const inspection = () => kit.system.find("scheduler")?.inspect() !== undefined;
      const names: Names = { $slave: () => "S-1", $framework: () => "framework-1", $lead: () => lead };
      play(kit.system, "scheduler", story, names, () => kit.advance(100)).leave();
      kit.advance(5_000);
      expect(kit.logged.filter((line) => line.startsWith("error"))).toEqual([]);
      expect(kit.down === undefined ? inspection() : kit.down === "normal").toBe(true);
    }),
    options,
  );
});
