import type { FrameworkRow, OfferRow, SlaveRow, TaskRow } from "../../protocol/cluster-events.ts";
import type { FrameworkId } from "../../protocol/ids.ts";
import { type ClusterFacts, pid, seconds, versionInfo } from "../cluster-facts.ts";
import { ClusterPicture } from "./cluster-picture.ts";
import { pauseField } from "./pause-field.ts";
import { counted, list } from "./renderer.ts";
import type { RowTexts } from "./row-texts.ts";

/**
 * The answer of `GET /state`, with the keys of Mesos 1.11's. Lists that Mesos keeps for what does not exist here
 * (reservations, executors, recovered slaves) are there and empty, because clients walk them unasked.
 */
export function* stateSteps(facts: ClusterFacts, texts: RowTexts): Generator<string, void> {
  const picture = new ClusterPicture(facts.rows);
  const states = { registered: 0, disconnected: 0, unreachable: 0 };
  const listed: SlaveRow[] = [];
  yield* counted(picture.slaves, (row) => {
    states[row.state]++;
    if (row.state !== "unreachable") listed.push(row);
  });
  yield opened(headOf(facts, states));
  yield ',"slaves":';
  yield* list(listed, (row) => texts.slave(row));
  yield ',"recovered_slaves":[],';
  yield* frameworkSteps(picture, texts);
  yield ',"orphan_tasks":';
  // Tasks that slaves reported before their scheduler came back to a new master.
  const known = new Set([...picture.frameworks, ...picture.completedFrameworks].map(({ id }) => id));
  const orphans: TaskRow[] = [];
  yield* counted(picture.tasks, (row) => {
    if (!known.has(row.frameworkId)) orphans.push(row);
  });
  yield* list(orphans, (row) => texts.task(row, picture.ipOf(row.task.slaveId)));
  yield ',"unregistered_frameworks":[]}';
}

/** `"frameworks":[…],"completed_frameworks":[…]`, all of them or one. */
export function* frameworkSteps(picture: ClusterPicture, texts: RowTexts, only?: string): Generator<string, void> {
  const tasks = new Map<FrameworkId, TaskRow[]>();
  const offers = new Map<FrameworkId, OfferRow[]>();
  yield* counted(picture.tasks, (row) => gather(tasks, row));
  yield* counted(picture.offers, (row) => gather(offers, row));
  const parts = { frameworks: picture.frameworks, completed_frameworks: picture.completedFrameworks };
  let separator = "";
  for (const [key, rows] of Object.entries(parts)) {
    yield `${separator}"${key}":`;
    separator = "[";
    for (const row of rows) {
      if (only !== undefined && row.id !== only) continue;
      yield separator + opened(texts.framework(row));
      yield* belongings(row, { picture, texts, tasks: tasks.get(row.id) ?? [], offers: offers.get(row.id) ?? [] });
      separator = ",";
    }
    yield separator === "[" ? "[]" : "]";
    separator = ",";
  }
}

/** What hangs on a framework, to the end of its object. */
function* belongings(
  { id }: FrameworkRow,
  {
    picture,
    texts,
    tasks,
    offers,
  }: {
    readonly picture: ClusterPicture;
    readonly texts: RowTexts;
    readonly tasks: readonly TaskRow[];
    readonly offers: readonly OfferRow[];
  },
): Generator<string, void> {
  const text = (row: TaskRow) => texts.task(row, picture.ipOf(row.task.slaveId));
  const unreachable: TaskRow[] = [];
  const reachable: TaskRow[] = [];
  yield* counted(tasks, (row) => void (row.status.state === "unreachable" ? unreachable : reachable).push(row));
  yield ',"tasks":';
  yield* list(reachable, text);
  yield ',"unreachable_tasks":';
  yield* list(unreachable, text);
  yield ',"completed_tasks":';
  yield* list(picture.histories.get(id) ?? [], text);
  yield ',"offers":';
  yield* list(offers, (row) => texts.offer(row));
  yield ',"executors":[]}';
}

function headOf(
  { master, rows, at, version, flags }: ClusterFacts,
  states: { readonly registered: number; readonly disconnected: number; readonly unreachable: number },
): string {
  const address = pid("master", at.ip, at.port);
  return JSON.stringify({
    ...versionInfo(version),
    start_time: seconds(master.startedMs),
    elected_time: seconds(master.startedMs),
    id: master.id,
    pid: address,
    hostname: at.hostname,
    capabilities: [],
    activated_slaves: states.registered,
    deactivated_slaves: states.disconnected,
    unreachable_slaves: states.unreachable,
    leader: address,
    // Our own: while it is there, no offers are made.
    ...pauseField(rows),
    leader_info: { id: master.id, pid: address, port: at.port, hostname: at.hostname },
    flags,
  });
}

/** The text of an object that goes on. */
export function opened(object: string): string {
  return object.slice(0, -1);
}

function gather<Row extends { readonly frameworkId: FrameworkId }>(groups: Map<FrameworkId, Row[]>, row: Row): void {
  const group = groups.get(row.frameworkId);
  if (group === undefined) groups.set(row.frameworkId, [row]);
  else group.push(row);
}
