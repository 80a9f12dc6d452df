import { Authenticator, masterRealms } from "../../../src/http/guards/authentication.ts";
import { Secret } from "../../../src/http/guards/secret.ts";
import type { Leader } from "../../../src/http/leadership.ts";
import { ClusterView } from "../../../src/http/view/view.ts";
import { ScriptedScheduler } from "../../master/scripted-scheduler.ts";
import type { Answer, SchedulerClient, Wire } from "./client.ts";
import { LiveCluster } from "./live-cluster.ts";

/** A request to the scheduler door, and everything that may be wrong with it or around it. */
export type Draft = {
  readonly caller: "ada" | "bob" | "nobody" | "empty";
  readonly leader: Leader["kind"];
  readonly recovered: boolean;
  readonly method: string;
  readonly contentType: "wire" | "none" | "text/plain";
  readonly body: "call" | "garbage" | "incomplete";
  readonly accept: string | undefined;
  readonly framework: "connected" | "disconnected" | "driver" | "unknown";
  readonly streamId: "own" | "none" | "wrong";
};

export const flawless: Draft = {
  caller: "ada",
  leader: "self",
  recovered: true,
  method: "POST",
  contentType: "wire",
  body: "call",
  accept: undefined,
  framework: "connected",
  streamId: "own",
};

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const callers = { ada: basic("ada:a"), bob: basic("bob:b"), nobody: undefined, empty: basic(":a") } as const;

class SwitchedView extends ClusterView {
  recovered = true;

  override get fresh(): boolean {
    return this.recovered && super.fresh;
  }
}

/** A door where everything can go wrong: who asks is checked, and three frameworks of ada's have subscribed. */
export class DraftedDoor {
  readonly live: LiveCluster;
  readonly client: SchedulerClient;
  readonly #view: SwitchedView;
  readonly #lead: (leader: Leader["kind"]) => void;
  readonly #ids: Readonly<Record<Draft["framework"], string>>;

  private constructor(
    live: LiveCluster,
    client: SchedulerClient,
    view: SwitchedView,
    lead: (leader: Leader["kind"]) => void,
    ids: Readonly<Record<Draft["framework"], string>>,
  ) {
    this.live = live;
    this.client = client;
    this.#view = view;
    this.#lead = lead;
    this.#ids = ids;
  }

  static async open(wire: Wire): Promise<DraftedDoor> {
    const view = new SwitchedView();
    let leader: Leader = { kind: "self" };
    const credentials = [
      { principal: "ada", secret: new Secret("a") },
      { principal: "bob", secret: new Secret("b") },
    ];
    const authenticator = new Authenticator(masterRealms, credentials, ["mesos-master-scheduler"]);
    const live = await LiveCluster.start({ view, gateway: { authenticator, leader: () => leader } });
    const gone = live.client(wire, { authorization: callers.ada });
    (await gone.subscribe({ failover_timeout: 1e6 })).close();
    const driver = new ScriptedScheduler(live.cluster, "driver", { principal: "ada" });
    driver.subscribe();
    const client = live.client(wire, { authorization: callers.ada });
    await client.quiet(await client.subscribe());
    live.skip(100);
    const ids = {
      connected: client.frameworkId,
      disconnected: gone.frameworkId,
      driver: driver.id,
      unknown: "nobody",
    };
    const lead = (kind: Leader["kind"]) => {
      leader = kind === "elsewhere" ? { kind, host: "10.1.2.3", port: 5050 } : { kind };
    };
    return new DraftedDoor(live, client, view, lead, ids);
  }

  async send(draft: Draft, call: { readonly type: string; readonly [field: string]: unknown }): Promise<Answer> {
    const { client } = this;
    this.#lead(draft.leader);
    this.#view.recovered = draft.recovered;
    const named = call.type === "SUBSCRIBE" ? {} : { framework_id: { value: this.#ids[draft.framework] } };
    const bodies = {
      call: { ...named, ...call },
      garbage: Buffer.from("\xff\xff\xff", "latin1"),
      incomplete: { ...named, type: call.type },
    };
    const streamIds = { own: client.streamId, none: null, wrong: "another" };
    const authorization = callers[draft.caller];
    try {
      return await client.post(bodies[draft.body], {
        method: draft.method,
        streamId: streamIds[draft.streamId],
        ...(draft.contentType === "wire"
          ? {}
          : { contentType: draft.contentType === "none" ? null : draft.contentType }),
        headers: {
          ...(authorization === undefined ? { authorization: "" } : { authorization }),
          ...(draft.accept === undefined ? {} : { accept: draft.accept }),
        },
      });
    } finally {
      this.#lead("self");
      this.#view.recovered = true;
    }
  }
}
