import { type IncomingMessage, request } from "node:http";
import { RecordReader } from "../../../src/http/v1/recordio.ts";
import { Call, Event, Response as V1Response } from "../../../src/http/v1/scheduler-messages.ts";
import { decodeReflected, encodeReflected } from "./reflection.ts";

/** A scheduler as another program would be one: it knows the door only by what goes over the wire. */

export const wires = ["json", "protobuf"] as const;
export type Wire = (typeof wires)[number];

const mediaTypes = { json: "application/json", protobuf: "application/x-protobuf" } as const;

/** What a test says and sees: Mesos's names, bytes in base64. */
// biome-ignore lint/suspicious/noExplicitAny: a decoded body is whatever the door sent
export type Plain = any;

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly bytes: Buffer;
};

type PostOptions = {
  /** null: none. Default: that of the client's last stream. */
  readonly streamId?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: that of the wire; null: none. */
  readonly contentType?: string | null;
  readonly method?: string;
  readonly path?: string;
};

/** Time for an event to come, in milliseconds. */
const withinMs = 5_000;

const describedDefault = { user: "ada", name: "f" };

export class SchedulerClient {
  readonly port: number;
  readonly wire: Wire;
  readonly #authorization: string | undefined;
  readonly #settle: () => void;
  frameworkId = "";
  streamId: string | null = null;

  /** `settle`: has the cluster do all that it can do now. */
  constructor(port: number, wire: Wire, more: { readonly authorization?: string; readonly settle?: () => void } = {}) {
    this.port = port;
    this.wire = wire;
    this.#authorization = more.authorization;
    this.#settle = more.settle ?? (() => {});
  }

  encode(call: object): Buffer {
    if (this.wire === "json") return Buffer.from(JSON.stringify(call));
    return encodeReflected(Call, call);
  }

