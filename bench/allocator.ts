import { sibling } from "../src/runtime/sibling.ts";
import { youngGenerationMiBMax } from "../src/runtime/thread-handle.ts";
import type { Shape } from "./allocator/trial.ts";
import {
  type BenchReport,
  environment,
  type Figure,
  figure,
  known,
  type Missing,
  type Round,
  ratio,
  Subject,
} from "./kit.ts";

/**
 * What the allocator does, by how many slaves and frameworks there are, beside the least that sharing out so many slaves
 * can cost. The allocator is the production actor with its mailbox and timers, in a process of its own.
 */

export type AllocatorBenchOptions = Partial<Shape> & { readonly full: boolean };

type Figures = Readonly<Record<string, Figure>>;
type Measured = {
  readonly figures: Figures;
  /** The most that the process has had resident until all cycles were done, and until all filters were there as well. */
  readonly peakRss: { readonly cyclesMiB: number; readonly allMiB: number };
};
type Effort = { readonly lives: number; readonly rounds: number };

const shapeDefault: Shape = { slaves: 50_000, frameworks: 200, roles: "own" };
const usual: Effort = { lives: 3, rounds: 9 };
const thorough: Effort = { lives: 5, rounds: 15 };
const ofGrid: Effort = { lives: 1, rounds: 5 };
/** Offers after which an allocator is warm, and the least rounds for it. */
const warmOffers = 500_000;
const warmRoundsMin = 3;
/** Batches in a round: what each looks at is another part of the slaves. */
const batches = 16;
/** Pairs of a slave and a framework of which each gets a filter; more are not tried. */
const filtersMax = 10_000_000;
const filterRounds = 3;
const grid = [1_000, 5_000, 10_000, 50_000, 200_000].flatMap((slaves) =>
  [1, 50, 200, 1_000, 5_000].map((frameworks) => ({ slaves, frameworks })),
);
const largest = { slaves: 1_000_000, frameworks: 10_000 };
/** In production the allocator has a thread; this gives a process the same. Node counts a third of the young generation. */
const asInThread = [`--max-semi-space-size=${youngGenerationMiBMax / 3}`];
/** After so long no further shape of the grid is begun, in milliseconds. */
const gridMaxMs = 40 * 60_000;

export async function bench({ full, ...wanted }: AllocatorBenchOptions): Promise<BenchReport> {
  const shape = { ...shapeDefault, ...wanted };
  const effort = full ? thorough : usual;
  const results: Record<string, number> = {};
  const peers: Record<string, Figures> = {};
  const missing: Missing[] = [];
  const asked = await measured(shape, effort);
  Object.assign(results, flat(shape, asked));
  Object.assign(peers, sections(asked.figures));
  if (!hasFilters(shape)) missing.push(tooManyFilters(shape));
  const began = performance.now();
  for (const size of full ? [...grid, largest] : []) {
    const each = { ...size, roles: shape.roles };
    const name = nameOf(each);
    if (performance.now() - began > gridMaxMs) {
      missing.push({ name, remedy: `more than ${gridMaxMs / 60_000} minutes; run it by --slaves and --frameworks` });
      continue;
    }
    try {
      const cell = await measured(each, ofGrid);
      Object.assign(results, named(each, flat(each, cell)));
      peers[name] = cell.figures;
    } catch (error) {
      missing.push({ name, remedy: `it failed: ${String(error)}` });
    }
  }
  return {
    bench: "allocator",
    config: { ...shape, ...effort, warmOffers, batches, filtersMax, filterRounds },
    results,
    peers,
    missing,
    environment: environment("one process for each life of an allocator, with the floor in it"),
  };
}

/** Everything about one shape. Half of the lives are told of slaves first, half of frameworks; the last goes on. */
async function measured(shape: Shape, { lives, rounds }: Effort): Promise<Measured> {
  const heard = new Heard();
  const warmUp = Math.max(warmRoundsMin, Math.ceil(warmOffers / shape.slaves));
  let cyclesMiB = 0;
  for (let life = 1; life <= lives; life++) {
    for (const order of ["frameworksFirst", "slavesFirst"] as const) {
      const subject = await begun(shape);
      try {
        await cold(subject, shape, order, heard);
        if (life < lives || order === "frameworksFirst") continue;
        for (let round = 0; round < warmUp + rounds; round++) {
          await warm(subject, shape, round < warmUp ? new Heard() : heard);
        }
        cyclesMiB = heard.peakRssMiB;
        if (hasFilters(shape)) await declined(subject, shape, heard);
      } finally {
        subject.stop();
      }
    }
  }
  return { figures: heard.figures(), peakRss: { cyclesMiB, allMiB: heard.peakRssMiB } };
}

async function begun(shape: Shape): Promise<Subject> {
  const module = sibling("./allocator/subjects/mesolite", import.meta.url);
  const subject = await Subject.start("mesolite", module, shape, asInThread);
  if (subject === undefined) throw new Error("the allocator cannot be started");
  return subject;
}

