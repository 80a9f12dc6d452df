import type { Cell } from "./cell.ts";
import type { Watch } from "./context.ts";
import type { ActorRef } from "./ref.ts";
import type { Ref } from "./refs.ts";
import type { Down, DownReason } from "./spec.ts";
import type { ActorSystem } from "./system.ts";

/** Every watch held on this thread. Each fires exactly once, unless it is given up first. */
export class Watches {
  readonly #system: ActorSystem;
  #last = 0;

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  open(watcher: Cell, target: ActorRef<unknown>, down: (down: Down) => void): Watch {
    const id = ++this.#last;
    const ref = target as unknown as Ref<never>;
    let live = true;
    let detach: (() => void) | undefined;
    const fire = (reason: DownReason) => {
      detach = undefined;
      this.#system.enqueueTurn(watcher, "down", () => {
        if (!live) return;
        watcher.held.delete(id);
        down({ who: ref.address, reason, certainty: reason === "noconnection" ? "unknown" : "dead" });
      });
    };
    watcher.held.set(id, () => {
      live = false;
      watcher.held.delete(id);
      detach?.();
    });
    watcher.outbox.add(() => {
      if (live) detach = this.#attach(id, ref, fire);
    });
    return { id };
  }

  #attach(id: number, ref: Ref<never>, fire: (reason: DownReason) => void): (() => void) | undefined {
    if (ref.place !== this.#system.place) return this.#system.links.watch(ref.place, ref.target, id, fire);
    const cell = this.#system.refs.cellOf(ref);
    if (cell === undefined) {
      fire("noproc");
      return undefined;
    }
    const token = {};
    cell.watchers.set(token, fire);
    return () => cell.watchers.delete(token);
  }
}
