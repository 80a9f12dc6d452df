import { sibling } from "../src/runtime/sibling.ts";
import { questionsMax, windowMax } from "./actors/flow.ts";
import { smallText } from "./actors/payloads.ts";
import type { IdleGift } from "./actors/subjects/mesolite-idle.ts";
import { type BenchReport, Cast, entrants, environment, interleaved, known, ratio } from "./kit.ts";

/** Actors against other actor libraries, and against what the machine allows, in one thread and across two. */

type Measured = Pick<BenchReport, "results" | "missing"> & { readonly figures: BenchReport["peers"] };

/** What each subject is, by its name. A peer is a package that may not be installed. */
const inThread = { mesolite: "ours", floor: "ours", nact: "peer", xstate: "peer", effect: "peer" } as const;
const acrossThreads = { "mesolite-threads": "ours", "raw-port": "ours" } as const;
const callsAcrossThreads = {
  comlink: "ours",
  piscina: "ours",
  workerpool: "peer",
} as const;

const floodMessages = 1_000_000;
const idleActors = 10_000;
const idleRoundMs = 5_000;
/** One message at a time warms the code slowly: about twenty thousand go by before a round takes as long as the next. */
const tripWarmUp = 5;

export async function bench({ full }: { readonly full: boolean }): Promise<BenchReport> {
  const rounds = full ? 11 : 7;
  // Only those that are measured together live together: a subject that waits for its turn is not always still.
  const parts = [await oneThread(rounds), await twoThreads(rounds), await limits(rounds)];
  return {
    bench: "actors",
    config: {
      rounds,
      window: windowMax,
      questions: questionsMax,
      textBytes: smallText.length,
      floodMessages,
      idleActors,
      idleRoundMs,
    },
    results: Object.assign({}, ...parts.map(({ results }) => results)),
    peers: Object.assign({}, ...parts.map(({ figures }) => figures)),
    missing: parts.flatMap(({ missing }) => missing),
    environment: environment("one per subject; two for the cross-thread shapes"),
  };
}

const gift = { window: windowMax, questions: questionsMax, text: smallText };

async function startAll(cast: Cast, kinds: Readonly<Record<string, "ours" | "peer">>): Promise<void> {
  for (const [name, kind] of Object.entries(kinds))
    await cast.start(name, kind === "ours" ? ours(name) : peer(name), gift);
}

function ours(name: string): URL {
  return sibling(`./actors/subjects/${name}`, import.meta.url);
}

function peer(name: string): URL {
  return new URL(`./actors/peers/${name}.mjs`, import.meta.url);
}

async function oneThread(rounds: number): Promise<Measured> {
  using cast = new Cast();
  await startAll(cast, inThread);
  await cast.start("comedy", peer("comedy"), { ...gift, mode: "in-memory" });
  const { subjects, missing } = cast;
  const tell = await interleaved(
    entrants(subjects, "tell", {
      mesolite: 1_048_576,
      floor: 2_097_152,
      nact: 131_072,
      xstate: 524_288,
      effect: 262_144,
      comedy: 65_536,
    }),
    rounds,
  );
  const pingPong = await interleaved(
    entrants(subjects, "pingPong", { mesolite: 300_000, floor: 300_000, nact: 100_000 }),
    rounds,
  );
  const ask = await interleaved(
    entrants(subjects, "ask", { mesolite: 200_000, nact: 100_000, comedy: 40_000 }),
    rounds,
  );
  return {
    missing,
    figures: { tell, pingPong, ask },
    results: known({
      tellPerSecond: tell["mesolite"]?.median,
      tellVsNact: ratio(tell["mesolite"], tell["nact"]),
      tellVsEffectQueue: ratio(tell["mesolite"], tell["effect"]),
      tellVsXstateWithoutMailbox: ratio(tell["mesolite"], tell["xstate"]),
      tellVsComedy: ratio(tell["mesolite"], tell["comedy"]),
      tellVsBareLoop: ratio(tell["mesolite"], tell["floor"]),
      pingPongExchangesPerSecond: pingPong["mesolite"]?.median,
      pingPongVsNact: ratio(pingPong["mesolite"], pingPong["nact"]),
      pingPongVsBareLoop: ratio(pingPong["mesolite"], pingPong["floor"]),
      askPerSecond: ask["mesolite"]?.median,
      askVsNact: ratio(ask["mesolite"], ask["nact"]),
      askVsComedy: ratio(ask["mesolite"], ask["comedy"]),
    }),
  };
}

