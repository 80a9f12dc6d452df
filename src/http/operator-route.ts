import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ActorRef } from "../actors/ref.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { MasterProtocol } from "../protocol/master-api.ts";
import type { OperatorCall } from "../protocol/operator-api.ts";
import { type OperatorRead, parseOperatorRequest } from "../protocol/operator-schema.ts";
import { noMaster, type Refusal } from "./admission.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import { acceptFault, contentTypeFault, parseJson } from "./negotiation.ts";
import { operatorAnswers } from "./operator-answers.ts";
import { sendJson, sendText } from "./server.ts";
import type { ClusterView } from "./view.ts";

/** How long the master may take over a write, in milliseconds. */
const operateTimeoutMs = 10_000;

type OperatorDoor = {
  readonly system: ActorSystem;
  readonly view: ClusterView;
  readonly master: () => ActorRef<MasterProtocol> | undefined;
  readonly facts: () => ClusterFacts | undefined;
};

/** `POST /api/v1`: reads are answered from the view, and writes by the master. */
export function operatorRoute(app: FastifyInstance, door: OperatorDoor): void {
  for (const url of ["/api/v1", "/master/api/v1"]) {
    app.post(
      url,
      {
        // Before the body is taken in.
        onRequest: async ({ headers }, reply) => {
          const fault = door.facts() === undefined ? noMaster : contentTypeFault(headers);
          return fault === undefined ? undefined : sendText(reply, fault.status, fault.message);
        },
      },
      (request, reply) => answer(door, request, reply),
    );
  }
}

async function answer(door: OperatorDoor, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const body = parseJson(request.body);
  if (!body.ok) return sendText(reply, body.error.status, body.error.message);
  const call = parseOperatorRequest(body.value);
  if (!call.ok) return sendText(reply, call.error.status, call.error.message);
  const unacceptable = acceptFault(request.headers);
  if (unacceptable !== undefined) return sendText(reply, unacceptable.status, unacceptable.message);
  if (call.value.kind === "write") {
    const fault = await operate(door, call.value.call);
    return fault === undefined ? reply.code(200).send() : sendText(reply, fault.status, fault.message);
  }
  const facts = door.facts();
  if (facts === undefined) return sendText(reply, noMaster.status, noMaster.message);
  return sendJson(reply, answerRead(call.value.type, facts));
}

function answerRead(type: OperatorRead, facts: ClusterFacts): unknown {
  return operatorAnswers[type](facts);
}

/** Has the master carry out a call, and waits until the effect shows, so that a read that follows sees it. */
async function operate({ system, view, master }: OperatorDoor, call: OperatorCall): Promise<Refusal | undefined> {
  const to = master();
  if (to === undefined) return noMaster;
  const outcome = await system.question(to, "operate", { call }, operateTimeoutMs);
  if (!outcome.ok) {
    const done = outcome.outcome === "not-run" ? "nothing was changed" : "whether it was carried out is unknown";
    return { status: 503, message: `the master did not answer (${outcome.code}); ${done}` };
  }
  if (!outcome.value.done) return { status: outcome.value.status, message: outcome.value.reason };
  return view.reached(outcome.value.seq).then(
    () => undefined,
    (error: Error) => ({
      status: 503,
      message: `${call.type} was carried out, but does not show yet: ${error.message}`,
    }),
  );
}
