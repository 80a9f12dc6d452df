import { expect, test } from "vitest";
import { graceMs, quantitiesText, roleWeight } from "../../src/cli/options.ts";

test("amounts are given by name, 0 too", () => {
  expect(quantitiesText("cpus:1.5; mem:64;gpus:0;")).toEqual({ cpus: 1_500, mem: 64_000, gpus: 0 });
});

test.each([
  ["cpus", '"cpus" is not name:amount, as in cpus:8;mem:4096'],
  ["cpus:-1", '"cpus:-1" is not name:amount'],
  ["cpus:x", '"cpus:x" is not name:amount'],
  ["cpus(ads):1", '"cpus(ads):1" is not name:amount'],
  ["ports:[1-2]", '"ports:[1-2]" is not name:amount'],
  ["cpus:1;cpus:2", "cpus is given twice"],
  ["cpus:1.2.3", '"cpus:1.2.3" is not name:amount'],
])("%s is refused", (text, message) => {
  expect(() => quantitiesText(text)).toThrow(message);
});

test("weights are given by role, one after the other", () => {
  expect(roleWeight("web/a=0.5", roleWeight("ads=2"))).toEqual([
    { role: "ads", weight: 2 },
    { role: "web/a", weight: 0.5 },
  ]);
  // Roles may have = in them.
  expect(roleWeight("a=b=3")).toEqual([{ role: "a=b", weight: 3 }]);
});

test.each([
  ["ads", "write ROLE=WEIGHT, as in ads=2"],
  ["=2", "write ROLE=WEIGHT"],
  ["ads=", "write ROLE=WEIGHT"],
  ["ads=heavy", "write ROLE=WEIGHT"],
  ["ads=0", 'the weight of role "ads" is 0 and must be from'],
  ["ads=-1", 'the weight of role "ads" is -1 and must be from'],
  ["a//b=1", 'role "a//b" begins or ends with /, or has two in a row'],
])("the weight %s is refused", (text, message) => {
  expect(() => roleWeight(text)).toThrow(message);
});

test("a grace is seconds, and may be none", () => {
  expect([graceMs("0"), graceMs("2.5")]).toEqual([0, 2_500]);
  for (const text of ["-1", "30s", "", "1.2345"]) expect(() => graceMs(text)).toThrow("write seconds, such as 30");
});
