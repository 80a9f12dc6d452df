import type { Context } from "../actors/context.ts";
import type { AskKind, BodyOf, ReplyOf } from "../actors/protocol.ts";
import type { ActorRef } from "../actors/ref.ts";
import { invariant } from "../base/invariant.ts";
import type { Lead } from "../protocol/lead.ts";
import { type RegistryStoreProtocol, registryStoreName } from "./ports.ts";
import { Registry, type StoredSlave } from "./registry.ts";

const recoverTimeoutMs = 60_000;
const recoverRetryMs = 20;

type Recovered = (store: ActorRef<RegistryStoreProtocol>, lead: Lead, registry: Registry) => void;

/**
 * Begins a term in the registry at `place`, and reads it. The store may still be starting; whatever fails, all of it is
 * tried again, in a term of its own, as long as there is time.
 */
export function recover(ctx: Context<unknown>, place: string, then: Recovered): void {
  const givenUpMs = ctx.clock.now() + recoverTimeoutMs;
  const again = (reason: string) => {
    invariant(ctx.clock.now() < givenUpMs, () => `the registry cannot be read: ${reason}`);
    ctx.after("recover", recoverRetryMs, attempt);
  };
  const attempt = () => ctx.dial(place, { up: begin, failed: again });
  const begin = (reached: string) => {
    const store = ctx.named<RegistryStoreProtocol>(registryStoreName, reached);
    const ask = <K extends AskKind<RegistryStoreProtocol>>(
      kind: K,
      body: BodyOf<RegistryStoreProtocol[K]>,
      answered: (reply: ReplyOf<RegistryStoreProtocol[K]>) => void,
    ) =>
      ctx.ask(store, kind, body, {
        timeoutMs: recoverTimeoutMs,
        settled: (outcome) => (outcome.ok ? answered(outcome.value) : again(outcome.code)),
      });
    ask("recover", {}, ({ lead, ...settings }) => {
      const slaves: StoredSlave[] = [];
      const read = (from: number) =>
        ask("readSlaves", { from }, (part) => {
          for (const slave of part.slaves) slaves.push(slave);
          if (part.next === undefined) then(store, lead, new Registry(slaves, settings));
          else read(part.next);
        });
      read(0);
    });
  };
  attempt();
}
