import { pino } from "pino";
import type { Log, LogLevel } from "../actors/world.ts";

export type LogOptions = {
  /** Lines below this level are dropped. Default `info`. */
  readonly level?: LogLevel;
  /** Short lines for people instead of JSON for machines. Default false. */
  readonly pretty?: boolean;
  /** Which thread speaks, for a process of several. */
  readonly thread?: string;
  /** The open file that receives the lines. Default 2, standard error. */
  readonly descriptor?: number;
};

type Facts = Readonly<Record<string, unknown>>;

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
/** Errors name their causes to this depth. */
const causesMax = 4;

/** Every line is in the file when the call returns, so that the last words of a dying thread are not lost. */
export function createLog(options: LogOptions = {}): Log {
  const level = options.level ?? "info";
  const destination = pino.destination({ dest: options.descriptor ?? 2, sync: true });
  const write = options.pretty === true ? shortLines(destination, options) : jsonLines(destination, level, options);
  return (at, from, message, facts = {}) => {
    if (ranks[at] >= ranks[level]) write(at, from, message, serialised(facts));
  };
}

type Write = (level: LogLevel, from: string, message: string, facts: Facts) => void;

function jsonLines(destination: pino.DestinationStream, level: LogLevel, { thread }: LogOptions): Write {
  const logger = pino(
    {
      level,
      base: { pid: process.pid, ...(thread === undefined ? {} : { thread }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return (at, from, message, facts) => logger[at]({ from, ...facts }, message);
}

function shortLines(destination: pino.DestinationStream, { thread }: LogOptions): Write {
  const place = thread === undefined ? "" : `${thread} `;
  return (at, from, message, facts) => {
    const time = new Date().toISOString().slice(11, 23);
    const more = Object.entries(facts).map(
      ([name, value]) => ` ${name}=${typeof value === "string" ? value : json(value)}`,
    );
    destination.write(`${time} ${at.padEnd(5)} ${place}${from} ${message}${more.join("")}\n`);
  };
}

function serialised(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, plain(value, 0)]));
}

/** Errors lose everything in JSON, and a bigint refuses it. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!(value instanceof Error)) return value;
  const { name, message, stack } = value;
  const code = "code" in value ? { code: value.code } : {};
  const cause = value.cause !== undefined && depth < causesMax ? { cause: plain(value.cause, depth + 1) } : {};
  return { name, message, ...code, stack, ...cause };
}

function json(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => plain(inner, causesMax)) ?? String(value);
}
