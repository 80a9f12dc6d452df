import type { Prng } from "../../base/prng.ts";
import { flattened, reservedFor, unreserved } from "../../protocol/reservation.ts";
import { contains, type Resources } from "../../protocol/resources.ts";
import type { Blocker } from "./blocker.ts";
import type { Book } from "./book.ts";
import type { ClientState } from "./clients.ts";
import { Bundle } from "./scalar-names.ts";
import type { Walk } from "./walk.ts";

/** Rows of a slave's account that are free, and who is to have them. */
export type Taken = (row: number, client: ClientState, bundle: Bundle) => void;

/** A row that is about to be looked at. */
type Looking = (row: number) => void;

/** Up to so many slaves are looked at in an order that is all chance; of more, blocks of neighbours are. */
const shuffledMax = 4_096;
const blockLength = 256;

/**
 * One look at every slave that may have something to offer, in an order that favours nobody. All that is free on a slave
 * goes to the client that is owed most of those who want it: coarse grains, as in Mesos. A role below its guarantee comes
 * before all others (paper §3.3). What is reserved goes to its role alone, and a role with a limit gets no more than that
 * leaves; then others are asked about the rest.
 */
export class Pass {
  readonly #book: Book;
  readonly #nowMs: number;
  readonly #taken: Taken;
  readonly #looking: Looking | undefined;
  readonly #free = new Bundle();
  readonly #part = new Bundle();
  /** By node: those below it in order, as long as nobody has been given anything since. */
  readonly #walks = new Map<number, Walk>();

  constructor(book: Book, nowMs: number, taken: Taken, looking?: Looking) {
    this.#looking = looking;
    this.#book = book;
    this.#nowMs = nowMs;
    this.#taken = taken;
  }

  run(): void {
    const { candidates, slaves, tree, shuffle } = this.#book;
    tree.settle();
    for (const row of shuffled(candidates.take(slaves), shuffle)) this.#look(row);
  }

