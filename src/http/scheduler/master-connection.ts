import { ok, type Result, refused } from "../../base/result.ts";
import type { Placeable } from "../../protocol/master-api.ts";
import { placeableOn } from "../../protocol/placeable.ts";
import type { Resources } from "../../protocol/resources.ts";
import type { Credential } from "../guards/credentials-file.ts";
import { authorization, callOperator, denial, reasonOf, textOf } from "../master-client.ts";
import { resourcesFrom } from "../resource-list.ts";
import { protobufCodec as codec } from "../v1/codec.ts";
import { RecordReader } from "../v1/recordio.ts";
import { Call, Event } from "../v1/scheduler-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";

export type CallInput = InputOf<typeof Call>;
export type HeardEvent = ValueOf<typeof Event>;

/** Where a master is, and what to prove oneself with. */
export type DoorTarget = {
  /** `HOST:PORT` of its HTTP, or of that of another master of the same cluster. */
  readonly master: string;
  readonly credential?: Credential | undefined;
};

/** Why a call did not get through. `denied`: the master knows who asks and will not have them, now or later. */
export type CallFault = { readonly kind: "denied" | "failed"; readonly message: string };

/** Masters that send a subscription on to another, one after the other. */
const redirectsMax = 5;
/** Time for the answer to a call, in milliseconds: longer than a gateway gives its master. */
const callTimeoutMs = 20_000;
/** Time that calls still have when the connection is to end, in milliseconds. */
const finishTimeoutMs = 3_000;

/** The HTTP door of a master, seen from outside: every connection to it that a thread has. */
export class MasterDoor {
  readonly #target: DoorTarget;
  readonly #connections = new Set<MasterConnection>();

  constructor(target: DoorTarget) {
    this.#target = target;
  }

  open(): MasterConnection {
    const connection = new MasterConnection(this.#target, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  /** Ends them all, after what their schedulers have said last. */
  async close(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.finish()));
  }
}

/**
 * One subscription and the calls made in its name, in protobuf. Calls are sent in their order, each when the one before
 * has been answered; after one that fails none is sent, so that a master has heard a beginning of what was said.
 */
export class MasterConnection {
  readonly #target: DoorTarget;
  readonly #closed: () => void;
  /** Ends everything that is under way. */
  readonly #cut = new AbortController();
  #url: URL;
  #streamId = "";
  #chunks: AsyncIterator<Uint8Array> | undefined;
  readonly #records = new RecordReader();
  #last: Promise<Result<void, CallFault>> = Promise.resolve(ok(undefined));

  constructor(target: DoorTarget, closed: () => void) {
    this.#target = target;
    this.#closed = closed;
    this.#url = new URL(`http://${target.master}/api/v1/scheduler`);
  }

  /** Opens the stream, wherever the master that leads is. */
  async subscribe(call: CallInput): Promise<Result<void, CallFault>> {
    const asked = new Set<string>();
    for (;;) {
      if (asked.has(this.#url.href)) return this.#failed("masters send it on to one another in a circle");
      asked.add(this.#url.href);
      const response = await this.#post(call, {}, this.#cut.signal);
      if (!response.ok) return response;
      const { status, headers, body } = response.value;
      const location = headers.get("location");
      if (status === 307 && location !== null && URL.canParse(location, this.#url.href)) {
        await done(body);
        if (asked.size > redirectsMax) return this.#failed(`it was sent on more than ${redirectsMax} times`);
        this.#url = new URL(location, this.#url);
        continue;
      }
      const streamId = headers.get("mesos-stream-id");
      if (status !== 200) return await this.#refusal(call, response.value);
      if (streamId === null || body === null) return this.#failed("what answers is no scheduler API of Mesos");
      this.#streamId = streamId;
      this.#chunks = body[Symbol.asyncIterator]();
      return ok(undefined);
    }
  }

  /** The next events of the stream, at least one; none when it has ended. Who does not ask holds the master up. */
  async next(): Promise<Result<readonly HeardEvent[], CallFault>> {
    try {
      for (;;) {
        const chunk = await this.#chunks?.next();
        if (chunk === undefined || chunk.done === true) return ok([]);
        const decoded = this.#records.push(chunk.value).map((record) => codec.decode(Event, record));
        const events = decoded.flatMap((event) => (event.ok ? [event.value] : []));
        const fault = this.#records.fault ?? decoded.find((event) => !event.ok)?.error;
        if (fault !== undefined) return this.#failed(`what its stream says makes no sense: ${fault}`);
        if (events.length > 0) return ok(events);
      }
    } catch (error) {
      return this.#failed(reasonOf(error));
    }
  }

  /** Makes a call once those before it have been answered. */
  call(call: CallInput): Promise<Result<void, CallFault>> {
    this.#last = this.#last.then(async (before) => (before.ok ? await this.#answered(call) : before));
    return this.#last;
  }

  /** Whether a slave that is in reach is large enough. */
  async placeable(resources: Resources): Promise<Placeable | undefined> {
    const answer = await callOperator(this.#url.host, { type: "GET_AGENTS" }, this.#target.credential);
    if (!answer.ok) return undefined;
    const inReach = answer.value.get_agents.agents.filter(({ active }) => active);
    const slaves = inReach.map(({ agent_info: { hostname, resources: list } }) => {
      const all = resourcesFrom(list.map((resource) => ({ reservations: [], ...resource })));
      return { hostname, resources: all.ok ? all.value.resources : {} };
    });
    return placeableOn(slaves, resources);
  }

  /** Hangs up when the calls made so far have been answered. */
  async finish(): Promise<void> {
    const late = setTimeout(() => this.#cut.abort(), finishTimeoutMs);
    await this.#last;
    clearTimeout(late);
    this.cut();
  }

  /** Hangs up. */
  cut(): void {
    this.#cut.abort();
    this.#closed();
  }

  async #answered(call: CallInput): Promise<Result<void, CallFault>> {
    const signal = AbortSignal.any([this.#cut.signal, AbortSignal.timeout(callTimeoutMs)]);
    const response = await this.#post(call, { "mesos-stream-id": this.#streamId }, signal);
    if (!response.ok) return response;
    if (!response.value.ok) return await this.#refusal(call, response.value);
    await done(response.value.body);
    return ok(undefined);
  }

  async #post(
    call: CallInput,
    more: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Result<Response, CallFault>> {
    try {
      const { mediaType } = codec;
      const headers = {
        "content-type": mediaType,
        accept: mediaType,
        ...authorization(this.#target.credential),
        ...more,
      };
      const body = codec.encode(Call, call);
      return ok(await fetch(this.#url, { method: "POST", redirect: "manual", headers, body, signal }));
    } catch (error) {
      return this.#failed(reasonOf(error));
    }
  }

  async #refusal({ type }: CallInput, response: Response): Promise<Result<never, CallFault>> {
    const { status } = response;
    const text = await response.bytes().then(textOf, () => "");
    const { host } = this.#url;
    const message =
      status === 401
        ? denial(host, text, this.#target.credential).message
        : `the master at ${host} refuses ${type} (HTTP ${status}): ${text}`;
    return refused({ kind: status === 401 || status === 403 ? "denied" : "failed", message });
  }

  #failed(why: string): Result<never, CallFault> {
    return refused({ kind: "failed", message: `the master at ${this.#url.host}: ${why}` });
  }
}

/** Nobody wants to read it, and nothing depends on it: not even on a connection that has been cut meanwhile. */
async function done(body: Response["body"]): Promise<void> {
  await body?.cancel().catch(() => {});
}
