import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ActorRef } from "../../actors/ref.ts";
import type { ActorSystem } from "../../actors/system.ts";
import { ok, type Result, refused } from "../../base/result.ts";
import type { FrameworkInfo } from "../../protocol/framework-info.ts";
import type { FrameworkId } from "../../protocol/ids.ts";
import type { MasterProtocol } from "../../protocol/master-api.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import type { Refusal } from "../guards/admission.ts";
import type { Authorizer } from "../guards/authorization.ts";
import { type Leadership, notRecovered, sendFault } from "../leadership.ts";
import { answerCodec, requestCodec } from "../negotiation.ts";
import { refuse } from "../server.ts";
import type { Codec } from "../v1/codec.ts";
import { Call, Response } from "../v1/scheduler-messages.ts";
import type { ClusterView } from "../view/view.ts";
import { callFault, frameworkIdOf, orderFrom, type SchedulerCall } from "./calls.ts";
import { frameworkFrom } from "./framework.ts";
import { askedOperationsFrom, operationStatusTo } from "./operation-status.ts";
import type { Session, Sessions } from "./sessions.ts";

export type SchedulerDoor = {
  readonly system: ActorSystem;
  readonly sessions: Sessions;
  readonly view: ClusterView;
  readonly master: () => ActorRef<MasterProtocol> | undefined;
  readonly facts: () => ClusterFacts | undefined;
  readonly leadership: Leadership;
  readonly authorizer: Authorizer;
};

/** Time that a session has to answer what its framework asks, in milliseconds: longer than it gives the master. */
const askTimeoutMs = 15_000;

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/**
 * `POST /api/v1/scheduler`: Mesos's v1 scheduler API. A subscription is answered with a stream that does not end, whatever
 * else a scheduler says with 202. The order of the checks is Mesos's: who asks, who leads, method, content type, body,
 * call, `Accept`, framework, principal, connection, stream.
 */
export function schedulerRoute(app: FastifyInstance, door: SchedulerDoor): void {
  for (const url of ["/api/v1/scheduler", "/master/api/v1/scheduler"]) {
    app.route({
      method: [...methods],
      url,
      config: { realm: "mesos-master-scheduler" },
      // Before the body is taken in.
      onRequest: async (request, reply) => {
        const fault = door.leadership.fault(request);
        if (fault !== undefined) return sendFault(reply, fault);
        if (request.method !== "POST") {
          return refuse(reply.header("allow", "POST"), { status: 405, message: "the scheduler API takes POST" });
        }
        const codec = requestCodec(request.headers);
        return codec.ok ? undefined : refuse(reply, codec.error);
      },
      handler: (request, reply) => answer(door, request, reply),
    });
  }
}

async function answer(door: SchedulerDoor, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const codec = requestCodec(request.headers);
  if (!codec.ok) return refuse(reply, codec.error);
  const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
  const call = codec.value.decode(Call, body);
  if (!call.ok) return refuse(reply, { status: 400, message: `not a scheduler call: ${call.error}` });
  const fault = callFault(call.value, request.principal);
  if (fault !== undefined) return refuse(reply, { status: 400, message: fault });
  const { type } = call.value;
  if (type !== "SUBSCRIBE" && type !== "RECONCILE_OPERATIONS") return await say(door, call.value, request, reply);
  const accepted = answerCodec(request.headers);
  if (!accepted.ok) return refuse(reply, accepted.error);
  if (type === "SUBSCRIBE") return subscribe(door, call.value, accepted.value, request, reply);
  return await say(door, call.value, request, reply, accepted.value);
}

function subscribe(
  { sessions, master, authorizer }: SchedulerDoor,
  { subscribe: subscription }: SchedulerCall,
  codec: Codec,
  { headers, principal }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (headers["mesos-stream-id"] !== undefined) {
    return refuse(reply, { status: 400, message: "a subscription has no Mesos-Stream-Id: it is given one" });
  }
  const leader = master();
  if (leader === undefined || subscription === undefined) return refuse(reply, notRecovered);
  const described = frameworkFrom(subscription, principal);
  reply.hijack();
  if (!described.ok) {
    sessions.refuse(reply.raw, codec, described.error);
    return reply;
  }
  const forbidden = roleFault(authorizer, principal, described.value.info);
  if (forbidden !== undefined) {
    sessions.refuse(reply.raw, codec, forbidden);
    return reply;
  }
  sessions.open(reply.raw, codec, leader, { ...described.value, suppressedRoles: subscription.suppressed_roles });
  return reply;
}

