import type { FrameworkId } from "../../protocol/ids.ts";
import type { IdleCause, IdleGroup, WhatIf, WhyIdle, WhyNot, WhyNotGroup } from "../../protocol/why.ts";

/** What it is, with who and how much, and what would change it. */
export type Words = { readonly what: string; readonly mend: string };

type Named = Pick<WhyNot, "names" | "pause">;

/** Why a framework is not offered some slaves. `role`: in which of its roles. */
export function reasonWords(group: WhyNotGroup, role: string, named: Named): Words {
  const words = reasons[group.reason];
  return typeof words === "function" ? words(group, role, named) : words;
}

type ReasonWords = Words | ((group: WhyNotGroup, role: string, named: Named) => Words);

const reasons: Readonly<Record<WhyNotGroup["reason"], ReasonWords>> = {
  disconnected: {
    what: "its scheduler is not connected",
    mend: "start the scheduler; offers begin when it subscribes",
  },
  suppressed: (_, role) => ({ what: `it has suppressed offers for role ${role}`, mend: "a REVIVE by the framework" }),
  paused: (_group, _role, { pause }) => pauseWords(pause),
  slaveInactive: {
    what: "the slave is out of the master's reach",
    mend: "bring the slave or its network back (`mesolite slave list`)",
  },
  hasGpus: {
    what: "the slave has gpus, and the framework does not declare GPU_RESOURCES",
    mend: "the capability GPU_RESOURCES in its FrameworkInfo",
  },
  notNamed: { what: "not among the slaves that it named in its filters", mend: "a filter that names more, or none" },
  constraint: {
    what: "the slave's attributes do not meet its offer constraints",
    mend: "other constraints, or other attributes of the slaves",
  },
  tooSmall: { what: "the whole slave is smaller than the need", mend: "a smaller need, or larger slaves" },
  held: heldWords,
  reserved: ({ role: to }) => ({
    what: `what is free is reserved to ${roleCalled(to)}`,
    mend: `an UNRESERVE, or the framework in ${roleCalled(to)}`,
  }),
  quota: ({ role: top }) => ({
    what: `the quota of ${roleCalled(top)} leaves less than that`,
    mend: `a higher limit for ${roleCalled(top)}, or tasks of it that end`,
  }),
  belowMinimum: {
    what: "less is free than an offer must have",
    mend: "tasks there that end, or a lower minimum (the cluster's, or the framework's own)",
  },
  belowMinOffer: {
    what: "less is free than the slave wants to have in an offer",
    mend: "tasks there that end, or a lower least offer of the slave",
  },
  belowMinFree: {
    what: "less is free than its own filter asks for (minFree)",
    mend: "tasks there that end, or a lower minFree",
  },
  filtered: ({ endsInMs = { first: 0, last: 0 } }) => ({
    what: `declined by it; that ends in ${span(endsInMs.first, endsInMs.last)}`,
    mend: "a REVIVE by the framework clears it",
  }),
  owedMore: owedMoreWords,
  nextBatch: {
    what: "given back without a filter: offered anew with the next batch",
    mend: "nothing; it is a matter of a second",
  },
  offered: { what: "offered to it already", mend: "an answer to the offer" },
  soon: { what: "about to be offered to it", mend: "nothing" },
};

function heldWords({ other, hold, between }: WhyNotGroup, role: string, { names }: Named): Words {
  if (other === undefined) {
    return { what: "held by frameworks, as offers or by tasks", mend: "tasks that end, or more slaves" };
  }
  if (between === undefined) {
    return { what: "its own tasks have most of what there is", mend: "tasks of its own that end, or more slaves" };
  }
  const { own, other: its } = between;
  const shares = `${standingWords(its)} against ${standingWords(own)}`;
  const who = called(other.frameworkId, names);
  if (hold === "offered") {
    return {
      what: `offered to ${who}, which has not answered (${shares})`,
      mend: `an answer by ${who}; a greater weight of role ${role} counts from the next offer on`,
    };
  }
  return {
    what: `most is used by tasks of ${who} (${shares})`,
    mend: `tasks that end, more slaves, or a guarantee for role ${role}`,
  };
}

function owedMoreWords({ other, between }: WhyNotGroup, role: string, { names }: Named): Words {
  if (other === undefined || between === undefined) {
    return { what: "others are owed more", mend: `a greater weight of role ${role}, or a guarantee` };
  }
  const who = called(other.frameworkId, names);
  if (between.guaranteed) {
    return {
      what: `${who} comes first: role ${other.role} is below its guarantee`,
      mend: `a guarantee for role ${role}, or a lower one for role ${other.role}`,
    };
  }
  return {
    what: `${who} is owed more: ${standingWords(between.other)} against ${standingWords(between.own)}`,
    mend: `a greater weight of role ${role}, or a guarantee for it`,
  };
}

