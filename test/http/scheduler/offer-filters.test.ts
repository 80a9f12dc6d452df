import { expect } from "vitest";
import { ScriptedSlave } from "../../master/scripted-slave.ts";
import { multiRole } from "./calls.ts";
import type { Plain, SchedulerClient, Stream, Wire } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** What is not worth an offer to a framework, by Mesos's `offer_constraints` and `offer_filters`. */

const attributes = { rack: "r1", size: "2.5", disks: "[1-5]" };
const rack = { attribute_name: "rack" };

/** Predicates, and whether a slave with the attributes above passes them. */
const predicates: readonly (readonly [name: string, selector: object, predicate: object, passes: boolean])[] = [
  ["exists", rack, { exists: {} }, true],
  ["not_exists", rack, { not_exists: {} }, false],
  ["text_equals", rack, { text_equals: { value: "r1" } }, true],
  ["text_equals another", rack, { text_equals: { value: "r" } }, false],
  ["text_not_equals", rack, { text_not_equals: { value: "r1" } }, false],
  ["text_not_equals of none", { attribute_name: "none" }, { text_not_equals: { value: "r1" } }, true],
  ["text_matches", rack, { text_matches: { regex: "r[0-9]+" } }, true],
  ["text_matches a part", rack, { text_matches: { regex: "r" } }, false],
  ["text_not_matches", rack, { text_not_matches: { regex: "r.*" } }, false],
  ["text_equals of a number", { attribute_name: "size" }, { text_equals: { value: "r1" } }, true],
  ["text_not_matches of ranges", { attribute_name: "disks" }, { text_not_matches: { regex: ".*" } }, true],
  ["text_equals of the host", { pseudoattribute_type: "HOSTNAME" }, { text_equals: { value: "host-1" } }, true],
  ["exists of a region", { pseudoattribute_type: "REGION" }, { exists: {} }, false],
  ["not_exists of a zone", { pseudoattribute_type: "ZONE" }, { not_exists: {} }, true],
];

const table = new ContractTable("offer filters", [
  ...predicates.map(([name]) => name),
  "groups, and constraints in a group",
  "constraints by role",
  "UPDATE_FRAMEWORK acts from the next cycle on",
  "UPDATE_FRAMEWORK without constraints has none",
  "UPDATE_FRAMEWORK refused leaves them",
  "min_allocatable_resources: any vector, and all of a vector",
  "min_allocatable_resources empty: no minimum",
  "min_allocatable_resources by role",
  "attributes are told by their kind",
]);

const constraints = (groups: Readonly<Record<string, readonly (readonly (readonly [object, object])[])[]>>) => ({
  offer_constraints: {
    role_constraints: Object.fromEntries(
      Object.entries(groups).map(([role, each]) => [
        role,
        {
          groups: each.map((group) => ({
            attribute_constraints: group.map(([selector, predicate]) => ({ selector, predicate })),
          })),
        },
      ]),
    ),
  },
});

const equals = (value: string) => [rack, { text_equals: { value } }] as const;

const minimum = (role: string, ...vectors: readonly Readonly<Record<string, number>>[]) => ({
  [role]: {
    min_allocatable_resources: {
      quantities: vectors.map((vector) => ({
        quantities: Object.fromEntries(Object.entries(vector).map(([name, value]) => [name, { value }])),
      })),
    },
  },
});

/** A cluster of slaves that do nothing, by host name. */
async function scene(wire: Wire, slaves: Readonly<Record<string, readonly [attributes: object, resources: string]>>) {
  const live = await LiveCluster.start({ slaves: [] });
  for (const [hostname, [own, resources]] of Object.entries(slaves)) {
    const info = { ip: "127.0.0.1", attributes: { ...own } as Record<string, string> };
    new ScriptedSlave(live.cluster, hostname, resources, info).hello();
  }
  return { live, client: live.client(wire) };
}

const whole = "cpus:4;mem:1024";
const racks = { "host-1": [attributes, whole], "host-2": [{ rack: "r2" }, whole], "host-3": [{}, whole] } as const;

/** The hosts it has been offered and has not answered for, by role when it has several. */
async function offered(client: SchedulerClient, stream: Stream): Promise<readonly string[]> {
  await client.quiet(stream);
  const seen: string[] = [];
  while (stream.waiting("OFFERS").length > 0) {
    const { offers } = await stream.take("OFFERS");
    seen.push(...offers.offers.map((offer: Plain) => `${offer.hostname}${roleOf(offer)}`));
  }
  return seen.sort();
}

const roleOf = ({ allocation_info: info }: Plain) => (info === undefined ? "" : ` ${info.role}`);

async function update(client: SchedulerClient, info: object, more: object = {}) {
  const framework_info = { user: "ada", name: "f", id: { value: client.frameworkId }, ...info };
  return await client.call("UPDATE_FRAMEWORK", { update_framework: { framework_info, ...more } });
}

for (const [name, selector, predicate, passes] of predicates) {
  table.row(name, async (wire) => {
    const { client } = await scene(wire, { "host-1": [attributes, whole] });
    const stream = await client.subscribe({}, constraints({ "*": [[[selector, predicate]]] }));
    expect(await offered(client, stream)).toEqual(passes ? ["host-1"] : []);
  });
}

