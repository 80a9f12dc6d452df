import { type Place, parsePlace, placeText } from "./address.ts";
import type { Backwards } from "./arrivals.ts";
import type { Cell } from "./cell.ts";
import type { LinkFigures } from "./census.ts";
import { MalformedBatch } from "./link/codec.ts";
import { IngressBudget } from "./link/ingress-budget.ts";
import type { ItemTarget, LinkItem } from "./link/item.ts";
import { linkLimits } from "./link/limits.ts";
import { LinkSession, type Unsendable } from "./link/session.ts";
import type { DownReason } from "./spec.ts";
import type { ActorSystem } from "./system.ts";
import type { Channel, LinkEnd } from "./world.ts";

/** One live link to another place, and what hangs on it. */
class Link implements Backwards {
  readonly peer: Place;
  readonly place: string;
  readonly channel: Channel;
  readonly session: LinkSession;
  readonly crossesHosts: boolean;
  /** Watches of ours on actors over there. */
  readonly watching = new Map<number, (reason: DownReason) => void>();
  /** Watches of theirs on actors here: how to drop each. */
  readonly watched = new Map<number, () => void>();
  lost = false;
  /** Whether it is among those that have something to send. */
  dirty = false;
  /** Who sent what we queued last, and because of what. */
  by: Cell | undefined;
  byCause = 0;
  /** Who over there sent what comes in now. */
  sender: { readonly slot: number; readonly generation: number } = nobody;
  /** What stands in our flight recorder for its cause. */
  cause = 0;
  /** Messages of this turn that found a full mailbox, by sender, receiver and kind. */
  readonly refusals = new Map<string, Refusal>();
  readonly #links: Links;

  constructor(links: Links, peer: Place, channel: Channel, session: LinkSession) {
    this.#links = links;
    this.peer = peer;
    this.place = placeText(peer);
    this.channel = channel;
    this.session = session;
    this.crossesHosts = channel.crossesHosts;
  }

  answer(item: LinkItem): void {
    this.#links.send(this.place, item);
  }

  refuse(to: string, kind: string): void {
    const { slot, generation } = this.sender;
    const key = `${slot}.${generation} ${to} ${kind}`;
    const count = (this.refusals.get(key)?.count ?? 0) + 1;
    this.refusals.set(key, { type: "refused", slot, generation, to, kind, count });
  }

  malformed(what: string, fault: string): void {
    this.#links.malformed(this, what, fault);
  }
}

type Refusal = Extract<LinkItem, { readonly type: "refused" }>;

/** No actor has the generation 0. */
const nobody = { slot: 0, generation: 0 };

/**
 * The links of one thread. A link is one session: when it breaks, everything that depends on the far side is told
 * at once (asks fail, watches fire) and before the first message of any later session.
 */
