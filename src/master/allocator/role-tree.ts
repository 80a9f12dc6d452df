import { IndexedHeap } from "../../base/indexed-heap.ts";
import { invariant } from "../../base/invariant.ts";
import type { Prng } from "../../base/prng.ts";
import type { FrameworkId } from "../../protocol/ids.ts";
import { NodeColumns } from "./node-columns.ts";
import type { Policy } from "./policy.ts";
import type { ScalarNames } from "./scalar-names.ts";
import { Standing } from "./standing.ts";
import { Walk } from "./walk.ts";

/** A framework in one of its roles: a leaf of the tree. */
export type Client = { readonly frameworkId: FrameworkId; readonly role: string };

const none = -1;
const root = 0;

/**
 * Roles as a tree, frameworks as its leaves, and at each node what all below it hold. Children of one node compete; those
 * with somebody below who wants offers are in the node's heap, by rank. Nodes are numbers.
 *
 * Frameworks of a role that has roles below it compete as one with those: they hang from a node `ROLE/.`, as in Mesos.
 */
export class RoleTree {
  readonly policy: Policy;
  readonly nodes: NodeColumns;
  readonly standing: Standing;
  readonly #names: ScalarNames;
  #roles = new Map<string, number>();
  #weights: { readonly [role: string]: number } = {};
  readonly #clients: (Client | undefined)[] = [];
  readonly #children: number[][] = [];
  readonly #heaps: IndexedHeap[] = [];
  #toSort: number[] = [];
  #stale = false;
  #arrivals = 0;

  /** `totals`: what there is in the cluster, by scalar; whoever changes it says so. */
  constructor(policy: Policy, names: ScalarNames, totals: Float64Array, random: Prng) {
    this.policy = policy;
    this.#names = names;
    this.nodes = new NodeColumns(names);
    this.standing = new Standing(this.nodes, names, totals, random);
    this.#open("", none);
  }

