/** A role stops at the limit that an operator sets, and what it was offered beyond is taken back. */

import { expect, onTestFinished, test } from "vitest";
import { SchedulerClient } from "../http/scheduler/client.ts";
import { type Finished, mesolite, startMaster, startSlave, temporary, until } from "./kit.ts";

type Json = { readonly roles: readonly { readonly name: string; readonly offered: { readonly cpus: number } }[] };

test("a quota that is set over HTTP stops a framework and takes its offers back, by the command line it is seen", async () => {
  using home = temporary();
  const { process: master, address } = await startMaster(home.path);
  await using _master = master;
  await using _one = await startSlave(home.path, address, "one", "cpus:2;mem:512");
  await using _two = await startSlave(home.path, address, "two", "cpus:2;mem:512");
  const client = new SchedulerClient(Number(address.split(":")[1]), "json");
  const stream = await client.subscribe({ roles: ["ads"], capabilities: [{ type: "MULTI_ROLE" }] });
  onTestFinished(() => stream.close());
  const offeredCpus = async () => {
    const { roles } = (await (await fetch(`http://${address}/roles`)).json()) as Json;
    return roles.find(({ name }) => name === "ads")?.offered.cpus;
  };
  await until(async () => ((await offeredCpus()) === 4 ? true : undefined));

  const cli = async (...args: readonly string[]): Promise<Finished> =>
    await mesolite([...args, "--master", address], home.path);
  const call = {
    type: "UPDATE_QUOTA",
    update_quota: { quota_configs: [{ role: "ads", limits: { cpus: { value: 3 } } }] },
  };
  const answer = await fetch(`http://${address}/api/v1`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(call),
  });
  expect(answer.status).toBe(200);
  expect(await offeredCpus(), "an answered call shows").toBeLessThanOrEqual(3);
  await stream.take("RESCIND");
  await until(async () => ((await offeredCpus()) === 3 ? true : undefined));

  const [quotas, role, offers] = await Promise.all([
    cli("quota"),
    cli("role", "ads", "-o", "json"),
    cli("offers", "-o", "wide"),
  ]);
  expect(quotas.stdout).toMatch(/^ads +cpus:3 +- +- +30s$/m);
  expect(JSON.parse(role.stdout)).toMatchObject({ name: "ads", quota: { limit: { cpus: 3 } } });
  expect(offers.stdout.split("\n")[0]).toMatch(/^OFFER +FRAMEWORK +HOLDER +ROLE +SLAVE +HOST +AGE +RESOURCES$/);
  expect([quotas.code, role.code, offers.code]).toEqual([0, 0, 0]);

  const [low, removed, weighed] = await Promise.all([
    cli("quota", "set", "ads", "--guarantee", "cpus:9"),
    cli("quota", "remove", "ads"),
    cli("weights", "set", "ads=2", "web=0.5"),
  ]);
  expect([low.code, low.stderr]).toEqual([6, expect.stringMatching(/^mesolite: Invalid QuotaConfig: total quota gua/)]);
  expect([removed.code, weighed.code]).toEqual([0, 0]);
  await until(async () => ((await offeredCpus()) === 4 ? true : undefined));
  const [again, nobody, weights] = await Promise.all([
    cli("quota", "remove", "ads"),
    cli("role", "nobody"),
    cli("weights", "-o", "json"),
  ]);
  expect([again.code, again.stderr]).toEqual([4, 'mesolite: role "ads" has no quota\n']);
  expect([nobody.code, nobody.stderr]).toEqual([4, expect.stringMatching(/^mesolite: no role "nobody" is known/)]);
  expect(JSON.parse(weights.stdout)).toEqual([
    { role: "ads", weight: 2 },
    { role: "web", weight: 0.5 },
  ]);
}, 60_000);
