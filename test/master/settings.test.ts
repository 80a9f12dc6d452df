import { expect, test } from "vitest";
import { linkLimits } from "../../src/actors/link/limits.ts";
import type { Settings } from "../../src/master/registry.ts";
import { hostnameLengthMax, ipLengthMax, machinesMax, maintenanceFault } from "../../src/protocol/maintenance.ts";
import { quotaNameLengthMax, quotaNamesMax, quotasFault, quotasMax } from "../../src/protocol/quota.ts";
import { weightsFault, weightsMax } from "../../src/protocol/weight.ts";

/** So many different words of a length, if not told otherwise of letters that take three bytes each. */
function words(count: number, length: number, letter = "\u20ac"): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${index}`.padEnd(length, letter));
}

function byWord<T>(keys: readonly string[], value: T): { readonly [word: string]: T } {
  return Object.fromEntries(keys.map((key) => [key, value]));
}

test("all that operators may set fits one message between threads, however long its words are", () => {
  const roleLengthMax = 255;
  const amounts = byWord(words(quotaNamesMax, quotaNameLengthMax), Number.MAX_SAFE_INTEGER);
  const ip = "f".repeat(ipLengthMax);
  const settings: Settings = {
    weights: byWord(words(weightsMax, roleLengthMax), 0.123_456_789_012_345_6),
    quotas: byWord(words(quotasMax, roleLengthMax), { limits: amounts, guarantees: amounts, graceMs: 604_800_000 }),
    maintenance: words(machinesMax, hostnameLengthMax, "x").map((hostname) => ({
      machines: [{ hostname, ip }],
      startMs: 2 ** 52,
      durationMs: 2 ** 51,
    })),
  };
  const { weights, quotas, maintenance } = settings;
  expect([weightsFault(weights, new Map()), quotasFault(quotas, new Map()), maintenanceFault(maintenance)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(Buffer.byteLength(JSON.stringify(settings))).toBeLessThan(linkLimits.threadEnvelopeBytesMax);
});
