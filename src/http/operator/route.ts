import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ActorRef } from "../../actors/ref.ts";
import type { ActorSystem } from "../../actors/system.ts";
import type { MasterProtocol } from "../../protocol/master-api.ts";
import type { OperatorCall } from "../../protocol/operator-api.ts";
import { type OperatorRead, parseOperatorRequest } from "../../protocol/operator-schema.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { noMaster, type Refusal } from "../guards/admission.ts";
import type { Authenticator } from "../guards/authentication.ts";
import { type Leadership, sendFault } from "../leadership.ts";
import { acceptFault, contentTypeFault, parseJson } from "../negotiation.ts";
import { refuse, sendJson } from "../server.ts";
import type { ClusterView } from "../view/view.ts";
import { operatorAnswers } from "./answers.ts";
import { reservationFrom } from "./reservation.ts";

/** How long the master may take over a write, in milliseconds. */
const operateTimeoutMs = 10_000;

type OperatorDoor = {
  readonly system: ActorSystem;
  readonly view: ClusterView;
  readonly master: () => ActorRef<MasterProtocol> | undefined;
  readonly facts: () => ClusterFacts | undefined;
  readonly leadership: Leadership;
  readonly authenticator: Authenticator;
};

/**
 * `POST /api/v1`: reads are answered from the view, and writes by the master. Which of the two a call is shows only in its
 * body: where both want to know who asks, that is settled before the body is taken in, otherwise as soon as it was read.
 */
export function operatorRoute(app: FastifyInstance, door: OperatorDoor): void {
  // Some clients of Mesos add a word of their own behind the path.
  for (const url of ["/api/v1", "/api/v1/*", "/master/api/v1", "/master/api/v1/*"]) {
    app.post(
      url,
      {
        config: { realm: "by-call" },
        // Before the body is taken in.
        onRequest: async (request, reply) => {
          const stranger = earlyAuthenticationFault(door, request.headers);
          if (stranger !== undefined) return refuse(reply, stranger);
          const elsewhere = door.leadership.fault(request);
          if (elsewhere !== undefined) return sendFault(reply, elsewhere);
          const fault = contentTypeFault(request.headers);
          return fault === undefined ? undefined : refuse(reply, fault);
        },
      },
      (request, reply) => answer(door, request, reply),
    );
  }
}

function earlyAuthenticationFault(
  { authenticator }: OperatorDoor,
  headers: FastifyRequest["headers"],
): Refusal | undefined {
  if (!authenticator.requires("mesos-master-readonly")) return undefined;
  const caller = authenticator.check(headers, "mesos-master-readwrite");
  return caller.ok ? undefined : caller.error;
}

async function answer(door: OperatorDoor, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const body = parseJson(request.body);
  if (!body.ok) return refuse(reply, body.error);
  const call = parseOperatorRequest(body.value);
  if (!call.ok) return refuse(reply, call.error);
  const realm = call.value.kind === "read" ? "mesos-master-readonly" : "mesos-master-readwrite";
  const caller = door.authenticator.check(request.headers, realm);
  if (!caller.ok) return refuse(reply, caller.error);
  const unacceptable = acceptFault(request.headers);
  if (unacceptable !== undefined) return refuse(reply, unacceptable);
  if (call.value.kind === "write") {
    const fault = await operate(door, call.value.call);
    return fault === undefined ? reply.code(200).send() : refuse(reply, fault);
  }
  if (call.value.kind === "reservation") {
    const reservation = reservationFrom(call.value.call, caller.value.principal);
    if (!reservation.ok) return refuse(reply, { status: 400, message: reservation.error });
    const fault = await operate(door, reservation.value);
    return fault === undefined ? reply.code(202).send() : refuse(reply, fault);
  }
  const facts = door.facts();
  if (facts === undefined) return refuse(reply, noMaster);
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
