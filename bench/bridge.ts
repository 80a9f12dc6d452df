import { randomBytes } from "node:crypto";
import { linkLimits } from "../src/actors/link/limits.ts";
import { sibling } from "../src/runtime/sibling.ts";
import { textOf } from "./actors/payloads.ts";
import { CertificateAuthority, opensslMissing } from "./bridge/certificate-authority.ts";
import { ballsAtOnce, crowd, type Load, loads } from "./bridge/flow.ts";
import type { LinkGift } from "./bridge/link.ts";
import { NatsServer } from "./bridge/nats-server.ts";
import {
  type BenchReport,
  Cast,
  entrants,
  environment,
  type Figure,
  interleaved,
  known,
  ratio,
  type Subject,
} from "./kit.ts";

/** Messages between two processes over loopback TCP: the bridge, a bare socket, NATS and gRPC. */

type Named = Readonly<Record<string, Subject>>;
type Figures = Readonly<Record<string, Figure>>;
type Measured = Pick<BenchReport, "results"> & { readonly figures: BenchReport["peers"] };

/** Messages in a round, by what they weigh and who carries them: some tenths of a second each. */
const steps = {
  ours: 196_608,
  nats: 65_536,
  grpc: 16_384,
  "1 KiB": 32_768,
  "64 KiB": 512,
  trip: 5_000,
  guardedTrip: 2_000,
};
const natsWindowFactor = 4;
/** One message at a time warms the code slowly; the more code, the longer it takes, on either side of a ratio. */
const tripWarmUp = 5;
const tellWarmUp = 5;

export async function bench({ full }: { readonly full: boolean }): Promise<BenchReport> {
  const rounds = full ? 9 : 15;
  using nats = await NatsServer.start();
  using cast = new Cast();
  await startAll(cast, nats, full);
  const parts = [
    await messages(cast.subjects, rounds),
    await roundTrips(cast.subjects, rounds),
    ...(full ? [await heavier(cast.subjects, rounds), await guarded(cast.subjects, rounds)] : []),
    ...(full ? [await manyAtOnce(cast.subjects, rounds)] : []),
  ];
  return {
    bench: "bridge",
    config: { rounds, loads, natsWindowFactor, steps, crowd, ballsAtOnce, creditBytes: linkLimits.creditBytes },
    results: Object.assign({}, ...parts.map(({ results }) => results)),
    peers: Object.assign({}, ...parts.map(({ figures }) => figures)),
    missing: cast.missing,
    environment: environment("one process for each end; NATS has a third for its server"),
  };
}

async function startAll(cast: Cast, nats: NatsServer | undefined, full: boolean): Promise<void> {
  const { bytes, window } = loads["100 B"];
  // What serves them best: more under way for NATS, the credit of a link for gRPC, which has little by itself.
  const load = { text: textOf(bytes), window: natsWindowFactor * window, creditBytes: linkLimits.creditBytes };
  await ours(cast, "mesolite");
  await cast.startPair("raw", subject("raw-far"), subject("raw-near"));
  if (nats !== undefined)
    await cast.startPair("nats", peer("nats-far"), peer("nats-near"), { ...load, natsPort: nats.port });
  else cast.missing.push({ name: "nats", remedy: "`apt-get install nats-server` puts the server on the path" });
  await cast.startPair("grpc", peer("grpc-far"), peer("grpc-near"), load);
  if (!full) return;
  await ours(cast, "mesolite-mac", { secret: randomBytes(32).toString("hex"), frameMac: true });
  if (opensslMissing) cast.missing.push({ name: "mesolite-tls", remedy: "openssl makes the certificates" });
  else await ours(cast, "mesolite-tls", { tls: certificates() });
}

async function ours(cast: Cast, name: string, gift: LinkGift = {}): Promise<void> {
  await cast.startPair(name, subject("mesolite-far"), subject("mesolite-near"), gift);
}

function certificates() {
  using authority = new CertificateAuthority();
  return { near: authority.sign("URI:mesolite://slave"), far: authority.sign("URI:mesolite://master") };
}

function subject(name: string): URL {
  return sibling(`./bridge/subjects/${name}`, import.meta.url);
}

function peer(name: string): URL {
  return new URL(`./bridge/peers/${name}.mjs`, import.meta.url);
}

/** One shape of ours and the floor's with every size of its batches. */
function againstFloor(subjects: Named, load: Load, count: number, shape = `tell ${load}`) {
  return [
    ...entrants(subjects, shape, { mesolite: count }),
    ...loads[load].batches.flatMap((batch) => {
      const name = `raw by ${batch}`;
      return entrants(subjects, `tell ${load} by ${batch}`, { raw: count }, name);
    }),
  ];
}

/** The floor with the size of batches that served it best. */
function floor(figures: Figures): Figure | undefined {
  const all = Object.entries(figures).flatMap(([name, figure]) => (name.startsWith("raw") ? [figure] : []));
  return all.sort((a, b) => b.median - a.median)[0];
}