async function twoThreads(rounds: number): Promise<Measured> {
  using cast = new Cast();
  await startAll(cast, acrossThreads);
  const { subjects, missing } = cast;
  const trip = await interleaved(
    entrants(subjects, "crossThreadRoundTrip", { "mesolite-threads": 5_000, "raw-port": 5_000 }),
    // How long a sleeping thread takes to wake goes up and down: many short rounds side by side.
    3 * rounds,
    tripWarmUp,
  );
  await startAll(cast, callsAcrossThreads);
  await cast.start("comedy-threads", peer("comedy"), { ...gift, mode: "threaded" });
  const ask = await interleaved(
    entrants(subjects, "crossThreadAsk", {
      "mesolite-threads": 5_000,
      comlink: 5_000,
      piscina: 5_000,
      workerpool: 5_000,
      "comedy-threads": 5_000,
    }),
    rounds,
    tripWarmUp,
  );
  const tell = await interleaved(
    [
      ...entrants(subjects, "crossThreadTell", { "mesolite-threads": 196_608 }),
      ...entrants(subjects, "clonePerMessage", { "raw-port": 196_608 }, "clonePerMessage"),
      ...entrants(subjects, "packedBatches", { "raw-port": 196_608 }, "packedBatches"),
      ...entrants(subjects, "crossThreadTell", {
        comlink: 16_384,
        piscina: 16_384,
        workerpool: 16_384,
        "comedy-threads": 16_384,
      }),
    ],
    rounds,
  );
  const us = tell["mesolite-threads"];
  return {
    missing,
    figures: { crossThreadRoundTrip: trip, crossThreadAsk: ask, crossThreadTell: tell },
    results: known({
      crossThreadRoundTripVsRawPort: ratio(trip["mesolite-threads"]?.p50Micros, trip["raw-port"]?.p50Micros),
      crossThreadRoundTripMicrosP50: trip["mesolite-threads"]?.p50Micros?.median,
      crossThreadAskPerSecond: ask["mesolite-threads"]?.median,
      crossThreadAskVsComlink: ratio(ask["mesolite-threads"], ask["comlink"]),
      crossThreadAskVsPiscina: ratio(ask["mesolite-threads"], ask["piscina"]),
      crossThreadAskVsWorkerpool: ratio(ask["mesolite-threads"], ask["workerpool"]),
      crossThreadAskVsComedy: ratio(ask["mesolite-threads"], ask["comedy-threads"]),
      crossThreadTellPerSecond: us?.median,
      crossThreadTellVsClonePerMessage: ratio(us, tell["clonePerMessage"]),
      crossThreadVsPackedFloor: ratio(us, tell["packedBatches"]),
      crossThreadTellVsComlink: ratio(us, tell["comlink"]),
      crossThreadTellVsPiscina: ratio(us, tell["piscina"]),
      crossThreadTellVsWorkerpool: ratio(us, tell["workerpool"]),
      crossThreadTellVsComedy: ratio(us, tell["comedy-threads"]),
    }),
  };
}

/** How soon a flooded actor stops, and what actors cost that do nothing. */
async function limits(rounds: number): Promise<Measured> {
  using cast = new Cast();
  await cast.start("mesolite-flood", ours("mesolite-flood"));
  const hour: IdleGift = { actors: idleActors, everyMs: 3_600_000, spreadMs: 0 };
  const minute: IdleGift = { actors: idleActors, everyMs: 60_000, spreadMs: 60_000 };
  await cast.start("hourly", ours("mesolite-idle"), hour);
  await cast.start("each-minute", ours("mesolite-idle"), minute);
  const { subjects, missing } = cast;
  const flood = await interleaved(entrants(subjects, "controlLane", { "mesolite-flood": floodMessages }), rounds);
  const idle = await interleaved(entrants(subjects, "idle", { hourly: idleRoundMs, "each-minute": idleRoundMs }), 1, 0);
  const stopMicros = flood["mesolite-flood"]?.p50Micros?.median;
  return {
    missing,
    figures: { controlLane: flood, idle },
    results: known({
      controlLaneMs: stopMicros === undefined ? undefined : stopMicros / 1_000,
      idleCpuPercent: idle["hourly"]?.cpuPercent.median,
      idleWithTimersEachMinuteCpuPercent: idle["each-minute"]?.cpuPercent.median,
    }),
  };
}
