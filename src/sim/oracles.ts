import type { DeadLetterReason } from "../actors/dead-letters.ts";
import { allocatorName } from "../master/allocator/protocol.ts";
import type { MasterState } from "../master/state.ts";
import { add, contains, equal, format, noResources, type Resources, sum } from "../protocol/resources.ts";
import { isTerminal, type TaskState } from "../protocol/task.ts";
import { frameworkName, type SimCluster } from "./cluster.ts";
import { isDone } from "./workload.ts";

/**
 * What must hold, checked against the live state of every actor and against what the simulator itself saw. A rule
 * answers what is wrong, or undefined.
 */
export type Rule = { readonly name: string; readonly check: (cluster: SimCluster) => string | undefined };

/** After every few steps, whatever goes wrong around it. */
export const safetyRules: readonly Rule[] = [
  { name: "no actor fails by a bug of its own", check: ({ failures }) => failures[0] },
  { name: "nothing is offered or used twice", check: (cluster) => first(cluster.master, slaveBookFault) },
  { name: "every offer ends exactly once", check: (cluster) => first(cluster.master, offerCountFault) },
  { name: "the allocator's parts are its totals", check: (cluster) => cluster.allocatorBook?.ledger.fault() },
  { name: "a slave never runs more than it has", check: overcommitted },
  {
    name: "a registered slave is in the registry on disk",
    check: (cluster) => first(cluster.master, undurableSlave, cluster),
  },
  { name: "a task ends once and says nothing after", check: brokenHistory },
  { name: "no message is misunderstood", check: misunderstood },
];

/** Once the faults have stopped and everything has had its time. */
export const livenessRules: readonly Rule[] = [
  { name: "all work gets done", check: unfinished },
  { name: "every slave is registered", check: unregistered },
  { name: "the allocator's book is the master's", check: bookDifference },
  { name: "the master's book is the slaves'", check: slaveDifference },
  { name: "no update waits for ever", check: pendingUpdates },
  { name: "no scheduler holds an offer that is not outstanding", check: staleOffers },
];

function first(
  state: MasterState | undefined,
  rule: (state: MasterState, cluster: SimCluster) => string | undefined,
  cluster?: SimCluster,
): string | undefined {
  return state === undefined ? undefined : rule(state, cluster as SimCluster);
}

function slaveBookFault({ slaves, tasks, offers }: MasterState): string | undefined {
  for (const slave of slaves.all()) {
    const live = tasks.onSlave(slave.id).filter((task) => !task.released);
    const used = sum(live.map((task) => task.info.resources));
    if (!equal(used, slave.used)) return `${slave.id}: used is ${format(slave.used)}, its tasks make ${format(used)}`;
    if (!equal(offers.offeredOf(slave.id), slave.offered)) return `${slave.id}: offered is not the sum of its offers`;
    if (!contains(slave.info.resources, add(slave.used, slave.offered))) return `${slave.id} is over-allocated`;
  }
  return undefined;
}

function offerCountFault({ frameworks, offers }: MasterState): string | undefined {
  for (const framework of frameworks.all()) {
    const outstanding = [...offers.all()].filter(({ frameworkId }) => frameworkId === framework.id).length;
    const { sent, accepted, declined, rescinded } = framework.counts;
    if (sent !== accepted + declined + rescinded + outstanding) return `offers of ${framework.id} do not add up`;
  }
  return undefined;
}

function overcommitted(cluster: SimCluster): string | undefined {
  for (const name of cluster.slaveNames) {
    const party = cluster.slaveParty(name);
    if (party === undefined) continue;
    const total = cluster.resourcesOf(name);
    const live = [...party.executors.all()].filter(({ status, disowned }) => !disowned && !isTerminal(status.state));
    const used = sum(live.map(({ task }) => task.resources));
    if (!contains(total, used)) return `${name} runs ${format(used)} of ${format(total)}`;
  }
  return undefined;
}

function undurableSlave({ slaves }: MasterState, { disk }: SimCluster): string | undefined {
  for (const { id } of slaves.all()) {
    if (
      disk.registry.admitted[id] === undefined &&
      disk.registry.unreachable[id] === undefined &&
      !cameOff(id, slaves)
    ) {
      return `slave ${id} was let in and is not in the registry`;
    }
  }
  return undefined;
}