/** Why a framework may not have one of its roles. */
function roleFault(
  authorizer: Authorizer,
  principal: string | undefined,
  { roles }: FrameworkInfo,
): string | undefined {
  const forbidden = roles.find((role) => !authorizer.allows("register_frameworks", principal, role));
  return forbidden === undefined ? undefined : `not authorized to use the role ${JSON.stringify(forbidden)}`;
}

/** Everything but a subscription. */
async function say(
  door: SchedulerDoor,
  call: SchedulerCall,
  request: FastifyRequest,
  reply: FastifyReply,
  codec?: Codec,
): Promise<FastifyReply> {
  const id = frameworkIdOf(call);
  if (!id.ok) return refuse(reply, { status: 400, message: id.error });
  const found = sessionOf(door, id.value, request);
  if (!found.ok) return refuse(reply, found.error);
  const { ref } = found.value;
  if (call.type === "UNKNOWN") return refuse(reply, { status: 501, message: "a call UNKNOWN is not implemented" });
  if (call.type === "UPDATE_FRAMEWORK") return await update(door, call, found.value, request, reply);
  if (codec !== undefined && call.reconcile_operations !== undefined) {
    const operations = askedOperationsFrom(call.reconcile_operations.operations);
    const outcome = await door.system.question(ref, "reconcileOperations", { operations }, askTimeoutMs);
    const statuses = outcome.ok ? outcome.value.statuses : undefined;
    if (statuses === undefined) return refuse(reply, notRecovered);
    const answered = { operation_statuses: statuses.map(operationStatusTo) };
    const bytes = codec.encode(Response, { type: "RECONCILE_OPERATIONS", reconcile_operations: answered });
    return reply.code(200).type(codec.mediaType).send(bytes);
  }
  const order = orderFrom(call, id.value);
  if (order !== undefined) ref.tell("order", { order });
  if (order?.kind === "teardown") door.sessions.tearDown(id.value);
  return reply.code(202).send();
}

async function update(
  { system, authorizer }: SchedulerDoor,
  { update_framework: change }: SchedulerCall,
  { ref }: Session,
  { principal }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const described = change && frameworkFrom(change, principal);
  if (change === undefined || described === undefined) return refuse(reply, notRecovered);
  if (!described.ok) return refuse(reply, { status: 400, message: described.error });
  const forbidden = roleFault(authorizer, principal, described.value.info);
  if (forbidden !== undefined) return refuse(reply, { status: 403, message: forbidden });
  const asked = { ...described.value, suppressedRoles: change.suppressed_roles };
  const outcome = await system.question(ref, "update", asked, askTimeoutMs);
  if (!outcome.ok) return refuse(reply, { status: 503, message: `the subscription is gone (${outcome.code})` });
  if (!outcome.value.done) return refuse(reply, { status: 400, message: outcome.value.reason });
  return reply.code(200).send();
}

/** The subscription in whose name a call is made, if it may be. */
function sessionOf(
  { sessions, view }: SchedulerDoor,
  id: FrameworkId,
  { principal, headers }: FastifyRequest,
): Result<Session, Refusal> {
  const session = sessions.get(id);
  const row = view.rows.frameworks.get(id);
  const ended = sessions.ended(id);
  const over = ended?.tornDown === true || view.rows.completedFrameworks.has(id);
  const info = session?.info ?? (over ? undefined : (row?.info ?? ended?.info));
  if (info === undefined) return refused({ status: 400, message: `no framework ${id} is registered` });
  if (principal !== undefined && principal !== info.principal) {
    return refused({ status: 400, message: `${principal} is not the principal of framework ${id}` });
  }
  if (session === undefined) {
    const byDriver = ended === undefined && row?.state === "connected";
    const how = byDriver ? "is subscribed, but not by HTTP" : "is not subscribed";
    return refused({ status: 403, message: `framework ${id} ${how}` });
  }
  const streamId = headers["mesos-stream-id"];
  if (streamId === undefined)
    return refused({ status: 400, message: "a call needs the Mesos-Stream-Id of its stream" });
  if (streamId !== session.streamId) {
    return refused({ status: 400, message: "the Mesos-Stream-Id is not that of the present stream" });
  }
  return ok(session);
}
