import type { FrameworkId, TaskId } from "../../protocol/ids.ts";
import type { RescindReason } from "../../protocol/offer.ts";
import { isTerminal, killGraceMsDefault, type TaskInfo, type TaskStatus } from "../../protocol/task.ts";
import type { Entry } from "../../slave/executors.ts";
import type { Party } from "../../slave/slave.ts";
import type { SimCluster } from "../cluster.ts";
import type { Findings, MarkName } from "../findings.ts";
import { type Change, hearing, type Seat } from "../interference.ts";
import type { Lookout } from "./lookout.ts";

export const taskRules = {
  once: "a task begins once",
  kills: "a task that is to end ends",
  together: "the tasks of a group begin together",
} as const;

/** An order to end a task that has begun, until it has ended. */
type Kill = { readonly node: string; readonly party: Party; readonly entry: Entry; dueMs: number };
type KillOrder = { readonly frameworkId: FrameworkId; readonly taskId: TaskId; readonly graceMs?: number };

/**
 * Time for everything about an end but the grace, in milliseconds: the order and the news of a process wait for their
 * turn, and a thread may be starved for a while.
 */
const endingMs = 8_000;

const executors: ReadonlySet<string> = new Set(["command-executor", "function-executor", "simulated-executor"]);

/** Watches tasks where they run: each begins once at most, and ends when it is told to. */
export function tasksLookout(findings: Findings): Lookout {
  const begun = new Map<TaskId, string>();
  const kills = new Set<Kill>();
  /** The other tasks of each, as the master ordered them. */
  const companions = new Map<TaskId, readonly TaskId[]>();
  let now = () => 0;
  const executor = ({ node }: Seat): Change => ({
    behaviour: (behaviour) =>
      hearing(behaviour, {
        launch: ({ task: { taskId } }: { readonly task: TaskInfo }) => {
          const before = begun.get(taskId);
          if (before !== undefined)
            findings.breach(taskRules.once, `${taskId} begins on ${node} and began on ${before}`);
          begun.set(taskId, node);
        },
      }),
  });
  const slave = ({ node }: Seat): Change => ({
    behaviour: (behaviour) =>
      hearing(behaviour, {
        killOnSlave: ({ frameworkId, taskId, graceMs }: KillOrder) => {
          const party = behaviour.inspect?.() as Party;
          const entry = party.executors.get(frameworkId, taskId);
          if (entry === undefined || isTerminal(entry.status.state)) return;
          if (!entry.begun) return findings.mark("a task is killed before it began");
          const grace = graceMs ?? entry.task.killGraceMs ?? killGraceMsDefault;
          kills.add({ node, party, entry, dueMs: now() + grace + endingMs });
        },
        runGroup: ({ tasks }: { readonly tasks: readonly TaskInfo[] }) => {
          findings.mark("a group begins");
          const ids = tasks.map(({ taskId }) => taskId);
          for (const id of ids)
            companions.set(
              id,
              ids.filter((other) => other !== id),
            );
        },
        update: ({
          frameworkId,
          status: { taskId },
        }: {
          readonly frameworkId: FrameworkId;
          readonly status: TaskStatus;
        }) => {
          const others = companions.get(taskId) ?? [];
          if (others.length === 0) return undefined;
          return () => {
            const party = behaviour.inspect?.() as Party;
            for (const entry of groupEnds(party, { frameworkId, taskId, others }, node, findings)) {
              kills.add({
                node,
                party,
                entry,
                dueMs: now() + (entry.task.killGraceMs ?? killGraceMsDefault) + endingMs,
              });
            }
          };
        },
        slaveRegistered: ({ lost }: { readonly lost: readonly unknown[] }) => {
          if (lost.length > 0) findings.mark("a slave is told of tasks that were given up");
        },
      }),
  });
  const scheduler: Change = {
    behaviour: (behaviour) => {
      const told = new Set<string>();
      return hearing(behaviour, {
        taskUpdate: ({ status }: { readonly status: TaskStatus }) => {
          const mark = markOf(status);
          if (mark !== undefined) findings.mark(mark);
          if (status.uuid !== undefined && told.has(status.uuid)) findings.mark("an update is told twice");
          if (status.uuid !== undefined) told.add(status.uuid);
        },
        offersRescinded: ({ reason }: { readonly reason: RescindReason }) => {
          const mark = rescindMarks[reason];
          if (mark !== undefined) findings.mark(mark);
        },
        inverseOffers: () => findings.mark("a task is told to give way"),
        inverseOffersRescinded: () => findings.mark("a task need not give way after all"),
      });
    },
  };
  return {
    cluster: ({ clock }) => {
      now = () => clock.now();
    },
    actor: (seat) => {
      if (executors.has(seat.actor)) return executor(seat);
      if (seat.actor === "slave") return slave(seat);
      return seat.actor === "scheduler" ? scheduler : undefined;
    },
    check: (cluster) => {
      for (const kill of kills) if (!isDue(cluster, kill, findings)) kills.delete(kill);
    },
  };
}

