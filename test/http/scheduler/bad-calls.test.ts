import { expect, test } from "vitest";
import { Authenticator, masterRealms } from "../../../src/http/guards/authentication.ts";
import { Secret } from "../../../src/http/guards/secret.ts";
import { Call } from "../../../src/http/v1/scheduler-messages.ts";
import { type BadSchedulerCall, badSchedulerCalls } from "../bad-scheduler-calls.ts";
import { launch, sleeper } from "./calls.ts";
import { type Answer, type SchedulerClient, Stream, type Wire, wires } from "./client.ts";
import { LiveCluster } from "./live-cluster.ts";
import { encodeReflected } from "./reflection.ts";

/** The bad inputs that need somebody who has subscribed and has an offer. */

const authorization = `Basic ${Buffer.from("ada:a").toString("base64")}`;

/** Time in which each is answered, in milliseconds. */
const answerWithinMs = 1_000;

/** What protobuf cannot say, or says otherwise: a word for a number, base64 that is none, numbers beyond their type. */
const jsonOnly = /^(33|37|41) |"not base64!"/;

const rows = wires.flatMap((wire) =>
  badSchedulerCalls
    .filter(({ name }) => wire === "json" || !jsonOnly.test(name))
    .map((bad) => ({ ...bad, wire, title: `${bad.name} (${wire})` })),
);

test.each(rows)("$title", async (bad) => {
  const { live, client, stream, offer } = await subscribed(bad.wire);
  const text = bad.body({
    frameworkId: client.frameworkId,
    offerId: offer.id.value,
    agentId: offer.agent_id.value,
  });
  const bytes = bad.wire === "json" ? Buffer.from(text) : encodeReflected(Call, JSON.parse(text));
  const startedMs = performance.now();
  if (bad.answer === "no-framework") await expectNoFramework(client, bytes);
  else await expectAnswer(client, stream, bad, bytes);
  expect(performance.now() - startedMs).toBeLessThan(answerWithinMs);
  // It and everybody else go on as before.
  live.skip(60_000);
  await client.quiet(stream);
  expect(live.cluster.bookFault()).toBeUndefined();
  const other = live.client(bad.wire, { authorization });
  const others = await other.subscribe({ name: "other" });
  await other.quiet(others);
});

async function subscribed(wire: Wire) {
  const authenticator = new Authenticator(
    masterRealms,
    [{ principal: "ada", secret: new Secret("a") }],
    ["mesos-master-scheduler"],
  );
  const live = await LiveCluster.start({ gateway: { authenticator } });
  const client = live.client(wire, { authorization });
  const stream = await client.subscribe();
  return { live, client, stream, offer: await client.offer(stream) };
}

async function expectNoFramework(client: SchedulerClient, bytes: Buffer): Promise<void> {
  const stream = await Stream.open(client.port, bytes, client.wire, { authorization });
  await stream.end();
  const refused = stream.status === 400 ? [] : ["ERROR"];
  expect([stream.status, stream.types]).toEqual([stream.status === 400 ? 400 : 200, refused]);
}

async function expectAnswer(
  client: SchedulerClient,
  stream: Stream,
  { answer, streamId = client.streamId }: BadSchedulerCall,
  bytes: Buffer,
): Promise<void> {
  const told: Answer = await client.post(bytes, { streamId });
  const right = typeof answer === "string" ? [202] : answer;
  expect([told.status, told.text.slice(0, 400)]).toEqual([
    expect.toSatisfy((status) => right.includes(status)),
    told.text,
  ]);
  if (answer !== "task-error") return;
  const { update } = await stream.take("UPDATE");
  expect(update.status).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_INVALID" });
  expect(update.status.message.length).toBeLessThan(1_024);
}

test.each(wires)("a refusal is short however long what it is about (%s)", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe();
  const offer = await client.offer(stream);
  const long = "x".repeat(1_000_000);
  const tasks = Array.from({ length: 50 }, (_, index) => sleeper(offer, `t${index}`));
  await client.accept([{ id: { value: long } }], [launch(...tasks)]);
  const astray = { ...sleeper(offer, "resource"), resources: [{ name: long, type: "SCALAR" }] };
  await client.accept([offer], [launch(astray)]);
  for (const task of [...tasks.map(({ name }) => name), "resource"]) {
    expect((await stream.update(task)).message.length).toBeLessThanOrEqual(500);
  }
});

test.each(wires)("texts that a page would run come back as they are (%s)", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const evil = { label: '"><script>', name: "<img src=x onerror=alert(1)>", url: "javascript:alert(1)" };
  const labels = { labels: [{ key: evil.label, value: evil.label }] };
  const stream = await client.subscribe({ name: evil.name, webui_url: evil.url, labels });
  const offer = await client.offer(stream);
  await client.accept([offer], [launch(sleeper(offer, "t1", { task: { name: evil.name, labels } }))]);
  expect((await stream.update("t1")).state).toBe("TASK_RUNNING");
  live.skip(100);
  const state = await fetch(`http://127.0.0.1:${live.port}/state`);
  expect([state.headers.get("content-type"), state.headers.get("x-content-type-options")]).toEqual([
    "application/json",
    "nosniff",
  ]);
  const [framework] = ((await state.json()) as { frameworks: { name: string; tasks: object[] }[] }).frameworks;
  expect(framework).toMatchObject({ name: evil.name, tasks: [{ name: evil.name, labels: labels.labels }] });
});
