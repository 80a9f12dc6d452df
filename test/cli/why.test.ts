import { describe, expect, test } from "vitest";
import { whyIdleText, whyNotText } from "../../src/cli/why.ts";
import { type WhyIdleJson, type WhyNotJson, whyJson } from "../../src/http/operator/why-json.ts";
import { FrameworkId, SlaveId } from "../../src/protocol/ids.ts";
import {
  type IdleCause,
  idleCauses,
  type WhyIdle,
  type WhyNot,
  type WhyNotGroup,
  whyNotChanges,
  whyNotReasons,
} from "../../src/protocol/why.ts";

const f1 = FrameworkId("F-1");
const f2 = FrameworkId("F-2");
const names = { [f1]: "batch", [f2]: "service" };
const between = {
  own: { name: "ads", share: 0.5, weight: 1 },
  other: { name: "web", share: 0.031, weight: 2 },
  guaranteed: false,
};

function whyNot(groups: readonly WhyNotGroup[], more: Partial<WhyNot> = {}): WhyNotJson["why_not"] {
  const roles = [{ role: "ads", share: 0.5, groups }];
  const json = whyJson({
    type: "WHY_NOT",
    whyNot: { frameworkId: f1, name: "batch", slaves: 815, roles, whatIf: [], names, ...more },
  });
  return (json as WhyNotJson).why_not;
}

function whyIdle(whyIdle: Partial<WhyIdle>): WhyIdleJson["why_idle"] {
  const json = whyJson({
    type: "WHY_IDLE",
    whyIdle: { total: {}, running: {}, idle: {}, groups: [], names, ...whyIdle },
  });
  return (json as WhyIdleJson).why_idle;
}

const declined: WhyNotGroup = {
  reason: "filtered",
  slaves: 812,
  examples: [SlaveId("S-1"), SlaveId("S-2")],
  endsInMs: { first: 41_000, last: 41_400 },
};
const held: WhyNotGroup = {
  reason: "held",
  slaves: 3,
  examples: [SlaveId("S-3")],
  other: { frameworkId: f2, role: "web" },
  hold: "offered",
  between,
};

describe("why-not", () => {
  test("says how many, what, who, and how to mend it", () => {
    const whatIf = [{ change: "revive", offers: 812, before: 0 }] as const;
    expect(whyNotText(whyNot([declined, held], { whatIf }), Number.POSITIVE_INFINITY)).toBe(
      [
        "batch (F-1), 815 slaves",
        "",
        "in role ads, with a dominant share of 50 %",
        "  812 slaves  declined by it; that ends in 41 s",
        "              → a REVIVE by the framework clears it",
        "              such as S-1, S-2",
        "  3 slaves    offered to service (F-2), which has not answered (web has 3.1 % at weight 2 against ads has 50 %)",
        "              → an answer by service (F-2); a greater weight of role ads counts from the next offer on",
        "              such as S-3",
        "",
        "what if",
        "  if it revived: 812 offers instead of 0",
      ].join("\n"),
    );
  });

  test.each([30, 60, 100])("fits a screen of %i columns", (columns) => {
    const lines = whyNotText(whyNot([declined, held]), columns).split("\n");
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(lines.join(" ").replaceAll(/\s+/g, " ")).toContain("offered to service (F-2), which has not answered");
  });

  test("has words for every reason, alone and with all there is to say, and for every change", () => {
    const said = new Set<string>();
    for (const reason of whyNotReasons) {
      const bare = whyNot([{ reason, slaves: 1, examples: [] }]);
      const full = whyNot([{ ...held, ...declined, reason, role: "web" }], { pause: { back: 61, known: 100 } });
      for (const { roles } of [bare, full]) {
        const [{ what = "", mend = "" } = {}] = roles[0]?.reasons ?? [];
        expect(`${what} ${mend}`).not.toMatch(/undefined|NaN| {2}/);
        expect(Math.min(what.length, mend.length)).toBeGreaterThan(5);
        said.add(what);
      }
    }
    expect(said.size).toBeGreaterThanOrEqual(whyNotReasons.length);
    const tried = whyNot([], { whatIf: whyNotChanges.map((change) => ({ change, offers: 1, before: 2 })) });
    expect(new Set(tried.what_if.map(({ what }) => what)).size).toBe(whyNotChanges.length);
    expect(tried.what_if.every(({ what }) => what.endsWith("1 offer instead of 2"))).toBe(true);
  });

  test("a guarantee is told as one", () => {
    const json = whyNot([{ ...held, reason: "owedMore", between: { ...between, guaranteed: true } }]);
    expect(json.roles[0]?.reasons[0]?.what).toBe("service (F-2) comes first: role web is below its guarantee");
  });
});

describe("why-idle", () => {
  const idle = whyIdle({
    total: { cpus: 4_000, mem: 1_024_000 },
    running: { cpus: 500 },
    idle: { cpus: 3_500, mem: 1_024_000 },
    groups: [
      { cause: "offered", frameworkId: f2, oldestMs: 12_000, amounts: { cpus: 3_000, mem: 1_000_000 } },
      { cause: "reserved", role: "ads", amounts: { cpus: 500, mem: 24_000 } },
    ],
  });

  test("begins with the sums, and then one line for each cause", () => {
    expect(whyIdleText(idle, Number.POSITIVE_INFINITY)).toBe(
      [
        "  cpus:4 mem:1024    in all",
        "  cpus:0.5           used by tasks that run",
        "  cpus:3.5 mem:1024  idle, which is",
        "",
        "  cpus:3 mem:1000  offered to service (F-2), the oldest for 12 s",
        "                   → an answer; a decline hands it on at once",
        "  cpus:0.5 mem:24  reserved to role ads, which does not take it",
        "                   → work in role ads, or an UNRESERVE",
      ].join("\n"),
    );
  });

  test.each([30, 60])("fits a screen of %i columns", (columns) => {
    const lines = whyIdleText(idle, columns).split("\n");
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
  });

  test("has words for every cause", () => {
    const groups = idleCauses.map((cause: IdleCause) => ({
      cause,
      amounts: { cpus: 1 },
      frameworkId: f1,
      role: "ads",
    }));
    const { causes } = whyIdle({ groups });
    expect(new Set(causes.map(({ what }) => what)).size).toBe(idleCauses.length);
    for (const { what, mend } of causes) expect(`${what} ${mend}`).not.toMatch(/undefined|NaN/);
  });
});
