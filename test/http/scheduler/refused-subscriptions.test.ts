import { expect } from "vitest";
import { Authenticator, masterRealms } from "../../../src/http/guards/authentication.ts";
import { parseAcls } from "../../../src/http/guards/authorization.ts";
import { Secret } from "../../../src/http/guards/secret.ts";
import { capabilities, multiRole } from "./calls.ts";
import type { SchedulerClient, Wire } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster, type LiveOptions } from "./live-cluster.ts";

/** Why a subscription cannot be. What is wrong with the call itself is a 400; the rest is told on a stream that ends. */

const table = new ContractTable("refused subscriptions", [
  "no subscription in it",
  "two ids that differ",
  "an id outside and none inside",
  "no user",
  "a failover timeout that is no number",
  "framework id invalid",
  "role with MULTI_ROLE",
  "roles without MULTI_ROLE",
  "invalid role name",
  "duplicate roles",
  "suppressed role not in roles",
  "failover timeout negative",
  "failover timeout absurd",
  "user root refused",
  "not authorised for role",
  "completed framework id",
  "principal changed",
  "bad offer constraints",
  "offer constraints of another role",
  "offer filters of another role",
  "offer filters with no amount",
]);

/** It begins as a stream, says one thing, and ends. */
async function expectRefusal(client: SchedulerClient, message: RegExp, info: object, more: object = {}): Promise<void> {
  const stream = await client.open(info, more);
  await stream.end();
  expect([stream.status, stream.events]).toEqual([
    200,
    [{ type: "ERROR", error: { message: expect.stringMatching(message) } }],
  ]);
  expect(stream.streamId).toMatch(/^[0-9a-f-]{36}$/);
}

async function clientOf(wire: Wire, options: LiveOptions = {}): Promise<SchedulerClient> {
  return (await LiveCluster.start({ slaves: [], ...options })).client(wire);
}

async function expectMalformed(wire: Wire, call: object, text: RegExp): Promise<void> {
  const client = await clientOf(wire);
  const answer = await client.post(call);
  expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(text)]);
  expect(answer.headers.has("mesos-stream-id")).toBe(false);
}

const described = { user: "ada", name: "f" };
const id = (value: string) => ({ id: { value } });

table.row("no subscription in it", (wire) =>
  expectMalformed(wire, { type: "SUBSCRIBE" }, /^subscribe: is missing in a call SUBSCRIBE/),
);
table.row("two ids that differ", (wire) =>
  expectMalformed(
    wire,
    { type: "SUBSCRIBE", framework_id: { value: "f1" }, subscribe: { framework_info: { ...described, ...id("f2") } } },
    /^framework_id: is not the id in framework_info/,
  ),
);
table.row("an id outside and none inside", (wire) =>
  expectMalformed(
    wire,
    { type: "SUBSCRIBE", framework_id: { value: "f1" }, subscribe: { framework_info: described } },
    /^framework_id: is not the id in framework_info/,
  ),
);
table.row("no user", (wire) =>
  expectMalformed(wire, { type: "SUBSCRIBE", subscribe: { framework_info: { name: "f" } } }, /user/),
);
table.row("a failover timeout that is no number", (wire) => {
  const failover_timeout = wire === "json" ? "NaN" : Number.NaN;
  const framework_info = { ...described, failover_timeout };
  return expectMalformed(wire, { type: "SUBSCRIBE", subscribe: { framework_info } }, /failover_timeout/);
});

