import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { record } from "../../../src/http/v1/recordio.ts";
import type { Shapes } from "../../kit.ts";

/**
 * The floor of the scheduler API: Node's HTTP server, JSON parsed and written by the engine, and an answer that is made up.
 * It decides nothing and keeps nothing but who is subscribed.
 */

const streams = new Map<string, ServerResponse>();

const resources = [
  { name: "cpus", type: "SCALAR", scalar: { value: 4 }, role: "*", allocation_info: { role: "bench" } },
  { name: "mem", type: "SCALAR", scalar: { value: 4_096 }, role: "*", allocation_info: { role: "bench" } },
];
const url = { scheme: "http", address: { hostname: "localhost", ip: "127.0.0.1", port: 5051 }, path: "/slave(1)" };

function offerEvent(id: string, number: number) {
  const offer = {
    id: { value: `O${number}` },
    framework_id: { value: id },
    agent_id: { value: "S0" },
    hostname: "localhost",
    url,
    resources,
    allocation_info: { role: "bench" },
  };
  return { type: "OFFERS", offers: { offers: [offer] } };
}

function updateEvent(task_id: unknown) {
  const status = {
    task_id,
    state: "TASK_LOST",
    source: "SOURCE_MASTER",
    reason: "REASON_RECONCILIATION",
    timestamp: 1,
  };
  return { type: "UPDATE", update: { status } };
}

let made = 0;
const server = createServer((asked, answer) => {
  const chunks: Buffer[] = [];
  asked.on("data", (chunk: Buffer) => chunks.push(chunk));
  asked.on("end", () => {
    const call = JSON.parse(Buffer.concat(chunks).toString()) as {
      readonly type: string;
      readonly framework_id?: { readonly value: string };
      readonly reconcile?: { readonly tasks: readonly { readonly task_id: unknown }[] };
    };
    const say = (id: string, event: object) => streams.get(id)?.write(record(Buffer.from(JSON.stringify(event))));
    if (call.type === "SUBSCRIBE") {
      const id = `framework-${++made}`;
      answer.writeHead(200, { "content-type": "application/json", "mesos-stream-id": id });
      streams.set(id, answer);
      say(id, { type: "SUBSCRIBED", subscribed: { framework_id: { value: id } } });
      return;
    }
    const id = call.framework_id?.value ?? "";
    answer.writeHead(202).end();
    if (call.type === "REVIVE") say(id, offerEvent(id, ++made));
    if (call.type === "RECONCILE") for (const { task_id } of call.reconcile?.tasks ?? []) say(id, updateEvent(task_id));
    if (call.type === "TEARDOWN") streams.get(id)?.end();
  });
});
await once(server.listen(0, "127.0.0.1"), "listening");

export const facts = { port: (server.address() as AddressInfo).port };
export const shapes: Shapes = {};
