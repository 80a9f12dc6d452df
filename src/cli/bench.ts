import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sibling } from "../runtime/sibling.ts";
import { CliFailure } from "./failure.ts";
import { table } from "./table.ts";

export type BenchOptions = {
  readonly json: boolean;
  readonly full: boolean;
  readonly slaves?: number;
  readonly frameworks?: number;
  readonly roles?: "own" | "one";
};

type Spread = { readonly median: number; readonly min: number; readonly max: number };
type Figure = Spread & Readonly<Partial<Record<"cpuPercent" | "p50Micros" | "p99Micros", Spread>>>;

type Report = {
  readonly config: Readonly<Record<string, unknown>>;
  readonly results: Readonly<Record<string, number>>;
  readonly peers: Readonly<Record<string, Readonly<Record<string, Figure>>>>;
  readonly missing: readonly { readonly name: string; readonly remedy: string }[];
  readonly environment: Readonly<Record<string, unknown>>;
};

const names = ["actors", "allocator", "bridge", "http"];

/** Runs a benchmark and prints its figures; ratios are what it claims, absolute figures are this machine's today. */
export async function bench(name: string, options: BenchOptions): Promise<void> {
  const module = sibling(`../../bench/${name}`, import.meta.url);
  if (!names.includes(name) || !existsSync(fileURLToPath(module))) {
    throw new CliFailure(`there is no benchmark ${name}; there is ${names.join(", ")}`, { exit: "usage" });
  }
  const { json, full, ...shape } = options;
  if (name !== "allocator" && Object.keys(shape).length > 0) {
    const flags = Object.keys(shape).map((flag) => `--${flag}`);
    throw new CliFailure(`${flags.join(", ")} is for the benchmark allocator, not for ${name}`, { exit: "usage" });
  }
  const { bench: run } = (await import(module.href)) as {
    readonly bench: (options: Omit<BenchOptions, "json">) => Promise<Report>;
  };
  const report = await run({ full, ...shape });
  const remedies = Map.groupBy(report.missing, ({ remedy }) => remedy);
  for (const [remedy, missing] of remedies) {
    process.stderr.write(`without ${missing.map((one) => one.name).join(", ")}: ${remedy}\n`);
  }
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : text(report));
}

function text({ results, peers, environment }: Report): string {
  const figures = Object.entries(results).map(([name, value]) => [name, shown(value)]);
  const rounds = Object.entries(peers).flatMap(([shape, subjects]) =>
    Object.entries(subjects).map(([subject, { median, min, max, cpuPercent, p50Micros, p99Micros }]) => [
      shape,
      subject,
      ...[median, min, max, cpuPercent?.median, p50Micros?.median, p99Micros?.median].map(shown),
    ]),
  );
  const facts = Object.entries(environment).map(([name, value]) => `${name} ${String(value)}`);
  const sections = [
    table(["FIGURE", "VALUE"], figures),
    table(["SHAPE", "SUBJECT", "STEPS/S", "MIN", "MAX", "CPU %", "P50 µs", "P99 µs"], rounds),
    facts.join(", "),
  ];
  return `${sections.join("\n\n")}\n`;
}

function shown(value: number | undefined): string {
  if (value === undefined) return "";
  return value >= 1_000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}
