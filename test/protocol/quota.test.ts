import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Quota,
  quotaFault,
  quotaGraceDefaultMs,
  quotaNameLengthMax,
  quotaNamesMax,
  quotaShape,
  quotasFault,
  quotasMax,
} from "../../src/protocol/quota.ts";
import { shapeFault } from "../../src/protocol/shape.ts";

function quota(limits: Quota["limits"], guarantees: Quota["guarantees"] = {}, graceMs = quotaGraceDefaultMs): Quota {
  return { limits, guarantees, graceMs };
}

const names = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, 1]));

describe("a quota may be", () => {
  test.each([
    ["of nothing", quota({})],
    ["a limit of nothing at all", quota({ cpus: 0 })],
    ["a limit alone", quota({ cpus: 4_000, mem: 1 })],
    ["a guarantee alone", quota({}, { cpus: 4_000 })],
    ["a guarantee as large as the limit", quota({ cpus: 4_000 }, { cpus: 4_000 })],
    ["of a name that every object knows", quota({}, { constructor: 1, toString: 2 })],
    ["of as much as can be counted", quota({ cpus: Number.MAX_SAFE_INTEGER })],
    ["of as many names as are allowed", quota(names(quotaNamesMax), names(quotaNamesMax))],
    ["of a name as long as is allowed", quota({ ["x".repeat(quotaNameLengthMax)]: 1 })],
    ["without grace", quota({}, {}, 0)],
  ])("%s", (_, given) => {
    expect(quotaFault("a", given)).toBeUndefined();
    expect(shapeFault(quotaShape, given)).toBeUndefined();
  });
});

test.each([
  [quota({ cpus: -1 }), "the limit of cpus is -0.001 and must be a number from 0 to"],
  [quota({ cpus: Number.NaN }), "the limit of cpus is NaN"],
  [quota({ cpus: Number.POSITIVE_INFINITY }), "the limit of cpus is Infinity"],
  [quota({ cpus: 0.5 }), "at most three decimals"],
  [quota({ mem: 1e300 }), "the limit of mem is 1e+297"],
  [quota({}, { mem: Number.MAX_SAFE_INTEGER + 1 }), "the guarantee of mem is"],
  [quota({ cpus: 1_000 }, { cpus: 1_001 }), "the guarantee of cpus is 1.001 and more than its limit of 1"],
  [quota({ cpus: 0 }, { cpus: 1 }), "more than its limit of 0"],
  [quota({ "": 1 }), '"" is the name of no resource'],
  [quota({ "cpus(ads)": 1 }), '"cpus(ads)" is the name of no resource'],
  [quota({ "c pus": 1 }), "is the name of no resource"],
  [quota(JSON.parse('{"__proto__":1}')), "is the name of no resource"],
  [quota({ ["x".repeat(quotaNameLengthMax + 1)]: 1 }), `longer than the ${quotaNameLengthMax} characters`],
  [quota(names(quotaNamesMax + 1)), `${quotaNamesMax + 1} limits, and there may be ${quotaNamesMax}`],
  [quota({}, names(quotaNamesMax + 1)), `${quotaNamesMax + 1} guarantees, and there may be`],
  [quota({}, {}, -1), "the grace is -1 ms"],
  [quota({}, {}, 0.5), "the grace is 0.5 ms"],
  [quota({}, {}, 1e300), "the grace is 1e+300 ms"],
])("%j is no quota: %s", (given, fault) => {
  expect(quotaFault("a", given)).toContain('quota of role "a": ');
  expect(quotaFault("a", given)).toContain(fault);
});

test.each([
  ["*", 'the default role "*" cannot have a quota; choose another role'],
  ["a/b", 'role "a/b" cannot have a quota, since it is within another; set that of "a"'],
  ["-a", 'role "-a" contains a name that begins with -'],
  ["", 'role "" is empty'],
  ["__proto__", "role __proto__ cannot have a quota"],
])("role %j cannot have a quota, nor lose one", (role, fault) => {
  expect(quotaFault(role, quota({}))).toContain(fault);
  expect(quotasFault({ b: quota({}), [role]: quota({}) }, new Map())).toContain(fault);
  expect(quotasFault(JSON.parse(`{${JSON.stringify(role)}:null}`), new Map())).toContain(fault);
});

test("a fault in one quota is a fault in the change", () => {
  expect(quotasFault({ a: quota({}), b: quota({ cpus: -1 }) }, new Map())).toContain('quota of role "b"');
  expect(quotasFault({ a: quota({}), b: null }, new Map())).toBeUndefined();
});

test("there are no more quotas than allowed, those kept included", () => {
  const kept = new Map(Array.from({ length: quotasMax }, (_, index) => [`r${index}`, quota({})]));
  expect(quotasFault({ r1: quota({ cpus: 1 }) }, kept)).toBeUndefined();
  expect(quotasFault({ more: quota({}) }, kept)).toBe(
    `there may be quotas for ${quotasMax} roles, not for ${quotasMax + 1}`,
  );
  expect(quotasFault({ more: quota({}), r1: null }, kept)).toBeUndefined();
});

test("amounts are judged, and never throw, whatever number they are", () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), fc.double(), (limit, guarantee, graceMs) => {
      const valid = [limit, guarantee, graceMs].every((each) => Number.isSafeInteger(each) && each >= 0);
      const fault = quotaFault("a", quota({ cpus: limit }, { cpus: guarantee }, graceMs));
      if (!valid || guarantee > limit) expect(fault).toBeDefined();
    }),
  );
});