  copyFrom(other: RoleTree): void {
    this.nodes.copyFrom(other.nodes);
    this.#weights = other.#weights;
    this.#stale = other.#stale;
    this.#arrivals = other.#arrivals;
    this.#toSort = [...other.#toSort];
    this.#roles = new Map(other.#roles);
    for (const [node, client] of other.#clients.entries()) {
      this.#clients[node] = client;
      this.#children[node] = [...(other.#children[node] as number[])];
      const heap = new IndexedHeap(this.nodes.order.before, this.nodes);
      for (const item of (other.#heaps[node] as IndexedHeap).items) heap.items.push(item);
      this.#heaps[node] = heap;
    }
  }

  client(node: number): Client {
    const client = this.#clients[node];
    invariant(client !== undefined, () => `node ${node} is no framework's`);
    return client;
  }

  wants(node: number): boolean {
    return this.nodes.wanting[node] !== 0;
  }

  /** The node of a role that somebody is in, or −1. */
  role(path: string): number {
    return this.#roles.get(path) ?? none;
  }

  /** A node's dominant share, in [0, 1]. */
  share(node: number): number {
    this.standing.node = node;
    return this.standing.share;
  }

  weightOf(role: string): number {
    return Object.hasOwn(this.#weights, role) ? (this.#weights[role] as number) : 1;
  }

  /** A leaf that wants nothing yet. */
  addClient(client: Client): number {
    const node = this.#open(client.frameworkId, this.#home(client.role));
    this.#clients[node] = client;
    return node;
  }

  /** One that holds nothing any more. */
  removeClient(node: number): void {
    this.setWanting(node, false);
    this.#remove(node);
  }

  setWanting(node: number, wants: boolean): void {
    if (wants === this.wants(node)) return;
    this.nodes.wanting[node] = wants ? 1 : 0;
    this.#noteWanting(node, wants);
  }

  setWeights(weights: { readonly [role: string]: number }): void {
    this.#weights = weights;
    for (const [path, node] of this.#roles) this.nodes.weight[node] = this.weightOf(path);
    this.#stale = true;
    if (this.policy.rankedAt === "turn") this.#beginTurns();
  }

  /** Gives one role another weight. */
  weigh(role: string, weight: number): void {
    this.setWeights({ ...this.#weights, [role]: weight });
  }

  /** Shares are of another whole now. */
  totalsChanged(): void {
    this.#stale = true;
  }

  /** A leaf is allocated these amounts: so many more allocations for it and for its roles. */
  gain(leaf: number, amounts: Float64Array, count = 1): void {
    const { parent, allocated, order } = this.nodes;
    const columns = this.#names.size;
    for (let node = leaf; node !== root; node = parent[node] as number) {
      allocated.add(node, amounts, columns);
      order.set(node, "allocations", order.get(node, "allocations") + count);
      if (!this.#stale) this.#rerank(node);
    }
  }

  /** What a leaf gives back. The number of its allocations stays, as in Mesos. */
  lose(leaf: number, amounts: Float64Array): void {
    const { parent, allocated } = this.nodes;
    for (let node = leaf; node !== root; node = parent[node] as number) {
      const isEnough = allocated.subtract(node, amounts, this.#names.size);
      if (!isEnough) invariant(false, `${this.nodes.path[node]} gives back more than it was allocated`);
      if (!this.#stale) this.#rerank(node);
    }
  }

  /** Brings ranks and heaps up to date; before any question about the order. */
  settle(): void {
    const { path } = this.nodes;
    if (this.#stale) {
      this.#stale = false;
      for (let node = 0; node < path.length; node++) {
        if (node !== root && path[node] === "") continue;
        this.#unsort(node, 1);
      }
    }
    for (const node of this.#toSort.splice(0)) if (this.nodes.unsorted[node] !== 0) this.#sort(node);
  }

  /** Who is owed most of all that want offers, or −1. */
  first(): number {
    let node = root;
    while (this.#clients[node] === undefined) {
      node = (this.#heaps[node] as IndexedHeap).first;
      if (node === none) return none;
    }
    return node;
  }

  /** Those below a node who want offers, in order. */
  walk(from = root): Walk {
    return new Walk({ heaps: this.#heaps, clients: this.#clients, before: this.nodes.order.before }, from);
  }

  /** These have had their turn, which matters to policies that rank by turns. Ranks are asked for when all have. */
  turn(visited: readonly number[]): void {
    const { parent, clock, order } = this.nodes;
    for (const node of visited) {
      const above = parent[node] as number;
      clock[above] = Math.max(clock[above] as number, order.get(node, "rank"));
    }
    for (const node of visited) {
      this.#rank(node);
      this.#heaps[parent[node] as number]?.moved(node);
    }
  }

  /** A leaf and the roles above it, the outermost last. */
  lineage(leaf: number): readonly number[] {
    const line: number[] = [];
    for (let node = leaf; node !== root; node = this.nodes.parent[node] as number) line.push(node);
    return line;
  }

  /** Where the frameworks of a role hang: from its node, or, when it has roles below it, beside those. */
  #home(role: string): number {
    const node = this.#roleNode(role);
    const dot = this.#roles.get(`${role}/.`);
    if (dot !== undefined) return dot;
    const hasRoles = (this.#children[node] as number[]).some((child) => this.#clients[child] === undefined);
    return hasRoles ? this.#dot(role, node) : node;
  }

  #roleNode(role: string): number {
    const known = this.#roles.get(role);
    if (known !== undefined) return known;
    const slash = role.lastIndexOf("/");
    if (slash < 0) return this.#named(role, root);
    const parent = this.#roleNode(role.slice(0, slash));
    const frameworks = (this.#children[parent] as number[]).some((child) => this.#clients[child] !== undefined);
    if (frameworks) this.#dot(role.slice(0, slash), parent);
    return this.#named(role, parent);
  }

  /** A node of their own for the frameworks of a role, which it takes over. */
  #dot(role: string, node: number): number {
    const frameworks = (this.#children[node] as number[]).filter((child) => this.#clients[child] !== undefined);
    const dot = this.#named(`${role}/.`, node);
    // Only now: a new node may have made the columns longer.
    const { allocated, order } = this.nodes;
    for (const child of frameworks) allocated.addRow(dot, child);
    // Frameworks that are there before any role below it had all of its allocations; without any, none was theirs.
    order.set(dot, "allocations", frameworks.length === 0 ? 0 : order.get(node, "allocations"));
    for (const child of frameworks) {
      const wants = this.wants(child);
      this.setWanting(child, false);
      this.#leave(child);
      this.#join(child, dot);
      this.setWanting(child, wants);
    }
    this.#stale = true;
    return dot;
  }

  #named(path: string, parent: number): number {
    const node = this.#open(path, parent);
    this.#roles.set(path, node);
    this.nodes.weight[node] = this.weightOf(path);
    return node;
  }

  #open(path: string, parent: number): number {
    const node = this.nodes.open(path);
    this.#clients[node] = undefined;
    this.#children[node] = [];
    this.#heaps[node] = new IndexedHeap(this.nodes.order.before, this.nodes);
    this.nodes.arrival[node] = this.#arrivals++;
    if (parent !== none) this.#join(node, parent);
    return node;
  }

  #join(node: number, parent: number): void {
    this.nodes.parent[node] = parent;
    (this.#children[parent] as number[]).push(node);
    this.#unsort(parent, 2);
  }

  #leave(node: number): void {
    const parent = this.nodes.parent[node] as number;
    this.#unsort(parent, 1);
    const siblings = this.#children[parent] as number[];
    siblings.splice(siblings.indexOf(node), 1);
  }

  /** With it go the roles that nobody is in any more. */
  #remove(node: number): void {
    const parent = this.nodes.parent[node] as number;
    this.#leave(node);
    if (this.#clients[node] === undefined) this.#roles.delete(this.nodes.path[node] as string);
    this.#clients[node] = undefined;
    this.nodes.close(node);
    if (parent !== root && this.#children[parent]?.length === 0) this.#remove(parent);
  }

  #noteWanting(node: number, wants: boolean): void {
    const { parent, unsorted, wanting } = this.nodes;
    const above = parent[node] as number;
    if (wants && this.policy.rankedAt === "turn") this.#enter(node, above);
    if (unsorted[above] === 0) {
      if (wants) this.#compete(node, this.#heaps[above] as IndexedHeap);
      else this.#heaps[above]?.remove(node);
    }
    const before = wanting[above] as number;
    wanting[above] = before + (wants ? 1 : -1);
    if (above !== root && (wants ? before === 0 : before === 1)) this.#noteWanting(above, wants);
  }

  /** Whoever begins to want offers takes part in the turns that are still to come. */
  #enter(node: number, above: number): void {
    const { order, clock } = this.nodes;
    order.set(node, "rank", clock[above] as number);
    this.#rank(node);
  }

  /** Turns are of other lengths now: everybody's next one is decided anew. */
  #beginTurns(): void {
    const { parent, path, clock, wanting } = this.nodes;
    clock.fill(0);
    for (let node = 0; node < path.length; node++) {
      if (node !== root && path[node] !== "" && wanting[node] !== 0) this.#enter(node, parent[node] as number);
    }
  }

  #rankAnew(node: number): void {
    if (this.policy.rankedAt !== "turn") this.#rank(node);
  }

  /** One more in a heap. Whoever was alone there has no rank to compare with yet. */
  #compete(node: number, heap: IndexedHeap): void {
    if (heap.items.length === 1) this.#rankAnew(heap.first);
    this.#rankAnew(node);
    heap.insert(node);
  }

  #rank(node: number): void {
    const { policy, nodes, standing } = this;
    standing.node = node;
    standing.frameworkId = this.#clients[node]?.frameworkId;
    nodes.order.set(node, "rank", this.#finite(policy.rank(standing), node));
    if (policy.secondRank === undefined) return;
    nodes.order.set(node, "secondRank", this.#finite(policy.secondRank(standing), node));
  }

  #finite(rank: number, node: number): number {
    if (!Number.isFinite(rank))
      invariant(false, `policy ${this.policy.name} ranks ${this.nodes.path[node]} as ${rank}`);
    return rank;
  }

  /** Whoever competes with nobody is ranked when it does. */
  #rerank(node: number): void {
    const { parent, place, wanting } = this.nodes;
    const above = parent[node] as number;
    if (place[node] === none || wanting[above] === 1) return;
    this.#rankAnew(node);
    this.#heaps[above]?.moved(node);
  }

  #unsort(node: number, how: 1 | 2): void {
    const { unsorted } = this.nodes;
    if (unsorted[node] === 0) {
      this.#toSort.push(node);
      this.#heaps[node]?.refill([]);
    }
    unsorted[node] = Math.max(how, unsorted[node] as number);
  }

  #sort(node: number): void {
    const { path, order, unsorted, wanting } = this.nodes;
    const children = this.#children[node] as number[];
    if (unsorted[node] === 2) {
      children.sort((a, b) => ((path[a] as string) < (path[b] as string) ? -1 : 1));
      for (const [index, child] of children.entries()) order.set(child, "name", index);
    }
    unsorted[node] = 0;
    const competing = children.filter((child) => wanting[child] !== 0);
    for (const child of competing) this.#rankAnew(child);
    this.#heaps[node]?.refill(competing);
  }
}