export class Links {
  readonly #system: ActorSystem;
  readonly #links = new Map<string, Link>();
  /** Those that have something to send, each once. */
  readonly #dirty: Link[] = [];
  /** The link that was sent to last: messages come in runs. */
  #last: Link | undefined;
  readonly #ingress = new IngressBudget(linkLimits.ingressBytes);

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  /** Places that are linked now. */
  get places(): readonly string[] {
    return [...this.#links.keys()];
  }

  /** Reaches an endpoint: a thread of this process that is linked already, or another node through the transport. */
  dial(endpoint: string, up: (place: string) => void, failed: (reason: string) => void): void {
    if (!endpoint.startsWith("thread:")) {
      this.#system.world.transport.dial(
        endpoint,
        (peer, channel) => {
          const end = this.open(peer, channel);
          if (this.#links.has(placeText(peer))) up(placeText(peer));
          else failed("the node there is older than one we know");
          return end;
        },
        failed,
      );
      return;
    }
    const thread = endpoint.slice("thread:".length);
    const place = [this.#system.place, ...this.#links.keys()].find((known) => parsePlace(known)?.thread === thread);
    if (place === undefined) failed(`no thread ${thread} in this process`);
    else up(place);
  }

  /**
   * Takes over a channel to a place. An older life of the same place is given up first; a stale one is refused. Of two
   * nodes that dialled one another at the same time, the connection of the greater name is kept at both ends.
   */
  open(peer: Place, channel: Channel): LinkEnd {
    const place = placeText(peer);
    for (const other of [...this.#links.values()]) {
      if (other.peer.node !== peer.node || other.peer.thread !== peer.thread) continue;
      if (isOlder(peer, other.peer)) return refused(channel, "stale incarnation");
      if (other.place === place && this.#crossed(channel, other)) {
        return refused(channel, "the two nodes dialled one another: the other connection is kept");
      }
      this.#drop(other, "superseded by a newer connection");
    }
    const { crossesHosts, headBytes = 0 } = channel;
    const budget = crossesHosts ? this.#ingress : undefined;
    const session = new LinkSession(this.#system.codec, { budget, trusted: !crossesHosts, headBytes });
    const link = new Link(this, peer, channel, session);
    this.#links.set(place, link);
    return {
      takeIn: (arrivals) => this.#system.takeIn(arrivals),
      receive: (batch) => this.#receive(link, () => link.session.receive(batch)),
      receivePlain: (values) => this.#receive(link, () => link.session.receivePlain(values)),
      closed: (reason) => this.#lost(link, reason),
    };
  }

  /** Queues an item for a place. False when there is no link, or its queue refuses. */
  send(place: string, item: LinkItem): "queued" | "refused" | "link-down" {
    const link = this.#last?.place === place ? this.#last : this.#links.get(place);
    if (link === undefined) return "link-down";
    this.#last = link;
    const { acting, cause } = this.#system;
    const by = acting === link.by && (acting === undefined || cause === link.byCause) ? undefined : byOf(acting, cause);
    const verdict = link.session.queue(item, by);
    if (verdict === "overrun") {
      this.#drop(link, "more signals wait than a link may hold");
      return "link-down";
    }
    if (verdict === "refused") return verdict;
    link.by = acting;
    link.byCause = cause;
    this.#soil(link);
    return verdict;
  }

  /** Closes a link that brought what no peer of ours sends. */
  malformed(link: Link, what: string, fault: string): void {
    this.#system.world.log("warn", "links", `${link.place} sent a malformed ${what}: link closed`, { error: fault });
    this.#drop(link, `malformed ${what}: ${fault}`);
  }

  figures(): readonly LinkFigures[] {
    return [...this.#links.values()].map(({ place, session }) => {
      const { queued, credit, windowBytes } = session;
      return { place, queued, creditBytes: credit, windowBytes };
    });
  }

  watch(place: string, to: ItemTarget, watch: number, fire: (reason: DownReason) => void): (() => void) | undefined {
    const link = this.#links.get(place);
    if (link === undefined || this.send(place, { type: "watch", to, watch }) !== "queued") {
      fire("noconnection");
      return undefined;
    }
    link.watching.set(watch, fire);
    return () => {
      if (link.watching.delete(watch)) this.send(place, { type: "unwatch", watch });
    };
  }

  /** Sends what has been queued since the last flush, as far as credit goes. */
  flush(): void {
    // What one link's loss makes actors say to others is sent as well.
    for (let link = this.#dirty.shift(); link !== undefined; link = this.#dirty.shift()) {
      link.dirty = false;
      if (link.lost) continue;
      for (const refusal of link.refusals.values()) link.session.queue(refusal);
      link.refusals.clear();
      this.#flush(link, (item, why) => this.#unsendable(link, item, why));
    }
  }

  closeAll(reason: string): void {
    for (const link of [...this.#links.values()]) this.#drop(link, reason);
  }

  #soil(link: Link): void {
    if (link.dirty) return;
    link.dirty = true;
    this.#dirty.push(link);
    this.#system.requestTurn();
  }

  #flush({ session, channel }: Link, unsendable: Unsendable): void {
    if (channel.sendPlain === undefined) {
      for (let batch = session.take(unsendable); batch !== undefined; batch = session.take(unsendable))
        channel.send(batch);
      return;
    }
    for (let batch = session.takePlain(unsendable); batch !== undefined; batch = session.takePlain(unsendable)) {
      if (batch instanceof Uint8Array) channel.send(batch);
      else channel.sendPlain(batch);
    }
  }

  /** Whether a channel crosses one that the greater of the two names dialled, and which therefore stays. */
  #crossed({ dialled }: Channel, { peer, channel: kept }: Link): boolean {
    if (dialled === undefined || kept.dialled === undefined || dialled === kept.dialled) return false;
    const oursIsGreater = (parsePlace(this.#system.place)?.node ?? "") > peer.node;
    return oursIsGreater === (kept.dialled === "here");
  }

  #drop(link: Link, reason: string): void {
    link.channel.close(reason);
    this.#lost(link, reason);
  }

  #lost(link: Link, reason: string): void {
    if (link.lost) return;
    link.lost = true;
    this.#links.delete(link.place);
    if (this.#last === link) this.#last = undefined;
    link.session.close();
    this.#system.world.log("debug", "links", `link to ${link.place} is down`, { reason });
    for (const drop of link.watched.values()) drop();
    this.#system.asks.failPlace(link.place);
    for (const fire of link.watching.values()) fire("noconnection");
  }

  #receive(link: Link, items: () => readonly LinkItem[]): void {
    if (link.lost) return;
    try {
      for (const item of items()) {
        this.#system.cause = link.cause;
        this.#deliver(link, item);
        // An item can end its own link; what follows it must not be heard after the loss.
        if (link.lost) return this.#system.rest();
      }
      this.#system.rest();
      this.#soil(link);
    } catch (error) {
      if (!(error instanceof MalformedBatch)) throw error;
      this.malformed(link, "batch", error.message);
    }
  }

  #deliver(link: Link, item: LinkItem): void {
    switch (item.type) {
      case "tell":
      case "ask":
        return this.#system.arrivals.deliver(item, link);
      case "by":
        return this.#sentBy(link, item);
      case "refused": {
        const { slot, generation, to, kind, count } = item;
        return this.#system.lookup({ slot, generation })?.refused({ to, kind, count });
      }
      case "reply":
        return this.#system.asks.answer(item.correlation, item.value);
      case "askFailed":
        return this.#system.asks.fail(item.correlation, item.code, item.outcome);
      case "watch":
        return this.#watchedBy(link, item.to, item.watch);
      case "unwatch":
        link.watched.get(item.watch)?.();
        link.watched.delete(item.watch);
        return;
      case "down": {
        const fire = link.watching.get(item.watch);
        link.watching.delete(item.watch);
        return fire?.(item.reason);
      }
    }
  }

  #sentBy(link: Link, { slot, generation, cause }: Extract<LinkItem, { readonly type: "by" }>): void {
    link.sender = { slot, generation };
    link.cause = cause === 0 ? 0 : this.#system.recorder.recordAway(link.place, cause);
  }

