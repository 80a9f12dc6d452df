/** What a scheduler by HTTP hears of a revocation, and says to it. */

import { describe, expect, test } from "vitest";
import { inverseOfferFrom, inverseOfferTo } from "../../../src/http/scheduler/inverse-offer.ts";
import { jsonCodec, protobufCodec } from "../../../src/http/v1/codec.ts";
import { InverseOffer as InverseOfferMessage } from "../../../src/http/v1/offer-messages.ts";
import { FrameworkId, OfferId, SlaveId, TaskId } from "../../../src/protocol/ids.ts";
import type { InverseOffer } from "../../../src/protocol/inverse-offer.ts";
import type { Quota } from "../../../src/protocol/quota.ts";
import { launch, multiRole, sleeper } from "./calls.ts";
import { type Wire, wires } from "./client.ts";
import { LiveCluster } from "./live-cluster.ts";

const graceMs = 20_000;
const quota: Quota = { limits: {}, guarantees: { cpus: 1_000 }, graceMs };

/** `batch` has the whole of a slave, and `web` has come, who is guaranteed some of it. */
async function revoking(wire: Wire) {
  const live = await LiveCluster.start({ slaves: ["cpus:4;mem:4096"] });
  const { registrar, allocator } = live.cluster.state;
  registrar.apply({ type: "updateQuotas", quotas: { web: quota } }, () => allocator.tellQuotas());
  live.skip(100);
  const batch = live.client(wire);
  const stream = await batch.subscribe({ ...multiRole("batch"), failover_timeout: 60 });
  const offer = await batch.offer(stream);
  await batch.accept([offer], [launch(sleeper(offer, "t1", { cpus: 4, durationMs: 3_600_000 }))]);
  await batch.acknowledge(await stream.update("t1", "TASK_RUNNING"));
  await batch.say("SUPPRESS");
  const web = live.client(wire);
  const webStream = await web.subscribe(multiRole("web"));
  const { inverse_offers: asked } = await stream.take("INVERSE_OFFERS");
  return { live, batch, stream, web, webStream, offer, asked: asked.inverse_offers };
}

describe.each(wires)("a revocation (%s)", (wire) => {
  test("is told as an inverse offer, and then as a task that was preempted", async () => {
    const { live, batch, stream, web, webStream, offer, asked } = await revoking(wire);
    const startNs = (live.cluster.state.revocations.notices[0]?.startMs ?? 0) * 1e6;
    expect(asked).toEqual([
      {
        id: { value: expect.stringMatching(/-R0$/) },
        url: {
          scheme: "http",
          address: { hostname: "slave-0", ip: "127.0.0.1", port: 5051 },
          path: "/slave(1)",
          query: [
            { key: "mesolite.reason", value: "revocation" },
            { key: "mesolite.task", value: "t1" },
          ],
        },
        framework_id: { value: batch.frameworkId },
        agent_id: offer.agent_id,
        unavailability: { start: { nanoseconds: startNs } },
        resources: [expect.objectContaining({ name: "cpus", type: "SCALAR", scalar: { value: 4 } })],
      },
    ]);
    live.skip(graceMs);
    expect(await stream.update("t1")).toMatchObject({
      state: "TASK_KILLED",
      reason: "REASON_CONTAINER_PREEMPTED",
      source: "SOURCE_MASTER",
    });
    expect((await web.offer(webStream)).agent_id).toEqual(offer.agent_id);
  });

  test("may be answered either way", async () => {
    const { live, batch, stream, asked } = await revoking(wire);
    const [{ id }] = asked;
    const answers = () => live.cluster.state.revocations.notices.map(({ answer }) => answer);
    const answer = { inverse_offer_ids: [id], filters: { refuse_seconds: 3 } };
    await batch.say("ACCEPT_INVERSE_OFFERS", { accept_inverse_offers: answer });
    await batch.quiet(stream);
    expect(answers()).toEqual(["accepted"]);
    await batch.say("DECLINE_INVERSE_OFFERS", { decline_inverse_offers: answer });
    await batch.quiet(stream);
    expect(answers()).toEqual(["declined"]);
  });

  test("is withdrawn when it is needed no more", async () => {
    const { web, stream, asked } = await revoking(wire);
    await web.say("SUPPRESS");
    const { rescind_inverse_offer: rescinded } = await stream.take("RESCIND_INVERSE_OFFER");
    expect(rescinded).toEqual({ inverse_offer_id: asked[0].id });
  });
});

describe.each([protobufCodec, jsonCodec])("an inverse offer as $mediaType", (codec) => {
  const plain = {
    id: OfferId("m-R1"),
    frameworkId: FrameworkId("f1"),
    slaveId: SlaveId("s1"),
    resources: { cpus: 1_500, "mem(ads)": 64_000 },
  };
  const framework = {
    name: "f",
    user: "",
    roles: ["*"],
    failoverTimeoutMs: 0,
    checkpoint: true,
    capabilities: ["RESERVATION_REFINEMENT"],
  } as const;

  test.each<InverseOffer>([
    {
      ...plain,
      reason: "revocation",
      tasks: [TaskId("t 1"), TaskId("t&2")],
      unavailability: { startMs: 1_700_000_000_123 },
    },
    { ...plain, reason: "maintenance", unavailability: { startMs: 1_700_000_000_123, durationMs: 3_600_000 } },
  ])("for $reason comes back as it went out", (offer) => {
    const bytes = codec.encode(InverseOfferMessage, inverseOfferTo(framework, offer, undefined));
    const heard = codec.decode(InverseOfferMessage, bytes);
    expect(heard.ok && inverseOfferFrom(heard.value)).toEqual(offer);
  });

  test("of Mesos's own is for maintenance", () => {
    const message = {
      id: { value: "o" },
      framework_id: { value: "f1" },
      agent_id: { value: "s1" },
      unavailability: { start: { nanoseconds: -5e6 } },
      resources: [],
    };
    const heard = codec.decode(InverseOfferMessage, codec.encode(InverseOfferMessage, message));
    expect(heard.ok && inverseOfferFrom(heard.value)).toMatchObject({
      reason: "maintenance",
      unavailability: { startMs: 0 },
    });
  });
});
