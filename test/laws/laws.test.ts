/**
 * The conformance suite of the actor runtime: every law in every mode, and a table of what was run. More runs of each
 * come with `npm run test:laws`.
 */

import { enableCompileCache, getCompileCacheDir } from "node:module";
import { afterAll, describe, expect, test } from "vitest";
import { ProcessHome } from "./host-world.ts";
import type { Law } from "./law.ts";
import { type Home, RealWorld, Residents } from "./real-world.ts";
import { addressing } from "./rules/r01-addressing.law.ts";
import { messages } from "./rules/r02-messages.law.ts";
import { order } from "./rules/r03-order.law.ts";
import { mailboxes } from "./rules/r04-mailboxes.law.ts";
import { asks } from "./rules/r05-asks.law.ts";
import { handlers } from "./rules/r06-handlers.law.ts";
import { time } from "./rules/r07-time.law.ts";
import { supervision } from "./rules/r08-supervision.law.ts";
import { watches } from "./rules/r09-watches.law.ts";
import { names } from "./rules/r10-names.law.ts";
import { deadLetters } from "./rules/r11-dead-letters.law.ts";
import { drain } from "./rules/r12-drain.law.ts";
import { bodies } from "./rules/r13-bodies.law.ts";
import { causes } from "./rules/r14-causes.law.ts";
import { links } from "./rules/r15-links.law.ts";
import { RunTable } from "./run-table.ts";
import { SimWorld } from "./sim-world.ts";
import { ThreadHome } from "./thread-world.ts";
import { type Mode, modes, type TestWorld } from "./world.ts";

const laws: readonly Law[] = [
  ...[...addressing, ...messages, ...order, ...mailboxes, ...asks, ...handlers, ...time, ...supervision],
  ...[...watches, ...names, ...deadLetters, ...drain, ...bodies, ...causes, ...links],
];

/** Runs of each law by mode: `sim=20,threads=2,processes=1` in `MESOLITE_LAW_RUNS`; a mode with 0 is left out. */
const runs = runsOf(process.env["MESOLITE_LAW_RUNS"] ?? "");
/** Whatever hangs in a run says so long before: this allows for many runs of one law. */
const timeoutMs = 60_000 + 2_000 * (runs.sim + runs.threads + runs.processes);
/** The first of the seeds, which are numbered from here on. */
const firstSeed = Number(process.env["MESOLITE_LAW_SEED"] ?? "1");
const table = new RunTable(modes.filter((mode) => runs[mode] > 0));

// New threads and processes find compiled code through the environment.
enableCompileCache();
process.env["NODE_COMPILE_CACHE"] ??= getCompileCacheDir();

if (runs.sim > 0) {
  describe("simulated", () => {
    test.each(lawsIn("sim"))("$rule $claim", { timeout: timeoutMs }, async (law) => {
      await repeat(law, "sim", (seed) => new SimWorld(seed));
    });
  });
}
if (runs.threads > 0) describe("threads", () => onThisMachine("threads", () => new ThreadHome()));
if (runs.processes > 0) describe("processes", () => onThisMachine("processes", () => new ProcessHome()));

test("every rule has laws that ran in every mode", () => {
  process.stdout.write(`${table.text()}\n`);
  expect(table.empty()).toEqual([]);
});

function onThisMachine(mode: Exclude<Mode, "sim">, open: () => Home): void {
  let residents: Residents | undefined;
  afterAll(() => residents?.close());
  test.concurrent.each(lawsIn(mode))("$rule $claim", { timeout: timeoutMs }, async (law) => {
    residents ??= new Residents(open());
    const { home } = residents;
    await repeat(law, mode, (seed, number) => new RealWorld(residents as Residents, `${home.mode} ${seed}`, number));
  });
}

async function repeat(law: Law, mode: Mode, open: (seed: string, number: number) => TestWorld): Promise<void> {
  const count = Math.max(1, Math.ceil(runs[mode] * law.share));
  for (let number = 0; number < count; number++) {
    const seed = firstSeed + number;
    const world = open(`${law.rule} ${law.claim} ${seed}`, number);
    try {
      await law.obeyed(world);
      expect(await world.close()).toEqual([]);
    } catch (error) {
      await world.abandon();
      throw new Error(`${law.rule} does not hold (${mode}, MESOLITE_LAW_SEED=${seed}): ${messageOf(error)}`, {
        cause: error,
      });
    }
    table.add(law.rule, mode);
  }
}

function lawsIn(mode: Mode): readonly Law[] {
  return laws.filter((law) => law.modes.includes(mode));
}

function runsOf(text: string): Record<Mode, number> {
  const given = new Map(text.split(",").map((part) => part.split("=") as [string, string]));
  const of = (mode: Mode, byDefault: number) => Number(given.get(mode) ?? byDefault);
  return { sim: of("sim", 20), threads: of("threads", 2), processes: of("processes", 1) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
