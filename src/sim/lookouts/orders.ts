import type { WireBody } from "../../actors/wire-value.ts";
import { isOlderLead, type Lead } from "../../protocol/lead.ts";
import type { SimCluster } from "../cluster.ts";
import type { Findings } from "../findings.ts";
import { type AnyContext, alteredContext, type Change, hearing } from "../interference.ts";
import type { Lookout } from "./lookout.ts";

export const orderRules = { stale: "an order of a superseded master changes nothing" } as const;

/** Orders of a master to a slave, which carry its lead. */
const orders = [
  "slaveRegistered",
  "runTask",
  "runGroup",
  "killOnSlave",
  "shutdownFramework",
  "updateAcknowledged",
  "ping",
];

/** Watches what slaves do about orders of a master that another has superseded: nothing. */
export function ordersLookout(findings: Findings): Lookout {
  let cluster: SimCluster | undefined;
  /** Doors of each node through which its slave has acted, counted: letters told, timers, records, children. */
  const deeds = new Map<string, number>();
  const did = (node: string) => deeds.set(node, (deeds.get(node) ?? 0) + 1);
  const slave = (node: string): Change => {
    let known: Lead = { epoch: 0, term: 0 };
    const listen = (kind: string) => (body: WireBody & { readonly lead: Lead }) => {
      cluster?.orders.remember(node, kind, body);
      if (!isOlderLead(body.lead, known)) {
        known = body.lead;
        return undefined;
      }
      findings.mark("an order of an earlier leadership arrives");
      const before = deeds.get(node);
      return () => {
        if (deeds.get(node) === before) return;
        const { epoch, term } = body.lead;
        findings.breach(orderRules.stale, `the slave of ${node} obeys ${kind} of ${epoch}.${term}`);
      };
    };
    return {
      context: (ctx) =>
        alteredContext(
          ctx,
          counted(ctx, () => did(node)),
        ),
      behaviour: (behaviour) => hearing(behaviour, Object.fromEntries(orders.map((kind) => [kind, listen(kind)]))),
    };
  };
  return {
    cluster: (built) => {
      cluster = built;
    },
    actor: ({ node, actor }) => (actor === "slave" ? slave(node) : undefined),
    system: (system, node) => {
      if (!system.place.includes("/slave.")) return;
      const tell = system.tell.bind(system);
      system.tell = (...args) => {
        did(node);
        tell(...args);
      };
    },
  };
}

/** The doors of a context through which an actor changes anything but its own memory. */
function counted(ctx: AnyContext, did: () => void): Partial<AnyContext> {
  return {
    spawn: (...args) => {
      did();
      return ctx.spawn(...args);
    },
    stop: (...args) => {
      did();
      ctx.stop(...args);
    },
    after: (...args) => {
      did();
      ctx.after(...args);
    },
    afterDurable: (...args) => {
      did();
      ctx.afterDurable(...args);
    },
  };
}
