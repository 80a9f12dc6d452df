import { z } from "zod";
import type { OperatorWrite, PlainWrite, RoleQuota, RoleWeight } from "./operator-api.ts";
import type { Quantities } from "./quantities.ts";
import { thousandths } from "./quantity.ts";
import { type Quota, quotaGraceDefaultMs } from "./quota.ts";
import { defaultRole } from "./role.ts";

/**
 * The operator calls about quotas and weights, as they are posted. What is no amount is found here; whether a role may have
 * what is asked for it, the master says.
 */

const amountSchema = z.number().transform((amount, issues) => {
  const milli = thousandths(amount);
  if (milli.ok) return milli.value;
  issues.addIssue({ code: "custom", message: milli.error });
  return z.NEVER;
});

const quantitiesSchema = z
  .record(
    z.string(),
    z.object({ value: amountSchema }).transform(({ value }) => value),
  )
  .default({});

/** `grace_period`, in seconds, is our own: how long the tasks of others may run on when the guarantee is claimed. */
const quotaConfigSchema = z
  .object({
    role: z.string(),
    limits: quantitiesSchema,
    guarantees: quantitiesSchema,
    grace_period: z.number().optional(),
  })
  .transform(({ role, limits, guarantees, grace_period }): RoleQuota => {
    if (isNothing(limits) && isNothing(guarantees)) return { role };
    const graceMs = grace_period === undefined ? quotaGraceDefaultMs : Math.round(grace_period * 1000);
    return { role, quota: { limits, guarantees, graceMs } };
  });

export const weightInfosSchema = z.array(z.object({ role: z.string(), weight: z.number() })).transform(
  (infos): Extract<OperatorWrite, { type: "UPDATE_WEIGHTS" }> => ({
    type: "UPDATE_WEIGHTS",
    weights: infos.map(({ role, weight }): RoleWeight => ({ role, weight })),
  }),
);

/** Only what a role is guaranteed, which is then all that it may have. */
const guaranteeSchema = z
  .array(
    z.object({
      name: z.string(),
      type: z.literal("SCALAR"),
      scalar: z.object({ value: amountSchema }),
      role: z.literal(defaultRole).optional(),
      reservation: z.undefined({ error: "a guarantee is of no reservation" }).optional(),
    }),
  )
  .transform((resources, issues): Quantities => {
    const names = resources.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
      const message = `QuotaInfo contains duplicate resource name '${twice}'`;
      issues.addIssue({ code: "custom", message });
    }
    return Object.fromEntries(resources.map(({ name, scalar }) => [name, scalar.value]));
  });

export const quotaRequestSchema = z
  .object({ role: z.string(), guarantee: guaranteeSchema, force: z.boolean().default(false) })
  .transform(({ role, guarantee, force }): Extract<OperatorWrite, { type: "SET_QUOTA" }> => {
    const quota: Quota = { limits: guarantee, guarantees: guarantee, graceMs: quotaGraceDefaultMs };
    return { type: "SET_QUOTA", role, quota, force };
  });

export const roleCallSchemas = {
  UPDATE_QUOTA: z
    .object({
      update_quota: z.object({ force: z.boolean().default(false), quota_configs: z.array(quotaConfigSchema) }),
    })
    .transform(
      ({ update_quota: { force, quota_configs } }): PlainWrite => ({
        type: "UPDATE_QUOTA",
        force,
        quotas: quota_configs,
      }),
    ),
  SET_QUOTA: z
    .object({ set_quota: z.object({ quota_request: quotaRequestSchema }) })
    .transform(({ set_quota }): PlainWrite => set_quota.quota_request),
  REMOVE_QUOTA: z
    .object({ remove_quota: z.object({ role: z.string() }) })
    .transform(({ remove_quota: { role } }): PlainWrite => ({ type: "REMOVE_QUOTA", role })),
  UPDATE_WEIGHTS: z
    .object({ update_weights: z.object({ weight_infos: weightInfosSchema }) })
    .transform(({ update_weights }): PlainWrite => update_weights.weight_infos),
} as const;

function isNothing(quantities: Quantities): boolean {
  return Object.keys(quantities).length === 0;
}
