import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { type Codec, jsonCodec, protobufCodec } from "../../src/http/v1/codec.ts";
import { RecordReader } from "../../src/http/v1/recordio.ts";
import { Call, Event } from "../../src/http/v1/scheduler-messages.ts";
import type { InputOf, ValueOf } from "../../src/http/v1/schema.ts";
import { callsAtOnce } from "./flow.ts";

/** A scheduler that is nothing but its connection: a stream of events, and calls on connections that are kept. */

export const codecs: Readonly<Record<string, Codec>> = { json: jsonCodec, protobuf: protobufCodec };

type SchedulerCall = InputOf<typeof Call>;
export type SchedulerEvent = ValueOf<typeof Event>;

export class SchedulerClient {
  /** What has come and nobody has listened to yet. */
  readonly #unheard: SchedulerEvent[] = [];
  #hear: (event: SchedulerEvent) => void = (event) => void this.#unheard.push(event);
  readonly #port: number;
  readonly #codec: Codec;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: callsAtOnce });
  readonly #stream: ClientRequest;
  #headers: Readonly<Record<string, string>>;
  #id = { value: "" };

  private constructor(port: number, codec: Codec) {
    this.#port = port;
    this.#codec = codec;
    this.#headers = { "content-type": codec.mediaType, accept: codec.mediaType };
    this.#stream = this.#request(new Agent());
  }

  /** Resolves once the master has let it in. */
  static async subscribe(port: number, codec: Codec, name: string): Promise<SchedulerClient> {
    const client = new SchedulerClient(port, codec);
    await client.#subscribe(name);
    return client;
  }

  /** Hears every event from the first. */
  listen(hear: (event: SchedulerEvent) => void): void {
    this.#hear = hear;
    for (const event of this.#unheard.splice(0)) hear(event);
  }

  /** Resolves when the call was taken, and throws when it was not. */
  say(call: SchedulerCall): Promise<void> {
    const body = this.#codec.encode(Call, { ...call, framework_id: this.#id });
    return new Promise((resolve, reject) => {
      const asked = this.#request(this.#agent, (answer) => {
        answer.resume();
        if (answer.statusCode === 202) answer.once("end", resolve);
        else reject(new Error(`${call.type} was answered with ${answer.statusCode}`));
      });
      asked.once("error", reject);
      asked.end(body);
    });
  }

  async tearDown(): Promise<void> {
    await this.say({ type: "TEARDOWN" });
    this.#stream.destroy();
    this.#agent.destroy();
  }

  async #subscribe(name: string): Promise<void> {
    const framework_info = { user: "bench", name, roles: [name], capabilities: [{ type: "MULTI_ROLE" as const }] };
    this.#stream.end(this.#codec.encode(Call, { type: "SUBSCRIBE", subscribe: { framework_info } }));
    const [answer] = (await once(this.#stream, "response")) as [IncomingMessage];
    if (answer.statusCode !== 200) throw new Error(`SUBSCRIBE was answered with ${answer.statusCode}`);
    this.#headers = { ...this.#headers, "mesos-stream-id": String(answer.headers["mesos-stream-id"]) };
    const reader = new RecordReader();
    await new Promise<void>((resolve, reject) => {
      answer.on("data", (chunk: Buffer) => {
        for (const record of reader.push(chunk)) {
          const event = this.#codec.decode(Event, record);
          if (!event.ok) return reject(new Error(event.error));
          if (event.value.subscribed === undefined) this.#hear(event.value);
          else {
            this.#id = event.value.subscribed.framework_id;
            resolve();
          }
        }
      });
      answer.once("error", () => {});
      answer.once("close", () => reject(new Error("the stream ended before the framework was subscribed")));
    });
  }

  #request(agent: Agent, answered?: (answer: IncomingMessage) => void): ClientRequest {
    const where = { host: "127.0.0.1", port: this.#port, path: "/api/v1/scheduler", method: "POST", agent };
    const asked = request({ ...where, headers: { ...this.#headers } });
    asked.setNoDelay(true);
    if (answered !== undefined) asked.once("response", answered);
    // A stream that is given up on purpose.
    asked.on("error", () => {});
    return asked;
  }
}
