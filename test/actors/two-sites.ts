import type { ActorRef } from "../../src/actors/ref.ts";
import { type Puppet, type PuppetProtocol, type Site, Stage } from "./kit.ts";

/** Two linked sites, an actor on each, and a ref from the near one to the far one. */
export function twoSites({ crossesHosts = false, exported = false, far: farHooks = {} } = {}) {
  const stage = new Stage();
  const here = stage.site("here", {}, { isolation: "reference" });
  const there = stage.site("there", {}, { isolation: "reference" });
  const wire = stage.join(here, there, crossesHosts);
  const near = here.start("near");
  const far = there.start("far", farHooks, exported);
  return { stage, here, there, wire, near, far, toFar: across(near, far), toNear: across(far, near) };
}

/** The ref that `from` makes of the other's address, as from a message. */
export function across(from: Puppet, to: Puppet): ActorRef<PuppetProtocol> {
  return from.ctx.ref(to.ref.address);
}

export function say(site: Site, from: Puppet, to: ActorRef<PuppetProtocol>, ...texts: readonly string[]): void {
  site.queue(from, () => {
    for (const text of texts) to.tell("say", { text });
  });
}