table.row("framework id invalid", async (wire) => {
  const client = await clientOf(wire);
  for (const bad of [".", "..", "a/b", "a\\b", "a\u0007b", "a\0b", "x".repeat(256)]) {
    await expectRefusal(client, /^the framework id /, id(bad));
  }
});
table.row("role with MULTI_ROLE", async (wire) =>
  expectRefusal(await clientOf(wire), /MULTI_ROLE/, { ...capabilities("MULTI_ROLE"), role: "a" }),
);
table.row("roles without MULTI_ROLE", async (wire) =>
  expectRefusal(await clientOf(wire), /MULTI_ROLE/, { roles: ["a"] }),
);
table.row("invalid role name", async (wire) => {
  const client = await clientOf(wire);
  for (const bad of ["", "-a", "a/-b", ".", "..", "a/..", "/a", "a/", "a//b", "a b", "a\tb", "a\\b", "a/*"]) {
    await expectRefusal(client, /^role .* (is|contains|begins) /, { role: bad });
    await expectRefusal(client, /^role .* (is|contains|begins) /, multiRole("fine", bad));
  }
});
table.row("duplicate roles", async (wire) =>
  expectRefusal(await clientOf(wire), /named twice/, multiRole("a", "b", "a")),
);
table.row("suppressed role not in roles", async (wire) =>
  expectRefusal(await clientOf(wire), /^suppressed role "b"/, multiRole("a"), { suppressed_roles: ["b"] }),
);
table.row("failover timeout negative", async (wire) =>
  expectRefusal(await clientOf(wire), /^failover_timeout -1 /, { failover_timeout: -1 }),
);
table.row("failover timeout absurd", async (wire) => {
  const client = await clientOf(wire);
  for (const absurd of [1e12, 1e300]) await expectRefusal(client, /^failover_timeout /, { failover_timeout: absurd });
});
table.row("user root refused", async (wire) => {
  const client = await clientOf(wire, { config: { rootSubmissions: false } });
  await expectRefusal(client, /root/, { user: "root" });
  await client.subscribe({ user: "ada" });
});
table.row("not authorised for role", async (wire) => {
  const lists = {
    permissive: true,
    register_frameworks: [{ principals: { type: "NONE" }, roles: { values: ["prod"] } }],
  };
  const acls = parseAcls(JSON.stringify(lists), true);
  const client = await clientOf(wire, acls.ok ? { gateway: { authorizer: acls.value } } : {});
  await expectRefusal(client, /^not authorized to use the role "prod"/, multiRole("test", "prod"));
  const stream = await client.subscribe(multiRole("test"));
  // The role that is not to be had cannot be taken on later either.
  const framework_info = { ...described, ...multiRole("test", "prod"), ...id(client.frameworkId) };
  expect((await client.call("UPDATE_FRAMEWORK", { update_framework: { framework_info } })).status).toBe(403);
  await client.quiet(stream);
});
table.row("completed framework id", async (wire) => {
  const client = await clientOf(wire);
  const stream = await client.subscribe();
  await client.say("TEARDOWN");
  await stream.end();
  await expectRefusal(client, /^Framework has been removed$/, id(client.frameworkId));
});
table.row("principal changed", async (wire) => {
  const credentials = ["ada", "bob"].map((principal) => ({ principal, secret: new Secret(principal) }));
  const authenticator = new Authenticator(masterRealms, credentials, ["mesos-master-scheduler"]);
  const live = await LiveCluster.start({ slaves: [], gateway: { authenticator } });
  const as = (name: string) => `Basic ${Buffer.from(`${name}:${name}`).toString("base64")}`;
  const ada = live.client(wire, { authorization: as("ada") });
  const stream = await ada.subscribe();
  await expectRefusal(live.client(wire, { authorization: as("bob") }), /principal/, id(ada.frameworkId));
  // Who was there goes on as before.
  await ada.quiet(stream);
});

/** Constraints of the role `a`, by one selector and predicate. */
const constraint = (selector: object, predicate: object) => ({
  offer_constraints: { role_constraints: { a: { groups: [{ attribute_constraints: [{ selector, predicate }] }] } } },
});
const rack = { attribute_name: "rack" };

table.row("bad offer constraints", async (wire) => {
  const client = await clientOf(wire);
  const bad: readonly object[] = [
    { offer_constraints: { role_constraints: { a: { groups: [] } } } },
    { offer_constraints: { role_constraints: { a: { groups: [{ attribute_constraints: [] }] } } } },
    constraint({}, { exists: {} }),
    constraint({ ...rack, pseudoattribute_type: "HOSTNAME" }, { exists: {} }),
    constraint(rack, {}),
    constraint(rack, { exists: {}, not_exists: {} }),
    constraint(rack, { text_matches: { regex: "(" } }),
    constraint(rack, { text_not_matches: { regex: "a".repeat(100_000) } }),
  ];
  for (const more of bad) await expectRefusal(client, /offer.constraint/, multiRole("a"), more);
  await client.subscribe(multiRole("a"), constraint(rack, { text_matches: { regex: "r[0-9]+" } }));
});
table.row("offer constraints of another role", async (wire) =>
  expectRefusal(
    await clientOf(wire),
    /^offer_constraints name the role "a"/,
    multiRole("b"),
    constraint(rack, { exists: {} }),
  ),
);

const offerFilters = (role: string, value: number) => ({
  offer_filters: { [role]: { min_allocatable_resources: { quantities: [{ quantities: { cpus: { value } } }] } } },
});

table.row("offer filters of another role", async (wire) =>
  expectRefusal(await clientOf(wire), /^offer_filters name the role "b"/, {
    ...multiRole("a"),
    ...offerFilters("b", 1),
  }),
);
table.row("offer filters with no amount", async (wire) => {
  const client = await clientOf(wire);
  for (const bad of [-1, 1e300]) {
    await expectRefusal(client, /^offer_filters have no amount for cpus/, {
      ...multiRole("a"),
      ...offerFilters("a", bad),
    });
  }
});

table.complete();
