import type { OperatorRefusal, RoleQuota, RoleWeight } from "../protocol/operator-api.ts";
import { amountIn, formatQuantities, type Quantities, quantitiesOf } from "../protocol/quantities.ts";
import { type Quota, quotasFault } from "../protocol/quota.ts";
import { unreserved } from "../protocol/reservation.ts";
import { roleFault, topOf } from "../protocol/role.ts";
import { weightsFault } from "../protocol/weight.ts";
import type { Framework } from "./frameworks.ts";
import { type RoleHoldings, roleHoldings } from "./role-holdings.ts";
import type { MasterState } from "./state.ts";

/** A change by role; `null` takes a quota away. */
type QuotaChange = { readonly [role: string]: Quota | null };
type Quotas = { readonly [role: string]: Quota };

/** Hears of a refusal, or of nothing once the change is on disk and in force. */
type Done = (refusal?: OperatorRefusal) => void;

/** Changes that may be on their way to disk. One more is refused. */
const changesMax = 100;

/**
 * What operators grant to roles: weights and quotas. A change is on disk before it is acknowledged.
 *
 *     checked ──► the stricter limits of before and after are in force ──► on disk ──► in force, acknowledged
 *
 * So neither a role that is limited nor a master that is lost on the way can ever pass a limit that anybody was told of.
 */
