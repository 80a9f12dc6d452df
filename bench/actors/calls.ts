import type { Shapes } from "../kit.ts";
import { windowMax } from "./flow.ts";
import { smallText as text } from "./payloads.ts";

type Call = (body: { readonly text: string; readonly n: number }) => PromiseLike<number>;

/** The shapes of a library that calls functions on another thread: a message is a call whose answer nobody waits for. */
export function callShapes({ message, question }: { readonly message: Call; readonly question: Call }): Shapes {
  return {
    async crossThreadTell(n) {
      let returned = 0;
      while (returned < n) {
        const calls = Array.from({ length: Math.min(windowMax, n - returned) }, (_, index) =>
          message({ text, n: index }),
        );
        returned += (await Promise.all(calls)).length;
      }
      return returned;
    },
    async crossThreadAsk(n) {
      let answered = 0;
      while (answered < n && (await question({ text, n: answered })) === answered + 1) answered++;
      return answered;
    },
  };
}