export function changeWords({ change, offers, before }: WhatIf): string {
  const outcome = `${offers} ${offers === 1 ? "offer" : "offers"} instead of ${before}`;
  switch (change) {
    case "revive":
      return `if it revived: ${outcome}`;
    case "withoutConstraints":
      return `without its constraints and the list of slaves that it named: ${outcome}`;
    case "withoutLimit":
      return `without the limit of its role's quota: ${outcome}`;
    case "doubleWeight":
      return `with twice the weight, if all that is free or offered were offered anew: ${outcome}`;
  }
}

/** Why some resources are idle. */
export function idleWords(group: IdleGroup, named: Pick<WhyIdle, "names" | "pause">): Words {
  const { frameworkId, role } = group;
  const who = frameworkId === undefined ? "frameworks" : called(frameworkId, named.names);
  return idle[group.cause](who, roleCalled(role), group, named);
}

const idle: Readonly<
  Record<IdleCause, (who: string, role: string, group: IdleGroup, named: Pick<WhyIdle, "pause">) => Words>
> = {
  offered: (who, _, { oldestMs = 0 }) => ({
    what: `offered to ${who}, the oldest for ${span(oldestMs)}`,
    mend: "an answer; a decline hands it on at once",
  }),
  inFlight: (who) => ({
    what: `launched by ${who}, not running yet`,
    mend: "nothing, unless it lasts: then look at the slaves",
  }),
  inTransit: () => ({
    what: "just given to somebody; the offer is being made",
    mend: "nothing; it is a matter of moments",
  }),
  noDemand: () => ({ what: "nobody wants offers", mend: "a framework with work, or a REVIVE" }),
  hasGpus: (who) => ({
    what: `on slaves with gpus, and ${who} does not declare GPU_RESOURCES`,
    mend: "the capability GPU_RESOURCES, or a framework that has it",
  }),
  notNamed: (who) => ({
    what: `not on the slaves that ${who} named`,
    mend: "a filter that names more slaves, or none",
  }),
  constraint: (who) => ({ what: `against the constraints of ${who}`, mend: "other constraints, or other attributes" }),
  belowMinimum: (who) => ({
    what: `slivers: less than an offer to ${who} must have`,
    mend: "tasks that end beside it, or a lower minimum",
  }),
  belowMinOffer: () => ({
    what: "less than its slave wants to have in an offer",
    mend: "tasks that end beside it, or a lower least offer",
  }),
  belowMinFree: (who) => ({ what: `less than ${who} wants to have free (minFree)`, mend: "a lower minFree" }),
  filtered: (who) => ({ what: `declined by ${who}`, mend: "wait until the declines end, or a REVIVE" }),
  quota: (_, role) => ({ what: `kept from ${role} by its quota`, mend: `a higher limit for ${role}` }),
  reserved: (_, role) => ({
    what: `reserved to ${role}, which does not take it`,
    mend: `work in ${role}, or an UNRESERVE`,
  }),
  slaveInactive: () => ({
    what: "on slaves out of the master's reach",
    mend: "bring them back (`mesolite slave list`)",
  }),
  paused: (_who, _role, _group, { pause }) => pauseWords(pause),
  pending: () => ({
    what: "just come free: the allocator is about to look at it",
    mend: "nothing; it is a matter of moments",
  }),
  nextBatch: () => ({
    what: "given back without a filter: offered anew with the next batch",
    mend: "nothing; it is a matter of a second",
  }),
  shortPart: () => ({ what: "kept for short tasks", mend: "short tasks, or a smaller part for them" }),
};

function pauseWords(pause: WhyNot["pause"]): Words {
  if (pause === undefined)
    return { what: "the allocator is being told of the cluster", mend: "nothing; it is a matter of moments" };
  const { back, known } = pause;
  return {
    what: `no offers since the master's restart: ${back} of ${known} slaves are back`,
    mend: "wait until 80 % of the slaves are back, at most ten minutes",
  };
}

function standingWords({
  name,
  share,
  weight,
}: {
  readonly name: string;
  readonly share: number;
  readonly weight: number;
}) {
  return `${name} has ${percent(share)}${weight === 1 ? "" : ` at weight ${weight}`}`;
}

function called(frameworkId: FrameworkId, names: Named["names"]): string {
  const name = Object.hasOwn(names, frameworkId) ? names[frameworkId] : "";
  return name === undefined || name === "" ? frameworkId : `${name} (${frameworkId})`;
}

/** Where there are too many to tell apart none is named. */
function roleCalled(role: string | undefined): string {
  return role === undefined ? "another role" : `role ${role}`;
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}

function span(firstMs: number, lastMs = firstMs): string {
  const [first, last] = [duration(firstMs), duration(lastMs)];
  return first === last ? first : `${first} to ${last}`;
}

function duration(ms: number): string {
  if (ms < 1_000) return "less than 1 s";
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
