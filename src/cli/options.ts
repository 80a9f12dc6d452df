import { type Command, InvalidArgumentError, Option } from "commander";
import type { LogLevel } from "../actors/world.ts";
import { type MasterConfig, masterDefaults, masterTestScale } from "../master/config.ts";
import { parseAttributes } from "../protocol/attribute.ts";
import { idFault, SlaveId } from "../protocol/ids.ts";
import type { Quantities } from "../protocol/quantities.ts";
import { parseQuantity } from "../protocol/quantity.ts";
import { reservationOf } from "../protocol/reservation.ts";
import { parse, type Resources } from "../protocol/resources.ts";
import { slaveResourcesFault } from "../protocol/slave-info.ts";
import { weightFault } from "../protocol/weight.ts";
import { type SlaveConfig, slaveDefaults, slaveTestScale } from "../slave/config.ts";
import type { RoleWeight } from "./roles.ts";
import type { MasterDoorPlan } from "./thread-options.ts";

/** Options that several commands share, each with its environment variable. */

export function withOptions(command: Command, added: readonly Option[]): Command {
  for (const option of added) command.addOption(option);
  return command;
}

/** For an option that may be given several times. */
export const collected = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

export type Timeouts = { readonly master: MasterConfig; readonly slave: SlaveConfig };

const scales: Readonly<Record<string, Timeouts>> = {
  default: { master: masterDefaults, slave: slaveDefaults },
  test: { master: masterTestScale, slave: slaveTestScale },
};

export function timeoutsOf(scale: string): Timeouts {
  return scales[scale] ?? { master: masterDefaults, slave: slaveDefaults };
}

export const timeoutsOption = (): Option =>
  new Option("--timeouts <scale>", "how patient to be")
    .choices(Object.keys(scales))
    .default("default")
    .env("MESOLITE_TIMEOUTS");

export const masterOption = (): Option =>
  new Option("--master <host:port>", "HTTP address of the master").default("127.0.0.1:5050").env("MESOLITE_MASTER");

/** How a framework reaches its master. */
export type DoorName = "bridge" | "http";

export const doorOption = (): Option =>
  new Option("--door <door>", "how to reach the master: its bridge, or Mesos's scheduler API over HTTP")
    .choices(["bridge", "http"] satisfies DoorName[])
    .default("bridge")
    .env("MESOLITE_DOOR");

/** Absent for the bridge. */
export function doorPlan(door: DoorName, master: string, credential: string | undefined): MasterDoorPlan | undefined {
  if (door === "bridge") return undefined;
  return { master, ...(credential === undefined ? {} : { credential }) };
}

export const logLevelOption = (level: LogLevel): Option =>
  new Option("--log-level <level>", "least important lines to log")
    .choices(["debug", "info", "warn", "error"])
    .default(level)
    .env("MESOLITE_LOG_LEVEL");

/** What proves to other processes of the cluster who this one is. */
export const credentialOptions = (): readonly Option[] => [
  new Option("--secret-file <file>", "file with the cluster's shared secret").env("MESOLITE_SECRET_FILE"),
  new Option("--tls-cert <file>", "certificate (PEM) that names mesolite://ROLE[/NODE]").env("MESOLITE_TLS_CERT"),
  new Option("--tls-key <file>", "its private key (PEM)").env("MESOLITE_TLS_KEY"),
  new Option("--tls-ca <file>", "certificate (PEM) of the cluster's own CA").env("MESOLITE_TLS_CA"),
];

/** Who may use the HTTP door; the switches are those of Mesos. */
export const accessOptions = (): readonly Option[] => [
  new Option("--credentials <file>", "who may use HTTP: JSON of Mesos, or `principal secret` per line").env(
    "MESOLITE_CREDENTIALS",
  ),
  switchOption("readonly", "HTTP reads"),
];

export const masterAccessOptions = (): readonly Option[] => [
  ...accessOptions(),
  switchOption("readwrite", "HTTP calls that change something"),
  switchOption("frameworks", "frameworks that come by HTTP"),
  new Option("--acls <file or json>", "which of them may register for which role, as in Mesos").env("MESOLITE_ACLS"),
];

