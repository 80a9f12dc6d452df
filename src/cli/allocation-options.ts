import { statSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { ok, type Result, refused } from "../base/result.ts";
import { isPolicyName, namedPolicies } from "../master/allocator/policies/named.ts";
import type { MasterConfig } from "../master/config.ts";
import type { Quantities } from "../protocol/quantities.ts";
import { reservationOf } from "../protocol/reservation.ts";
import { parse } from "../protocol/resources.ts";

/** Who is offered what, and how often, as a command was told; all are texts as they were given. */
export type AllocationOptions = {
  /** A policy by name, or the absolute path of a module. */
  readonly allocator: string;
  readonly minAllocatableResources?: string;
  /** Seconds; 0: offers are never taken back. */
  readonly offerTimeout?: string;
  /** Seconds. */
  readonly allocationInterval?: string;
};

/** Least and greatest pause between two batches, in milliseconds: each looks at a part of all slaves. */
const intervalMsMin = 10;
const intervalMsMax = 3_600_000;
/** Longest time that a framework may be given for an answer, in milliseconds: a day. */
const offerTimeoutMsMax = 86_400_000;

const policyNames = Object.keys(namedPolicies).join(", ");

export const allocationOptions = (): readonly Option[] => [
  new Option("--allocator <name or file>", `who is offered next: ${policyNames}, or a module that exports a policy`)
    .argParser(policyNameOrFile)
    .default("drf")
    .env("MESOLITE_ALLOCATOR"),
  new Option(
    "--min-allocatable-resources <list>",
    "what an offer must have: one of these lists, as in 'cpus:0.01|mem:32' (the default); '': anything",
  )
    .argParser(checked(parseMinAllocatable))
    .env("MESOLITE_MIN_ALLOCATABLE_RESOURCES"),
  new Option("--offer-timeout <seconds>", "when an unanswered offer is taken back; 0: never (default: 30)")
    .argParser(checked(parseOfferTimeout))
    .env("MESOLITE_OFFER_TIMEOUT"),
  new Option("--allocation-interval <seconds>", "pause between two looks at what nothing has changed of (default: 1)")
    .argParser(checked(parseInterval))
    .env("MESOLITE_ALLOCATION_INTERVAL"),
];

/** The same for the master: only what was given. */
export function allocationFrom({
  minAllocatableResources,
  offerTimeout,
  allocationInterval,
}: AllocationOptions): Partial<MasterConfig> {
  return {
    ...given("minAllocatable", minAllocatableResources, parseMinAllocatable),
    ...given("offerTimeoutMs", offerTimeout, parseOfferTimeout),
    ...given("allocationIntervalMs", allocationInterval, parseInterval),
  };
}

/** Mesos's form: `;` between what must be there together, `|` between lists of which one is enough. */
function parseMinAllocatable(text: string): Result<readonly Quantities[]> {
  if (text.trim() === "") return ok([]);
  const lists: Quantities[] = [];
  for (const part of text.split("|")) {
    const list = parseScalars(part);
    if (!list.ok) return list;
    lists.push(list.value);
  }
  return ok(lists);
}

/** Scalars above 0, at least one, not reserved. */
function parseScalars(text: string): Result<Quantities> {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  const odd = Object.entries(parsed.value).find(
    ([key, quantity]) => typeof quantity !== "number" || reservationOf(key) !== undefined,
  );
  if (odd !== undefined) return refused(`${JSON.stringify(text.trim())}: only plain amounts can be a minimum`);
  if (Object.keys(parsed.value).length === 0) {
    return refused(`${JSON.stringify(text.trim())} names no amount above 0; write lists such as cpus:0.01|mem:32`);
  }
  return ok(parsed.value as Quantities);
}

function parseOfferTimeout(text: string): Result<number> {
  if (Number(text) === 0 && text.trim() !== "") return ok(0);
  return parseSeconds(text, 1, offerTimeoutMsMax, "write seconds, up to 86400, or 0 for never");
}

function parseInterval(text: string): Result<number> {
  return parseSeconds(text, intervalMsMin, intervalMsMax, "write seconds, from 0.01 to 3600");
}

/** Seconds with three decimals at most, in milliseconds. */
function parseSeconds(text: string, msMin: number, msMax: number, rule: string): Result<number> {
  const ms = Math.round(Number(text) * 1_000);
  return /^\d+(\.\d{1,3})?$/.test(text) && ms >= msMin && ms <= msMax ? ok(ms) : refused(rule);
}

function policyNameOrFile(text: string): string {
  if (isPolicyName(text)) return text;
  if (!/[/\\]|\.[cm]?[jt]s$/.test(text)) {
    throw new InvalidArgumentError(`there is no policy ${text}; write one of ${policyNames}, or the path of a module.`);
  }
  const file = resolve(text);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return file;
  throw new InvalidArgumentError(`there is no file ${file}; write one of ${policyNames}, or the path of a module.`);
}

/** Leaves the text as it is, for people to see again, once it can be read. */
function checked(read: (text: string) => Result<unknown>): (text: string) => string {
  return (text) => {
    const result = read(text);
    if (result.ok) return text;
    throw new InvalidArgumentError(`${result.error}.`);
  };
}

function given<K extends keyof MasterConfig>(
  name: K,
  text: string | undefined,
  read: (text: string) => Result<MasterConfig[K]>,
): Partial<Pick<MasterConfig, K>> {
  const result = text === undefined ? undefined : read(text);
  return result?.ok === true ? ({ [name]: result.value } as Pick<MasterConfig, K>) : {};
}