export class Roles {
  readonly #state: () => MasterState;
  /** Quotas on their way to disk, oldest first. */
  readonly #changes: QuotaChange[] = [];
  /** Changes of weights on their way to disk, oldest first. */
  readonly #weights: { readonly [role: string]: number }[] = [];

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  /** What the allocator goes by. */
  get quotas(): Quotas {
    const inForce = new Map(this.#state().registrar.registry.quotas);
    for (const change of this.#changes) {
      for (const [role, quota] of Object.entries(change)) {
        if (quota !== null) inForce.set(role, stricter(inForce.get(role), quota));
      }
    }
    return Object.fromEntries(inForce);
  }

  /** Whether a role at the top has a quota, or is about to get or lose one. */
  hasQuota(role: string): boolean {
    return this.#state().registrar.registry.quotas.has(role) || this.#changes.some((each) => Object.hasOwn(each, role));
  }

  /** All or none of them. */
  updateQuotas(quotas: readonly RoleQuota[], force: boolean, done: Done): void {
    const twice = firstTwice(quotas.map(({ role }) => role));
    const change = changeOf(quotas);
    const nested = Object.keys(change).find((role) => role !== topOf(role) && roleFault(role) === undefined);
    if (nested !== undefined) {
      return done({ status: 400, reason: `Updating quota on nested role '${nested}' is not supported yet` });
    }
    const fault =
      (twice === undefined ? undefined : `role ${JSON.stringify(twice)} is named twice`) ??
      quotasFault(change, this.#coming()) ??
      (force ? undefined : this.#unforcedFault(change));
    if (fault !== undefined) return done({ status: 400, reason: `Invalid QuotaConfig: ${fault}` });
    this.#apply(change, done);
  }

  /** The older form: of a role that has none. */
  setQuota(role: string, quota: Quota, force: boolean, done: Done): void {
    const change = changeOf([{ role, quota }]);
    if (role !== topOf(role) && roleFault(role) === undefined) {
      return done({ status: 400, reason: `Setting quota on nested role '${role}' is not supported yet` });
    }
    const fault =
      quotasFault(change, this.#coming()) ??
      (this.#coming().has(role) ? `Cannot set quota for role '${role}' which already has quota` : undefined) ??
      (force ? undefined : this.#consumptionFault(change));
    if (fault !== undefined) return done({ status: 400, reason: `Failed to validate set quota request: ${fault}` });
    const overcommitted = force ? undefined : this.#overcommitFault(change);
    if (overcommitted === undefined) return this.#apply(change, done);
    const reason = `Quota guarantees overcommit the cluster (use 'force' to bypass this check): Total ${overcommitted}`;
    done({ status: 409, reason });
  }

  /** The older form: of a role that has one. */
  removeQuota(role: string, done: Done): void {
    if (this.#coming().has(role)) return this.#apply({ [role]: null }, done);
    const shown = JSON.stringify(role.slice(0, roleShownMax));
    done({ status: 400, reason: `Failed to remove quota: role ${shown} has no quota` });
  }

  /** From the next pass on: nothing is taken from anybody. */
  updateWeights(weights: readonly RoleWeight[], done: Done): void {
    const { registrar, allocator, publisher } = this.#state();
    const twice = firstTwice(weights.map(({ role }) => role));
    const change = Object.fromEntries(weights.map(({ role, weight }) => [role, weight]));
    const kept = new Map([registrar.registry.weights, ...this.#weights.map(entriesOf)].flatMap((each) => [...each]));
    const fault =
      twice === undefined ? weightsFault(change, kept) : `role ${JSON.stringify(twice)} is given two weights`;
    if (fault !== undefined) return done({ status: 400, reason: `Invalid weights: ${fault}` });
    if (this.#weights.length === changesMax) return done(tooMany);
    this.#weights.push(change);
    registrar.apply({ type: "updateWeights", weights: change }, () => {
      this.#weights.shift();
      allocator.tell("weights", { weights: registrar.registry.settings().weights });
      publisher.settingsChanged();
      done();
    });
  }

  /** What a framework may hold in all its roles together without losing tasks to others (paper §2.3). */
  guaranteed({ info }: Framework): Quantities {
    const { quotas } = this.#state().registrar.registry;
    const sums: Record<string, number> = {};
    for (const top of new Set(info.roles.map(topOf))) {
      for (const [name, amount] of Object.entries(quotas.get(top)?.guarantees ?? {})) {
        sums[name] = amountIn(sums, name) + amount;
      }
    }
    return sums;
  }

  #apply(change: QuotaChange, done: Done): void {
    const { registrar, allocator, publisher, pause } = this.#state();
    if (this.#changes.length === changesMax) return done(tooMany);
    this.#changes.push(change);
    this.#enforce(change);
    registrar.apply({ type: "updateQuotas", quotas: change }, () => {
      this.#changes.shift();
      allocator.tellQuotas();
      publisher.settingsChanged();
      if (registrar.registry.quotas.size === 0) pause.end();
      done();
    });
  }

  /** Takes back offers, the newest first, until what is left of them cannot lead beyond the limits of the roles. */
  #enforce(change: QuotaChange): void {
    const { allocator, offers } = this.#state();
    allocator.tellQuotas();
    const inForce = this.quotas;
    const beyond = new Map<string, Map<string, number>>();
    const holdings = roleHoldings(this.#state());
    for (const role of Object.keys(change)) {
      const excess = excessOf(inForce[role]?.limits ?? {}, holdings.get(role));
      if (excess.size > 0) beyond.set(role, excess);
    }
    if (beyond.size === 0) return;
    for (const offer of [...offers.all()].reverse()) {
      const excess = beyond.get(topOf(offer.role));
      const offered = quantitiesOf(unreserved(offer.resources));
      const helps = [...(excess ?? [])].some(([name, amount]) => amount > 0 && amountIn(offered, name) > 0);
      if (excess === undefined || !helps) continue;
      offers.rescind(offer, "quota");
      for (const [name, amount] of excess) excess.set(name, amount - amountIn(offered, name));
    }
  }

  /** The quotas there will be once everything is on disk. */
  #coming(): ReadonlyMap<string, Quota> {
    const coming = new Map(this.#state().registrar.registry.quotas);
    for (const change of this.#changes) replace(coming, change);
    return coming;
  }

  #unforcedFault(change: QuotaChange): string | undefined {
    const overcommitted = this.#overcommitFault(change);
    return (
      this.#consumptionFault(change) ??
      (overcommitted && `total ${overcommitted} (use 'force' flag to bypass this check)`)
    );
  }

  #consumptionFault(change: QuotaChange): string | undefined {
    const holdings = roleHoldings(this.#state());
    for (const [role, quota] of Object.entries(change)) {
      const consumed = holdings.get(role)?.consumed ?? {};
      const limits = quota?.limits ?? {};
      if (Object.entries(limits).every(([name, limit]) => amountIn(consumed, name) <= limit)) continue;
      return (
        `Role '${role}' is already consuming '${formatQuantities(consumed)}'; this is more than the requested limits ` +
        `'${formatQuantities(limits)}' (use 'force' flag to bypass this check)`
      );
    }
    return undefined;
  }

  /** Guarantees that are only taken away or made smaller hurt nobody, whatever there is of slaves just now. */
  #overcommitFault(change: QuotaChange): string | undefined {
    const coming = new Map(this.#coming());
    const before = totalGuarantees(coming);
    replace(coming, change);
    const total = totalGuarantees(coming);
    const capacity = this.#state().slaves.total;
    const isCovered = ([name, amount]: readonly [string, number]) =>
      amount <= Math.max(amountIn(capacity, name), amountIn(before, name));
    if (Object.entries(total).every(isCovered)) return undefined;
    return `quota guarantees '${formatQuantities(total)}' exceed cluster capacity '${formatQuantities(capacity)}'`;
  }
}

/** Characters of a role that a refusal repeats. */
const roleShownMax = 255;

const tooMany: OperatorRefusal = {
  status: 503,
  reason: `${changesMax} changes of roles are on their way to disk; try again in a moment`,
};

/** For as long as it is not known which of two quotas a master after this one would find. */
function stricter(before: Quota | undefined, { limits, graceMs }: Quota): Quota {
  const known = before ?? { limits: {}, guarantees: {}, graceMs };
  const least: Record<string, number> = { ...known.limits };
  for (const [name, limit] of Object.entries(limits))
    least[name] = Object.hasOwn(least, name) ? Math.min(limit, least[name] ?? limit) : limit;
  return { ...known, limits: least };
}

function excessOf(limits: Quantities, holdings: RoleHoldings | undefined): Map<string, number> {
  const excess = new Map<string, number>();
  for (const [name, limit] of Object.entries(limits)) {
    const held = amountIn(holdings?.consumed ?? {}, name) + amountIn(holdings?.offered ?? {}, name);
    if (held > limit) excess.set(name, held - limit);
  }
  return excess;
}

function totalGuarantees(quotas: ReadonlyMap<string, Quota>): Quantities {
  const sums: Record<string, number> = {};
  for (const { guarantees } of quotas.values()) {
    for (const [name, amount] of Object.entries(guarantees)) sums[name] = amountIn(sums, name) + amount;
  }
  return sums;
}

function changeOf(quotas: readonly RoleQuota[]): QuotaChange {
  return Object.fromEntries(quotas.map(({ role, quota }) => [role, quota ?? null]));
}

function replace(quotas: Map<string, Quota>, change: QuotaChange): void {
  for (const [role, quota] of Object.entries(change)) {
    if (quota === null) quotas.delete(role);
    else quotas.set(role, quota);
  }
}

function entriesOf(weights: { readonly [role: string]: number }): ReadonlyMap<string, number> {
  return new Map(Object.entries(weights));
}

function firstTwice(roles: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const role of roles) {
    if (seen.has(role)) return role;
    seen.add(role);
  }
  return undefined;
}
