import { RE2JS, RE2JSException } from "re2js";
import { ok, type Result, refused } from "../base/result.ts";

/**
 * Regular expressions of frameworks, which others pay for. The engine is RE2: a match takes time in proportion to the
 * text, whatever the expression. What is left to bound is the size of the expression itself.
 */

/** Length of a regular expression, in UTF-16 code units. */
export const regexLengthMax = 1_024;
/** Steps of a compiled one, which is what a character of a text can cost at worst. Mesos's default is 100. */
const programSizeMax = 2_000;
/** RE2 itself repeats nothing more often, nested or not. */
const repetitionsMax = 1_000;

/** Whether a text as a whole, and not a part of it, is of the expression. */
export type Regex = (text: string) => boolean;

/** The expression compiled, or what is wrong with it in RE2's words. It must not be longer than `regexLengthMax`. */
export function compileRegex(source: string): Result<Regex> {
  try {
    const compiled = RE2JS.compile(source);
    const size = compiled.programSize();
    if (size > programSizeMax) return refused(`takes ${size} steps compiled, over ${programSizeMax}; make it simpler`);
    return ok((text) => compiled.testExact(text));
  } catch (error) {
    if (error instanceof RE2JSException) return refused(`is no regular expression of RE2: ${error.message}`);
    throw error;
  }
}

/** How long an expression can become when its repetitions are written out; never less than it does, often more. */
export function writtenOutLength(source: string): number {
  let repetitions = 1;
  for (const [, least, most] of source.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    repetitions *= Math.max(1, Number(least), Number(most ?? 0));
    if (repetitions >= repetitionsMax) return source.length * repetitionsMax;
  }
  return source.length * repetitions;
}
