import { expect, test } from "vitest";
import { Peer } from "../../src/actors/peer.ts";
import { type PuppetProtocol, Stage } from "./kit.ts";

const backoff = { minMs: 100, maxMs: 10_000, factor: 2 };

function scene() {
  const stage = new Stage();
  const near = stage.site("near");
  const far = stage.site("far");
  const events: string[] = [];
  const seeker = near.start("seeker");
  let peer: Peer<PuppetProtocol> | undefined;
  near.do(seeker, (ctx) => {
    peer = new Peer<PuppetProtocol>(
      ctx,
      { endpoint: "10.0.0.2:5050", name: "master", backoff },
      {
        up: (ref) => {
          events.push("up");
          ref.tell("say", { text: "hello" });
        },
        down: (reason) => events.push(`down: ${reason}`),
        failed: (reason, attempts) => events.push(`failed ${attempts}: ${reason}`),
      },
    );
  });
  return {
    stage,
    far,
    events,
    plug: () => near.endpoints.set("10.0.0.2:5050", far),
    get peer(): Peer<PuppetProtocol> {
      if (peer === undefined) throw new Error("no peer was made");
      return peer;
    },
  };
}

test("a peer is dialled until it answers, with a pause that grows", () => {
  const { stage, far, events, plug, peer } = scene();
  expect(events).toEqual(["failed 1: 10.0.0.2:5050 does not answer"]);
  stage.advance(100);
  expect(events[1]).toBe("failed 2: 10.0.0.2:5050 does not answer");
  expect(peer.ref).toBeUndefined();
  events.length = 0;
  const master = far.start("master");
  plug();
  stage.advance(10_000);
  expect(events).toEqual(["up"]);
  expect(master.heard).toEqual(["hello"]);
  expect(peer.ref?.address).toBe("far~1/main.1:@master");
});

test("a peer that ends is down once, and up again when its name has a new holder", () => {
  const { stage, far, events, plug, peer } = scene();
  const first = far.start("master");
  plug();
  stage.advance(1_000);
  events.length = 0;
  far.cell(first).terminate({ failed: "power cut" });
  stage.settle();
  expect(events).toEqual(["down: power cut"]);
  expect(peer.ref).toBeUndefined();
  const second = far.start("master");
  stage.advance(10_000);
  expect(events).toEqual(["down: power cut", "up"]);
  expect(second.heard).toEqual(["hello"]);
});

test("a broken link is a loss, and the next link another chance", () => {
  const { stage, far, events, plug } = scene();
  const master = far.start("master");
  plug();
  stage.advance(1_000);
  events.length = 0;
  stage.wires[0]?.cut();
  stage.advance(10_000);
  expect(events).toEqual(["down: noconnection", "up"]);
  expect(master.heard).toEqual(["hello", "hello"]);
  expect(stage.wires).toHaveLength(2);
});

test("a node that answers without the actor is tried again and again, each up followed by its down", () => {
  const { stage, far, events, plug } = scene();
  plug();
  stage.advance(5_000);
  const pairs = events.slice(1);
  expect(pairs.length).toBeGreaterThan(4);
  expect(pairs.filter((_event, index) => index % 2 === 0)).toEqual(new Array(pairs.length / 2).fill("up"));
  expect(pairs.filter((_event, index) => index % 2 === 1)).toEqual(new Array(pairs.length / 2).fill("down: noproc"));
  const master = far.start("master");
  stage.advance(10_000);
  expect(events.at(-1)).toBe("up");
  expect(master.heard).toEqual(["hello"]);
});

test("a peer that has settled starts with the shortest pause when it is lost", () => {
  const { stage, far, events, plug, peer } = scene();
  stage.advance(60_000);
  plug();
  far.start("master");
  stage.advance(20_000);
  expect(events.at(-1)).toBe("up");
  peer.settled();
  stage.wires.at(-1)?.cut();
  stage.advance(100);
  expect(events.slice(-2)).toEqual(["down: noconnection", "up"]);
});
