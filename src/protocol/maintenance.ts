import { count, list, object, optional, text } from "./shape.ts";

/** A machine by its host name, its address or both. Host names are the same in upper and lower case. */
export type Machine = { readonly hostname?: string; readonly ip?: string };

/** A time in which machines are not to be counted on. */
export type MaintenanceWindow = {
  /** At least one. A machine is in one window only. */
  readonly machines: readonly Machine[];
  /** Unix milliseconds. */
  readonly startMs: number;
  /** Absent: without end. */
  readonly durationMs?: number;
};

export const maintenanceShape = list(
  object<MaintenanceWindow>({
    machines: list(object<Machine>({ hostname: optional(text), ip: optional(text) })),
    startMs: count,
    durationMs: optional(count),
  }),
);

/** Machines in all windows, and characters of a host name (as in the DNS) and of an address. */
export const machinesMax = 10_000;
export const hostnameLengthMax = 253;
export const ipLengthMax = 45;

/** What is wrong with a schedule of maintenance, or undefined. The rules are Mesos's (`maintenance.md`). */
export function maintenanceFault(windows: readonly MaintenanceWindow[]): string | undefined {
  const scheduled = new Map<string, number>();
  for (const [index, { machines, startMs, durationMs }] of windows.entries()) {
    const fault = machines.length === 0 ? "has no machines" : timeFault(startMs, durationMs);
    if (fault !== undefined) return `window ${index + 1} ${fault}`;
    for (const machine of machines) {
      const wrong = machineFault(machine);
      if (wrong !== undefined) return `window ${index + 1} has a machine ${wrong}`;
      const key = machineKey(machine);
      const before = scheduled.get(key);
      if (before !== undefined) {
        return `machine ${machineName(machine)} is in the schedule twice: in windows ${before} and ${index + 1}`;
      }
      scheduled.set(key, index + 1);
    }
    if (scheduled.size > machinesMax) return `the schedule has more than ${machinesMax} machines`;
  }
  return undefined;
}

function timeFault(startMs: number, durationMs: number | undefined): string | undefined {
  if (!Number.isSafeInteger(startMs) || startMs < 0) return `starts at ${startMs}, which is no time in milliseconds`;
  if (durationMs === undefined) return undefined;
  if (!Number.isSafeInteger(durationMs) || durationMs < 0) return `lasts ${durationMs} ms, which is no duration`;
  return Number.isSafeInteger(startMs + durationMs) ? undefined : "ends too late to be counted";
}

function machineFault({ hostname = "", ip = "" }: Machine): string | undefined {
  if (hostname === "" && ip === "") return "with neither a hostname nor an ip";
  if (hostname.length > hostnameLengthMax) return `whose hostname is longer than ${hostnameLengthMax} characters`;
  if (!/^[\x21-\x7e]*$/.test(hostname)) return "whose hostname has other characters than letters, digits and signs";
  if (ip.length > ipLengthMax || !/^[\d.:a-fA-F]*$/.test(ip)) {
    return `whose ip is ${JSON.stringify(ip.slice(0, ipLengthMax))}, which is no address`;
  }
  return undefined;
}

/** Which window a machine is in. */
export class Schedule {
  readonly windows: readonly MaintenanceWindow[];
  readonly #places = new Map<string, { readonly machine: Machine; readonly window: MaintenanceWindow }>();

  constructor(windows: readonly MaintenanceWindow[]) {
    this.windows = windows;
    for (const window of windows) {
      for (const machine of window.machines) this.#places.set(machineKey(machine), { machine, window });
    }
  }

  /** A machine that was given by host name and address has both; one that was given by one of them, that one. */
  of({ hostname, ip }: { readonly hostname: string; readonly ip: string }) {
    if (this.#places.size === 0) return undefined;
    for (const machine of [{ hostname, ip }, { hostname }, { ip }]) {
      const place = this.#places.get(machineKey(machine));
      if (place !== undefined) return place;
    }
    return undefined;
  }
}

/** The same for the same machine. */
function machineKey({ hostname = "", ip = "" }: Machine): string {
  return `${hostname.toLowerCase()} ${ip.toLowerCase()}`;
}

function machineName({ hostname = "", ip = "" }: Machine): string {
  return [hostname, ip].filter((name) => name !== "").join(" at ");
}
