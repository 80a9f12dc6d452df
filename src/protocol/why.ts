import type { FrameworkId, SlaveId } from "./ids.ts";
import type { Quantities } from "./quantities.ts";
import type { Resources } from "./resources.ts";

/** Why a framework is not offered a slave; those that come later are closer to an offer. A slave counts for one of them. */
export const whyNotReasons = [
  "disconnected",
  "suppressed",
  "paused",
  "slaveInactive",
  "hasGpus",
  "notNamed",
  "constraint",
  "tooSmall",
  "held",
  "reserved",
  "quota",
  "belowMinimum",
  "belowMinOffer",
  "belowMinFree",
  "filtered",
  "owedMore",
  "nextBatch",
  "offered",
  "soon",
] as const;

export type WhyNotReason = (typeof whyNotReasons)[number];

/** A framework in one of its roles. */
export type WhyClient = { readonly frameworkId: FrameworkId; readonly role: string };

/** One of two that compete, where their roles part: a role, or a framework of the same role. `share`: in [0, 1]. */
export type Standing = { readonly name: string; readonly share: number; readonly weight: number };

/** Slaves with the same reason. */
export type WhyNotGroup = {
  readonly reason: WhyNotReason;
  readonly slaves: number;
  /** A few of them. */
  readonly examples: readonly SlaveId[];
  /** Who holds most there, or is given what is free; absent where there are too many to tell apart. */
  readonly other?: WhyClient;
  /** What the other's hold of it is: an offer that waits for an answer, or tasks. */
  readonly hold?: "offered" | "used";
  /** Of those who compete; `other` comes first because it is below its guarantee, whatever the shares. */
  readonly between?: { readonly own: Standing; readonly other: Standing; readonly guaranteed: boolean };
  /** The role that it is reserved to, or whose quota is used up. */
  readonly role?: string;
  /** Until the first and the last of its declines end, in milliseconds. */
  readonly endsInMs?: { readonly first: number; readonly last: number };
};

/** What would be otherwise, found by trying it out. */
export const whyNotChanges = ["revive", "withoutConstraints", "withoutLimit", "doubleWeight"] as const;

export type WhatIf = {
  readonly change: (typeof whyNotChanges)[number];
  /**
   * Offers that it would get, and those that it would get without the change: of what is free; for the weight also of what
   * is offered, as if all of it were offered anew.
   */
  readonly offers: number;
  readonly before: number;
};

export type WhyNotRole = {
  readonly role: string;
  /** Dominant share of the framework in this role. */
  readonly share: number;
  /** The most slaves first. */
  readonly groups: readonly WhyNotGroup[];
};

export type WhyNot = {
  readonly frameworkId: FrameworkId;
  readonly name: string;
  /** How many slaves were looked at. */
  readonly slaves: number;
  readonly roles: readonly WhyNotRole[];
  readonly whatIf: readonly WhatIf[];
  /** Of the frameworks in the groups. */
  readonly names: { readonly [frameworkId: string]: string };
  /** Slaves that are back after a restart, of those that were known; absent while offers are made. */
  readonly pause?: { readonly back: number; readonly known: number };
};

/** Why resources are idle. What tasks that run or end have is used, everything else is idle for one of these causes. */
export const idleCauses = [
  "offered",
  "inFlight",
  "inTransit",
  "noDemand",
  "hasGpus",
  "notNamed",
  "constraint",
  "belowMinimum",
  "belowMinOffer",
  "belowMinFree",
  "filtered",
  "quota",
  "reserved",
  "slaveInactive",
  "paused",
  "pending",
  "nextBatch",
  "shortPart",
] as const;

export type IdleCause = (typeof idleCauses)[number];

export type IdleGroup = {
  readonly cause: IdleCause;
  readonly amounts: Quantities;
  /** Whose doing it is. */
  readonly frameworkId?: FrameworkId;
  readonly role?: string;
  /** Age of the framework's oldest offer, in milliseconds. */
  readonly oldestMs?: number;
};

/** For each name: what is idle is the sum of the groups, to the thousandth, and with `running` it is `total`. */
export type WhyIdle = {
  readonly total: Quantities;
  readonly running: Quantities;
  readonly idle: Quantities;
  readonly groups: readonly IdleGroup[];
  /** Names of the frameworks in the groups. */
  readonly names: { readonly [frameworkId: string]: string };
  readonly pause?: { readonly back: number; readonly known: number };
};

/** Questions that an operator asks; the answers are the master's. */
export type WhyCall =
  | {
      readonly type: "WHY_NOT";
      /** Its id, or its name when no other has the same. */
      readonly framework: string;
      readonly slaveId?: SlaveId;
      /** What it wants to place. Default: whatever an offer must have. */
      readonly need?: Resources;
    }
  | { readonly type: "WHY_IDLE" };

export type WhyAnswer =
  | { readonly type: "WHY_NOT"; readonly whyNot: WhyNot }
  | { readonly type: "WHY_IDLE"; readonly whyIdle: WhyIdle };