/** What one framework may ask of a master. */
export const limitOptions = (): readonly Option[] => [
  new Option(
    "--rate-limits <json or file>",
    "messages per second of frameworks by principal: JSON of Mesos, or file://PATH",
  ).env("MESOLITE_RATE_LIMITS"),
  new Option("--max-outstanding-offers <n>", "offers that one framework may hold")
    .argParser(positiveNumber)
    .default(masterDefaults.outstandingOffersMax)
    .env("MESOLITE_MAX_OUTSTANDING_OFFERS"),
];

const switchOption = (realm: "readonly" | "readwrite" | "frameworks", who: string): Option =>
  new Option(`--authenticate-http-${realm} [true|false]`, `${who} need one of the credentials`)
    .argParser(truth)
    .preset("true")
    .env(`MESOLITE_AUTHENTICATE_HTTP_${realm.toUpperCase()}`);

/** What a command that asks a daemon proves itself with. */
export const credentialOption = (): Option =>
  new Option("--credential <file>", "principal and secret for the daemons asked").env("MESOLITE_CREDENTIAL");

export const outputOption = (): Option =>
  new Option("-o, --output <format>", "table, wide or json").choices(["table", "wide", "json"]).default("table");

export const answerOption = (): Option =>
  new Option("-o, --output <format>", "table or json").choices(["table", "json"]).default("table");

export function slaveId(text: string): SlaveId {
  const fault = idFault(text);
  if (fault === undefined) return SlaveId(text);
  throw new InvalidArgumentError(`it ${fault}; \`slave list\` shows the ids.`);
}

/** Resources to look for, with commas or semicolons between them: checked here, and sent as text. */
export function needText(text: string): string {
  const list = text.replaceAll(/,(?![^[{]*[\]}])/g, ";");
  const parsed = parse(list);
  if (!parsed.ok) throw new InvalidArgumentError(`${parsed.error}.`);
  if (Object.keys(parsed.value).length > 0) return list;
  throw new InvalidArgumentError("write what is needed, as in cpus:4,mem:8192.");
}

function truth(text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new InvalidArgumentError("write true or false.");
}

export function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("a port is a number from 0 to 65535.");
}

export function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError("write a whole number.");
}

export function positiveNumber(text: string): number {
  const number = wholeNumber(text);
  if (number > 0) return number;
  throw new InvalidArgumentError("write a number above 0.");
}

/** Seconds with three decimals at most, in milliseconds. */
export function intervalMs(text: string): number {
  const ms = Math.round(Number(text) * 1_000);
  if (/^\d+(\.\d{1,3})?$/.test(text) && ms >= 100 && ms <= 3_600_000) return ms;
  throw new InvalidArgumentError("write seconds, from 0.1 to 3600.");
}

/** Seconds above 0, with three decimals at most, in milliseconds; a day is the most. */
export function secondsMs(text: string): number {
  const ms = Math.round(Number(text) * 1_000);
  if (/^\d+(\.\d{1,3})?$/.test(text) && ms > 0 && ms <= 86_400_000) return ms;
  throw new InvalidArgumentError("write seconds above 0, up to 86400.");
}

/** What `--resources` says: text is checked at once; a list is read, with the code it takes, when it is needed. */
type GivenResources = () => Promise<Resources>;

