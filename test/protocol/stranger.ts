import type { ActorSystem } from "../../src/actors/system.ts";
import type { WireBody } from "../../src/actors/wire-value.ts";
import type { LinkEnd } from "../../src/actors/world.ts";

/** A node on another host, linked to a system under test, which sends what no type allows. */
export class Stranger {
  /** Why links of ours were closed, oldest first. */
  readonly goodbyes: string[] = [];
  readonly #system: ActorSystem;
  #end: LinkEnd | undefined;
  #sent = 0;
  #epoch = 0;

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  /** Where answers to it would go. */
  get address(): string {
    return `stranger~${this.#epoch.toString(36)}/main.1:1.1`;
  }

  /** Tells the holder of a name, over a link that is up. */
  tell(name: string, kind: string, body: WireBody): void {
    const end = this.#end ?? this.connect();
    const item = { type: "tell", to: { name }, kind, body } as const;
    end.receive(this.#system.codec.encode({ firstSeq: this.#sent++, credit: 0, items: [item] }));
  }

  connect(): LinkEnd {
    this.leave();
    this.#sent = 0;
    const place = { node: "stranger", epoch: ++this.#epoch, thread: "main", threadEpoch: 1 };
    const close = (reason: string) => {
      this.goodbyes.push(reason);
      this.#end = undefined;
    };
    this.#end = this.#system.links.open(place, { crossesHosts: true, send: () => {}, close });
    return this.#end;
  }

  leave(): void {
    const end = this.#end;
    this.#end = undefined;
    end?.closed("the stranger left");
  }
}
