import type { SlaveId } from "./ids.ts";
import { compileRegex, regexLengthMax, writtenOutLength } from "./regex.ts";
import { type Resources, resourcesShape } from "./resources.ts";
import {
  briefly,
  count,
  dictionary,
  either,
  id,
  list,
  object,
  optional,
  type Shape,
  textUpTo,
  variants,
  word,
} from "./shape.ts";

/**
 * The standing filters of a framework, which the master applies before it offers (paper §3.5). Filtered resources are
 * treated exactly like rejected ones. All that is given must let a slave through.
 */
export type OfferFilters = {
  /** Only these slaves ("only nodes in L"). Default: every slave. */
  readonly slaves?: readonly SlaveId[];
  /** Only slaves with at least this much free ("at least R free"). Default: any amount. */
  readonly minFree?: Resources;
  /** What concerns one of its roles alone. */
  readonly roles?: { readonly [role: string]: RoleFilters };
};

/** The filters that Mesos has, which are by role. */
export type RoleFilters = {
  /**
   * Mesos's `min_allocatable_resources`: what is offered covers at least one of these amounts. It takes the place of the
   * cluster's own minimum, and an empty list means that there is none.
   */
  readonly minAllocatable?: readonly Quantities[];
  /** Mesos's `offer_constraints`: a slave fits when all constraints of any one group hold. Default: every slave fits. */
  readonly constraints?: readonly ConstraintGroup[];
};

/** Amounts by the name of a resource, in thousandths. Of ranges and sets the number of their values counts. */
export type Quantities = { readonly [name: string]: number };

/** At least one. */
export type ConstraintGroup = readonly AttributeConstraint[];

export type AttributeConstraint = {
  readonly selector: AttributeSelector;
  readonly predicate: AttributePredicate;
};

/** An attribute by its name, or what every slave has without saying. Slaves have no region and no zone yet. */
export type AttributeSelector = { readonly attribute: string } | { readonly pseudo: "hostname" | "region" | "zone" };

/**
 * What is asked of an attribute. Those that compare texts hold for whatever is no text, such as `2.5` or `[1-5]`. Of an
 * attribute that is absent `notExists`, `notEquals` and `notMatches` hold.
 */
export type AttributePredicate =
  | { readonly type: "exists" }
  | { readonly type: "notExists" }
  | { readonly type: "equals"; readonly value: string }
  | { readonly type: "notEquals"; readonly value: string }
  /** A regular expression in RE2's syntax, for the text as a whole. */
  | { readonly type: "matches"; readonly regex: string }
  | { readonly type: "notMatches"; readonly regex: string };

/** The part of a framework's filters that concerns one of its roles. */
export type ClientFilters = Pick<OfferFilters, "slaves" | "minFree"> & RoleFilters;

/** Vectors of a role's minimum. */
const minAllocatableMax = 100;
/** Groups of a role. */
const groupsMax = 1_024;
/** Constraints of a framework, over all its roles; each is evaluated for each slave. */
const constraintsMax = 4_096;
/** Name of an attribute, and the text it is compared with, in UTF-16 code units. */
const textLengthMax = 1_024;
/** Regular expressions of a framework together: as they are, and at most as their repetitions can make them. */
const regexLengthsMax = 32_768;
const writtenOutMax = 200_000;

export function clientFilters({ slaves, minFree, roles = {} }: OfferFilters, role: string): ClientFilters {
  return {
    ...(slaves === undefined ? {} : { slaves }),
    ...(minFree === undefined ? {} : { minFree }),
    ...roles[role],
  };
}

/** Why a framework of these roles cannot have such filters, beyond their shape. */
export function filtersFault({ roles = {} }: OfferFilters, own: readonly string[]): string | undefined {
  const stranger = Object.keys(roles).find((role) => !own.includes(role));
  return stranger === undefined ? undefined : `filters name the role ${JSON.stringify(stranger)}, which is not its own`;
}

const value = textUpTo(textLengthMax);
const regex = textUpTo(regexLengthMax);

const attributeShape = object<{ readonly attribute: string }>({ attribute: value });
const pseudoShape = object<Exclude<AttributeSelector, { readonly attribute: string }>>({
  pseudo: word({ hostname: true, region: true, zone: true }),
});
const oneOf = either(attributeShape, pseudoShape);

const selectorShape: Shape<AttributeSelector> = (selector) =>
  attributeShape(selector) === undefined && pseudoShape(selector) === undefined
    ? ": selects an attribute and a pseudoattribute; it has to be one of them"
    : oneOf(selector);

const predicateShape = variants<AttributePredicate>({
  exists: {},
  notExists: {},
  equals: { value },
  notEquals: { value },
  matches: { regex },
  notMatches: { regex },
});

const groupShape = list(object<AttributeConstraint>({ selector: selectorShape, predicate: predicateShape }), {
  min: 1,
});

const roleFiltersShape = object<RoleFilters>({
  minAllocatable: optional(list(dictionary(count), { max: minAllocatableMax })),
  constraints: optional(list(groupShape, { min: 1, max: groupsMax })),
});

const fieldsShape = object<OfferFilters>({
  slaves: optional(list(id<SlaveId>())),
  minFree: optional(resourcesShape),
  roles: optional(dictionary(roleFiltersShape)),
});

/** Regular expressions are compiled last, when it is known that it does not take long. */
export const offerFiltersShape: Shape<OfferFilters> = (filters) =>
  fieldsShape(filters) ?? constraintsFault(filters as OfferFilters);

function constraintsFault({ roles = {} }: OfferFilters): string | undefined {
  const constraints = Object.entries(roles).flatMap(([role, { constraints: groups = [] }]) =>
    groups.flatMap((group, at) =>
      group.map(({ predicate }, index) => ({
        predicate,
        path: `.roles.${briefly(role)}.constraints.${at}.${index}.predicate`,
      })),
    ),
  );
  if (constraints.length > constraintsMax)
    return `.roles: have ${constraints.length} constraints in all, over ${constraintsMax}`;
  const regexes = constraints.flatMap(({ predicate, path }) =>
    predicate.type === "matches" || predicate.type === "notMatches"
      ? [{ source: predicate.regex, path: `${path}.regex` }]
      : [],
  );
  const length = regexes.reduce((sum, { source }) => sum + source.length, 0);
  if (length > regexLengthsMax)
    return `.roles: have regular expressions of ${length} characters in all, over ${regexLengthsMax}`;
  const writtenOut = regexes.reduce((sum, { source }) => sum + writtenOutLength(source), 0);
  if (writtenOut > writtenOutMax)
    return `.roles: have regular expressions that repeat too much; written out, they may have ${writtenOut} characters, over ${writtenOutMax}`;
  for (const { source, path } of regexes) {
    const compiled = compileRegex(source);
    if (!compiled.ok) return `${path}: ${compiled.error}`;
  }
  return undefined;
}
