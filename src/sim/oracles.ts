import type { DeadLetterReason } from "../actors/dead-letters.ts";
import type { MasterState } from "../master/state.ts";
import { holderOf } from "../master/tasks.ts";
import type { FrameworkId, SlaveId } from "../protocol/ids.ts";
import { flattened } from "../protocol/reservation.ts";
import { add, contains, equal, format, noResources } from "../protocol/resources.ts";
import { isTerminal } from "../protocol/task.ts";
import { heldBy } from "../protocol/task-group.ts";
import type { Party } from "../slave/slave.ts";
import { disagreement } from "./books.ts";
import { frameworkName, type SimCluster } from "./cluster.ts";
import type { Findings } from "./findings.ts";
import { actorRules, actorsLookout } from "./lookouts/actors.ts";
import { allocationRules, allocationsLookout } from "./lookouts/allocations.ts";
import { diskRules, disksLookout } from "./lookouts/disks.ts";
import type { Lookout } from "./lookouts/lookout.ts";
import { mastersLookout } from "./lookouts/masters.ts";
import { orderRules, ordersLookout } from "./lookouts/orders.ts";
import { revocationRules, revocationsLookout } from "./lookouts/revocations.ts";
import { taskRules, tasksLookout } from "./lookouts/tasks.ts";
import { dynamicOf } from "./reservations.ts";
import { isDone } from "./workload.ts";

/**
 * What must hold, checked against the live state of every actor and against what the simulator itself saw. A rule
 * answers what is wrong, or undefined.
 */
export type Rule = { readonly name: string; readonly check: (cluster: SimCluster) => string | undefined };

/** The lookouts of a run, which write into its findings. */
export function lookoutsOf(findings: Findings): readonly Lookout[] {
  const posts = [
    actorsLookout,
    allocationsLookout,
    disksLookout,
    mastersLookout,
    ordersLookout,
    revocationsLookout,
    tasksLookout,
  ];
  return posts.map((post) => post(findings));
}

/**
 * After every few steps, whatever goes wrong around it. Between two `thorough` checks a rule may pass over what has not
 * changed since it was found in order: a slave whose quantities are the same values as then.
 */
export function safetyRules(findings: Findings, thorough: () => boolean): readonly Rule[] {
  const seen = new Seen(thorough);
  const seenByRule = Object.values({
    ...actorRules,
    ...allocationRules,
    ...diskRules,
    ...orderRules,
    ...revocationRules,
    ...taskRules,
  });
  return [
    { name: "no actor fails by a bug of its own", check: ({ failures }) => failures[0] },
    ...seenByRule.map((name): Rule => ({ name, check: () => findings.breachOf(name) })),
    { name: "nothing is offered or used twice", check: ({ master }) => master && slaveBookFault(master, seen) },
    {
      name: "an offer is of somebody who is there to somebody who is there",
      check: ({ master }) => master && idleOffer(master),
    },
    { name: "every offer ends exactly once", check: ({ master }) => master && offerCountFault(master) },
    { name: "the allocator's parts are its totals", check: (cluster) => ledgerFault(cluster, seen) },
    { name: "a slave never runs more than it has", check: (cluster) => overcommitted(cluster, seen) },
    { name: "a registered slave is in the registry on disk", check: undurableSlave },
    { name: "a task ends once and says nothing after", check: ({ work }) => misheard(work) },
    // Counts of dead letters only grow.
    { name: "no message is misunderstood", check: (cluster) => (thorough() ? misunderstood(cluster) : undefined) },
    { name: "frames of a link stay in order", check: ({ network }) => network.malformed },
    { name: "a slave id is one slave's", check: (cluster) => (thorough() ? sharedId(cluster) : undefined) },
  ];
}

/** Once the faults have stopped and everything has had its time. */
export const livenessRules: readonly Rule[] = [
  { name: "all work gets done", check: unfinished },
  { name: "every slave is registered", check: unregistered },
  { name: "the allocator's book is the master's", check: bookDifference },
  { name: "the master's book is the slaves'", check: slaveDifference },
  { name: "what is reserved is what the registry has", check: reservedDifference },
  { name: "no update waits for ever", check: pendingUpdates },
  { name: "no scheduler holds an offer that is not outstanding", check: staleOffers },
  { name: "a task that has ended is forgotten", check: keptTasks },
  { name: "an executor has a task", check: idleExecutors },
  { name: "links lead to those who are there", check: looseLinks },
];

