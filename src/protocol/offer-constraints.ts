import { invariant, unreachable } from "../base/invariant.ts";
import { type Attributes, attributeValue } from "./attribute.ts";
import type { AttributePredicate, AttributeSelector, ConstraintGroup } from "./offer-filters.ts";
import { compileRegex, type Regex } from "./regex.ts";

/** What constraints look at. */
export type ConstrainedSlave = { readonly hostname: string; readonly attributes: Attributes };

type Test<T> = (value: T) => boolean;

/** What there is of an attribute: its text, or that it is none. */
type Found = { readonly text: string } | "absent" | "noText";

/**
 * Whether a slave fits: all constraints of any one group hold. The groups have passed the check of their shape, so that
 * every regular expression is one. A constraint takes well under a microsecond, of a text of usual length.
 */
export function compileConstraints(groups: readonly ConstraintGroup[]): Test<ConstrainedSlave> {
  const compiled = groups.map((group) =>
    group.map(({ selector, predicate }) => {
      const [find, holds] = [finder(selector), compilePredicate(predicate)];
      return (slave: ConstrainedSlave) => holds(find(slave));
    }),
  );
  return (slave) => compiled.some((group) => group.every((holds) => holds(slave)));
}

function finder(selector: AttributeSelector): (slave: ConstrainedSlave) => Found {
  if ("pseudo" in selector)
    return selector.pseudo === "hostname" ? ({ hostname }) => ({ text: hostname }) : () => "absent";
  const { attribute } = selector;
  return ({ attributes }) => {
    const text = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
    if (text === undefined) return "absent";
    return typeof attributeValue(text) === "string" ? { text } : "noText";
  };
}

function compilePredicate(predicate: AttributePredicate): Test<Found> {
  switch (predicate.type) {
    case "exists":
      return (found) => found !== "absent";
    case "notExists":
      return (found) => found === "absent";
    case "equals":
      return ofText((text) => text === predicate.value, false);
    case "notEquals":
      return ofText((text) => text !== predicate.value, true);
    case "matches":
      return ofText(regexOf(predicate.regex), false);
    case "notMatches": {
      const matches = regexOf(predicate.regex);
      return ofText((text) => !matches(text), true);
    }
    default:
      return unreachable(predicate);
  }
}

/** Mesos's rule: what is no text passes every comparison of texts. */
function ofText(holds: Test<string>, whenAbsent: boolean): Test<Found> {
  return (found) => (found === "absent" ? whenAbsent : found === "noText" || holds(found.text));
}

function regexOf(source: string): Regex {
  const compiled = compileRegex(source);
  invariant(compiled.ok, () => `the regular expression ${JSON.stringify(source)} was never checked`);
  return compiled.value;
}
