import type { BodyOf, Protocol } from "../../actors/protocol.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { MasterState } from "../../master/state.ts";
import { holderOf, roleOf, type Task } from "../../master/tasks.ts";
import type { InverseOffer } from "../../protocol/inverse-offer.ts";
import { quantitiesOf } from "../../protocol/quantities.ts";
import type { Resources } from "../../protocol/resources.ts";
import { topOf } from "../../protocol/role.ts";
import type { SlaveProtocol } from "../../protocol/slave-api.ts";
import { shareCounter } from "../../protocol/task-group.ts";
import type { Findings } from "../findings.ts";
import { type AnyContext, alteredContext, type Change } from "../interference.ts";
import type { Lookout } from "./lookout.ts";

export const revocationRules = {
  guarantees: "no task is revoked of a role that is not above its guarantee",
  grace: "a task is told to give way a grace before it is revoked",
} as const;

type Kill = BodyOf<SlaveProtocol["killOnSlave"]>;

/** Hears what masters say to slaves and schedulers, and looks into their books when they revoke a task. */
export function revocationsLookout(findings: Findings): Lookout {
  return { actor: ({ actor }) => (actor === "master" ? watchOver(findings) : undefined) };
}

function watchOver(findings: Findings): Change {
  let state: () => MasterState | undefined = () => undefined;
  let now = () => 0;
  const told = new Map<string, number>();
  const ending = new Set<Task>();
  const revoked = ({ frameworkId, taskId }: Kill) => {
    const master = state();
    const task = master?.tasks.get(frameworkId, taskId);
    if (master === undefined || task === undefined || task.released) return;
    ending.add(task);
    for (const each of ending) if (each.released) ending.delete(each);
    const fault = shortfall(master, topOf(roleOf(task)), ending);
    if (fault !== undefined) findings.breach(revocationRules.guarantees, `${taskId} is revoked, and ${fault}`);
    const graces = [...master.registrar.registry.quotas.values()].map(({ graceMs }) => graceMs);
    const sinceMs = now() - (told.get(taskId) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs < Math.min(...graces)) {
      findings.breach(revocationRules.grace, `${taskId} is revoked ${sinceMs} ms after it was told to give way`);
    }
  };
  const heard = (kind: string, body: never) => {
    if (kind === "killOnSlave" && (body as Kill).reason === "REVOKED") revoked(body);
    if (kind === "inverseOffers") {
      for (const { tasks = [] } of (body as { readonly offers: readonly InverseOffer[] }).offers) {
        for (const taskId of tasks) if (!told.has(taskId)) told.set(taskId, now());
      }
    }
  };
  return {
    context: (ctx) => {
      now = () => ctx.clock.now();
      const ref = ((address: string) => overheard(ctx.ref(address), heard)) as AnyContext["ref"];
      return alteredContext(ctx, { ref });
    },
    behaviour: (behaviour) => {
      state = () => behaviour.inspect?.() as MasterState | undefined;
      return behaviour;
    },
  };
}

/** What the role lacks of its guarantee when these tasks have ended. */
function shortfall({ tasks, offers, registrar }: MasterState, role: string, ending: ReadonlySet<Task>) {
  const held = new Map<string, number>();
  const hold = (of: string, resources: Resources) => {
    if (topOf(of) !== role) return;
    for (const [name, amount] of Object.entries(quantitiesOf(resources))) {
      held.set(name, (held.get(name) ?? 0) + amount);
    }
  };
  const shareOf = shareCounter();
  for (const task of tasks.all()) {
    if (!task.released && !ending.has(task)) hold(roleOf(task), shareOf(holderOf(task)));
  }
  for (const offer of offers.all()) hold(offer.role, offer.resources);
  const { guarantees = {} } = registrar.registry.quotas.get(role) ?? {};
  const short = Object.keys(guarantees).find((name) => (held.get(name) ?? 0) < (guarantees[name] ?? 0));
  return short && `${role} is left with ${held.get(short) ?? 0} of its ${guarantees[short]} of ${short}`;
}

/** The same ref, and what is told through it is heard. */
function overheard(ref: ActorRef<Protocol>, heard: (kind: string, body: never) => void): ActorRef<Protocol> {
  return Object.create(ref, {
    tell: {
      value: (kind: string, body: never) => {
        heard(kind, body);
        ref.tell(kind as never, body);
      },
    },
  }) as ActorRef<Protocol>;
}
