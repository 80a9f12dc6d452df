import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { machineLack, machineResources } from "../../src/cli/machine.ts";
import { readResources, resourcesText } from "../../src/cli/options.ts";
import { isEmpty, malformation } from "../../src/protocol/resources.ts";
import { quantities } from "../protocol/quantities.ts";

const list = [
  { name: "cpus", type: "SCALAR", scalar: { value: 1.5 } },
  { name: "mem", type: "SCALAR", scalar: { value: 64 }, role: "ads" },
];
const same = quantities("cpus:1.5;mem(ads):64");

function file(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), "mesolite-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "resources");
  writeFileSync(path, text);
  return path;
}

async function given(text: string) {
  return (await readResources(resourcesText(text))).resources;
}

test("resources are given as text, as a list, or in a file with either", async () => {
  const json = JSON.stringify(list);
  for (const text of [
    "cpus:1.5;mem(ads):64",
    json,
    `file://${file(json)}`,
    `file://${file("cpus:1.5;mem(ads):64\n")}`,
  ]) {
    expect(await given(text)).toEqual(same);
  }
  expect(await readResources(undefined)).toEqual({});
});

test.each([
  ["[{", "--resources as given: this is not JSON"],
  [JSON.stringify([{ ...list[0], scalar: { value: -1 } }]), "-1 is no amount"],
  [JSON.stringify([{ ...list[0], name: "gpus" }]), "must be an unsigned integer"],
  [JSON.stringify([{ ...list[0], role: "a", reservation: {} }]), "a slave cannot reserve dynamically by itself"],
  ["file:///nowhere/at/all", "cannot read --resources /nowhere/at/all: ENOENT"],
])("%s is refused", async (text, message) => {
  await expect(given(text)).rejects.toThrow(message);
});

test("a file that says nonsense, or too much, is named", async () => {
  const nonsense = file("cpus:lots");
  await expect(given(`file://${nonsense}`)).rejects.toThrow(`--resources ${nonsense}: "cpus:lots"`);
  const large = file("");
  truncateSync(large, 2_000_000);
  await expect(given(`file://${large}`)).rejects.toThrow("it has 2000000 bytes, and the limit is 1048576");
});

test("ports that are there under two reservations are refused at once", () => {
  expect(() => resourcesText("ports:[1-5];ports(ads):[5-9]")).toThrow("ports:[5-5] is there under two reservations");
});

test("the machine has what it offers by itself, and not a thousand times as much", () => {
  const machine = machineResources(tmpdir());
  expect(isEmpty(machine)).toBe(false);
  expect(malformation(machine)).toBeUndefined();
  expect(machine["ports"]).toEqual({ ranges: [[31_000, 32_000]] });
  expect(machineLack(machine, tmpdir())).toBe("");
  const lack = machineLack(quantities("cpus:1;cpus(ads):99999;mem:999999999;toString:5"), tmpdir());
  expect(lack).toMatch(/^cpus:100000 of \d+, mem:999999999 of \d+$/);
});
