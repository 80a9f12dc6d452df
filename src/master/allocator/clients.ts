import { compileConstraints } from "../../protocol/offer-constraints.ts";
import type { ClientFilters } from "../../protocol/offer-filters.ts";
import { type ClientId, clientId } from "./client.ts";
import { Minimum } from "./minimum.ts";
import type { Client } from "./protocol.ts";
import type { RoleTree } from "./role-tree.ts";
import { Bundle, type ScalarNames } from "./scalar-names.ts";
import type { SlaveFacts } from "./slave-rows.ts";

/** What a client wants to be offered. */
export type Wishes = {
  readonly filters: ClientFilters;
  readonly slaves: ReadonlySet<string> | undefined;
  readonly matches: ((slave: SlaveFacts) => boolean) | undefined;
  readonly minFree: Bundle | undefined;
  /** In place of the cluster's minimum. */
  readonly minimum: Minimum | undefined;
};

export type ClientState = Client & {
  /** Its leaf in the tree of roles. */
  readonly leaf: number;
  /** Whether it has subscribed; otherwise it only holds what it once got. */
  present: boolean;
  active: boolean;
  suppressed: boolean;
  gpus: boolean;
  wishes: Wishes | undefined;
  /** Whether each slave row is one that it wants at all: 1 yes, 2 no, 0 not known yet. */
  acceptance: Uint8Array;
  /** Slaves that it holds something of. */
  holdings: number;
};

/** Who is there to be offered something. */
export class Clients {
  readonly #names: ScalarNames;
  readonly #tree: RoleTree;
  readonly #byId = new Map<ClientId, ClientState>();
  readonly #byLeaf: (ClientState | undefined)[] = [];

  constructor(tree: RoleTree, names: ScalarNames) {
    this.#tree = tree;
    this.#names = names;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): Iterable<ClientState> {
    return this.#byId.values();
  }

  copyFrom(other: Clients): void {
    for (const [id, client] of other.#byId) {
      const copy = { ...client, acceptance: client.acceptance.slice() };
      this.#byId.set(id, copy);
      this.#byLeaf[client.leaf] = copy;
    }
  }

  find({ frameworkId, role }: Client): ClientState | undefined {
    return this.#byId.get(clientId(frameworkId, role));
  }

  at(leaf: number): ClientState {
    return this.#byLeaf[leaf] as ClientState;
  }

  /** Somebody who may hold resources; wants nothing as long as it is not present. */
  add({ frameworkId, role }: Client): ClientState {
    const known = this.find({ frameworkId, role });
    if (known !== undefined) return known;
    const leaf = this.#tree.addClient({ frameworkId, role });
    const client: ClientState = {
      frameworkId,
      role,
      leaf,
      present: false,
      active: false,
      suppressed: false,
      gpus: false,
      wishes: undefined,
      acceptance: new Uint8Array(0),
      holdings: 0,
    };
    this.#byId.set(clientId(frameworkId, role), client);
    this.#byLeaf[leaf] = client;
    return client;
  }

  /** Forgets a client that is gone, once it holds nothing any more. True when it was forgotten. */
  forget(client: ClientState): boolean {
    if (client.present || client.holdings > 0) return false;
    this.#byId.delete(clientId(client.frameworkId, client.role));
    this.#byLeaf[client.leaf] = undefined;
    this.#tree.removeClient(client.leaf);
    return true;
  }

  wish(client: ClientState, filters: ClientFilters): void {
    const { slaves, minFree, minAllocatable, constraints } = filters;
    client.acceptance.fill(0);
    client.wishes = {
      filters,
      slaves: slaves === undefined ? undefined : new Set(slaves),
      matches: constraints === undefined ? undefined : compileConstraints(constraints),
      minFree: minFree === undefined ? undefined : new Bundle().read(minFree, this.#names),
      minimum: minAllocatable === undefined ? undefined : new Minimum(minAllocatable, this.#names),
    };
  }
}