async function messages(subjects: Named, rounds: number): Promise<Measured> {
  const tell = await interleaved(
    [
      ...againstFloor(subjects, "100 B", steps.ours),
      ...entrants(subjects, "tell", { nats: steps.nats, grpc: steps.grpc }),
    ],
    rounds,
    tellWarmUp,
  );
  return {
    figures: { "tell 100 B": tell },
    results: known({
      bridgeTellPerSecond: tell["mesolite"]?.median,
      bridgeTellVsRawTcp: ratio(tell["mesolite"], floor(tell)),
      bridgeTellVsNats: ratio(tell["mesolite"], tell["nats"]),
      bridgeTellVsGrpc: ratio(tell["mesolite"], tell["grpc"]),
    }),
  };
}

async function roundTrips(subjects: Named, rounds: number): Promise<Measured> {
  const trip = await interleaved(
    [
      ...entrants(subjects, "trip 1", { mesolite: steps.trip, raw: steps.trip }),
      ...entrants(subjects, "trip", { nats: steps.trip }),
    ],
    rounds,
    tripWarmUp,
  );
  const us = trip["mesolite"]?.p50Micros;
  return {
    figures: { "trip, 1 at once": trip },
    results: known({
      bridgeRoundTripMicrosP50: us?.median,
      bridgeRoundTripMicrosP99: trip["mesolite"]?.p99Micros?.median,
      bridgeRoundTripVsRawTcp: ratio(us, trip["raw"]?.p50Micros),
      bridgeRoundTripVsNats: ratio(us, trip["nats"]?.p50Micros),
    }),
  };
}

async function heavier(subjects: Named, rounds: number): Promise<Measured> {
  const kibibyte = await interleaved(againstFloor(subjects, "1 KiB", steps["1 KiB"]), rounds);
  const chunk = await interleaved(againstFloor(subjects, "64 KiB", steps["64 KiB"]), rounds);
  return {
    figures: { "tell 1 KiB": kibibyte, "tell 64 KiB": chunk },
    results: known({
      bridgeTell1KiBPerSecond: kibibyte["mesolite"]?.median,
      bridgeTell1KiBVsRawTcp: ratio(kibibyte["mesolite"], floor(kibibyte)),
      bridgeTell64KiBPerSecond: chunk["mesolite"]?.median,
      bridgeTell64KiBVsRawTcp: ratio(chunk["mesolite"], floor(chunk)),
    }),
  };
}

/** What proving and hiding cost: the same link without either runs beside them. */
async function guarded(subjects: Named, rounds: number): Promise<Measured> {
  const names = ["mesolite", "mesolite-mac", "mesolite-tls"];
  const all = (count: number) => Object.fromEntries(names.map((name) => [name, count]));
  const tell = await interleaved(entrants(subjects, "tell 100 B", all(steps.ours)), rounds);
  const trip = await interleaved(entrants(subjects, "trip 1", all(steps.guardedTrip)), rounds, tripWarmUp);
  const plain = trip["mesolite"]?.p50Micros;
  return {
    figures: { "tell 100 B, guarded": tell, "trip, guarded": trip },
    results: known({
      bridgeTellFrameMacVsPlain: ratio(tell["mesolite-mac"], tell["mesolite"]),
      bridgeTellTlsVsPlain: ratio(tell["mesolite-tls"], tell["mesolite"]),
      bridgeRoundTripFrameMacVsPlain: ratio(trip["mesolite-mac"]?.p50Micros, plain),
      bridgeRoundTripTlsVsPlain: ratio(trip["mesolite-tls"]?.p50Micros, plain),
    }),
  };
}

/** Many actors that send to one, and many exchanges under way. */
async function manyAtOnce(subjects: Named, rounds: number): Promise<Measured> {
  const from = await interleaved(againstFloor(subjects, "100 B", steps.ours, "crowd"), rounds);
  const figures: Record<string, Figures> = { [`tell 100 B, from ${crowd} actors`]: from };
  const results: Record<string, number | undefined> = {
    [`bridgeTellFrom${crowd}ActorsPerSecond`]: from["mesolite"]?.median,
    [`bridgeTellFrom${crowd}ActorsVsRawTcp`]: ratio(from["mesolite"], floor(from)),
  };
  for (const atOnce of ballsAtOnce.filter((count) => count > 1)) {
    const count = 4 * steps.trip;
    const trip = await interleaved(entrants(subjects, `trip ${atOnce}`, { mesolite: count, raw: count }), rounds);
    figures[`trip, ${atOnce} at once`] = trip;
    results[`bridgeRoundTrip${atOnce}AtOncePerSecond`] = trip["mesolite"]?.median;
    results[`bridgeRoundTrip${atOnce}AtOnceVsRawTcp`] = ratio(trip["mesolite"], trip["raw"]);
    results[`bridgeRoundTrip${atOnce}AtOnceMicrosP50`] = trip["mesolite"]?.p50Micros?.median;
  }
  return { figures, results: known(results) };
}
