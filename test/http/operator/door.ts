import type { GatewayOptions } from "../../../src/http/gateway.ts";
import type { ClusterChange } from "../../../src/protocol/cluster-events.ts";
import type { OperatorCall, OperatorReply } from "../../../src/protocol/operator-api.ts";
import { fedView, gateway, oneThread, scriptedMaster } from "../scene.ts";

/** A gateway before a master that answers every write alike and remembers what it was asked. */
export async function door({ changes = [], reply, ...more }: DoorOptions = {}) {
  const { system } = oneThread();
  const heard: OperatorCall[] = [];
  const master = system.spawn(
    scriptedMaster({
      operate: ({ call }, answer) => {
        heard.push(call);
        answer(reply ?? { done: true, seq: 7 });
      },
    }),
    undefined,
  );
  const { url } = await gateway({ system, view: fedView(changes), master: () => master, ...more });
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type") === "application/json";
    return { status: response.status, body: isJson && text !== "" ? JSON.parse(text) : text };
  };
  const call = (type: string, body: object = {}, headers: Record<string, string> = {}) =>
    send("POST", "/api/v1", { type, [type.toLowerCase()]: body }, { "content-type": "application/json", ...headers });
  return { heard, send, call };
}

export type DoorOptions = Partial<GatewayOptions> & {
  readonly changes?: readonly ClusterChange[];
  readonly reply?: OperatorReply;
};
