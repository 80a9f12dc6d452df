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
import type { ClusterView } from "../view.ts";
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

/** Frameworks torn down by HTTP that are remembered until every view shows it. The oldest is forgotten. */
const tornDownMax = 1_000;

/** Who is subscribed by HTTP now. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #budget: StreamBudget;
  readonly #door: ActorRef<DoorProtocol>;
  readonly #byFramework = new Map<FrameworkId, Session>();
  readonly #tornDown = new Set<FrameworkId>();
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

  /** Streams that are open. */
  get size(): number {
    return this.#refs.size;
  }

  /** Whether the framework has asked for its own end. */
  isTornDown(id: FrameworkId): boolean {
    return this.#tornDown.has(id);
  }

  tearDown(id: FrameworkId): void {
    this.#byFramework.delete(id);
    this.#tornDown.add(id);
    const [oldest] = this.#tornDown;
    if (oldest !== undefined && this.#tornDown.size > tornDownMax) this.#tornDown.delete(oldest);
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
    const stream = new EventStream(response, codec, this.#budget, () => {
      this.#opening.delete(streamId);
      this.#refs.get(streamId)?.tell("hungUp", {});
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
      if (session.streamId === streamId) this.#byFramework.delete(id);
    }
  }
}
