import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { OperatorWrite } from "../../protocol/operator-api.ts";
import { parseBody } from "../../protocol/operator-schema.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { noMaster, type Refusal } from "../guards/admission.ts";
import { type Leadership, sendFault } from "../leadership.ts";
import { parseJson } from "../negotiation.ts";
import { callbackFault, jsonBody, sendBody } from "../reads/json-body.ts";
import { Turns } from "../reads/turns.ts";
import { refuse } from "../server.ts";
import type { MayDo } from "./answers.ts";
import { maintenanceSchedule, maintenanceStatus } from "./maintenance-answers.ts";
import { quotaStatus, weightInfos } from "./role-answers.ts";
import { carryOut, type WriteDoor } from "./write.ts";

type OlderDoor = WriteDoor & {
  readonly facts: () => ClusterFacts | undefined;
  readonly leadership: Leadership;
};

/** What is changed needs more than what is read. */
const written = { config: { realm: "mesos-master-readwrite" } } as const;

/** `/weights`, `/quota` and `/maintenance`: the forms of the time before the v1 API. A body may be of any content type, as in Mesos. */
export function olderRoutes(app: FastifyInstance, door: OlderDoor): void {
  const turns = new Turns();
  const read = (path: string, answer: (facts: ClusterFacts, mayDo: MayDo) => unknown) =>
    app.get(path, (request, reply) => {
      const elsewhere = door.leadership.fault(request);
      if (elsewhere !== undefined) return sendFault(reply, elsewhere);
      const { jsonp } = request.query as { readonly jsonp?: string };
      const fault = jsonp === undefined ? undefined : callbackFault(jsonp);
      if (fault !== undefined) return refuse(reply, { status: 400, message: fault });
      const facts = door.facts();
      if (facts === undefined) return refuse(reply, noMaster);
      const mayDo: MayDo = (action, role) => door.authorizer.allows(action, request.principal, role);
      return sendBody(reply, jsonBody(answer(facts, mayDo)), turns, jsonp);
    });
  for (const prefix of ["", "/master"]) {
    read(`${prefix}/weights`, (facts, mayDo) => weightInfos(facts, (role) => mayDo("view_roles", role)));
    read(`${prefix}/quota`, (facts, mayDo) => quotaStatus(facts, (role) => mayDo("get_quotas", role)));
    read(`${prefix}/maintenance/schedule`, maintenanceSchedule);
    read(`${prefix}/maintenance/status`, maintenanceStatus);
    app.post(`${prefix}/maintenance/schedule`, written, (request, reply) =>
      change(door, request, reply, bodyOf("POST /maintenance/schedule")),
    );
    app.put(`${prefix}/weights`, written, (request, reply) => change(door, request, reply, bodyOf("PUT /weights")));
    app.post(`${prefix}/quota`, written, (request, reply) => change(door, request, reply, bodyOf("POST /quota")));
    app.delete(`${prefix}/quota/*`, written, (request, reply) =>
      change(door, request, reply, ({ params }) => {
        const { "*": role = "" } = params as { readonly "*"?: string };
        return { type: "REMOVE_QUOTA", role };
      }),
    );
  }
}

async function change(
  door: OlderDoor,
  request: FastifyRequest,
  reply: FastifyReply,
  callOf: (request: FastifyRequest) => OperatorWrite | Refusal,
): Promise<FastifyReply> {
  const elsewhere = door.leadership.fault(request);
  if (elsewhere !== undefined) return sendFault(reply, elsewhere);
  const call = callOf(request);
  if ("status" in call) return refuse(reply, call);
  const fault = await carryOut(door, call, request.principal);
  return fault === undefined ? reply.code(200).send() : refuse(reply, fault);
}

function bodyOf(form: Parameters<typeof parseBody>[0]) {
  return ({ body }: FastifyRequest): OperatorWrite | Refusal => {
    const json = parseJson(body);
    if (!json.ok) return json.error;
    const call = parseBody(form, json.value);
    return call.ok ? call.value : { status: 400, message: call.error };
  };
}