  #look(row: number): void {
    this.#looking?.(row);
    if (this.readFree(row)) this.#place(row);
  }

  /** Why the client cannot be given the bundle, which is of what is free on the row; `none` when it can. */
  blocker(client: ClientState, row: number, bundle: Bundle): Blocker {
    const { names, filters, minimum } = this.#book;
    if (!this.#accepts(client, row)) return this.objection(client, row);
    const { wishes } = client;
    if (!(wishes?.minimum ?? minimum).isMetBy(bundle)) return "belowMinimum";
    const { slaves } = this.#book;
    if (slaves.limited[row] === 1 && slaves.fact(row).minimum?.isMetBy(this.#free) === false) return "belowMinOffer";
    if (wishes?.minFree !== undefined && !this.#isEnough(row, bundle, wishes.minFree)) return "belowMinFree";
    return filters.hiddenUntilMs(client.leaf, row, bundle, names.size, this.#nowMs) > 0 ? "filtered" : "none";
  }

  /** Why the client would be given nothing of what is free on the row that was read last; `none` when it might. */
  reason(client: ClientState, row: number): Blocker {
    const part = this.partFor(client, row);
    const blocker = this.blocker(client, row, part);
    return blocker !== "none" && this.#isCut(part) ? this.#blockerOfWhole(client, row) : blocker;
  }

  /** Of what is free on the row, what the client may have: with it goes what is reserved for its role. */
  partFor(client: ClientState, row: number, limited = true): Bundle {
    const { names, quotas, slaves } = this.#book;
    const isLimited = limited && quotas.isLimited(client.role);
    if (!isLimited && slaves.reserved[row] === 0) return this.#free;
    const part = this.#part;
    part.copyFrom(this.#free, names);
    if (isLimited) quotas.cut(client.role, part);
    if (slaves.reserved[row] === 1) {
      part.rest = { ...unreserved(this.#free.rest), ...reservedFor(this.#free.rest, client.role) };
    }
    return part;
  }

  #place(row: number): void {
    const { quotas, slaves, tree, clients } = this.#book;
    if (slaves.reserved[row] === 0 && !quotas.any) {
      const first = tree.first();
      if (first < 0) return this.#leave(row, "noDemand", -1);
      const client = clients.at(first);
      if (this.blocker(client, row, this.#free) === "none") {
        if (tree.policy.rankedAt === "turn") this.#turn(tree.lineage(first));
        return this.#give(row, client, this.#free);
      }
    }
    while (this.#giveNext(row) && this.readFree(row));
  }

  /** Gives the client that is owed most what it may have, and answers whether there was one. */
  #giveNext(row: number): boolean {
    const { quotas, tree } = this.#book;
    if (quotas.any) {
      for (const { role } of quotas.below()) {
        const node = tree.role(role);
        if (node >= 0 && this.#giveBelow(node, row)) return true;
      }
    }
    return this.#giveBelow(0, row);
  }

  #giveBelow(node: number, row: number): boolean {
    const { tree, clients } = this.#book;
    const walk = this.#walks.get(node) ?? tree.walk(node);
    this.#walks.set(node, walk);
    let first: { readonly blocker: Blocker; readonly leaf: number } | undefined;
    for (let place = 0, leaf = walk.leaf(0); leaf >= 0; leaf = walk.leaf(++place)) {
      const client = clients.at(leaf);
      const part = this.partFor(client, row);
      const blocker = part.isEmpty(this.#book.names) ? "reserved" : this.blocker(client, row, part);
      if (blocker === "none") {
        this.#turn(walk.visited);
        this.#give(row, client, part);
        return true;
      }
      first ??= { blocker: this.#isCut(part) ? this.#blockerOfWhole(client, row) : blocker, leaf };
    }
    this.#turn(walk.visited);
    this.#leave(row, first?.blocker ?? "noDemand", first?.leaf ?? -1);
    return false;
  }

  #turn(visited: readonly number[]): void {
    const { tree } = this.#book;
    if (tree.policy.rankedAt !== "turn") return;
    tree.turn(visited);
    this.#walks.clear();
  }

  #give(row: number, client: ClientState, bundle: Bundle): void {
    if (this.#walks.size > 0) this.#walks.clear();
    this.#book.grant(row, client, bundle);
    this.#taken(row, client, bundle);
  }

  /** Notes why what is free stays so. */
  #leave(row: number, why: Blocker, leaf: number): void {
    this.#book.slaves.leave(row, why, leaf);
  }

  /** A limit left less than is free: it is the reason when nothing else is. */
  #blockerOfWhole(client: ClientState, row: number): Blocker {
    const blocker = this.blocker(client, row, this.partFor(client, row, false));
    return blocker === "none" ? "quota" : blocker;
  }

  #isCut(part: Bundle): boolean {
    for (let column = 0; column < this.#book.names.size; column++) {
      if ((part.amounts[column] as number) < (this.#free.amounts[column] as number)) return true;
    }
    return false;
  }

  /** Reads what is free on the row; false when nothing is. */
  readFree(row: number): boolean {
    const { slaves, names } = this.#book;
    const { amounts } = this.#free;
    for (let column = 0; column < names.size; column++) {
      amounts[column] = (slaves.free[column] as Float64Array)[row] as number;
    }
    this.#free.rest = slaves.freeRest[row] as Resources;
    return !this.#free.isEmpty(names);
  }

  /** Whether as much is there, reserved or not. */
  #isEnough(row: number, bundle: Bundle, needed: Bundle): boolean {
    const { names, slaves } = this.#book;
    if (covers(bundle, needed, names.size)) return true;
    return slaves.reserved[row] === 1 && contains(flattened(bundle.resources(names)), needed.resources(names));
  }

  /** Whether the slave is one that the client wants at all; worked out once. */
  #accepts(client: ClientState, row: number): boolean {
    if (!client.gpus && this.#book.slaves.gpus[row] === 1) return false;
    if (client.wishes?.slaves === undefined && client.wishes?.matches === undefined) return true;
    if (row >= client.acceptance.length) {
      const wider = new Uint8Array(this.#book.slaves.active.length);
      wider.set(client.acceptance);
      client.acceptance = wider;
    }
    if (client.acceptance[row] === 0) client.acceptance[row] = this.objection(client, row) === "none" ? 1 : 2;
    return client.acceptance[row] === 1;
  }

  /** What the client has against the slave, whatever is free there. */
  objection({ gpus, wishes }: ClientState, row: number): Blocker {
    const { slaves } = this.#book;
    if (!gpus && slaves.gpus[row] === 1) return "hasGpus";
    const facts = slaves.fact(row);
    if (wishes?.slaves !== undefined && !wishes.slaves.has(facts.slaveId)) return "notNamed";
    return wishes?.matches?.(facts) === false ? "constraint" : "none";
  }
}

function covers(bundle: Bundle, needed: Bundle, columns: number): boolean {
  for (let column = 0; column < columns; column++) {
    if ((bundle.amounts[column] as number) < (needed.amounts[column] as number)) return false;
  }
  return contains(bundle.rest, needed.rest);
}

/** A permutation that the seed decides. */
function shuffled(rows: Int32Array, random: Prng): Int32Array {
  if (rows.length <= shuffledMax) return permuted(rows, random);
  const blocks = Int32Array.from({ length: Math.ceil(rows.length / blockLength) }, (_, block) => block * blockLength);
  const mixed = new Int32Array(rows.length);
  let at = 0;
  for (const begin of permuted(blocks, random)) {
    const block = rows.subarray(begin, begin + blockLength);
    mixed.set(block, at);
    at += block.length;
  }
  return mixed;
}

function permuted(items: Int32Array, random: Prng): Int32Array {
  for (let last = items.length - 1; last > 0; last--) {
    const other = random.int(last + 1);
    const moved = items[last] as number;
    items[last] = items[other] as number;
    items[other] = moved;
  }
  return items;
}
