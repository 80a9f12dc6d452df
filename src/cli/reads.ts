import { type CallAnswer, callOperator, type PostedCall } from "../http/master-client.ts";
import { resourcesFromJson } from "../http/resource-list.ts";
import { format } from "../protocol/resources.ts";
import { CliFailure, type exitCodes } from "./failure.ts";
import { credentialFrom } from "./http-access.ts";
import { table } from "./table.ts";

export type ReadOptions = {
  readonly master: string;
  readonly credential?: string;
  readonly output: "table" | "wide" | "json";
};

/** The tasks of the cluster, `all` of them or those that have not ended. */
export async function ps(options: ReadOptions & { readonly all: boolean }): Promise<void> {
  const answer = await read(options, { type: "GET_TASKS" });
  const { tasks, unreachable_tasks, completed_tasks, orphan_tasks } = answer.get_tasks;
  const shown = [...tasks, ...unreachable_tasks, ...orphan_tasks, ...(options.all ? completed_tasks : [])];
  const wide = options.output === "wide";
  const rows = shown.map((task) => [
    task.task_id.value,
    task.state.slice("TASK_".length).toLowerCase(),
    task.framework_id.value,
    task.agent_id.value,
    ...(wide ? [resourcesText(task.resources)] : []),
    task.name,
  ]);
  show(options, shown, ["TASK", "STATE", "FRAMEWORK", "SLAVE", ...(wide ? ["RESOURCES"] : []), "NAME"], rows);
}

/** The offers that wait for an answer; `wide` names the slave and its host as well. */
export async function offers(options: ReadOptions): Promise<void> {
  const { get_offers } = await read(options, { type: "GET_OFFERS" });
  const wide = options.output === "wide";
  const nowMs = Date.now();
  const rows = get_offers.offers.map((offer) => [
    offer.id.value,
    offer.framework_id.value,
    offer.framework,
    offer.allocation_info.role,
    offer.agent_id.value,
    ...(wide ? [offer.hostname] : []),
    ageText(nowMs - offer.made_time.nanoseconds / 1e6),
    resourcesText(offer.resources),
  ]);
  const headings = ["OFFER", "FRAMEWORK", "HOLDER", "ROLE", "SLAVE", ...(wide ? ["HOST"] : []), "AGE", "RESOURCES"];
  show(options, get_offers.offers, headings, rows);
  await notePause(options);
}

/** The slaves and what of them is used and offered. */
export async function slaves(options: ReadOptions): Promise<void> {
  const { get_agents } = await read(options, { type: "GET_AGENTS" });
  const rows = get_agents.agents.map((agent) => [
    agent.agent_info.id.value,
    agent.active ? "registered" : "out of reach",
    `${agent.agent_info.hostname}:${agent.agent_info.port}`,
    resourcesText(agent.total_resources),
    resourcesText(agent.allocated_resources),
    resourcesText(agent.offered_resources),
  ]);
  show(options, get_agents.agents, ["SLAVE", "STATE", "ADDRESS", "TOTAL", "USED", "OFFERED"], rows);
}

/** Asks a master; what it refuses, or that there is none, ends the command. */
export async function read<const Call extends PostedCall>(
  { master, credential }: Pick<ReadOptions, "master" | "credential">,
  call: Call,
): Promise<CallAnswer<Call>> {
  const answer = await callOperator(master, call, credentialFrom(credential));
  if (answer.ok) return answer.value;
  const kinds = {
    "no-master": "noMaster",
    "not-found": "notFound",
    refused: "denied",
    "bad-answer": "failure",
  } as const;
  throw new CliFailure(answer.error.message, { exit: kinds[answer.error.code] satisfies keyof typeof exitCodes });
}

/** Says so when the master makes no offers yet, because too few slaves are back. */
export async function notePause(options: ReadOptions): Promise<void> {
  const { get_master } = await read(options, { type: "GET_MASTER" });
  if (get_master.offer_pause === undefined) return;
  const { slaves_back, slaves_known } = get_master.offer_pause;
  process.stderr.write(`allocator paused: ${slaves_back}/${slaves_known} slaves\n`);
}

export function show(
  { output }: ReadOptions,
  json: unknown,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  process.stdout.write(output === "json" ? `${JSON.stringify(json, null, 2)}\n` : `${table(headings, rows)}\n`);
}

export function resourcesText(list: readonly unknown[]): string {
  if (list.length === 0) return "-";
  const resources = resourcesFromJson(JSON.stringify(list));
  return resources.ok ? format(resources.value) : "?";
}

/** Whole seconds, or minutes and hours beyond. A clock that is behind the master's sees no negative age. */
function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds}s`;
  return seconds < 7_200 ? `${Math.floor(seconds / 60)}m` : `${Math.floor(seconds / 3_600)}h`;
}
