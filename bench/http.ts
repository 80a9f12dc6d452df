import { sibling } from "../src/runtime/sibling.ts";
import { backgroundTasks, callsAtOnce, codecNames, crowds, offersShape, readers, reconcileShape } from "./http/flow.ts";
import {
  type BenchReport,
  entrants,
  environment,
  type Figure,
  figure,
  interleaved,
  known,
  median,
  type Round,
  ratio,
  Subject,
} from "./kit.ts";

/** Schedulers of Mesos's v1 HTTP API: how fast they are heard and offered to, and what readers of `/state` cost them. */

type Figures = Readonly<Record<string, Figure>>;

/** Calls, or offers, in a round. */
const steps = { calls: 4_000, offers: 1_000, watched: 3_000 } as const;

export async function bench({ full }: { readonly full: boolean }): Promise<BenchReport> {
  const rounds = full ? 11 : 5;
  using cast = new Company();
  const master = await cast.start("mesolite", "mesolite-far");
  const floor = await cast.start("bare", "bare-far");
  const ours = await cast.start("schedulers", "schedulers", { far: master.facts });
  const bare = await cast.start("bare schedulers", "schedulers", { far: floor.facts });
  const talk = await conversations({ mesolite: ours, bare }, rounds);
  const watched = await readersEffect(cast, full ? 15 : 5);
  return {
    bench: "http",
    config: { rounds, steps, crowds, callsAtOnce, readers, backgroundTasks },
    results: { ...figures(talk), ...watched.results },
    peers: { talk, ...watched.figures },
    missing: [],
    environment: environment("one process for the cluster or the floor, one for the schedulers, one for the readers"),
  };
}

/** Everything that schedulers do, ours beside the floor. */
async function conversations(subjects: { readonly mesolite: Subject; readonly bare: Subject }, rounds: number) {
  const all = codecNames.flatMap((codec) =>
    crowds.flatMap((count) =>
      [
        { shape: reconcileShape(codec, count), n: steps.calls },
        { shape: offersShape(codec, count), n: steps.offers },
      ].flatMap(({ shape, n }) => [
        ...entrants(subjects, shape, { mesolite: n }, shape),
        // The floor speaks JSON alone.
        ...(codec === "json" ? entrants(subjects, shape, { bare: n }, `bare ${shape}`) : []),
      ]),
    ),
  );
  return await interleaved(all, rounds);
}

function figures(talk: Figures): Record<string, number> {
  const crowd = Math.max(...crowds);
  const calls = talk[reconcileShape("json", crowd)];
  const offers = talk[offersShape("json", crowd)];
  const latencies = codecNames.flatMap((codec) =>
    crowds.flatMap((count) => {
      const of = talk[offersShape(codec, count)];
      const name = `${codec === "json" ? "Json" : "Protobuf"}${count}`;
      return [
        [`offerLatency${name}MsP50`, milli(of?.p50Micros?.median)],
        [`offerLatency${name}MsP99`, milli(of?.p99Micros?.median)],
      ] as const;
    }),
  );
  return known({
    callsPerSecond: calls?.median,
    callsPerSecondProtobuf: talk[reconcileShape("protobuf", crowd)]?.median,
    callsVsBareHttp: ratio(calls, talk[`bare ${reconcileShape("json", crowd)}`]),
    offerEventsPerSecond: offers?.median,
    offerEventsPerSecondProtobuf: talk[offersShape("protobuf", crowd)]?.median,
    offerEventsVsBareHttp: ratio(offers, talk[`bare ${offersShape("json", crowd)}`]),
    ...Object.fromEntries(latencies),
  });
}

/** Offers in a cluster full of tasks, by turns without and with readers of `/state`. */
async function readersEffect(cast: Company, rounds: number) {
  const master = await cast.start("full mesolite", "mesolite-far");
  await master.round("occupy", backgroundTasks);
  const scheduler = await cast.start("watched schedulers", "schedulers", { far: master.facts });
  const reader = await cast.start("readers", "readers", { far: master.facts });
  const shape = offersShape("json", 1);
  await master.round("lag", 1);
  const quiet: Round[] = [];
  const watched: Round[] = [];
  for (let round = 0; round <= rounds; round++) {
    const alone = await scheduler.round(shape, steps.watched);
    await reader.round("start", 1);
    const together = await scheduler.round(shape, steps.watched);
    await reader.round("stop", 1);
    // The first of each warms up.
    if (round > 0) {
      quiet.push(alone);
      watched.push(together);
    }
  }
  const lag = await master.round("lag", 1);
  const effects = quiet.map(
    ({ p99Micros = Number.NaN }, index) => (watched[index]?.p99Micros ?? Number.NaN) / p99Micros,
  );
  return {
    results: known({
      statePollEffectPercent: (median(effects) - 1) * 100,
      viewLagMsP99: milli(lag.p99Micros),
      viewLagMsP50: milli(lag.p50Micros),
    }),
    figures: { "offers json to 1, 10 000 tasks": { quiet: figure(quiet), watched: figure(watched) } },
  };
}

/** The processes of this benchmark. None of them needs a package that might be missing. */
class Company implements Disposable {
  readonly #subjects: Subject[] = [];

  async start(name: string, module: string, gift: object = {}): Promise<Subject> {
    const subject = await Subject.start(name, sibling(`./http/subjects/${module}`, import.meta.url), gift);
    if (subject === undefined) throw new Error(`${name} cannot be started`);
    this.#subjects.push(subject);
    return subject;
  }

  [Symbol.dispose](): void {
    for (const subject of this.#subjects) subject.stop();
  }
}

function milli(micros: number | undefined): number | undefined {
  return micros === undefined ? undefined : micros / 1_000;
}
