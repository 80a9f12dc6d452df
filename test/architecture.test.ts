/** The rules of structure hold for the repository, and each of them can fail. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { readSources, rules, type SourceFile, sourceFile } from "../scripts/architecture.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = readSources(root);

describe("the repository", () => {
  test.each(Object.entries(rules))("keeps %s", (_name, rule) => {
    expect(rule(files)).toEqual([]);
  });
});

type Plant = {
  readonly rule: keyof typeof rules;
  readonly path: string;
  readonly text: string;
  readonly violation: string;
};

const plants: readonly Plant[] = [
  {
    rule: "layering",
    path: "src/actors/cell.ts",
    text: 'import { launch } from "../slave/executors.ts";',
    violation: "src/actors/cell.ts:1 actors may not import slave; move the shared part down, or hand it in",
  },
  {
    rule: "layering",
    path: "src/master/offers.ts",
    text: '\nimport type {\n  Executor,\n} from "../slave/executors.ts";',
    violation: "src/master/offers.ts:4 master may not import slave; move the shared part down, or hand it in",
  },
  {
    rule: "layering",
    path: "src/sim/registry.ts",
    text: 'const store = import("../master/store/sqlite.ts");',
    violation: "src/sim/registry.ts:1 sim may not import master/store; move the shared part down, or hand it in",
  },
  {
    rule: "layering",
    path: "src/http/server.ts",
    text: 'export { fixture } from "../../test/master/fixture.ts";',
    violation: "src/http/server.ts:1 http may not import outside src; move the shared part down, or hand it in",
  },
  {
    rule: "layering",
    path: "src/extras/thing.ts",
    text: "",
    violation: "src/extras/thing.ts:1 is in no layer; move it, or give its folder a row in the layer table",
  },
  {
    rule: "nodeModules",
    path: "src/slave/slave.ts",
    text: 'import { readFileSync } from "node:fs";',
    violation: "src/slave/slave.ts:1 imports node:fs; ask the World for it through a port",
  },
  {
    rule: "packages",
    path: "src/actors/cell.ts",
    text: 'import { Packr } from "msgpackr";',
    violation: "src/actors/cell.ts:1 imports the package msgpackr; use it in the layer that owns it",
  },
  {
    rule: "packages",
    path: "src/runtime/pool.ts",
    text: 'import { parse } from "@scope/parser/fast";',
    violation: "src/runtime/pool.ts:1 imports the package @scope/parser; use it in the layer that owns it",
  },
  {
    rule: "synchronous",
    path: "src/master/master.ts",
    text: "const ready = async () => undefined;",
    violation: "src/master/master.ts:1 uses async; let the outcome come back as a message",
  },
  {
    rule: "ambient",
    path: "src/master/slaves.ts",
    text: "const now = `${Date.now()}`;",
    violation: "src/master/slaves.ts:1 uses Date; take time, randomness and settings from the context",
  },
  {
    rule: "ambient",
    path: "src/sim/network.ts",
    text: "// A delay.\nglobalThis.setTimeout(() => {}, 1000 * Number(1));",
    violation: "src/sim/network.ts:2 uses globalThis.setTimeout; take time, randomness and settings from the context",
  },
  {
    rule: "fileLength",
    path: "src/master/master.ts",
    text: "let a = 1;\n".repeat(500),
    violation: "src/master/master.ts:1 has 500 lines of code, over 400; split it by noun",
  },
  {
    rule: "reachable",
    path: "src/base/forgotten.ts",
    text: "",
    violation: "src/base/forgotten.ts:1 is imported by nothing; use it or delete it",
  },
  {
    rule: "names",
    path: "src/master/task-manager.ts",
    text: "",
    violation: "src/master/task-manager.ts:1 is named manager; name it for the noun it holds",
  },
  {
    rule: "names",
    path: "src/protocol/index.ts",
    text: "",
    violation: "src/protocol/index.ts:1 is a barrel; import the file that defines the thing",
  },
  {
    rule: "vocabulary",
    path: "src/master/slaves.ts",
    text: "const lostAgents = 0;",
    violation: "src/master/slaves.ts:1 says lostAgents; the noun is slave",
  },
  {
    rule: "markers",
    path: "test/base/heap.test.ts",
    text: "let a = 1; // TODO: later",
    violation: "test/base/heap.test.ts:1 leaves a TODO; do it now, or file an issue",
  },
];

describe("a rule fails when it is broken", () => {
  test.each(plants)("$rule: $violation", ({ rule, path, text, violation }) => {
    expect(rules[rule]([sourceFile(path, text)])).toEqual([violation]);
  });

  test("and every rule is broken once", () => {
    expect([...new Set(plants.map(({ rule }) => rule))].sort()).toEqual(Object.keys(rules).sort());
  });
});

const lawful: readonly SourceFile[] = [
  sourceFile("src/base/heap.ts", "export const urgent = 'agent Date.now() await'; /* Agents wait. */"),
  sourceFile(
    "src/actors/link/codec.ts",
    'import { Packr } from "msgpackr"; import { heap } from "../../base/heap.ts";',
  ),
  sourceFile("src/master/store/sqlite.ts", 'import "node:sqlite"; import "../ports.ts"; await Date.now();'),
  sourceFile("src/master/ports.ts", "const dates = world.clock.setTimeout(1); const text = `Date ${dates} await`;"),
  sourceFile("src/frameworks/sort/tasks/map.ts", 'import "node:fs"; export async function map() {}'),
  sourceFile("src/sim/fixture.ts", 'import "../actors/link/codec.ts"; export const open = async () => undefined;'),
  sourceFile("src/sim/guards.ts", "globalThis.Date = frozen(Date);"),
  sourceFile("src/http/agents.ts", 'import fastify from "fastify"; export const agentId = 1;'),
  sourceFile("src/cli/thread.ts", ""),
  sourceFile(
    "src/cli/main.ts",
    'import "../http/agents.ts"; import "../master/store/sqlite.ts"; import "../sim/fixture.ts"; import "../sim/guards.ts";',
  ),
];

