import { z } from "zod";
import { ok, type Result, refused } from "../base/result.ts";
import { FrameworkId, idFault, SlaveId } from "./ids.ts";
import { scheduleSchema } from "./maintenance-call.ts";
import type { OperatorReservation, PlainWrite } from "./operator-api.ts";
import { parse } from "./resources.ts";
import { quotaRequestSchema, roleCallSchemas, weightInfosSchema } from "./role-calls.ts";
import type { WhyCall } from "./why.ts";

/** The operator calls that only read. All are Mesos's but GET_OFFERS. */
export const operatorReads = [
  "GET_AGENTS",
  "GET_FRAMEWORKS",
  "GET_HEALTH",
  "GET_MAINTENANCE_SCHEDULE",
  "GET_MAINTENANCE_STATUS",
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

/**
 * What was asked: a read, which a view answers; a question, which the master answers; or a write, which is the master's. A
 * write about resources has them as they came: how Mesos writes resources is not known here.
 */
export type OperatorRequest =
  | { readonly kind: "read"; readonly type: OperatorRead }
  | { readonly kind: "question"; readonly call: WhyCall }
  | { readonly kind: "write"; readonly call: PlainWrite }
  | { readonly kind: "reservation"; readonly call: GivenReservation };

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
    .transform(
      (call): PlainWrite => ({ type: "TEARDOWN", frameworkId: FrameworkId(call.teardown.framework_id.value) }),
    ),
  MARK_AGENT_GONE: z
    .object({ mark_agent_gone: z.object({ agent_id: idSchema }) })
    .transform(
      (call): PlainWrite => ({ type: "MARK_AGENT_GONE", slaveId: SlaveId(call.mark_agent_gone.agent_id.value) }),
    ),
  UPDATE_MAINTENANCE_SCHEDULE: z
    .object({ update_maintenance_schedule: z.object({ schedule: scheduleSchema }) })
    .transform((call) => call.update_maintenance_schedule.schedule),
  ...roleCallSchemas,
} as const satisfies Record<PlainWrite["type"], z.ZodType<PlainWrite>>;

const needSchema = z.string().transform((text, issues) => {
  const parsed = parse(text);
  if (parsed.ok && Object.keys(parsed.value).every((key) => !key.includes("("))) return parsed.value;
  const message = parsed.ok ? "names a reservation; what is needed is counted whatever is reserved" : parsed.error;
  issues.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** These are our own. */
const questionSchemas = {
  WHY_NOT: z
    .object({
      why_not: z.object({
        framework: z.string().min(1).max(1_024),
        agent_id: idSchema.optional(),
        need: needSchema.optional(),
      }),
    })
    .transform(({ why_not: { framework, agent_id, need } }): WhyCall => {
      const slave = agent_id === undefined ? {} : { slaveId: SlaveId(agent_id.value) };
      return { type: "WHY_NOT", framework, ...slave, ...(need === undefined ? {} : { need }) };
    }),
  WHY_IDLE: z.object({}).transform((): WhyCall => ({ type: "WHY_IDLE" })),
} as const satisfies Record<WhyCall["type"], z.ZodType<WhyCall>>;

/** The bodies of the older forms, which have no envelope: `PUT /weights`, `POST /quota`, `POST /maintenance/schedule`. */
const bodySchemas = {
  "PUT /weights": weightInfosSchema,
  "POST /quota": quotaRequestSchema,
  "POST /maintenance/schedule": scheduleSchema,
} as const;

/** What a body of one of the older forms asks for, or what is wrong with it. */
export function parseBody(form: keyof typeof bodySchemas, body: unknown): Result<PlainWrite> {
  const call: z.ZodSafeParseResult<PlainWrite> = bodySchemas[form].safeParse(body);
  return call.success ? ok(call.data) : refused(`not a body of ${form}: ${firstIssue(call.error, "body")}`);
}

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
  if (isKey(questionSchemas, type)) return parsed("question", type, questionSchemas[type].safeParse(body));
  if (isKey(reservationSchemas, type)) return parsed("reservation", type, reservationSchemas[type].safeParse(body));
  if (isKey(writeSchemas, type)) return parsed("write", type, writeSchemas[type].safeParse(body));
  const calls = [questionSchemas, writeSchemas, reservationSchemas].flatMap((schemas) => Object.keys(schemas));
  const known = [...operatorReads, ...calls].join(", ");
  return refused({ status: 501, message: `call ${excerpt(type)} is not implemented; known are ${known}` });
}

function isKey<T extends object>(schemas: T, type: string): type is keyof T & string {
  return Object.hasOwn(schemas, type);
}

function parsed<Kind extends string, Call>(
  kind: Kind,
  type: string,
  call: z.ZodSafeParseResult<Call>,
): Result<{ readonly kind: Kind; readonly call: Call }, OperatorFault> {
  if (call.success) return ok({ kind, call: call.data });
  return refused({ status: 400, message: `not a ${type} call: ${firstIssue(call.error, "body")}` });
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
