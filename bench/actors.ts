import { sibling } from "../src/runtime/sibling.ts";
import { type BenchReport, type Entrant, environment, interleaved, ratio, Subject } from "./kit.ts";

/** Actors against other actor libraries, and against what the machine allows, in one thread and across two. */

type Named = Readonly<Record<string, Subject>>;

const ours = ["mesolite", "floor"];
const peers = ["nact", "xstate", "effect"];
const inThread = [...ours, ...peers];
const acrossThreads = ["mesolite-threads", "raw-port"];

export async function bench({ full }: { readonly full: boolean }): Promise<BenchReport> {
  const rounds = full ? 15 : 7;
  const { subjects, missing } = await startAll([...inThread, ...acrossThreads]);
  try {
    const one = await oneThread(subjects, rounds);
    const two = await twoThreads(subjects, rounds);
    return {
      bench: "actors",
      config: { rounds, window: 4_096, burst: 256, quiz: 64 },
      results: { ...one.results, ...two.results },
      peers: { ...one.figures, ...two.figures },
      missing,
      environment: environment("one per subject; two for the cross-thread shapes"),
    };
  } finally {
    for (const subject of Object.values(subjects)) subject.stop();
  }
}

async function startAll(names: readonly string[]) {
  const subjects: Record<string, Subject> = {};
  const missing: string[] = [];
  for (const name of names) {
    const module = peers.includes(name)
      ? new URL(`./actors/peers/${name}.mjs`, import.meta.url)
      : sibling(`./actors/subjects/${name}`, import.meta.url);
    const subject = await Subject.start(name, module);
    if (subject === undefined) missing.push(name);
    else subjects[name] = subject;
  }
  return { subjects, missing };
}

async function oneThread(subjects: Named, rounds: number) {
  const by = (names: readonly string[]) => names.flatMap((name) => subjects[name] ?? []);
  const tell = await interleaved(all(by(inThread), "tell"), { steps: 524_288, rounds });
  const pingPong = await interleaved(all(by(["mesolite", "floor", "nact"]), "pingPong"), { steps: 300_000, rounds });
  const ask = await interleaved(all(by(["mesolite", "nact"]), "ask"), { steps: 200_000, rounds });
  return {
    figures: { tell, pingPong, ask },
    results: known({
      tellPerSecond: tell["mesolite"]?.median,
      tellVsNact: ratio(tell["mesolite"], tell["nact"]),
      tellVsEffectQueue: ratio(tell["mesolite"], tell["effect"]),
      tellVsXstateWithoutMailbox: ratio(tell["mesolite"], tell["xstate"]),
      tellVsBareLoop: ratio(tell["mesolite"], tell["floor"]),
      pingPongExchangesPerSecond: pingPong["mesolite"]?.median,
      pingPongVsNact: ratio(pingPong["mesolite"], pingPong["nact"]),
      pingPongVsBareLoop: ratio(pingPong["mesolite"], pingPong["floor"]),
      askPerSecond: ask["mesolite"]?.median,
      askVsNact: ratio(ask["mesolite"], ask["nact"]),
    }),
  };
}

/** Shapes that pair: each of ours runs right before what it is compared with. */
async function twoThreads(subjects: Named, rounds: number) {
  const threads = subjects["mesolite-threads"];
  const raw = subjects["raw-port"];
  if (threads === undefined || raw === undefined) return { figures: {}, results: {} };
  const trip = await interleaved(all([threads, raw], "crossThreadRoundTrip"), { steps: 10_000, rounds });
  const tell = await interleaved(
    [
      { name: "crossThreadTell", subject: threads, shape: "crossThreadTell" },
      { name: "clonePerMessage", subject: raw, shape: "clonePerMessage" },
      { name: "packedBatches", subject: raw, shape: "packedBatches" },
    ],
    { steps: 196_608, rounds },
  );
  return {
    figures: { crossThreadRoundTrip: trip, crossThreadTell: tell },
    results: known({
      crossThreadRoundTripVsRawPort: ratio(trip["raw-port"], trip["mesolite-threads"]),
      crossThreadTellPerSecond: tell["crossThreadTell"]?.median,
      crossThreadTellVsClonePerMessage: ratio(tell["crossThreadTell"], tell["clonePerMessage"]),
      crossThreadVsPackedFloor: ratio(tell["crossThreadTell"], tell["packedBatches"]),
    }),
  };
}

/** The same shape by every subject. */
function all(subjects: readonly Subject[], shape: string): readonly Entrant[] {
  return subjects.map((subject) => ({ name: subject.name, subject, shape }));
}

function known(results: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(results).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