/** Mesos's text form, its JSON list, or `file://PATH` with either in it. */
export function resourcesText(text: string): GivenResources {
  if (/^\s*\[|^file:\/\//.test(text)) return async () => (await import("./resources-file.ts")).resourcesIn(text);
  const parsed = parse(text);
  const fault = parsed.ok ? slaveResourcesFault(parsed.value) : parsed.error;
  if (parsed.ok && fault === undefined) return async () => parsed.value;
  throw new InvalidArgumentError(`${fault}.`);
}

/** Of each slave of a development cluster, when nobody says. */
const devResources = "cpus:2;mem:2048;ports:[31000-32000]";

export const devResourcesOption = (description: string): Option =>
  new Option("--resources <list>", description)
    .argParser(resourcesText)
    .default(resourcesText(devResources), devResources);

/** Less than this is not offered of a slave. */
export const minOfferOption = (): Option =>
  new Option("--min-offer <list>", "offer what is free of it once it is as much as this, such as cpus:2;mem:1024")
    .argParser(scalarsText)
    .env("MESOLITE_MIN_OFFER");

/** A part of a slave that is offered apart, for tasks that do not take long. */
export const shortTasksOption = (): Option =>
  new Option("--short-tasks <list>", "part of it that is offered apart, for tasks no longer than --short-task-max")
    .argParser(plainText)
    .env("MESOLITE_SHORT_TASKS");

function plainText(text: string): Resources {
  const parsed = parse(text);
  const fault = parsed.ok ? slaveResourcesFault(parsed.value) : parsed.error;
  if (!parsed.ok || fault !== undefined) throw new InvalidArgumentError(`${fault}.`);
  const reserved = Object.keys(parsed.value).find((key) => reservationOf(key) !== undefined);
  if (reserved === undefined && Object.keys(parsed.value).length > 0) return parsed.value;
  throw new InvalidArgumentError("write what is not reserved, such as cpus:2;mem:1024.");
}

function scalarsText(text: string): Resources {
  const resources = plainText(text);
  if (Object.values(resources).every((quantity) => typeof quantity === "number")) return resources;
  throw new InvalidArgumentError("write amounts, such as cpus:2;mem:1024.");
}

/** What is given, to be put in its place among the options of a command. */
export async function readResources(given: GivenResources | undefined): Promise<{ readonly resources?: Resources }> {
  if (given === undefined) return {};
  const reading: Promise<Resources> = given();
  return { resources: await reading };
}

export function attributesText(text: string): { readonly [name: string]: string } {
  const attributes = parseAttributes(text);
  if (attributes !== undefined) return attributes;
  throw new InvalidArgumentError("write name:value;name:value, as in rack:r1;zone:west;keys:[1000-1500].");
}

/** A scalar amount such as 0.5 for `--cpus`, in thousandths. */
export function amount(text: string): number {
  const parsed = parse(`amount:${text}`);
  const milli = parsed.ok ? parsed.value["amount"] : undefined;
  if (typeof milli === "number" && milli > 0) return milli;
  throw new InvalidArgumentError("write a number above 0, such as 0.5.");
}

/** What `--limit` and `--guarantee` say: amounts in the whole cluster, by name. A limit of 0 is one. */
export function quantitiesText(text: string): Quantities {
  const amounts = new Map<string, number>();
  for (const part of text.split(";").map((piece) => piece.trim())) {
    if (part === "") continue;
    const [, name, value = ""] = /^([^(:\s]+)\s*:\s*([\d.]+)$/.exec(part) ?? [];
    const amount = parseQuantity(value);
    if (name === undefined || !amount.ok || typeof amount.value !== "number") {
      throw new InvalidArgumentError(`${JSON.stringify(part)} is not name:amount, as in cpus:8;mem:4096.`);
    }
    if (amounts.has(name)) throw new InvalidArgumentError(`${name} is given twice.`);
    amounts.set(name, amount.value);
  }
  return Object.fromEntries(amounts);
}

/** Seconds with three decimals at most, in milliseconds; 0 is none. */
export function graceMs(text: string): number {
  const ms = Math.round(Number(text) * 1_000);
  if (/^\d+(\.\d{1,3})?$/.test(text) && Number.isSafeInteger(ms)) return ms;
  throw new InvalidArgumentError("write seconds, such as 30.");
}

/** One of several `ROLE=WEIGHT`. */
export function roleWeight(text: string, before: readonly RoleWeight[] = []): readonly RoleWeight[] {
  const at = text.lastIndexOf("=");
  const [role, weight] = [text.slice(0, at), Number(text.slice(at + 1))];
  const fault = at < 1 || text.length === at + 1 || !Number.isFinite(weight) ? shape : weightFault(role, weight);
  if (fault === undefined) return [...before, { role, weight }];
  throw new InvalidArgumentError(`${fault}.`);
}

const shape = "write ROLE=WEIGHT, as in ads=2";
