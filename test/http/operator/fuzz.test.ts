import fc from "fast-check";
import { expect, test } from "vitest";
import type { FrameworkId } from "../../../src/protocol/ids.ts";
import { launch, sleeper } from "../scheduler/calls.ts";
import { LiveCluster } from "../scheduler/live-cluster.ts";
import { ask, endReservations } from "./operator-call.ts";

/** Whatever an operator's program sends: it is answered, the books stay exact, and others go on. */

/** About a second and a half. */
const callsCount = 500;

function mostly<Of>(sane: readonly Of[], hostile: readonly Of[]): fc.Arbitrary<Of> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...sane) },
    { weight: 1, arbitrary: fc.constantFrom(...hostile) },
  );
}

/** JSON says 1e400 for what is too large to be a number; a text stands for it until the body is written. */
const tooLarge = "1e400";
const wrong: readonly unknown[] = [null, [], {}, "x", true, [null], { value: null }, tooLarge, "x".repeat(20_000)];
const longNames = ["", "constructor", "toString", "__proto__", "a b", "cpus(ads)", "x".repeat(65), "\u001b[2J"];
const roles = mostly(["ads", "web", "a"], ["*", "", "..", "a//b", "a/b", "a b", "-a", "x".repeat(256), ...longNames]);
const names = mostly(["cpus", "mem", "disk"], longNames);
const numbers = mostly<unknown>(
  [0, 0.001, 1, 2, 8, 4_096],
  [-1, 1e300, -1e300, 2 ** 53, 5e-324, 1e-9, "1", null, tooLarge, "NaN"],
);
const agents = mostly(["$agent", "$agent", "$agent", "never"], ["never", "", "..", "a/b", "x".repeat(256)]);

const record = <T>(fields: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields, { noNullPrototype: true });
const byName = (value: fc.Arbitrary<unknown>) =>
  fc.array(fc.tuple(names, value), { maxLength: 2 }).map((entries) => Object.fromEntries(entries));
const amounts = byName(record({ value: numbers }));
const force = mostly<unknown>([true, false], wrong);

const quotaConfig = record({ role: roles, limits: amounts, guarantees: amounts, grace_period: numbers });
const guarantee = fc.array(
  record({ name: names, type: mostly(["SCALAR"], ["RANGES", "X"]), scalar: record({ value: numbers }) }),
  { maxLength: 2 },
);
const quotaRequest = record({ role: roles, guarantee, force });
const weightInfos = fc.array(record({ role: roles, weight: numbers }), { maxLength: 3 });
const reservation = record({ type: mostly(["DYNAMIC"], ["STATIC", "X"]), role: roles });
const resources = fc.array(
  fc.tuple(names, numbers, mostly([1], [0, 2]), reservation).map(([name, value, count, each]) => ({
    name,
    type: "SCALAR",
    scalar: { value },
    reservations: Array(count).fill(each),
  })),
  { minLength: 1, maxLength: 2 },
);
const named = record({ agent_id: record({ value: agents }), resources });
const need = mostly(["cpus:1", "cpus:1;mem:32"], ["", "cpus:-1", "cpus(ads):1", "constructor:1", ":", "ports:[2-1]"]);
const whyNot = record({ framework: mostly(["good", "$framework"], ["", "x".repeat(2_000), "constructor"]), need });

type Request = { readonly method?: string; readonly path?: string; readonly body?: unknown };

const call = (type: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<Request> =>
  fc
    .tuple(fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom(...wrong) }))
    .map(([each]) => ({ body: { type, [type.toLowerCase()]: each } }));

const request: fc.Arbitrary<Request> = fc.oneof(
  call("UPDATE_QUOTA", record({ force, quota_configs: fc.array(quotaConfig, { maxLength: 2 }) })),
  call("UPDATE_WEIGHTS", record({ weight_infos: weightInfos })),
  call("SET_QUOTA", record({ quota_request: quotaRequest })),
  call("REMOVE_QUOTA", record({ role: roles })),
  call("RESERVE_RESOURCES", named),
  call("RESERVE_RESOURCES", named),
  call("UNRESERVE_RESOURCES", named),
  call("WHY_NOT", whyNot),
  call("WHY_IDLE", fc.constant({})),
  call("GET_QUOTA", fc.constant({})),
  weightInfos.map((body) => ({ method: "PUT", path: "/weights", body })),
  quotaRequest.map((body) => ({ path: "/quota", body })),
  roles.map((role) => ({ method: "DELETE", path: `/quota/${encodeURIComponent(role)}` })),
  fc.constantFrom(...["/quota", "/weights", "/roles", "/state"].map((path) => ({ method: "GET", path }))),
);

/** 503 is for what the master has no time for, or that it cannot answer now. */
const isCalm = (status: number) => (status >= 200 && status < 500) || status === 501 || status === 503;

test("hostile calls of operators are answered and change nothing for others", { timeout: 60_000 }, async () => {
  const slaves = ["cpus:4;mem:4096;disk:1024", "cpus:2;mem:2048", "cpus:2;mem:2048"];
  const live = await LiveCluster.start({ slaves, config: { offerTimeoutMs: 60_000 } });
  const good = live.client("json");
  const stream = await good.subscribe({ name: "good", failover_timeout: 1e6 });
  const agent = [...live.cluster.state.slaves.all()][0]?.id ?? "";
  const answered = new Map<number, number>();
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, body }) => {
      const words = JSON.stringify(body)?.replaceAll('"1e400"', tooLarge).replaceAll("$agent", agent);
      const text = words?.replaceAll("$framework", good.frameworkId);
      const answer = await ask(live, text, { ...(method && { method }), ...(path && { path }) });
      expect([text, path, answer.status, answer.text], "calm").toSatisfy(() => isCalm(answer.status));
      if (answer.status >= 400) expect(answer.text).toMatch(/^.{3,1200}\n?$/s);
      answered.set(answer.status, (answered.get(answer.status) ?? 0) + 1);
      if (++sent % 10 === 0) live.skip(1_000);
    }),
    { numRuns: callsCount, endOnFailure: true },
  );
  for (const status of [200, 202, 400, 404]) expect(answered.get(status) ?? 0, `${status}`).toBeGreaterThan(0);
  expect(await endReservations(live)).toBeGreaterThan(0);
  for (const role of [...live.cluster.state.registrar.registry.quotas.keys()]) {
    expect((await ask(live, { type: "REMOVE_QUOTA", remove_quota: { role } })).status).toBe(200);
  }
  expect([...live.cluster.state.frameworks.all()].map(({ id }) => id)).toEqual([good.frameworkId as FrameworkId]);
  await good.say("SUPPRESS");
  live.skip(61_000);
  await good.quiet(stream);
  while (stream.waiting("OFFERS").length > 0) await stream.take("OFFERS");
  await good.say("REVIVE");
  // All that there is, in one piece for each slave, to the last thousandth.
  const { offers } = (await stream.take("OFFERS", (event) => event.offers.offers.length === slaves.length)).offers;
  for (const { info, offered } of live.cluster.state.slaves.all()) expect(offered).toEqual(info.resources);
  for (const [index, offer] of offers.entries()) {
    await good.accept([offer], [launch(sleeper(offer, `good-${index}`, { cpus: 2 }))]);
    expect((await stream.update(`good-${index}`)).state).toBe("TASK_RUNNING");
  }
});
