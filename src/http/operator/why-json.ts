import type { Quantities } from "../../protocol/quantities.ts";
import type { Standing, WhyAnswer, WhyIdle, WhyNot, WhyNotGroup } from "../../protocol/why.ts";
import { changeWords, idleWords, reasonWords } from "./why-words.ts";

/** The answer to a question, in the manner of Mesos's v1 `Response`, with a sentence for people to everything. */
export function whyJson(answer: WhyAnswer) {
  return answer.type === "WHY_NOT" ? whyNotJson(answer.whyNot) : whyIdleJson(answer.whyIdle);
}

export type WhyNotJson = ReturnType<typeof whyNotJson>;
export type WhyIdleJson = ReturnType<typeof whyIdleJson>;

function whyNotJson(whyNot: WhyNot) {
  const { frameworkId, name, slaves, roles, whatIf, pause } = whyNot;
  return {
    type: "WHY_NOT" as const,
    why_not: {
      framework_id: { value: frameworkId },
      name,
      agents: slaves,
      roles: roles.map(({ role, share, groups }) => ({
        role,
        dominant_share: share,
        reasons: groups.map((group) => ({ ...groupJson(group), ...reasonWords(group, role, whyNot) })),
      })),
      what_if: whatIf.map((tried) => ({ ...tried, what: changeWords(tried) })),
      ...(pause === undefined ? {} : { paused: pause }),
    },
  };
}

function groupJson({ reason, slaves, examples, other, hold, between, role, endsInMs }: WhyNotGroup) {
  return {
    reason,
    agents: slaves,
    examples: examples.map((value) => ({ value })),
    ...(other === undefined ? {} : { other: { framework_id: { value: other.frameworkId }, role: other.role } }),
    ...(hold === undefined ? {} : { hold }),
    ...(between === undefined
      ? {}
      : { own: standingJson(between.own), its: standingJson(between.other), guaranteed: between.guaranteed }),
    ...(role === undefined ? {} : { of_role: role }),
    ...(endsInMs === undefined
      ? {}
      : { ends_in_seconds: { first: endsInMs.first / 1000, last: endsInMs.last / 1000 } }),
  };
}

function standingJson({ name, share, weight }: Standing) {
  return { name, dominant_share: share, weight };
}

function whyIdleJson(whyIdle: WhyIdle) {
  const { total, running, idle, groups, pause } = whyIdle;
  return {
    type: "WHY_IDLE" as const,
    why_idle: {
      total: amountsJson(total),
      running: amountsJson(running),
      idle: amountsJson(idle),
      causes: groups.map((group) => ({
        cause: group.cause,
        amounts: amountsJson(group.amounts),
        ...(group.frameworkId === undefined ? {} : { framework_id: { value: group.frameworkId } }),
        ...(group.role === undefined ? {} : { role: group.role }),
        ...(group.oldestMs === undefined ? {} : { oldest_seconds: group.oldestMs / 1000 }),
        ...idleWords(group, whyIdle),
      })),
      ...(pause === undefined ? {} : { paused: pause }),
    },
  };
}

function amountsJson(amounts: Quantities): { readonly [name: string]: number } {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, amount / 1000]));
}
