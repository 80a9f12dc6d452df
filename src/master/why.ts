import type { AskOutcome } from "../actors/context.ts";
import type { FrameworkId } from "../protocol/ids.ts";
import type { OperatorReply } from "../protocol/operator-api.ts";
import type { Quantities } from "../protocol/quantities.ts";
import { add, noResources, type Resources, scalarsOf, subtract, sum } from "../protocol/resources.ts";
import type { IdleGroup, WhyCall, WhyIdle } from "../protocol/why.ts";
import { BatchWriter } from "./allocator/offered-batch.ts";
import type { Explanation, IdleAccount, OfferedRows } from "./allocator/protocol.ts";
import { Bundle, ScalarNames } from "./allocator/scalar-names.ts";
import type { Framework } from "./frameworks.ts";
import { type Held, inTransitOf } from "./idle-time.ts";
import type { MasterState } from "./state.ts";

/** Offers that the allocator is told of with a question; later ones count as if they were used. */
const offersToldMax = 10_000;

type Reply = (answer: OperatorReply) => void;

/**
 * Answers why a framework is not offered what it is not offered, and why resources are idle. The allocator knows what is free
 * and why; what is offered and what is launched only the master does.
 */
export class Why {
  readonly #state: () => MasterState;

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  answer(call: WhyCall, reply: Reply): void {
    if (call.type === "WHY_IDLE") return this.#idle(reply);
    const named = this.#named(call.framework);
    if ("reason" in named) return reply({ done: false, ...named });
    if (call.slaveId !== undefined && this.#state().slaves.get(call.slaveId) === undefined) {
      const reason = `no slave ${call.slaveId} is registered; \`slave list\` shows those that are`;
      return reply({ done: false, status: 404, reason });
    }
    this.#notOffered(named, call, reply);
  }

  #notOffered({ id: frameworkId, info: { name } }: Framework, call: WhyCall & { type: "WHY_NOT" }, reply: Reply): void {
    const { allocator, pause } = this.#state();
    const slave = call.slaveId === undefined ? {} : { slaveId: call.slaveId };
    const need = call.need === undefined ? {} : { need: call.need };
    allocator.ask("explain", { frameworkId, ...slave, ...need, offered: this.#offered() }, (outcome) => {
      this.#answered(outcome, reply, (explanation: Explanation) => {
        const { progress } = pause;
        const paused = progress === undefined ? {} : { pause: progress };
        const others = explanation.roles.flatMap(({ groups }) => groups.flatMap(({ other }) => other ?? []));
        return {
          type: "WHY_NOT",
          whyNot: { frameworkId, name, ...explanation, names: this.#namesOf(others), ...paused },
        };
      });
    });
  }

  #idle(reply: Reply): void {
    const { allocator, idleTime, frameworks, offers, ctx, pause } = this.#state();
    const held = idleTime.held();
    const nowMs = ctx.clock.wall();
    const own = [...frameworks.all()].flatMap(({ id: frameworkId, offered, staging }): IdleGroup[] => {
      const oldestMs = nowMs - (offers.oldestMs(frameworkId) ?? nowMs);
      return [
        { cause: "offered", frameworkId, oldestMs, amounts: scalarsOf(offered) },
        { cause: "inFlight", frameworkId, amounts: scalarsOf(staging) },
      ];
    });
    const { progress } = pause;
    allocator.ask("explainIdle", {}, (outcome) => {
      this.#answered(outcome, reply, (account: IdleAccount) => ({
        type: "WHY_IDLE",
        whyIdle: {
          ...accountOf(account, held, own),
          names: this.#namesOf([...own, ...account.groups]),
          ...(progress === undefined ? {} : { pause: progress }),
        },
      }));
    });
  }

  #answered<T>(
    outcome: AskOutcome<T>,
    reply: Reply,
    answer: (value: T) => NonNullable<(OperatorReply & { done: true })["answer"]>,
  ): void {
    if (outcome.ok) return reply({ done: true, seq: this.#state().publisher.flush(), answer: answer(outcome.value) });
    const reason = `the allocator did not answer (${outcome.code}); ask again in a few seconds`;
    reply({ done: false, status: 503, reason });
  }

  /** The framework of an id, or the one that has the name. */
  #named(named: string): Framework | { readonly status: 404 | 409; readonly reason: string } {
    const { frameworks } = this.#state();
    const all = [...frameworks.all()].filter(({ state }) => state !== "completed");
    const byId = all.find(({ id }) => id === named);
    if (byId !== undefined) return byId;
    const [first, ...others] = all.filter(({ info }) => info.name === named);
    const shown = JSON.stringify(named.slice(0, nameLengthMax));
    if (first === undefined) return { status: 404, reason: `no framework has the id or the name ${shown}` };
    if (others.length === 0) return first;
    const ids = [first, ...others].slice(0, idsMax).map(({ id }) => id);
    return {
      status: 409,
      reason: `${others.length + 1} frameworks have the name ${shown}; give an id, such as ${ids.join(", ")}`,
    };
  }

  #offered(): readonly OfferedRows[] {
    const { slaves, offers } = this.#state();
    const batches: OfferedRows[] = [];
    const names = new ScalarNames();
    const writer = new BatchWriter(names, (batch) => batches.push(batch));
    const bundle = new Bundle();
    const leaves = new Map<string, number>();
    let told = 0;
    for (const { frameworkId, role, slaveId, resources, maxTaskMs } of offers.all()) {
      if (told++ === offersToldMax) break;
      const part = slaves.get(slaveId)?.parts.find(({ short }) => short === (maxTaskMs !== undefined));
      if (part === undefined) continue;
      const key = `${frameworkId}/${role}`;
      const leaf = leaves.get(key) ?? leaves.size;
      leaves.set(key, leaf);
      writer.write(part.account, leaf, { frameworkId, role }, bundle.read(resources, names));
    }
    writer.flush();
    return batches;
  }

  #namesOf(groups: readonly { readonly frameworkId?: FrameworkId }[]): { readonly [frameworkId: string]: string } {
    const { frameworks } = this.#state();
    const named = new Set(
      groups.flatMap(({ frameworkId }): readonly FrameworkId[] => (frameworkId ? [frameworkId] : [])),
    );
    return Object.fromEntries([...named].map((id) => [id, frameworks.get(id)?.info.name ?? ""]));
  }
}

/** Characters of a name that a refusal repeats, and ids that it lists. */
const nameLengthMax = 80;
const idsMax = 3;

/** Puts together what the allocator and what the master knows; the kinds of resources are those that the allocator counts. */
function accountOf(
  { total, groups }: IdleAccount,
  held: Held,
  own: readonly IdleGroup[],
): Pick<WhyIdle, "total" | "running" | "idle" | "groups"> {
  const free = sum(groups.map(({ amounts }) => amounts));
  const inTransit: IdleGroup = { cause: "inTransit", amounts: inTransitOf(total, free, held) };
  const counted = (amounts: Quantities) =>
    Object.fromEntries(Object.entries(amounts).filter(([name, amount]) => amount !== 0 && Object.hasOwn(total, name)));
  const all = [...own, inTransit, ...groups]
    .map((group) => ({ ...group, amounts: counted(group.amounts) }))
    .filter(({ amounts }) => Object.keys(amounts).length > 0);
  const running = counted(scalarsOf(subtract(held.used, held.staging)));
  const idle = all.reduce<Resources>((amount, group) => add(amount, group.amounts), noResources);
  return { total, running, idle: scalarsOf(idle), groups: all };
}
