import type { Mode, Site, TestWorld } from "./world.ts";
import { modes } from "./world.ts";

/** One sentence of the actor model that holds in every world. */
export type Law = {
  /** `R3.2`: the rule, and the sentence of it. */
  readonly rule: string;
  readonly claim: string;
  readonly modes: readonly Mode[];
  /** Share of a mode's runs that this law gets, because each is long. */
  readonly share: number;
  readonly obeyed: (world: TestWorld) => Promise<void>;
};

export function law(
  rule: string,
  claim: string,
  obeyed: Law["obeyed"],
  more: { readonly modes?: readonly Mode[]; readonly share?: number } = {},
): Law {
  return { rule, claim, modes: more.modes ?? modes, share: more.share ?? 1, obeyed };
}

/** Waits until an actor has heard a text, and answers with all it has heard by then. */
export function hears(world: TestWorld, site: Site, actor: string, text: string): Promise<readonly string[]> {
  return world.until(
    () => site.heard(actor),
    (heard) => heard.includes(text),
  );
}

/** The numbers of the messages `TEXT 1`, `TEXT 2`, … among what was heard, in the order in which they came. */
export function numbersOf(heard: readonly string[], text: string): readonly number[] {
  const pattern = new RegExp(`^${text} (\\d+)$`);
  return heard.flatMap((each) => pattern.exec(each)?.slice(1, 2).map(Number) ?? []);
}

/** 1, 2, … count. */
export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