test.each(Object.entries(rules))("%s leaves lawful files alone", (_name, rule) => {
  expect(rule(lawful)).toEqual([]);
});

test("the linter sees what it must forbid", () => {
  const broken = {
    noBarrelFile: 'export { Heap } from "./heap.ts";\n',
    noDefaultExport: "export default 1;\n",
    noExcessiveLinesPerFunction: `export function long(): void {\n${"  touch();\n".repeat(71)}}\n`,
    noExplicitAny: "export const value: any = 1;\n",
    noFloatingPromises: "async function slow(): Promise<void> {}\nexport function run(): void {\n  slow();\n}\n",
    noImportCycles: 'import { b } from "./b.ts";\nexport const a = (): unknown => b;\n',
    noNonNullAssertion: "export const first = [1].at(0)!;\n",
  };
  const project = mkdtempSync(join(tmpdir(), "mesolite-lint-"));
  onTestFinished(() => rmSync(project, { recursive: true }));
  cpSync(join(root, "biome.json"), join(project, "biome.json"));
  for (const [rule, text] of Object.entries(broken)) {
    mkdirSync(join(project, "src", rule), { recursive: true });
    writeFileSync(join(project, "src", rule, "a.ts"), text);
  }
  writeFileSync(join(project, "src/noImportCycles/b.ts"), 'import { a } from "./a.ts";\nexport const b = a;\n');

  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const options = ["lint", "--vcs-enabled=false", "--error-on-warnings", "--reporter=github", "."];
  const { status, stdout } = spawnSync(process.execPath, [biome, ...options], { cwd: project, encoding: "utf8" });

  expect(status).not.toBe(0);
  for (const rule of Object.keys(broken)) {
    expect(stdout).toMatch(new RegExp(`title=lint/\\w+/${rule},file=\\S*src/${rule}/a\\.ts,`));
  }
});