type GroupNews = {
  readonly frameworkId: FrameworkId;
  /** Of whom there are news. */
  readonly taskId: TaskId;
  readonly others: readonly TaskId[];
};

/** Those of a group that are to end because of the news of one of them, which is that all run or that it has ended. */
function groupEnds(
  { executors: running }: Party,
  { frameworkId, taskId, others }: GroupNews,
  node: string,
  findings: Findings,
): readonly Entry[] {
  const fate = running.get(frameworkId, taskId)?.status.state;
  const entries = others.flatMap((id) => running.get(frameworkId, id) ?? []);
  const live = entries.filter(({ status }) => !isTerminal(status.state));
  const idle = live.find(({ begun }) => !begun);
  if (idle !== undefined) {
    findings.breach(taskRules.together, `${taskId} runs on ${node}, and ${idle.task.taskId} does not`);
  }
  if (fate === undefined || !isTerminal(fate) || fate === "finished") return [];
  if (live.length > 0) findings.mark("a group ends with one of its tasks");
  return live;
}

/** Whether the end is still to come. A slave that stands still has its time later; one that is gone has none. */
function isDue(cluster: SimCluster, kill: Kill, findings: Findings): boolean {
  const { node, party, entry } = kill;
  const condition = cluster.node(node)?.condition;
  if (condition === undefined || cluster.slaveParty(node) !== party || isTerminal(entry.status.state)) return false;
  // One that was given up is forgotten when it ends.
  if (party.executors.get(entry.frameworkId, entry.task.taskId) !== entry) return false;
  const nowMs = cluster.clock.now();
  if (condition.paused || condition.restMs > 0) kill.dueMs = Math.max(kill.dueMs, nowMs + endingMs);
  if (nowMs > kill.dueMs) findings.breach(taskRules.kills, `${entry.task.taskId} runs on ${node} and was to end`);
  return true;
}

const rescindMarks: Partial<Record<RescindReason, MarkName>> = {
  offerExpired: "an offer expires",
  slaveLost: "an offer is taken back with its slave",
  revoked: "a role is owed what another is offered",
};

function markOf({ state, reason }: TaskStatus): MarkName | undefined {
  if (state === "unknown") return "a task is unknown to the master";
  if (reason === "TASK_GROUP_INVALID") return "a group is refused";
  if (state === "unreachable") return "a task is unreachable";
  if (reason === "INVALID_OFFERS") return "a task is dropped because its offer was gone";
  if (reason === "AGENT_DISCONNECTED") return "a task is lost with its slave's link";
  if (reason === "AGENT_REREGISTERED" && state === "gone") return "a task is gone when its slave comes back";
  if (reason === "REVOKED") return "a task is revoked";
  if (reason === "AGENT_RESTARTED") return "a task is lost with its slave's process";
  return undefined;
}
