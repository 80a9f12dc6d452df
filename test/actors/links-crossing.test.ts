import { expect, test } from "vitest";
import { Codec } from "../../src/actors/link/codec.ts";
import { KindTable } from "../../src/actors/link/kind-table.ts";
import { linkLimits } from "../../src/actors/link/limits.ts";
import { puppetTable, Stage } from "./kit.ts";

test("R15.2 of two connections that cross is kept the one that the greater name dialled, in whatever order they open", () => {
  const far = { node: "there", epoch: 1, thread: "main", threadEpoch: 1 };
  for (const [node, kept] of [
    ["here", "there"],
    ["zenith", "here"],
  ] as const) {
    for (const order of [["here", "there"] as const, ["there", "here"] as const]) {
      const { system } = new Stage().site(node);
      const closed: string[] = [];
      const open = (dialled: "here" | "there") => {
        const close = (reason: string) => closed.push(`${dialled}: ${reason}`);
        system.links.open(far, { crossesHosts: true, dialled, send: () => {}, close });
      };
      for (const dialled of order) open(dialled);
      const dropped = kept === "here" ? "there" : "here";
      expect(closed).toEqual([expect.stringMatching(`${dropped}: `)]);
      open(kept);
      expect(closed).toEqual([expect.anything(), `${kept}: superseded by a newer connection`]);
    }
  }
});

test("a link that has ended takes nothing of the ingress budget with it", () => {
  const codec = new Codec(new KindTable([puppetTable]));
  const site = new Stage().site("here");
  const place = (node: string) => ({ node, epoch: 1, thread: "main", threadEpoch: 1 });
  for (let bytes = 0; bytes < linkLimits.ingressBytes; bytes += linkLimits.creditFirstBytes) {
    site.system.links.open(place("gone"), { crossesHosts: true, send: () => {}, close: () => {} });
  }
  const sent: Uint8Array[] = [];
  const end = site.system.links.open(place("there"), {
    crossesHosts: true,
    send: (batch) => sent.push(batch),
    close: () => {},
  });
  const body = { text: "x".repeat(linkLimits.creditFirstBytes) };
  const batch = codec.encode({
    firstSeq: 0,
    credit: 0,
    items: [{ type: "tell", to: { name: "nobody" }, kind: "say", body }],
  });
  end.receive(batch);
  site.turns();
  const credits = sent.map((each) => codec.decode(each).credit);
  expect(credits).toEqual([batch.byteLength + linkLimits.creditFirstBytes]);
});
