import { type Address, type Locator, nameAddress, parseAddress, slotAddress } from "./address.ts";
import type { Cell } from "./cell.ts";
import type { ItemTarget } from "./link/item.ts";
import type { BodyOf, Protocol, TellKind } from "./protocol.ts";
import type { ActorRef } from "./ref.ts";
import type { ActorSystem } from "./system.ts";
import type { WireBody } from "./wire-value.ts";

/** Addresses that are kept parsed; beyond it all are forgotten, and parsed again as they come. */
const parsedMax = 8_192;

/** A ref bound to the system that made it. `cell` is set only for one life of an actor on this thread. */
export class Ref<P> implements ActorRef<P> {
  readonly system: ActorSystem;
  readonly place: string;
  readonly target: ItemTarget;
  readonly cell: Cell | undefined;

  constructor(system: ActorSystem, place: string, target: ItemTarget, cell?: Cell) {
    this.system = system;
    this.place = place;
    this.target = target;
    this.cell = cell;
  }

  get address(): Address<P> {
    const { target, place } = this;
    return target.name === undefined
      ? slotAddress(place, target.slot, target.generation)
      : nameAddress(place, target.name);
  }

  tell<K extends TellKind<P>>(kind: K, body: BodyOf<P[K]>): void {
    this.system.tell(this, kind, body as WireBody);
  }
}

/** Makes refs, and finds the cell behind one. */
export class Refs {
  readonly #system: ActorSystem;
  readonly #parsed = new Map<string, Ref<unknown>>();

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  local(cell: Cell): Ref<Protocol> {
    const { slot, generation } = cell;
    return new Ref(this.#system, this.#system.place, { slot, generation }, cell);
  }

  /** The ref for an address from a message; the most recent addresses are parsed once. */
  parsed<P>(address: Address<P>): Ref<P> {
    const known = this.#parsed.get(address);
    if (known !== undefined) return known as Ref<P>;
    const ref = this.at<P>(parseAddress(address));
    if (this.#parsed.size === parsedMax) this.#parsed.clear();
    this.#parsed.set(address, ref);
    return ref;
  }

  at<P>(locator: Locator): Ref<P> {
    // One string for our own place: then telling whether a ref is local compares pointers.
    const place = locator.place === this.#system.place ? this.#system.place : locator.place;
    if ("name" in locator) return new Ref(this.#system, place, { name: locator.name });
    const target: ItemTarget = { slot: locator.slot, generation: locator.generation };
    return new Ref(this.#system, place, target, place === this.#system.place ? this.#system.lookup(target) : undefined);
  }

  /** The live cell on this thread that the ref reaches now. */
  cellOf(ref: ActorRef<unknown>): Cell | undefined {
    const { cell, place, target } = ref as Ref<unknown>;
    if (cell !== undefined) return cell.state === "stopped" ? undefined : cell;
    return place === this.#system.place ? this.#system.lookup(target) : undefined;
  }
}
