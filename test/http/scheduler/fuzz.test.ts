import fc from "fast-check";
import { expect, test } from "vitest";
import type { FrameworkId } from "../../../src/protocol/ids.ts";
import { endReservations } from "../operator/operator-call.ts";
import { agentWord, anyCall, anyDamage, offerWord } from "./any-call.ts";
import { anyLaterCall, hostileInfo } from "./any-later-call.ts";
import { launch, sleeper } from "./calls.ts";
import { type SchedulerClient, Stream, type Wire, wires } from "./client.ts";
import { LiveCluster } from "./live-cluster.ts";

/** Whatever comes in at the door: it answers, nothing breaks, nothing is lost, and others go on. */

/** Calls in each encoding: about a second and a half. */
const callsCount = 400;
/** Of those that are drawn from the schema. */
const drawnWeight = 3;

/** The hostile scheduler: it subscribes again whenever it has ended itself. */
class Hostile {
  readonly live: LiveCluster;
  readonly client: SchedulerClient;
  #stream: Stream | undefined;

  constructor(live: LiveCluster, wire: Wire) {
    this.live = live;
    this.client = live.client(wire);
  }

  async send(call: object, damage: ((bytes: Buffer) => Buffer) | undefined): Promise<void> {
    const stream = await this.#subscribed();
    const offers = stream.events.flatMap(({ offers: event }) => event?.offers ?? []);
    const { id = { value: "none" }, agent_id = { value: "none" } } = offers.at(-1) ?? {};
    const named = { framework_id: { value: this.client.frameworkId }, ...call };
    const text = asText(named).replaceAll(offerWord, id.value).replaceAll(agentWord, agent_id.value);
    const whole = this.client.wire === "json" ? Buffer.from(text) : this.client.encode(fromText(text));
    const bytes = damage?.(whole) ?? whole;
    const isSubscription = (call as { readonly type: string }).type === "SUBSCRIBE";
    if (isSubscription || damage !== undefined) return await this.#open(bytes);
    const answer = await this.client.post(bytes);
    expect([asText(call), answer.status]).toEqual([asText(call), expect.toSatisfy(isCalm)]);
  }

  /** What may be a subscription is answered with a stream that does not end. */
  async #open(bytes: Buffer): Promise<void> {
    const stream = await Stream.open(this.client.port, bytes, this.client.wire, {});
    expect(stream.status).toSatisfy(isCalm);
    stream.close();
  }

  async #subscribed(): Promise<Stream> {
    if (this.#stream === undefined || this.#stream.ended) {
      this.#stream = await this.client.subscribe(hostileInfo);
    }
    return this.#stream;
  }
}

const isCalm = (status: number) => (status >= 200 && status < 500) || status === 501;

/** JSON has no word for these; they come as text, and as a number that is too large. */
const asText = (call: object) =>
  JSON.stringify(call, (_key, value) => {
    if (typeof value !== "number" || Number.isFinite(value)) return value;
    return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  }).replaceAll('"1e400"', "1e400");

const fromText = (text: string) =>
  JSON.parse(text, (_key, value) => (["NaN", "Infinity", "-Infinity"].includes(value) ? Number(value) : value));

test.each(wires)("hostile calls are answered and change nothing for others (%s)", { timeout: 60_000 }, async (wire) => {
  const slaves = ["cpus:4;mem:4096;ports:[31000-31009]", "cpus:2;mem:2048", "cpus:2;mem:2048"];
  const live = await LiveCluster.start({ slaves, config: { offerTimeoutMs: 60_000 } });
  const good = live.client(wire);
  const stream = await good.subscribe({ name: "good", failover_timeout: 1e6 }, { suppressed_roles: ["*"] });
  const hostile = new Hostile(live, wire);
  const call = fc.tuple(
    fc.oneof({ weight: drawnWeight, arbitrary: anyCall(wire) }, { weight: 1, arbitrary: anyLaterCall(wire) }),
    fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anyDamage() }),
  );
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(call, async ([body, damage]) => {
      await hostile.send(body, damage);
      if (++sent % 5 !== 0) return;
      live.skip(6_000);
      if (sent % 50 === 0) await good.quiet(stream);
    }),
    { numRuns: callsCount, endOnFailure: true },
  );
  // Whoever else is there is sent away: all that there is is then one framework's, to the last thousandth.
  for (const { id } of [...live.cluster.state.frameworks.all()]) {
    if (id !== good.frameworkId) live.cluster.state.frameworks.teardown(id as FrameworkId, "the test is over");
  }
  expect(await endReservations(live)).toBeGreaterThan(0);
  live.skip(60_000);
  await good.say("REVIVE");
  const { offers } = (await stream.take("OFFERS", (event) => event.offers.offers.length === slaves.length)).offers;
  for (const { info, offered } of live.cluster.state.slaves.all()) expect(offered).toEqual(info.resources);
  for (const [index, offer] of offers.entries()) {
    await good.accept([offer], [launch(sleeper(offer, `good-${index}`, { cpus: 2 }))]);
    expect((await stream.update(`good-${index}`)).state).toBe("TASK_RUNNING");
  }
  expect(stream.ended).toBe(false);
});