  /** The call as it is. */
  async post(call: object | Buffer | undefined, options: PostOptions = {}): Promise<Answer> {
    const { contentType = mediaTypes[this.wire], streamId = this.streamId, method = "POST", path } = options;
    const body = call === undefined || Buffer.isBuffer(call) ? call : this.encode(call);
    const headers = {
      ...(contentType === null ? {} : { "content-type": contentType }),
      ...(streamId === null ? {} : { "mesos-stream-id": streamId }),
      ...this.#credentials,
      ...options.headers,
    };
    const url = `http://127.0.0.1:${this.port}${path ?? "/api/v1/scheduler"}`;
    const response = await fetch(url, {
      method,
      headers,
      redirect: "manual",
      ...(body === undefined || method === "GET" ? {} : { body: new Uint8Array(body) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, text: bytes.toString("utf8"), bytes };
  }

  /** A call of the subscribed framework. */
  call(type: string, fields: object = {}, options: PostOptions = {}): Promise<Answer> {
    return this.post({ framework_id: { value: this.frameworkId }, type, ...fields }, options);
  }

  /** One that must be taken. */
  async say(type: string, fields: object = {}): Promise<void> {
    const { status, text } = await this.call(type, fields);
    if (status !== 202) throw new Error(`${type} was answered with ${status}: ${text}`);
  }

  decodeResponse({ bytes }: Answer): Plain {
    return this.wire === "json" ? JSON.parse(bytes.toString("utf8")) : decodeReflected(V1Response, bytes);
  }

  /** Whatever comes of a subscription. */
  async open(info: object = {}, more: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<Stream> {
    const framework_info = { ...describedDefault, ...info };
    const id = (framework_info as Plain).id;
    const call = { type: "SUBSCRIBE", ...(id ? { framework_id: id } : {}), subscribe: { framework_info, ...more } };
    const stream = await Stream.open(this.port, this.encode(call), this.wire, { ...this.#credentials, ...headers });
    this.streamId = stream.streamId;
    return stream;
  }

  /** A subscription that must succeed. */
  async subscribe(info: object = {}, more: object = {}): Promise<Stream> {
    const stream = await this.open(info, more);
    const { subscribed } = await stream.take("SUBSCRIBED");
    this.frameworkId = subscribed.framework_id.value;
    return stream;
  }

  /** All that was under way has happened, and what the stream was told of it is here. */
  async quiet(stream: Stream): Promise<void> {
    this.#settle();
    const task = `fence-${fences++}`;
    await this.say("RECONCILE", {
      reconcile: { tasks: [{ task_id: { value: task }, agent_id: { value: "nobody" } }] },
    });
    await stream.take("UPDATE", ({ update }) => update.status.task_id.value === task);
  }

  /** The next offer of any slave. */
  async offer(stream: Stream, fits: (offer: Plain) => boolean = () => true): Promise<Plain> {
    const { offers } = await stream.take("OFFERS", (event) => event.offers.offers.some(fits));
    return offers.offers.find(fits);
  }

  accept(offers: readonly Plain[], operations: readonly object[], more: object = {}): Promise<void> {
    const offer_ids = offers.map(({ id }) => id);
    return this.say("ACCEPT", { accept: { offer_ids, operations, ...more } });
  }

  acknowledge({ agent_id, task_id, uuid }: Plain): Promise<void> {
    return this.say("ACKNOWLEDGE", { acknowledge: { agent_id, task_id, uuid } });
  }

  get #credentials(): Readonly<Record<string, string>> {
    return this.#authorization === undefined ? {} : { authorization: this.#authorization };
  }
}

let fences = 0;

/** The events of one subscription. Those that were taken are gone; the others wait. */
export class Stream {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Every event, in order. */
  readonly events: Plain[] = [];
  /** The bodies of the events. */
  readonly bodies: Buffer[] = [];
  /** What came in place of a stream. */
  text = "";
  ended = false;
  readonly #response: IncomingMessage;
  readonly #waiting: Plain[] = [];
  readonly #listeners = new Set<() => void>();

  private constructor(response: IncomingMessage, wire: Wire) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    const reader = new RecordReader();
    response.on("data", (chunk: Buffer) => {
      if (this.status !== 200) this.text += chunk;
      else {
        for (const body of reader.push(chunk)) this.#heard(Buffer.from(body), wire);
        if (reader.fault !== undefined) throw new Error(reader.fault);
      }
      this.#changed();
    });
    response.on("error", () => {});
    response.on("close", () => {
      this.ended = true;
      this.#changed();
    });
  }

  static open(port: number, body: Buffer, wire: Wire, headers: Readonly<Record<string, string>>): Promise<Stream> {
    return new Promise((resolve, reject) => {
      const asked = request({
        port,
        host: "127.0.0.1",
        method: "POST",
        path: "/api/v1/scheduler",
        agent: false,
        headers: {
          "content-type": mediaTypes[wire],
          accept: mediaTypes[wire],
          "content-length": body.length,
          ...headers,
        },
      });
      asked.on("error", reject);
      asked.on("response", (response) => resolve(new Stream(response, wire)));
      asked.end(body);
    });
  }

  /** Nothing more is read from the socket, until `resume`. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  get streamId(): string {
    return String(this.headers["mesos-stream-id"] ?? "");
  }

  get types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }

  /** Those that nobody has taken. */
  waiting(type: string): readonly Plain[] {
    return this.#waiting.filter((event) => event.type === type);
  }

  /** The oldest event like this that nobody has taken, now or when it comes. */
  async take(type: string, fits: (event: Plain) => boolean = () => true): Promise<Plain> {
    const found = () => this.#waiting.findIndex((event) => event.type === type && fits(event));
    await this.until(() => found() !== -1, `${type} ${fits}`);
    return this.#waiting.splice(found(), 1)[0];
  }

  /** The next status of a task. */
  async update(taskId: string, state?: string): Promise<Plain> {
    const { update } = await this.take(
      "UPDATE",
      (event) =>
        event.update.status.task_id.value === taskId &&
        (state ?? event.update.status.state) === event.update.status.state,
    );
    return update.status;
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const give = (error?: Error) => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = () => {
        if (condition()) give();
        else if (this.ended) give(new Error(`the stream ended before ${what}; it had ${JSON.stringify(this.events)}`));
      };
      const late = () =>
        give(new Error(`no ${what} came; the stream had ${JSON.stringify(this.events).slice(-2_000)}`));
      const timer = setTimeout(late, withinMs);
      this.#listeners.add(look);
      look();
    });
  }

  async end(): Promise<void> {
    await this.until(() => this.ended, "its end");
  }

  /** The client goes away. */
  close(): void {
    this.#response.destroy();
  }

  #heard(body: Buffer, wire: Wire): void {
    const event = wire === "json" ? JSON.parse(body.toString("utf8")) : decodeReflected(Event, body);
    this.bodies.push(body);
    this.events.push(event);
    this.#waiting.push(event);
  }

  #changed(): void {
    for (const look of [...this.#listeners]) look();
  }
}
