/**
 * Runs every check, each of them even when an earlier one failed, and closes with one line: `N passed, N failed`.
 * With `--fast` it leaves out the tests of whole systems, and the laws of actors run simulated only. With `--long` it runs
 * those tests alone that have a command of their own.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const fast = process.argv.includes("--fast");
const long = process.argv.includes("--long");
if (fast) process.env["MESOLITE_LAW_RUNS"] ??= "sim=10,threads=0,processes=0";

const scratch = mkdtempSync(join(tmpdir(), "mesolite-test-"));
const report = join(scratch, "report.json");

let failed = 0;
for (const command of long ? [] : ["tsc", "biome check --error-on-warnings", "knip"]) {
  if (!succeeds(command)) failed += 1;
}

const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const projects = long ? ["long"] : fast ? ["unit", "laws"] : ["unit", "laws", "system", "timing"];
const tested = succeeds("vitest run", [...reporters, ...projects.map((name) => `--project=${name}`)]);
const tests = readReport();
// A file that does not load, or an error outside every test, fails the run without failing a test.
failed += tested ? 0 : Math.max(1, tests.failed);
rmSync(scratch, { recursive: true });

console.log(`${tests.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && tests.passed > 0 ? 0 : 1;

function succeeds(command: string, more: readonly string[] = []): boolean {
  const [program = "", ...options] = command.split(" ");
  console.log(`> ${command}`);
  return spawnSync(program, [...options, ...more], { stdio: "inherit" }).status === 0;
}

function readReport(): { readonly passed: number; readonly failed: number } {
  if (!existsSync(report)) return { passed: 0, failed: 0 };
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
  return { passed: numPassedTests, failed: numFailedTests };
}