async function cold(
  subject: Subject,
  { slaves, frameworks }: Shape,
  order: "slavesFirst" | "frameworksFirst",
  heard: Heard,
): Promise<void> {
  const steps = { addSlaves: slaves, addFrameworks: frameworks };
  const names = ["addSlaves", "addFrameworks"] as const;
  for (const name of order === "slavesFirst" ? names : [...names].reverse()) {
    heard.note(`${name} ${order}`, await subject.round(name, steps[name]));
  }
  heard.note("fullCycle cold", await subject.round("firstCycle", slaves));
}

/** The floor goes over the same columns as the cycle that follows it. */
async function warm(subject: Subject, { slaves }: Shape, heard: Heard): Promise<void> {
  for (const [name, steps, shape = name] of [
    ["handBack", slaves],
    ["floor", slaves],
    ["fullCycle", slaves],
    ["encode", slaves],
    ["decode", slaves],
    ["allOfferedBatch", batches, "idleBatches"],
    ["allOfferedLook", slaves, "idleLook"],
    ["onePercent", percent(slaves), "someHandedBack"],
  ] as const) {
    heard.note(name, await subject.round(shape, steps));
  }
}

async function declined(subject: Subject, { slaves, frameworks }: Shape, heard: Heard): Promise<void> {
  heard.note("declineAll", await subject.round("declineAll", slaves * frameworks));
  for (let round = 0; round < filterRounds; round++) {
    heard.note("allDeclinedBatch", await subject.round("idleBatches", batches));
    heard.note("allDeclinedLook", await subject.round("idleLook", slaves));
  }
}

/** The rounds of each thing that is measured. */
class Heard {
  peakRssMiB = 0;
  readonly #rounds = new Map<string, Round[]>();

  note(name: string, round: Round): void {
    this.peakRssMiB = Math.max(this.peakRssMiB, round.peakRssMiB);
    this.#rounds.set(name, [...(this.#rounds.get(name) ?? []), round]);
  }

  figures(): Figures {
    return Object.fromEntries([...this.#rounds].map(([name, rounds]) => [name, figure(rounds)]));
  }
}

function flat({ slaves, frameworks }: Shape, { figures, peakRss }: Measured): Record<string, number> {
  const ms = (name: string, steps: number) => {
    const median = figures[name]?.median;
    return median === undefined ? undefined : (steps / median) * 1_000;
  };
  const micros = (name: string) => {
    const median = figures[name]?.median;
    return median === undefined ? undefined : 1_000_000 / median;
  };
  return known({
    addSlavesMs: ms("addSlaves slavesFirst", slaves),
    addFrameworksMs: ms("addFrameworks slavesFirst", frameworks),
    addFrameworksFirstMs: ms("addFrameworks frameworksFirst", frameworks),
    addSlavesLastMs: ms("addSlaves frameworksFirst", slaves),
    fullCycleColdMs: ms("fullCycle cold", slaves),
    fullCycleMs: ms("fullCycle", slaves),
    floorMs: ms("floor", slaves),
    fullCycleVsFloor: ratio(figures["floor"], figures["fullCycle"]),
    offersPerSecond: figures["fullCycle"]?.median,
    microsPerOffer: micros("fullCycle"),
    microsPerOfferFloor: micros("floor"),
    handBackMs: ms("handBack", slaves),
    batchEncodeMs: ms("encode", slaves),
    batchDecodeMs: ms("decode", slaves),
    allOfferedCycleMs: ms("allOfferedBatch", 1),
    allOfferedLookMs: ms("allOfferedLook", slaves),
    onePercentCycleMs: ms("onePercent", percent(slaves)),
    allDeclinedCycleMs: ms("allDeclinedBatch", 1),
    allDeclinedLookMs: ms("allDeclinedLook", slaves),
    declineAllMs: ms("declineAll", slaves * frameworks),
    filtersActive: figures["declineAll"] === undefined ? undefined : slaves * frameworks,
    peakRssMiB: peakRss.allMiB,
    peakRssWithoutFiltersMiB: peakRss.cyclesMiB,
  });
}

function sections(figures: Figures): Record<string, Figures> {
  const { floor, ...ours } = figures;
  return Object.fromEntries(
    Object.entries(ours).map(([name, mesolite]) => [
      name,
      { mesolite, ...(name === "fullCycle" && floor !== undefined ? { floor } : {}) },
    ]),
  );
}

/** The same with the shape in the name: `fullCycleMs` is `own1000x50FullCycleMs`. */
function named({ slaves, frameworks, roles }: Shape, results: Readonly<Record<string, number>>) {
  const prefix = `${roles}${slaves}x${frameworks}`;
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [`${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`, value]),
  );
}

function nameOf({ slaves, frameworks, roles }: Shape): string {
  return `${slaves} x ${frameworks}, ${roles === "own" ? "roles of their own" : "one role"}`;
}

function percent(slaves: number): number {
  return Math.max(1, Math.floor(slaves / 100));
}

function hasFilters({ slaves, frameworks }: Shape): boolean {
  return slaves * frameworks <= filtersMax;
}

function tooManyFilters(shape: Shape): Missing {
  return { name: `the declined cycle of ${nameOf(shape)}`, remedy: `at most ${filtersMax} filters are tried` };
}
