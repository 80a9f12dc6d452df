import { z } from "zod";
import { ok, type Result, refused } from "../base/result.ts";
import { FrameworkId, idFault, SlaveId } from "./ids.ts";
import type { OperatorCall, OperatorReservation } from "./operator-api.ts";

/** The operator calls that only read. All are Mesos's but GET_OFFERS. */
export const operatorReads = [
  "GET_AGENTS",
  "GET_FRAMEWORKS",
  "GET_HEALTH",
  "GET_MASTER",
  "GET_OFFERS",
  "GET_ROLES",
  "GET_STATE",
  "GET_TASKS",
  "GET_VERSION",
] as const;

export type OperatorRead = (typeof operatorReads)[number];

/**
 * What was asked: a read, which a view answers, or a write, which is the master's. A write about resources has them as they
 * came: how Mesos writes resources is not known here.
 */
export type OperatorRequest =
  | { readonly kind: "read"; readonly type: OperatorRead }
  | { readonly kind: "write"; readonly call: PlainCall }
  | { readonly kind: "reservation"; readonly call: GivenReservation };

type PlainCall = Exclude<OperatorCall, OperatorReservation>;

export type GivenReservation = {
  readonly type: OperatorReservation["type"];
  readonly slaveId: SlaveId;
  readonly resources: readonly unknown[];
  /** What is to be reserved in another way than it is. */
  readonly source: readonly unknown[];
};

/** 400: not a call. 501: a call of Mesos's, or of nobody's, that is not known here. */
export type OperatorFault = { readonly status: 400 | 501; readonly message: string };

const envelopeSchema = z.object({ type: z.string() });

const idSchema = z.object({
  value: z.string().superRefine((value, issues) => {
    const fault = idFault(value);
    if (fault !== undefined) issues.addIssue({ code: "custom", message: fault });
  }),
});

const writeSchemas = {
  TEARDOWN: z
    .object({ teardown: z.object({ framework_id: idSchema }) })
    .transform((call): PlainCall => ({ type: "TEARDOWN", frameworkId: FrameworkId(call.teardown.framework_id.value) })),
  MARK_AGENT_GONE: z
    .object({ mark_agent_gone: z.object({ agent_id: idSchema }) })
    .transform(
      (call): PlainCall => ({ type: "MARK_AGENT_GONE", slaveId: SlaveId(call.mark_agent_gone.agent_id.value) }),
    ),
} as const satisfies Record<PlainCall["type"], z.ZodType<PlainCall>>;

const listSchema = z.array(z.unknown()).default([]);
const reservationSchema = z.object({ agent_id: idSchema, resources: listSchema, source: listSchema });

const reservationSchemas = {
  RESERVE_RESOURCES: z
    .object({ reserve_resources: reservationSchema })
    .transform(({ reserve_resources }) => given("RESERVE_RESOURCES", reserve_resources)),
  UNRESERVE_RESOURCES: z
    .object({ unreserve_resources: reservationSchema })
    .transform(({ unreserve_resources }) => given("UNRESERVE_RESOURCES", unreserve_resources)),
} as const satisfies Record<OperatorReservation["type"], z.ZodType<GivenReservation>>;

function given(
  type: OperatorReservation["type"],
  { agent_id, resources, source }: z.infer<typeof reservationSchema>,
): GivenReservation {
  return { type, slaveId: SlaveId(agent_id.value), resources, source };
}

/** What a parsed JSON body asks for. Fields that the call does not have are ignored, as Mesos does. */
export function parseOperatorRequest(body: unknown): Result<OperatorRequest, OperatorFault> {
  const envelope = envelopeSchema.safeParse(body);
  if (!envelope.success) return refused({ status: 400, message: `not a call: ${firstIssue(envelope.error, "body")}` });
  const { type } = envelope.data;
  const read = operatorReads.find((known) => known === type);
  if (read !== undefined) return ok({ kind: "read", type: read });
  if (isReservation(type)) {
    const call = reservationSchemas[type].safeParse(body);
    if (call.success) return ok({ kind: "reservation", call: call.data });
    return refused({ status: 400, message: `not a ${type} call: ${firstIssue(call.error, "body")}` });
  }
  if (!isWrite(type)) {
    const writes = [...Object.keys(writeSchemas), ...Object.keys(reservationSchemas)];
    const known = [...operatorReads, ...writes].join(", ");
    return refused({ status: 501, message: `call ${excerpt(type)} is not implemented; known are ${known}` });
  }
  const call = writeSchemas[type].safeParse(body);
  if (call.success) return ok({ kind: "write", call: call.data });
  return refused({ status: 400, message: `not a ${type} call: ${firstIssue(call.error, "body")}` });
}

function isWrite(type: string): type is keyof typeof writeSchemas {
  return Object.hasOwn(writeSchemas, type);
}

function isReservation(type: string): type is keyof typeof reservationSchemas {
  return Object.hasOwn(reservationSchemas, type);
}

/** The first thing that is wrong, as `where: what`. */
function firstIssue(error: z.ZodError, root: string): string {
  const [issue] = error.issues;
  const where = issue === undefined || issue.path.length === 0 ? root : issue.path.join(".");
  return `${where}: ${issue?.message ?? "invalid"}`;
}

/** Foreign text, short and without control characters. */
function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
