import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type OperatorRead, parseOperatorRequest } from "../../protocol/operator-schema.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { noMaster, type Refusal } from "../guards/admission.ts";
import type { Authenticator } from "../guards/authentication.ts";
import { type Leadership, sendFault } from "../leadership.ts";
import { acceptFault, contentTypeFault, parseJson } from "../negotiation.ts";
import { refuse, sendJson } from "../server.ts";
import { type MayDo, operatorAnswers } from "./answers.ts";
import { question } from "./question.ts";
import { reservationFrom } from "./reservation.ts";
import { carryOut, type WriteDoor } from "./write.ts";

type OperatorDoor = WriteDoor & {
  readonly facts: () => ClusterFacts | undefined;
  readonly leadership: Leadership;
  readonly authenticator: Authenticator;
};

/**
 * `POST /api/v1`: reads are answered from the view, questions and writes by the master. Which of them a call is shows only in its
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
  if (call.value.kind === "question") {
    const found = await question(door, call.value.call);
    return found.ok ? sendJson(reply, found.value) : refuse(reply, found.error);
  }
  if (call.value.kind === "write") {
    const fault = await carryOut(door, call.value.call, caller.value.principal);
    return fault === undefined ? reply.code(200).send() : refuse(reply, fault);
  }
  if (call.value.kind === "reservation") {
    const reservation = reservationFrom(call.value.call, caller.value.principal);
    if (!reservation.ok) return refuse(reply, { status: 400, message: reservation.error });
    const fault = await carryOut(door, reservation.value, caller.value.principal);
    return fault === undefined ? reply.code(202).send() : refuse(reply, fault);
  }
  const facts = door.facts();
  if (facts === undefined) return refuse(reply, noMaster);
  const { principal } = caller.value;
  const mayDo: MayDo = (action, role) => door.authorizer.allows(action, principal, role);
  return sendJson(reply, answerRead(call.value.type, facts, mayDo));
}

function answerRead(type: OperatorRead, facts: ClusterFacts, mayDo: MayDo): unknown {
  return operatorAnswers[type](facts, mayDo);
}