/** A slave that is being removed leaves the registry a moment before the book. */
function cameOff(id: Parameters<MasterState["slaves"]["get"]>[0], slaves: MasterState["slaves"]): boolean {
  return slaves.get(id)?.state === "disconnected";
}

/** Only LOST and UNREACHABLE may be followed by anything: their slave came back (Mesos's one exception). */
function brokenHistory({ work }: SimCluster): string | undefined {
  for (const record of work) {
    for (const [taskId, states] of record.heard) {
      const fault = historyFault(states);
      if (fault !== undefined) return `${record.name} heard of ${taskId}: ${states.join(" ")} (${fault})`;
    }
  }
  return undefined;
}

function historyFault(states: readonly TaskState[]): string | undefined {
  for (const [index, state] of states.entries()) {
    const before = states[index - 1];
    if (before === undefined || !isTerminal(before) || before === "lost" || before === "gone") continue;
    if (state !== before && state !== "unknown") return `${state} after ${before}`;
  }
  return undefined;
}

const misunderstandings: ReadonlySet<DeadLetterReason> = new Set(["unknown-kind", "unauthorised", "malformed"]);

function misunderstood(cluster: SimCluster): string | undefined {
  for (const node of cluster.nodes) {
    for (const { place, deadLetters } of node.systems) {
      const bad = deadLetters.recent.find(({ reason }) => misunderstandings.has(reason));
      if (bad !== undefined) return `${place}: ${bad.kind} to ${bad.to} is ${bad.reason}`;
    }
  }
  return undefined;
}

function unfinished({ work }: SimCluster): string | undefined {
  const record = work.find((candidate) => !isDone(candidate));
  return record && `${record.name} has done ${record.done.size} of ${record.items}`;
}

function unregistered(cluster: SimCluster): string | undefined {
  const registered = [...(cluster.master?.slaves.all() ?? [])].filter(({ state }) => state === "registered");
  const missing = cluster.slaveNames.find((name) => !registered.some(({ info }) => info.hostname === name));
  return missing && `${missing} is not registered`;
}

function bookDifference(cluster: SimCluster): string | undefined {
  const { master, allocatorBook } = cluster;
  if (master === undefined || allocatorBook === undefined) return "there is no master or no allocator";
  for (const slave of master.slaves.all()) {
    const theirs = allocatorBook.ledger.has(slave.id) ? allocatorBook.ledger.allocations(slave.id) : new Map();
    const ours = new Map(
      master.slaves.allocations(slave).map(({ frameworkId, resources }) => [frameworkId, resources]),
    );
    for (const frameworkId of new Set([...theirs.keys(), ...ours.keys()])) {
      const [left, right] = [
        ours.get(frameworkId) ?? noResources,
        (theirs.get(frameworkId) ?? noResources) as Resources,
      ];
      if (!equal(left, right))
        return `${slave.id}, ${frameworkId}: master ${format(left)}, ${allocatorName} ${format(right)}`;
    }
  }
  return undefined;
}

function slaveDifference(cluster: SimCluster): string | undefined {
  for (const { id, state, used, info } of cluster.master?.slaves.all() ?? []) {
    if (state !== "registered") continue;
    const party = cluster.slaveParty(info.hostname);
    if (party?.registration.slaveId !== id) continue;
    const live = [...party.executors.all()].filter(({ status }) => !isTerminal(status.state));
    const theirs = sum(live.map(({ task }) => task.resources));
    if (!equal(used, theirs)) return `${id}: master ${format(used)}, slave ${format(theirs)}`;
  }
  return undefined;
}

function pendingUpdates(cluster: SimCluster): string | undefined {
  for (const name of cluster.slaveNames) {
    const pending = cluster.slaveParty(name)?.updates.pending ?? 0;
    if (pending > 0) return `${name} has ${pending} unacknowledged updates`;
  }
  return undefined;
}

function staleOffers(cluster: SimCluster): string | undefined {
  const outstanding = new Set([...(cluster.master?.offers.all() ?? [])].map(({ id }) => String(id)));
  for (const index of cluster.work.keys()) {
    const { offers = [] } = (cluster.scheduler(index) ?? {}) as {
      readonly offers?: readonly { readonly id: string }[];
    };
    const stale = offers.find(({ id }) => !outstanding.has(id));
    if (stale !== undefined) return `${frameworkName(index)} holds ${stale.id}`;
  }
  return undefined;
}
