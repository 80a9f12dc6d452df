import { describe, expect, test } from "vitest";
import { linkLimits } from "../../../src/actors/link/limits.ts";
import { Liveness } from "../../../src/actors/link/liveness.ts";

const { pingAfterMs, downAfterMs } = linkLimits;

/** Checks every `pingAfterMs` as a punctual timer would, and gives each verdict with its time. */
function checks(liveness: Liveness, fromMs: number, untilMs: number, heard = false) {
  const verdicts: string[] = [];
  for (let now = fromMs; now <= untilMs; now += pingAfterMs) {
    if (heard) liveness.heard(now);
    const verdict = liveness.check(now);
    if (verdict === "ping") liveness.sent(now);
    verdicts.push(`${now} ${verdict}`);
  }
  return verdicts;
}

describe("R15.7 liveness", () => {
  test("asks for a ping when nothing was sent for 500 ms", () => {
    const liveness = new Liveness(0);
    liveness.sent(400);
    expect(checks(liveness, 500, 1_500, true)).toEqual(["500 ok", "1000 ping", "1500 ping"]);
  });

  test("gives up a peer that was silent for more than 5 s", () => {
    const verdicts = checks(new Liveness(0), 500, 5_500);
    expect(verdicts.slice(-2)).toEqual([`${downAfterMs} ping`, "5500 down"]);
  });

  test("counts any frame as a sign of life", () => {
    const liveness = new Liveness(0);
    checks(liveness, 500, 4_500);
    liveness.heard(4_900);
    expect(checks(liveness, 5_000, 10_000).at(-1)).toBe("10000 down");
    const talkative = new Liveness(0);
    expect(checks(talkative, 500, 60_000, true).at(-1)).toBe("60000 ping");
  });

  test("takes its own lag off twice: whoever did not listen cannot complain of silence", () => {
    const liveness = new Liveness(0);
    checks(liveness, 500, 1_000, true);
    // The thread hangs for 10 s: the check of 1 500 comes at 11 500, 10 500 ms after the last frame.
    expect(liveness.check(11_500)).toBe("ping");
    // It was punctual since, and the silence stays.
    expect(liveness.check(12_000)).toBe("down");
  });

  test("forgives a silence of its limit and twice its own lag, and no more", () => {
    const late = (nowMs: number) => {
      const liveness = new Liveness(0);
      expect(checks(liveness, 500, 5_000).at(-1)).toBe("5000 ping");
      return liveness.check(nowMs);
    };
    // The check of 5 500, in time, and 500 ms late: at 6 000 a silence of up to 5 000 + 2 × 500 is forgiven.
    expect([late(5_500), late(6_000)]).toEqual(["down", "ping"]);
  });

  test("does not forgive a silence that is longer than its own lag explains", () => {
    const liveness = new Liveness(0);
    checks(liveness, 500, 4_500);
    // The check of 5 000 comes 100 ms late.
    expect(liveness.check(5_100)).toBe("ping");
    expect(liveness.check(5_600 + 250)).toBe("down");
  });

  test("judges by the limits it is given", () => {
    const liveness = new Liveness(0, { ...linkLimits, pingAfterMs: 10, downAfterMs: 50 });
    expect([10, 20, 30, 40, 50].map((now) => liveness.check(now))).toEqual(["ping", "ping", "ping", "ping", "ping"]);
    expect(liveness.check(60)).toBe("down");
  });
});
