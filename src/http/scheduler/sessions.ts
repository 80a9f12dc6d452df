import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { protocolTable, type Tell } from "../../actors/protocol.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { Spec } from "../../actors/spec.ts";
import type { ActorSystem } from "../../actors/system.ts";
import type { FrameworkInfo } from "../../protocol/framework-info.ts";
import type { FrameworkId } from "../../protocol/ids.ts";
import type { MasterProtocol } from "../../protocol/master-api.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import type { Codec } from "../v1/codec.ts";
import type { ClusterView } from "../view/view.ts";
import { EventStream, StreamBudget, type StreamLimits } from "./event-stream.ts";
import { type SessionArgs, type SessionProtocol, schedulerSession } from "./session.ts";

/** A subscription by HTTP that the master has confirmed. */
export type Session = {
  /** The `Mesos-Stream-Id` that whatever its scheduler says must come with. */
  readonly streamId: string;
  readonly ref: ActorRef<SessionProtocol>;
  /** As the framework last described itself. */
  info: FrameworkInfo;
};

/** A session that is over, and whether its framework is. */
type Ended = { readonly info: FrameworkInfo; readonly tornDown: boolean };

type SessionsOptions = {
  readonly system: ActorSystem;
  readonly view: ClusterView;
  readonly facts: () => ClusterFacts | undefined;
  /** Between two heartbeats of a stream, in milliseconds. */
  readonly heartbeatMs: number;
  readonly limits: StreamLimits;
};

type DoorProtocol = { open: Tell<{ readonly streamId: string }> };

type Opening = { readonly master: ActorRef<MasterProtocol>; readonly stream: EventStream; readonly args: SessionArgs };

/**
 * Frameworks that came by HTTP and are remembered until the view has caught up with how they ended. The oldest is
 * forgotten.
 */
const endedMax = 1_000;

/** Who is subscribed by HTTP now. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #budget: StreamBudget;
  readonly #door: ActorRef<DoorProtocol>;
  readonly #byFramework = new Map<FrameworkId, Session>();
  /** How the sessions of frameworks ended that are not subscribed any more. */
  readonly #ended = new Map<FrameworkId, Ended>();
  /** Streams whose actor has not started yet: as many as requests in one turn. */
  readonly #opening = new Map<string, Opening>();
  /** By stream; told when its reader is gone. */
  readonly #refs = new Map<string, ActorRef<SessionProtocol>>();

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#budget = new StreamBudget(options.limits);
    this.#door = options.system.spawn(this.#doorSpec(), {}, { name: "scheduler-door" });
  }

  get(id: FrameworkId): Session | undefined {
    return this.#byFramework.get(id);
  }

  /** How the last session of a framework ended that has none; the view may not show it yet. */
  ended(id: FrameworkId): Ended | undefined {
    return this.#ended.get(id);
  }

  /** The framework has asked for its own end. */
  tearDown(id: FrameworkId): void {
    const session = this.#byFramework.get(id);
    if (session !== undefined) this.#end(id, { info: session.info, tornDown: true });
  }

  /** Answers a subscription with a stream, and has the master decide about it. */
  open(response: ServerResponse, codec: Codec, master: ActorRef<MasterProtocol>, args: SessionArgs): void {
    const { streamId, stream } = this.#begin(response, codec);
    this.#opening.set(streamId, { master, stream, args });
    this.#door.tell("open", { streamId });
  }

  /** Answers a subscription that cannot be: with a stream, as Mesos does, that says why and ends. */
  refuse(response: ServerResponse, codec: Codec, message: string): void {
    const { stream } = this.#begin(response, codec);
    stream.send({ type: "ERROR", error: { message } });
    stream.end();
  }

  #begin(response: ServerResponse, codec: Codec) {
    const streamId = randomUUID();
    const stream = new EventStream(response, codec, this.#budget, {
      closed: () => {
        this.#opening.delete(streamId);
        this.#refs.get(streamId)?.tell("hungUp", {});
      },
      // As a message: the stream may have been relieved in the turn of another one.
      shed: (offerIds) => this.#refs.get(streamId)?.tell("shed", { offerIds }),
    });
    stream.begin({ "mesos-stream-id": streamId, "cache-control": "no-store" });
    return { streamId, stream };
  }

  /** The parent of every session, so that a bug in one ends that one. */
  #doorSpec(): Spec<DoorProtocol, Record<never, never>> {
    return {
      name: "scheduler-door",
      protocol: protocolTable<DoorProtocol>("scheduler-door", { open: { streamId: 0 } }),
      start: (ctx) => ({
        open: ({ streamId }) => {
          const opening = this.#opening.get(streamId);
          if (opening === undefined) return;
          this.#opening.delete(streamId);
          const { args, stream } = opening;
          const ref = ctx.spawn(this.#sessionSpec(streamId, opening), args);
          this.#refs.set(streamId, ref);
          ctx.watch(ref, () => {
            this.#forget(streamId);
            stream.end();
          });
        },
      }),
    };
  }

  #sessionSpec(streamId: string, { master, stream, args }: Opening): Spec<SessionProtocol, SessionArgs> {
    const { view, facts, heartbeatMs } = this.#options;
    return schedulerSession({
      stream,
      master,
      view,
      facts,
      heartbeatMs,
      subscribed: (id) => {
        const ref = this.#refs.get(streamId);
        this.#ended.delete(id);
        if (ref !== undefined) this.#byFramework.set(id, { streamId, ref, info: { ...args.info, id } });
      },
      described: (info) => {
        const session = info.id && this.#byFramework.get(info.id);
        if (session?.streamId === streamId) session.info = info;
      },
    });
  }

  #forget(streamId: string): void {
    this.#refs.delete(streamId);
    for (const [id, session] of this.#byFramework) {
      if (session.streamId === streamId) this.#end(id, { info: session.info, tornDown: false });
    }
  }

  #end(id: FrameworkId, how: Ended): void {
    this.#byFramework.delete(id);
    this.#ended.set(id, how);
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined && this.#ended.size > endedMax) this.#ended.delete(oldest);
  }
}
