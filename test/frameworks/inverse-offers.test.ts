import { expect, test } from "vitest";
import { FrameworkId, OfferId, SlaveId, TaskId } from "../../src/protocol/ids.ts";
import type { InverseOffer } from "../../src/protocol/inverse-offer.ts";
import { Kit, scheduler } from "./kit.ts";

const [first, second] = ["r1", "r2"].map((id): InverseOffer => {
  return {
    id: OfferId(id),
    frameworkId: FrameworkId("f1"),
    slaveId: SlaveId("s1"),
    resources: { cpus: 1_000 },
    tasks: [TaskId(`task of ${id}`)],
    unavailability: { startMs: 30_000 },
    reason: "revocation",
  };
}) as [InverseOffer, InverseOffer];

test("an author hears what is to be given back, answers, and hears when it is not", () => {
  const heard: string[] = [];
  const kit = Kit.subscribed(
    scheduler({
      inverseOffers: (offers, driver) => {
        heard.push(...offers.map(({ id, tasks, reason }) => `${id} ${reason} ${tasks}`));
        driver.acceptInverseOffers([first.id]);
        driver.declineInverseOffers([second.id], { refuseMs: 60_000 });
      },
      inverseOfferRescinded: (id) => void heard.push(`${id} rescinded`),
    }),
  );
  kit.say("inverseOffers", { offers: [first, second] });
  kit.say("inverseOffersRescinded", { offerIds: [first.id, second.id] });
  expect(heard).toEqual(["r1 revocation task of r1", "r2 revocation task of r2", "r1 rescinded", "r2 rescinded"]);
  const answers = kit.heard.filter(({ kind }) => kind.endsWith("InverseOffers"));
  expect(answers).toMatchObject([
    { kind: "acceptInverseOffers", body: { offerIds: ["r1"], filter: { refuseMs: 5_000 } } },
    { kind: "declineInverseOffers", body: { offerIds: ["r2"], filter: { refuseMs: 60_000 } } },
  ]);
});

test("an author who does not care need not", () => {
  const kit = Kit.subscribed(scheduler({}));
  kit.say("inverseOffers", { offers: [first] });
  kit.say("inverseOffersRescinded", { offerIds: [first.id] });
  expect(kit.down).toBeUndefined();
});
