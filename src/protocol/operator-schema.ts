import { z } from "zod";
import { ok, type Result, refused } from "../base/result.ts";
import { FrameworkId, idFault, SlaveId } from "./ids.ts";
import type { OperatorCall } from "./operator-api.ts";
import { quotaRequestSchema, roleCallSchemas, weightInfosSchema } from "./role-calls.ts";

/** The operator calls that only read. All are Mesos's but GET_OFFERS. */
export const operatorReads = [
  "GET_AGENTS",
  "GET_FRAMEWORKS",
  "GET_HEALTH",
  "GET_MASTER",
  "GET_OFFERS",
  "GET_QUOTA",
  "GET_ROLES",
  "GET_STATE",
  "GET_TASKS",
  "GET_VERSION",
  "GET_WEIGHTS",
] as const;

export type OperatorRead = (typeof operatorReads)[number];

/** What was asked: a read, which a view answers, or a write, which is the master's. */
export type OperatorRequest =
  | { readonly kind: "read"; readonly type: OperatorRead }
  | { readonly kind: "write"; readonly call: OperatorCall };

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
    .transform(
      (call): OperatorCall => ({ type: "TEARDOWN", frameworkId: FrameworkId(call.teardown.framework_id.value) }),
    ),
  MARK_AGENT_GONE: z
    .object({ mark_agent_gone: z.object({ agent_id: idSchema }) })
    .transform(
      (call): OperatorCall => ({ type: "MARK_AGENT_GONE", slaveId: SlaveId(call.mark_agent_gone.agent_id.value) }),
    ),
  ...roleCallSchemas,
} as const satisfies Record<OperatorCall["type"], z.ZodType<OperatorCall>>;

/** The bodies of the older forms, which have no envelope: `PUT /weights` and `POST /quota`. */
const bodySchemas = { "PUT /weights": weightInfosSchema, "POST /quota": quotaRequestSchema } as const;

/** What a body of one of the older forms asks for, or what is wrong with it. */
export function parseBody(form: keyof typeof bodySchemas, body: unknown): Result<OperatorCall> {
  const call: z.ZodSafeParseResult<OperatorCall> = bodySchemas[form].safeParse(body);
  return call.success ? ok(call.data) : refused(`not a body of ${form}: ${firstIssue(call.error, "body")}`);
}

/** What a parsed JSON body asks for. Fields that the call does not have are ignored, as Mesos does. */
export function parseOperatorRequest(body: unknown): Result<OperatorRequest, OperatorFault> {
  const envelope = envelopeSchema.safeParse(body);
  if (!envelope.success) return refused({ status: 400, message: `not a call: ${firstIssue(envelope.error, "body")}` });
  const { type } = envelope.data;
  const read = operatorReads.find((known) => known === type);
  if (read !== undefined) return ok({ kind: "read", type: read });
  if (!isWrite(type)) {
    const known = [...operatorReads, ...Object.keys(writeSchemas)].join(", ");
    return refused({ status: 501, message: `call ${excerpt(type)} is not implemented; known are ${known}` });
  }
  const call = writeSchemas[type].safeParse(body);
  if (call.success) return ok({ kind: "write", call: call.data });
  return refused({ status: 400, message: `not a ${type} call: ${firstIssue(call.error, "body")}` });
}

function isWrite(type: string): type is OperatorCall["type"] {
  return Object.hasOwn(writeSchemas, type);
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
