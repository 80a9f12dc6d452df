import { Command } from "commander";
import { expect, test } from "vitest";
import { type AllocationOptions, allocationFrom, allocationOptions } from "../../src/cli/allocation-options.ts";

/** What a command makes of these words. */
function given(...words: readonly string[]): AllocationOptions {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const option of allocationOptions()) command.addOption(option);
  return command.parse(words, { from: "user" }).opts();
}

test("what is not given is left to the master, and its policy is drf", () => {
  expect(allocationFrom(given())).toEqual({});
  expect(given().allocator).toBe("drf");
});

test("what is given stays as it was, for people, and is read for the master", () => {
  const options = given("--offer-timeout", "2.5", "--allocation-interval", "0.25", "--allocator", "lottery");
  expect(options).toEqual({ allocator: "lottery", offerTimeout: "2.5", allocationInterval: "0.25" });
  expect(allocationFrom(options)).toEqual({ offerTimeoutMs: 2_500, allocationIntervalMs: 250 });
});

test("a module's path is taken from where the command runs", () => {
  expect(given("--allocator", "./src/cli/main.ts").allocator).toBe(`${process.cwd()}/src/cli/main.ts`);
  expect(given("--allocator", "package.json.ts/../package.json").allocator).toBe(`${process.cwd()}/package.json`);
});

test.each([
  ["cpus:0.01|mem:32", [{ cpus: 10 }, { mem: 32_000 }]],
  ["cpus:1;mem:64 | disk:10", [{ cpus: 1_000, mem: 64_000 }, { disk: 10_000 }]],
  ["", []],
])("the least that an offer must have, %j, is read as Mesos does", (text, lists) => {
  expect(allocationFrom(given("--min-allocatable-resources", text))).toEqual({ minAllocatable: lists });
});

test("an offer may wait for ever", () => {
  expect(allocationFrom(given("--offer-timeout", "0"))).toEqual({ offerTimeoutMs: 0 });
});

test.each([
  ["--min-allocatable-resources", "cpus:1|", /"" names no amount above 0/],
  ["--min-allocatable-resources", "cpus:0", /"cpus:0" names no amount above 0/],
  ["--min-allocatable-resources", "cpus(ads):1", /only plain amounts can be a minimum/],
  ["--min-allocatable-resources", "ports:[1-2]", /only plain amounts can be a minimum/],
  ["--min-allocatable-resources", "cpus", /is not name:value/],
  ["--offer-timeout", "-1", /write seconds, up to 86400, or 0 for never/],
  ["--offer-timeout", "", /write seconds, up to 86400, or 0 for never/],
  ["--allocation-interval", "0", /write seconds, from 0\.01 to 3600/],
  ["--allocation-interval", "1e3", /write seconds, from 0\.01 to 3600/],
  ["--allocator", "fair", /there is no policy fair/],
  ["--allocator", "toString", /there is no policy toString/],
  ["--allocator", "src/cli/", /there is no file/],
])("%s %j is refused with what to write instead", (option, value, says) => {
  expect(() => given(option, value)).toThrow(says);
});
