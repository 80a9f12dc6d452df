import type { QuotaConfig } from "../http/master-client.ts";
import type { OperatorAnswer } from "../http/operator/answers.ts";
import type { Quantities } from "../protocol/quantities.ts";
import { CliFailure } from "./failure.ts";
import { notePause, type ReadOptions, read, resourcesText, show } from "./reads.ts";

/** Weights and quotas of roles, and what roles have. */

type Change = Pick<ReadOptions, "master" | "credential">;

export type QuotaOptions = Change & {
  readonly limit?: Quantities;
  readonly guarantee?: Quantities;
  /** Milliseconds. */
  readonly grace?: number;
  readonly force: boolean;
};

export async function listQuotas(options: ReadOptions): Promise<void> {
  const { get_quota } = await read(options, { type: "GET_QUOTA" });
  const { configs } = get_quota.status;
  const found = await rolesByName(options);
  const rows = configs.map(({ role, limits, guarantees, grace_period }) => [
    role,
    valuesText(limits),
    valuesText(guarantees),
    amountsText(found.get(role)?.quota?.consumed ?? {}),
    `${grace_period}s`,
  ]);
  show(options, configs, ["ROLE", "LIMIT", "GUARANTEE", "CONSUMED", "GRACE"], rows);
  await notePause(options);
}

/** Sets the whole quota of a role: what is not given is not limited, and not guaranteed. */
export async function setQuota(role: string, options: QuotaOptions): Promise<void> {
  const { limit = {}, guarantee = {}, grace, force } = options;
  if (Object.keys({ ...limit, ...guarantee }).length === 0) {
    throw new CliFailure("a quota is a limit or a guarantee: give --limit, --guarantee or both", { exit: "usage" });
  }
  const config: QuotaConfig = {
    role,
    limits: valuesOf(limit),
    guarantees: valuesOf(guarantee),
    ...(grace === undefined ? {} : { grace_period: grace / 1000 }),
  };
  await read(options, { type: "UPDATE_QUOTA", update_quota: { force, quota_configs: [config] } });
}

export async function removeQuota(role: string, options: Change): Promise<void> {
  const { get_quota } = await read(options, { type: "GET_QUOTA" });
  if (!get_quota.status.configs.some((config) => config.role === role)) {
    throw new CliFailure(`role ${JSON.stringify(role)} has no quota`, { exit: "notFound" });
  }
  await read(options, { type: "REMOVE_QUOTA", remove_quota: { role } });
}

export async function listWeights(options: ReadOptions): Promise<void> {
  const { get_weights } = await read(options, { type: "GET_WEIGHTS" });
  const { weight_infos: infos } = get_weights;
  const rows = infos.map(({ role, weight }) => [role, String(weight)]);
  show(options, infos, ["ROLE", "WEIGHT"], rows);
}

export async function setWeights(weights: readonly RoleWeight[], options: Change): Promise<void> {
  await read(options, { type: "UPDATE_WEIGHTS", update_weights: { weight_infos: weights } });
}

/** All roles, or one. */
export async function roles(name: string | undefined, options: ReadOptions): Promise<void> {
  const found = await rolesByName(options);
  if (name !== undefined && !found.has(name)) {
    const mend = found.size === 0 ? "" : `; known are ${[...found.keys()].slice(0, knownShownMax).join(", ")}`;
    throw new CliFailure(`no role ${JSON.stringify(name)} is known${mend}`, { exit: "notFound" });
  }
  const shown = [...found.values()].filter((role) => name === undefined || role.name === name);
  const wide = options.output === "wide" || name !== undefined;
  const rows = shown.map((role) => [
    role.name,
    String(role.weight),
    `${(100 * role.dominant_share).toFixed(1)}%`,
    amountsText(role.quota?.limit ?? {}),
    amountsText(role.quota?.guarantee ?? {}),
    resourcesText(role.allocated),
    ...(wide ? [resourcesText(role.offered), resourcesText(role.reserved)] : []),
    wide ? role.frameworks.map(({ value }) => value).join(",") || "-" : String(role.frameworks.length),
  ]);
  const more = wide ? ["OFFERED", "RESERVED"] : [];
  const headings = ["ROLE", "WEIGHT", "SHARE", "LIMIT", "GUARANTEE", "ALLOCATED", ...more, "FRAMEWORKS"];
  show(options, name === undefined ? shown : shown[0], headings, rows);
  await notePause(options);
}

export type RoleWeight = { readonly role: string; readonly weight: number };

/** Roles that are named to whoever asks for one that is not there. */
const knownShownMax = 20;

type RoleAnswer = OperatorAnswer<"GET_ROLES">["get_roles"]["roles"][number];

async function rolesByName(options: ReadOptions): Promise<ReadonlyMap<string, RoleAnswer>> {
  const { get_roles } = await read(options, { type: "GET_ROLES" });
  return new Map(get_roles.roles.map((role) => [role.name, role]));
}

function valuesOf(quantities: Quantities): QuotaConfig["limits"] {
  return Object.fromEntries(Object.entries(quantities).map(([name, amount]) => [name, { value: amount / 1000 }]));
}

function valuesText(values: QuotaConfig["limits"]): string {
  return amountsText(Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value])));
}

function amountsText(amounts: { readonly [name: string]: number }): string {
  const parts = Object.entries(amounts).map(([name, amount]) => `${name}:${amount}`);
  return parts.length === 0 ? "-" : parts.join(";");
}