  #watchedBy(link: Link, to: ItemTarget, watch: number): void {
    const cell = this.#system.reachable(to, link.channel.crossesHosts);
    const tell = (reason: DownReason) => {
      link.watched.delete(watch);
      this.send(link.place, { type: "down", watch, who: cell?.path ?? "", reason });
    };
    if (cell === undefined) return tell("noproc");
    const token = {};
    cell.watchers.set(token, tell);
    link.watched.set(watch, () => cell.watchers.delete(token));
  }

  #unsendable(link: Link, item: LinkItem, why: string): void {
    if (item.type === "reply")
      this.send(link.place, { ...item, type: "askFailed", code: "overloaded", outcome: "unknown" });
    if (item.type === "ask") this.#system.asks.fail(item.correlation, "overloaded", "not-run");
    const kind = "kind" in item ? item.kind : item.type;
    this.#system.deadLetters.add(link.place, kind, "unsendable");
    this.#system.world.log("warn", "links", `a ${kind} message cannot be sent: ${why}`, { to: link.place });
  }
}

function byOf(cell: Cell | undefined, cause: number): LinkItem {
  const { slot, generation } = cell ?? nobody;
  return { type: "by", slot, generation, cause: cell === undefined ? 0 : cause };
}

function refused(channel: Channel, reason: string): LinkEnd {
  channel.close(reason);
  return { takeIn: () => {}, receive: () => {}, receivePlain: () => {}, closed: () => {} };
}

function isOlder(peer: Place, known: Place): boolean {
  return peer.epoch < known.epoch || (peer.epoch === known.epoch && peer.threadEpoch < known.threadEpoch);
}