table.row("groups, and constraints in a group", async (wire) => {
  const { client } = await scene(wire, racks);
  const here = [{ pseudoattribute_type: "HOSTNAME" }, { text_matches: { regex: "host-[13]" } }] as const;
  const groups = constraints({
    "*": [
      [equals("r2"), [rack, { exists: {} }]],
      [here, [rack, { not_exists: {} }]],
    ],
  });
  expect(await offered(client, await client.subscribe({}, groups))).toEqual(["host-2", "host-3"]);
});

table.row("constraints by role", async (wire) => {
  const { client } = await scene(wire, racks);
  const groups = constraints({ a: [[equals("r1")]], b: [[equals("r2")]] });
  expect(await offered(client, await client.subscribe(multiRole("a", "b"), groups))).toEqual(["host-1 a", "host-2 b"]);
});

table.row("UPDATE_FRAMEWORK acts from the next cycle on", async (wire) => {
  const { live, client } = await scene(wire, racks);
  const stream = await client.subscribe({}, constraints({ "*": [[equals("r1")]] }));
  const offer = await client.offer(stream);
  expect((await update(client, {}, constraints({ "*": [[equals("r2")]] }))).status).toBe(200);
  expect(await offered(client, stream)).toEqual(["host-2"]);
  expect(stream.waiting("RESCIND")).toEqual([]);
  await client.say("DECLINE", { decline: { offer_ids: [offer.id], filters: { refuse_seconds: 0 } } });
  live.skip(5_000);
  expect(await offered(client, stream)).toEqual([]);
});

table.row("UPDATE_FRAMEWORK without constraints has none", async (wire) => {
  const { client } = await scene(wire, racks);
  const stream = await client.subscribe({}, constraints({ "*": [[equals("r1")]] }));
  expect(await offered(client, stream)).toEqual(["host-1"]);
  expect((await update(client, {})).status).toBe(200);
  expect(await offered(client, stream)).toEqual(["host-2", "host-3"]);
});

table.row("UPDATE_FRAMEWORK refused leaves them", async (wire) => {
  const { live, client } = await scene(wire, racks);
  const stream = await client.subscribe({}, constraints({ "*": [[equals("r1")]] }));
  expect(await offered(client, stream)).toEqual(["host-1"]);
  const answer = await update(client, {}, constraints({ "*": [[[rack, { text_matches: { regex: "(a" } }]]] }));
  expect([answer.status, answer.text]).toEqual([
    400,
    expect.stringMatching(
      /^offer_filters or offer_constraints are refused: roles\.\*\.constraints\.0\.0.*missing clos/,
    ),
  ]);
  live.skip(5_000);
  expect(await offered(client, stream)).toEqual([]);
});

const sizes = {
  large: [{}, "cpus:8;mem:64;ports:[31000-31002]"],
  medium: [{}, "cpus:1;mem:16"],
  sliver: [{}, "cpus:0.001;mem:1"],
} as const;

table.row("min_allocatable_resources: any vector, and all of a vector", async (wire) => {
  for (const [vectors, hosts] of [
    [
      [{ cpus: 2 }, { mem: 16 }],
      ["large", "medium"],
    ],
    [[{ cpus: 1, mem: 17 }], ["large"]],
    [[{ ports: 3 }], ["large"]],
    [[{ cpus: 0.001 }], ["large", "medium", "sliver"]],
    [[{ gpus: 1 }], []],
  ] as const) {
    const { client } = await scene(wire, sizes);
    const stream = await client.subscribe({ offer_filters: minimum("*", ...vectors) });
    expect(await offered(client, stream)).toEqual(hosts);
  }
});

table.row("min_allocatable_resources empty: no minimum", async (wire) => {
  const { client } = await scene(wire, sizes);
  const stream = await client.subscribe();
  expect(await offered(client, stream)).toEqual(["large", "medium"]);
  expect((await update(client, { offer_filters: minimum("*") })).status).toBe(200);
  expect(await offered(client, stream)).toEqual(["sliver"]);
});

table.row("min_allocatable_resources by role", async (wire) => {
  const { client } = await scene(wire, sizes);
  const info = { ...multiRole("a", "b"), offer_filters: { ...minimum("a"), ...minimum("b", { cpus: 9 }) } };
  expect(await offered(client, await client.subscribe(info))).toEqual(["large a", "medium a", "sliver a"]);
});

table.row("attributes are told by their kind", async (wire) => {
  const { client } = await scene(wire, { "host-1": [{ ...attributes, kinds: "{b,a}", odd: "[1" }, whole] });
  const offer = await client.offer(await client.subscribe());
  expect(offer.attributes).toMatchObject([
    { name: "rack", type: "TEXT", text: { value: "r1" } },
    { name: "size", type: "SCALAR", scalar: { value: 2.5 } },
    { name: "disks", type: "RANGES", ranges: { range: [{ begin: 1, end: 5 }] } },
    { name: "kinds", type: "TEXT", text: { value: "{b,a}" } },
    { name: "odd", type: "TEXT", text: { value: "[1" } },
  ]);
});

table.complete();
