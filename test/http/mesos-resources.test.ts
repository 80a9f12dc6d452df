import { expect, test } from "vitest";
import { attributeList, attributeSummary, reservedSummaries, resourceSummary } from "../../src/http/mesos-resources.ts";
import { offerFrom, offerTo } from "../../src/http/scheduler/offer.ts";
import { jsonCodec } from "../../src/http/v1/codec.ts";
import { Offer } from "../../src/http/v1/offer-messages.ts";
import { FrameworkId, OfferId, SlaveId } from "../../src/protocol/ids.ts";
import type { Offer as OurOffer } from "../../src/protocol/offer.ts";
import { quantities } from "../protocol/quantities.ts";

const attributes = { rack: "abc", level: "10", keys: "[1000-1500,2000-2000]", zones: "{a,b}" };

test("attributes have the type they look like", () => {
  expect(attributeList(attributes)).toEqual([
    { name: "rack", type: "TEXT", text: { value: "abc" } },
    { name: "level", type: "SCALAR", scalar: { value: 10 } },
    {
      name: "keys",
      type: "RANGES",
      ranges: {
        range: [
          { begin: 1_000, end: 1_500 },
          { begin: 2_000, end: 2_000 },
        ],
      },
    },
    { name: "zones", type: "TEXT", text: { value: "{a,b}" } },
  ]);
  expect(attributeSummary(attributes)).toEqual({ ...attributes, level: 10, keys: "[1000-1500, 2000-2000]" });
});

const none = { cpus: 0, gpus: 0, mem: 0, disk: 0 };

test("a summary counts what is reserved, and tells it by role", () => {
  const resources = quantities("cpus:1;cpus(ads):2;cpus(ads/a):0.5;ports(ads):[1-2];ports:[3-9]");
  expect(resourceSummary(resources)).toEqual({ ...none, cpus: 3.5, ports: "[1-9]" });
  expect(reservedSummaries(resources)).toEqual({
    ads: { ...none, cpus: 2, ports: "[1-2]" },
    "ads/a": { ...none, cpus: 0.5 },
  });
});

test.each([[[]], [["RESERVATION_REFINEMENT"]], [["RESERVATION_REFINEMENT", "MULTI_ROLE"]]] as const)(
  "an offer comes back as it was by HTTP, to a framework with %j",
  (capabilities) => {
    const info = { name: "f", user: "u", roles: ["ads"], failoverTimeoutMs: 0, checkpoint: false, capabilities };
    const offer: OurOffer = {
      id: OfferId("o"),
      frameworkId: FrameworkId("f"),
      slaveId: SlaveId("s"),
      hostname: "h",
      ip: "10.0.0.1",
      port: 5_051,
      resources: { ...quantities("cpus:1;cpus(ads):2;ports:[1-2]"), 'mem(["ads","dynamic","ada"])': 64_000 },
      attributes,
      role: "ads",
    };
    const told = jsonCodec.decode(Offer, jsonCodec.encode(Offer, offerTo(info, offer)));
    if (!told.ok) throw new Error(told.error);
    const role = (capabilities as readonly string[]).includes("MULTI_ROLE") ? "ads" : "*";
    expect(offerFrom(told.value)).toEqual({ ...offer, role });
  },
);