/** What was in order, by the identity of what it was worked out from: quantities are never changed, only replaced. */
class Seen {
  readonly #thorough: () => boolean;
  readonly #before = new Map<string, readonly unknown[]>();

  constructor(thorough: () => boolean) {
    this.#thorough = thorough;
  }

  /** Whether these were found in order before and nothing asks for another look. */
  inOrder(key: string, ...parts: readonly unknown[]): boolean {
    const before = this.#before.get(key);
    if (!this.#thorough() && before !== undefined && parts.every((part, index) => part === before[index])) return true;
    this.#before.set(key, parts);
    return false;
  }
}

function slaveBookFault({ slaves, tasks, offers }: MasterState, seen: Seen): string | undefined {
  for (const slave of slaves.all()) {
    if (seen.inOrder(`slave.${slave.id}`, slave, slave.used, slave.offered, slave.info.resources)) continue;
    const live = tasks.onSlave(slave.id).filter((task) => !task.released);
    const used = heldBy(live.map(holderOf));
    if (!equal(used, slave.used)) return `${slave.id}: used is ${format(slave.used)}, its tasks make ${format(used)}`;
    if (!equal(offers.offeredOf(slave.id), slave.offered)) return `${slave.id}: offered is not the sum of its offers`;
    if (!contains(slave.info.resources, add(slave.used, slave.offered))) return `${slave.id} is over-allocated`;
  }
  return undefined;
}

function idleOffer({ slaves, frameworks, offers }: MasterState): string | undefined {
  for (const { id, slaveId, frameworkId } of offers.all()) {
    if (slaves.get(slaveId)?.state !== "registered") return `${id} is of ${slaveId}, which is not registered`;
    if (frameworks.get(frameworkId)?.ref === undefined)
      return `${id} is made to ${frameworkId}, which is not connected`;
  }
  return undefined;
}

function offerCountFault({ frameworks, offers }: MasterState): string | undefined {
  const outstanding = new Map<FrameworkId, number>();
  for (const { frameworkId } of offers.all()) outstanding.set(frameworkId, (outstanding.get(frameworkId) ?? 0) + 1);
  for (const { id, counts } of frameworks.all()) {
    const { sent, accepted, declined, rescinded } = counts;
    if (sent !== accepted + declined + rescinded + (outstanding.get(id) ?? 0)) return `offers of ${id} do not add up`;
  }
  return undefined;
}

function ledgerFault({ allocatorBook }: SimCluster, seen: Seen): string | undefined {
  if (allocatorBook === undefined) return undefined;
  return seen.inOrder("book", allocatorBook, allocatorBook.changes) ? undefined : allocatorBook.fault();
}

function overcommitted(cluster: SimCluster, seen: Seen): string | undefined {
  for (const name of cluster.slaveNames) {
    const party = cluster.slaveParty(name);
    if (party === undefined || seen.inOrder(`party.${name}`, party, cluster.turnsOf(name))) continue;
    const total = cluster.resourcesOf(name);
    const used = heldBy(liveEntries(party).filter(({ disowned }) => !disowned));
    if (!contains(flattened(total), flattened(used))) return `${name} runs ${format(used)} of ${format(total)}`;
  }
  return undefined;
}

/** A slave that is being removed leaves the registry a moment before the book. */
function undurableSlave({ master, disk: { registry } }: SimCluster): string | undefined {
  for (const { id, state } of master?.slaves.all() ?? []) {
    if (!registry.slaves.has(id) && state !== "disconnected")
      return `slave ${id} was let in and is not in the registry`;
  }
  return undefined;
}

function misheard(work: SimCluster["work"]): string | undefined {
  for (const { misheard: fault, reservations } of work) {
    if (fault !== undefined || reservations.misheard !== undefined) return fault ?? reservations.misheard;
  }
  return undefined;
}

/** What a message must never be, whatever goes wrong around it: none of these is anybody's bad luck. */
const misunderstandings: readonly DeadLetterReason[] = ["unknown-kind", "unauthorised", "unsendable", "malformed"];

function misunderstood(cluster: SimCluster): string | undefined {
  for (const node of cluster.nodes) {
    for (const { place, deadLetters } of node.systems) {
      const reason = misunderstandings.find((each) => deadLetters.counts.has(each));
      if (reason === undefined) continue;
      const bad = deadLetters.recent.find((letter) => letter.reason === reason);
      return `${place}: ${bad?.kind} to ${bad?.to} is ${reason}`;
    }
  }
  return undefined;
}

function sharedId(cluster: SimCluster): string | undefined {
  const owners = new Map<SlaveId, string>();
  for (const name of cluster.slaveNames) {
    const { slaveId, master } = cluster.slaveParty(name)?.registration ?? {};
    if (slaveId === undefined || master === undefined) continue;
    const other = owners.get(slaveId);
    if (other !== undefined) return `${name} and ${other} are both ${slaveId}`;
    owners.set(slaveId, name);
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

function bookDifference({ master, allocatorBook }: SimCluster): string | undefined {
  if (master === undefined || allocatorBook === undefined) return "there is no master or no allocator";
  return disagreement(master, allocatorBook);
}

function slaveDifference(cluster: SimCluster): string | undefined {
  for (const { id, state, used, info } of cluster.master?.slaves.all() ?? []) {
    if (state !== "registered") continue;
    const party = cluster.slaveParty(info.hostname);
    if (party?.registration.slaveId !== id) continue;
    const theirs = heldBy(liveEntries(party));
    if (!equal(used, theirs)) return `${id}: master ${format(used)}, slave ${format(theirs)}`;
  }
  return undefined;
}

function reservedDifference({ master, disk: { registry } }: SimCluster): string | undefined {
  for (const { id, state, info } of master?.slaves.all() ?? []) {
    const onDisk = registry.slaves.get(id)?.reserved ?? noResources;
    const known = dynamicOf(info.resources);
    if (state === "registered" && !equal(known, onDisk)) {
      return `${id}: the master has ${format(known)} reserved, the registry ${format(onDisk)}`;
    }
  }
  return undefined;
}

function pendingUpdates(cluster: SimCluster): string | undefined {
  for (const name of cluster.slaveNames) {
    const pending = cluster.slaveParty(name)?.updates.pending ?? 0;
    if (pending > 0) return `${name} has ${pending} unacknowledged updates`;
    const timers = cluster.node(name)?.thread("slave")?.find("slave")?.timers.keys() ?? [];
    const loose = [...timers].find((key) => key.startsWith("retry."));
    if (loose !== undefined) return `${name} has nothing to send and a timer ${loose}`;
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

/** What has ended and has no news left stays with its slave for ever. */
function keptTasks(cluster: SimCluster): string | undefined {
  for (const name of cluster.slaveNames) {
    const party = cluster.slaveParty(name);
    for (const { frameworkId, task, status } of party?.executors.all() ?? []) {
      const news = party?.updates.head(frameworkId, task.taskId);
      if (isTerminal(status.state) && news === undefined)
        return `${name} keeps ${task.taskId}, which is ${status.state}`;
    }
  }
  return undefined;
}

/** The actors of a slave's thread are the slave, its supervisor and an executor for each task that lives. */
function idleExecutors(cluster: SimCluster): string | undefined {
  for (const name of cluster.slaveNames) {
    const party = cluster.slaveParty(name);
    const executors = (cluster.node(name)?.thread("slave")?.cellCount ?? 0) - 2;
    if (party === undefined) continue;
    const tasks = liveEntries(party).length;
    if (executors !== tasks) return `${name} has ${executors} executors and ${tasks} tasks`;
  }
  return undefined;
}

function looseLinks(cluster: SimCluster): string | undefined {
  for (const node of cluster.nodes) {
    if (!node.alive) continue;
    for (const { place, links } of node.systems) {
      const loose = links.places.find((other) => cluster.network.systemAt(other) === undefined);
      if (loose !== undefined) return `${place} has a link to ${loose}, which is gone`;
    }
  }
  return undefined;
}

function liveEntries({ executors }: Party) {
  return [...executors.all()].filter(({ status }) => !isTerminal(status.state));
}
