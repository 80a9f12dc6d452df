import { compileConstraints } from "../protocol/offer-constraints.ts";
import { type ClientFilters, clientFilters } from "../protocol/offer-filters.ts";
import { amountIn, amountsOf, type Quantities } from "../protocol/quantities.ts";
import { reservedFor, unreserved } from "../protocol/reservation.ts";
import { add, contains, noResources, type Resources, subtract, sum } from "../protocol/resources.ts";
import type { Client } from "./allocator/protocol.ts";
import { partTotals } from "./slave-parts.ts";
import type { Slave } from "./slaves.ts";
import type { MasterState } from "./state.ts";

/** A part of a slave that is offered by itself. */
export type Place = { readonly slave: Slave; readonly short: boolean };

export function placeKey(slaveId: string, short: boolean): string {
  return short ? `${slaveId} short` : slaveId;
}

/** What a client wants of a slave, as the allocator will have it. */
type Taste = {
  readonly role: string;
  readonly fits: (slave: Slave) => boolean;
  readonly isEnough: (offered: Resources, place: Place) => boolean;
};

/** Where resources that come free are of use to some clients: places that one of them would accept an offer of. */
export class Appetite {
  readonly #state: MasterState;
  readonly #tastes: readonly Taste[];
  /** Those whom the slave suits. */
  readonly #suited = new Map<Slave, readonly Taste[]>();
  readonly #free = new Map<string, Resources>();

  constructor(state: MasterState, clients: readonly Client[]) {
    this.#state = state;
    this.#tastes = clients.flatMap((client) => tasteOf(state, client));
  }

  suits(slave: Slave): boolean {
    return this.#whom(slave).length > 0;
  }

  /** Whether somebody would accept an offer of what is free of the place and this besides. */
  takes(place: Place, besides: Resources): boolean {
    const free = this.#freeOf(place);
    return this.#whom(place.slave).some(({ role, isEnough }) => {
      const theirs = add(unreserved(free), reservedFor(free, role));
      return isEnough(add(theirs, besides), place);
    });
  }

  #whom(slave: Slave): readonly Taste[] {
    const known = this.#suited.get(slave) ?? this.#tastes.filter(({ fits }) => fits(slave));
    this.#suited.set(slave, known);
    return known;
  }

  #freeOf({ slave, short }: Place): Resources {
    const key = placeKey(slave.id, short);
    const known = this.#free.get(key);
    if (known !== undefined) return known;
    const total = partTotals(slave.info).get(short) ?? noResources;
    const held = sum(this.#state.slaves.allocations(slave, short).map(({ resources }) => resources));
    const free = subtract(total, held);
    this.#free.set(key, free);
    return free;
  }
}

/** None of a client that is not there. */
function tasteOf({ frameworks, config }: MasterState, { frameworkId, role }: Client): readonly Taste[] {
  const framework = frameworks.get(frameworkId);
  if (framework?.ref === undefined || framework.suppressed.has(role)) return [];
  const filters: ClientFilters = clientFilters(framework.filters ?? {}, role);
  const { minFree = noResources, minAllocatable = config.minAllocatable } = filters;
  const named = filters.slaves === undefined ? undefined : new Set(filters.slaves);
  const matches = filters.constraints === undefined ? () => true : compileConstraints(filters.constraints);
  const takesGpus = framework.info.capabilities.includes("GPU_RESOURCES");
  return [
    {
      role,
      fits: ({ id, info }) =>
        (takesGpus || info.resources["gpus"] === undefined) && named?.has(id) !== false && matches(info),
      isEnough: (offered, { slave, short }) =>
        contains(offered, minFree) &&
        contains(offered, (short ? undefined : slave.info.minOffer) ?? noResources) &&
        isMinimum(offered, minAllocatable),
    },
  ];
}

function isMinimum(offered: Resources, lists: readonly Quantities[]): boolean {
  if (lists.length === 0) return true;
  const amounts = amountsOf(offered);
  return lists.some((list) => Object.entries(list).every(([name, amount]) => amountIn(amounts, name) >= amount));
}
