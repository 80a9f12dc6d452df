import { expect, test } from "vitest";
import { parseRateLimits } from "../../src/cli/rate-limits.ts";

test("Mesos's own form is read", () => {
  const limits = [{ principal: "foo", qps: 55.5, capacity: 100_000 }, { principal: "bar" }];
  const others = { aggregate_default_qps: 33.3, aggregate_default_capacity: 1_000_000 };
  expect(parseRateLimits(JSON.stringify({ limits, ...others }))).toEqual({
    ok: true,
    value: { principals: limits, others: { qps: 33.3, capacity: 1_000_000 } },
  });
  expect(parseRateLimits("{}")).toEqual({ ok: true, value: { principals: [], others: {} } });
});

const qpsRule = "write messages per second, from 0.001 to 1000000, or leave it out for no limit";
const capacityRule = "write a whole number of messages that may wait, 1 or more, or leave it out";
const principalRule = "write the name of the principal whose limit it is";

test.each([
  ["[]", "is []; write an object of limits, aggregate_default_qps, aggregate_default_capacity"],
  ["null", "is null; write an object of limits, aggregate_default_qps, aggregate_default_capacity"],
  ['{"limit":[]}', '"limit" is not known; known are limits, aggregate_default_qps, aggregate_default_capacity'],
  ['{"limits":{}}', "limits: is {}; write a list of limits"],
  ['{"limits":["foo"]}', 'limits[0]: is "foo"; write an object of principal, qps, capacity'],
  ['{"limits":[{"principl":"a"}]}', 'limits[0]: "principl" is not known; known are principal, qps, capacity'],
  ['{"limits":[{"qps":1}]}', `limits[0].principal: is missing; ${principalRule}`],
  ['{"limits":[{"principal":""}]}', `limits[0].principal: is ""; ${principalRule}`],
  ['{"limits":[{"principal":7}]}', `limits[0].principal: is 7; ${principalRule}`],
  ['{"limits":[{"principal":"a"},{"principal":"b","qps":0}]}', `limits[1].qps: is 0; ${qpsRule}`],
  ['{"limits":[{"principal":"a","qps":-1}]}', `limits[0].qps: is -1; ${qpsRule}`],
  ['{"limits":[{"principal":"a","qps":"5"}]}', `limits[0].qps: is "5"; ${qpsRule}`],
  ['{"limits":[{"principal":"a","qps":1e9}]}', `limits[0].qps: is 1000000000; ${qpsRule}`],
  ['{"limits":[{"principal":"a","qps":1,"capacity":0}]}', `limits[0].capacity: is 0; ${capacityRule}`],
  ['{"limits":[{"principal":"a","qps":1,"capacity":1.5}]}', `limits[0].capacity: is 1.5; ${capacityRule}`],
  ['{"aggregate_default_qps":true}', `aggregate_default_qps: is true; ${qpsRule}`],
  ['{"aggregate_default_capacity":-3}', `aggregate_default_capacity: is -3; ${capacityRule}`],
  [
    '{"limits":[{"principal":"a"},{"principal":"a"}]}',
    'limits[1].principal: "a" has a limit already; keep one of them',
  ],
])("%s is refused: where, what, and how to mend it", (text, error) => {
  expect(parseRateLimits(text)).toEqual({ ok: false, error });
});

test("what is no JSON is refused", () => {
  expect(parseRateLimits("{")).toMatchObject({ ok: false, error: expect.stringMatching(/^it is not JSON: /) });
});
