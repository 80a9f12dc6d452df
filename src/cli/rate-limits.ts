import { readFileSync } from "node:fs";
import { z } from "zod";
import { ok, type Result, refused } from "../base/result.ts";
import type { MasterConfig, RateLimit, RateLimits } from "../master/config.ts";
import { CliFailure } from "./failure.ts";

/** What one framework may ask of a master, as a command was told. */
export type LimitOptions = {
  /** Mesos's JSON, or the file it is in. */
  readonly rateLimits?: string;
  readonly maxOutstandingOffers: number;
};

const fileScheme = "file://";
/** Characters of a bad value that are repeated to whoever wrote it. */
const shownMax = 40;
/** Messages per second. A pause between two must be a number of milliseconds that a clock can count. */
const qpsMin = 0.001;
const qpsMax = 1_000_000;

const qpsRule = `write messages per second, from ${qpsMin} to ${qpsMax}, or leave it out for no limit`;
const qps = z.number(saying(qpsRule)).min(qpsMin, saying(qpsRule)).max(qpsMax, saying(qpsRule)).optional();

const capacityRule = "write a whole number of messages that may wait, 1 or more, or leave it out";
const capacity = z.int(saying(capacityRule)).min(1, saying(capacityRule)).optional();

const principalRule = "write the name of the principal whose limit it is";

const limit = fields({
  principal: z.string(saying(principalRule)).min(1, saying(principalRule)),
  qps,
  capacity,
});

const file = fields({
  limits: z.array(limit, saying("write a list of limits")).default([]),
  aggregate_default_qps: qps,
  aggregate_default_capacity: capacity,
});

/** An object of these fields and no others: what is misspelt would be no limit. */
function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `${issue.keys.map((key) => JSON.stringify(key)).join(", ")} is not known; known are ${known}`
        : `is ${shown(issue.input)}; write an object of ${known}`,
  });
}

/** What is there, and what to write instead. */
function saying(rule: string) {
  return { error: ({ input }: { readonly input?: unknown }) => `is ${shown(input)}; ${rule}` };
}

function shown(value: unknown): string {
  const text = value === undefined ? "missing" : JSON.stringify(value);
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}

/** The same for the master. Throws a `CliFailure` that says what is wrong, where, and how to mend it. */
export function limitsFrom(options: LimitOptions): Pick<MasterConfig, "outstandingOffersMax" | "rateLimits"> {
  const { rateLimits, maxOutstandingOffers: outstandingOffersMax } = options;
  return rateLimits === undefined
    ? { outstandingOffersMax }
    : { outstandingOffersMax, rateLimits: rateLimitsFrom(rateLimits) };
}

function rateLimitsFrom(given: string): RateLimits {
  const inline = given.trimStart().startsWith("{");
  const parsed = parseRateLimits(inline ? given : textOf(given));
  if (parsed.ok) return parsed.value;
  const where = inline ? "as given" : given;
  throw new CliFailure(`--rate-limits ${where}: ${parsed.error}`, { exit: "environment" });
}

/** Reads Mesos's form of rate limits; a refusal says where and how to mend it. */
export function parseRateLimits(text: string): Result<RateLimits> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refused(`it is not JSON: ${(error as Error).message}`);
  }
  const parsed = file.safeParse(json);
  if (!parsed.success) return refused(firstIssue(parsed.error));
  const { limits, aggregate_default_qps: othersQps, aggregate_default_capacity: othersCapacity } = parsed.data;
  const principals = limits.map(({ principal, ...limit }) => ({ principal, ...limitFrom(limit.qps, limit.capacity) }));
  const names = principals.map(({ principal }) => principal);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) {
    return refused(`limits[${twice}].principal: ${JSON.stringify(names[twice])} has a limit already; keep one of them`);
  }
  return ok({ principals, others: limitFrom(othersQps, othersCapacity) });
}

function limitFrom(qpsGiven: number | undefined, capacityGiven: number | undefined): RateLimit {
  return {
    ...(qpsGiven === undefined ? {} : { qps: qpsGiven }),
    ...(capacityGiven === undefined ? {} : { capacity: capacityGiven }),
  };
}

/** As `limits[0].qps: is 0; what to write`. A misspelt name first: what is missing may be what it was meant for. */
function firstIssue(error: z.ZodError): string {
  const { issues } = error;
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const path = (issue?.path ?? []).map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`));
  const where = path.join("").replace(/^\./, "");
  return where === "" ? String(issue?.message) : `${where}: ${issue?.message}`;
}

function textOf(given: string): string {
  const path = given.startsWith(fileScheme) ? given.slice(fileScheme.length) : given;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new CliFailure(`cannot read --rate-limits ${given}: ${reason}; give JSON or file://PATH`, {
      exit: "environment",
      cause,
    });
  }
}
