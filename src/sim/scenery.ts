import type { Prng } from "../base/prng.ts";
import type { Settings } from "../master/registry.ts";
import { quantitiesOf } from "../protocol/quantities.ts";
import type { Quota } from "../protocol/quota.ts";
import { reservationOf } from "../protocol/reservation.ts";
import { type Resources, scalar } from "../protocol/resources.ts";
import { topOf } from "../protocol/role.ts";
import type { ClusterOptions } from "./cluster.ts";
import { viceNames } from "./vices.ts";
import { type WorkRecord, workRecord } from "./workload.ts";

/** Roles that a simulated framework may have. */
const roleSets = [
  ["*"],
  ["*"],
  ["web"],
  ["web", "db"],
  ["*", "db/old"],
  ["web/a"],
  ["web", "web/a/b"],
  ["db/old", "db/new"],
] as const;
/** Roles for which something may be reserved. */
const owners = ["web", "web/a", "db"] as const;
/** Roles at the top that may have a quota. */
const tops = ["web", "db"] as const;
const weighted = ["web", "db", "web/a", "db/old", "*"] as const;
const weights = [0.5, 2, 5] as const;

/** The world of a seed, as far as it is there from the beginning. `items`: how much work each framework has. */
export function drawScenery(
  random: Prng,
  items: readonly number[] | undefined,
): Pick<ClusterOptions, "slaves" | "work" | "config" | "settings" | "isolation" | "latencyMaxMs"> {
  const shape = random.split("shape");
  const [rights, roles, vices] = [random.split("rights"), random.split("roles"), random.split("vices")];
  const [reserving, owed, groups] = [random.split("reserving"), random.split("owed"), random.split("groups")];
  // Nobody has to give way where there is room for all.
  const isCrowded = owed.chance(0.3);
  const slaves = Array.from({ length: 2 + shape.int(4) }, (): Resources => {
    const cpus = 1 + shape.int(isCrowded ? 2 : 8);
    const ports = { ranges: [[31_000, 31_000 + cpus]] } as const;
    return { ...withReservation(rights, cpus), disk: 100_000, ports };
  });
  const quotas = { ...drawQuotas(rights, slaves), ...(isCrowded ? drawGuarantees(owed, slaves) : {}) };
  const last = shape.int(4);
  const work = Array.from({ length: 1 + last }, (_, index): WorkRecord => {
    const resources = { cpus: 250 * (1 + shape.int(4)), mem: 64_000 * (1 + shape.int(4)) };
    const some = (limit: number) => (shape.chance(0.5) ? 0 : shape.unit() * limit);
    const manners = {
      declines: some(0.5),
      hoards: some(0.15),
      repeats: some(0.3),
      forges: some(0.2),
      kills: some(0.1),
    };
    const inGroups = groups.chance(0.5) ? 0 : groups.unit() * 0.5;
    const drawn = isCrowded ? 2 + shape.int(8) : 4 + shape.int(16);
    const drawnRoles = one(roles, roleSets);
    // Whoever is guaranteed something comes when others are there already.
    const set = isCrowded && index > 0 && index === last ? ["web"] : drawnRoles;
    // What one role within a limited one reserves and leaves idle, the others would lack for ever.
    const mayReserve = !set.some((role) => isLimited(quotas, role)) && reserving.chance(0.5);
    const mood = { ...manners, groups: inGroups, reserves: mayReserve ? reserving.unit() * 0.3 : 0 };
    const suppresses = set.some((role) => isGuaranteed(quotas, role));
    return workRecord(`work-${index}`, items?.[index] ?? drawn, resources, mood, { roles: set, suppresses });
  });
  // In a crowd they would leave nothing to the others.
  const nuisances = vices.chance(0.4) && !isCrowded ? 1 + vices.int(2) : 0;
  return {
    slaves,
    work: [...work, ...Array.from({ length: nuisances }, (_, index) => nuisance(vices, `nuisance-${index}`, quotas))],
    config: { offerTimeoutMs: 1_000 + shape.int(4_000) },
    settings: { weights: drawWeights(rights), quotas },
    isolation: shape.chance(0.25) ? "roundtrip" : "reference",
    latencyMaxMs: shape.chance(0.5) ? 2 : 200,
  };
}

/** Never where a limit is near: it would leave crumbs to those who share the role. */
function nuisance(random: Prng, name: string, quotas: Settings["quotas"]): WorkRecord {
  const open = roleSets.filter((set) => !set.some((role) => isLimited(quotas, role)));
  const mood = { declines: 0, hoards: 0, repeats: 0, forges: 0, kills: 0, groups: 0, reserves: 0 };
  return workRecord(name, 0, {}, mood, { roles: one(random, open), vice: one(random, viceNames) });
}

/** Something of every other large slave is reserved, and enough for any task is not. */
function withReservation(random: Prng, cpus: number): Resources {
  const [whole, part] = [{ cpus: cpus * 1_000, mem: cpus * 512_000 }, Math.floor(cpus / 2)];
  if (part === 0 || random.chance(0.5)) return whole;
  const owner = one(random, owners);
  const left = { cpus: (cpus - part) * 1_000, mem: (cpus - part) * 512_000 };
  return { ...left, [`cpus(${owner})`]: part * 1_000, [`mem(${owner})`]: part * 512_000 };
}

function drawWeights(random: Prng): Settings["weights"] {
  return Object.fromEntries(weighted.filter(() => random.chance(0.3)).map((role) => [role, one(random, weights)]));
}

/** A limit leaves a role more than what is reserved for it: its frameworks can finish their work. */
function drawQuotas(random: Prng, slaves: readonly Resources[]): Settings["quotas"] {
  const quotas: Record<string, Quota> = {};
  for (const top of tops) {
    if (random.chance(0.6)) continue;
    const cpus = sumReserved(slaves, top, "cpus") + 2_000 + 500 * random.int(6);
    const mem = sumReserved(slaves, top, "mem") + 1_024_000;
    const guarantees = random.chance(0.5) ? { cpus: 500 * (1 + random.int(4)) } : {};
    quotas[top] = { limits: random.chance(0.8) ? { cpus, mem } : {}, guarantees, graceMs: 1_000 };
  }
  return quotas;
}

/** One or two roles are guaranteed up to half of the cluster together. */
function drawGuarantees(random: Prng, slaves: readonly Resources[]): Settings["quotas"] {
  const cpus = slaves.reduce((sum, each) => sum + (quantitiesOf(each)["cpus"] ?? 0), 0);
  const quota = (): Quota => {
    const guarantees = { cpus: cpus / 4 + 250 * random.int(cpus / 1_000), mem: random.int(cpus * 128) };
    return { limits: {}, guarantees, graceMs: random.int(1_500) };
  };
  return { web: quota(), ...(random.chance(0.3) ? { db: quota() } : {}) };
}

function isLimited(quotas: Settings["quotas"], role: string): boolean {
  return Object.keys(quotas[topOf(role)]?.limits ?? {}).length > 0;
}

function isGuaranteed(quotas: Settings["quotas"], role: string): boolean {
  return Object.keys(quotas[topOf(role)]?.guarantees ?? {}).length > 0;
}

function sumReserved(slaves: readonly Resources[], top: string, name: string): number {
  let sum = 0;
  for (const slave of slaves) {
    for (const key of Object.keys(slave)) {
      const role = reservationOf(key)?.role;
      if (key.startsWith(`${name}(`) && role !== undefined && topOf(role) === top) sum += scalar(slave, key);
    }
  }
  return sum;
}

function one<T>(random: Prng, list: readonly T[]): T {
  return list[random.int(list.length)] as T;
}
