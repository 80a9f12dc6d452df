import { rowsOf } from "../../master/allocator/offered-batch.ts";
import type { OfferedBatch } from "../../master/allocator/protocol.ts";
import type { MasterState } from "../../master/state.ts";
import type { FrameworkInfo } from "../../protocol/framework-info.ts";
import type { FrameworkId, OfferId, SlaveId } from "../../protocol/ids.ts";
import type { Filter, Offer, Operation } from "../../protocol/offer.ts";
import { contains, sum } from "../../protocol/resources.ts";
import type { KnownTask } from "../../protocol/task.ts";
import type { Party } from "../../slave/slave.ts";
import type { Findings } from "../findings.ts";
import { type Change, hearing } from "../interference.ts";
import type { Lookout } from "./lookout.ts";

type Registration = { readonly slaveId?: SlaveId; readonly tasks: readonly KnownTask[] };
type Answer = {
  readonly frameworkId: FrameworkId;
  readonly offerIds: readonly OfferId[];
  readonly operations?: readonly Operation[];
  readonly filter: Filter;
};

/** Longest time for which anybody in their right mind refuses an offer, in milliseconds. */
const refusalMaxMs = 86_400_000;
/** So many changes of mind in a row are a frenzy. */
const frenzyChanges = 8;

/** Marks what a master and its slaves have had to deal with. */
export function mastersLookout(findings: Findings): Lookout {
  return {
    actor: ({ actor }) => {
      if (actor === "master") return master(findings);
      return actor === "slave" ? slave(findings) : undefined;
    },
  };
}

function master(findings: Findings): Change {
  return {
    behaviour: (behaviour) => {
      const book = () => behaviour.inspect?.() as MasterState | undefined;
      const answers = new Answers(findings);
      return hearing(behaviour, {
        registerSlave: ({ tasks }: Registration) => {
          if (tasks.length > 0) findings.mark("a slave comes back with tasks");
          if (tasks.some(({ task, over }) => task.group !== undefined && !over)) {
            findings.mark("a slave comes back with a group");
          }
          const unknown = tasks.some(({ frameworkId }) => book()?.frameworks.get(frameworkId) === undefined);
          if (unknown) findings.mark("a framework is found again by what a slave reports");
        },
        subscribe: ({ info }: { readonly info: FrameworkInfo }) => {
          if (info.id !== undefined && book()?.frameworks.get(info.id) !== undefined) {
            findings.mark("a framework fails over");
          }
        },
        accept: (answer: Answer) => answers.hear(answer, [...(book()?.offers.all() ?? [])]),
        decline: (answer: Answer) => answers.hear(answer, [...(book()?.offers.all() ?? [])]),
        suppress: ({ frameworkId }: { readonly frameworkId: FrameworkId }) => answers.changeOfMind(frameworkId),
        revive: ({ frameworkId }: { readonly frameworkId: FrameworkId }) => answers.changeOfMind(frameworkId),
        teardown: ({ frameworkId }: { readonly frameworkId: FrameworkId }) => {
          const isHeld = [...(book()?.offers.all() ?? [])].some((offer) => offer.frameworkId === frameworkId);
          if (isHeld) findings.mark("a framework ends with offers in its hands");
        },
        offered: (batch: OfferedBatch) => {
          for (const row of rowsOf(batch)) {
            const found = book()?.allocator.accountOf(row.account);
            const framework = book()?.frameworks.get(row.frameworkId);
            if (found === undefined) findings.mark("an allocation is made from a closed account");
            else if (found.slave.state !== "registered" || framework?.ref === undefined) {
              findings.mark("an allocation comes too late");
            }
          }
        },
      });
    },
  };
}

/** Marks how frameworks answer their offers. */
class Answers {
  readonly #findings: Findings;
  readonly #answered = new Set<OfferId>();
  readonly #owners = new Map<OfferId, FrameworkId>();
  readonly #changes = new Map<FrameworkId, number>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  hear({ frameworkId, offerIds, operations, filter }: Answer, outstanding: readonly Offer[]): void {
    const { refuseMs } = filter;
    this.#changes.delete(frameworkId);
    for (const offer of outstanding) this.#owners.set(offer.id, offer.frameworkId);
    if (!(refuseMs >= 0 && refuseMs <= refusalMaxMs)) this.#findings.mark("a refusal is for an odd time");
    if (operations !== undefined) this.#use(frameworkId, offerIds, operations, outstanding);
    for (const id of offerIds) if (this.#owners.get(id) === frameworkId) this.#answered.add(id);
  }

  changeOfMind(frameworkId: FrameworkId): void {
    const changes = (this.#changes.get(frameworkId) ?? 0) + 1;
    this.#changes.set(frameworkId, changes);
    if (changes === frenzyChanges) this.#findings.mark("a framework changes its mind again and again");
  }

  #use(
    frameworkId: FrameworkId,
    ids: readonly OfferId[],
    operations: readonly Operation[],
    outstanding: readonly Offer[],
  ): void {
    const findings = this.#findings;
    const offers = outstanding.filter(({ id }) => ids.includes(id));
    const own = offers.filter((offer) => offer.frameworkId === frameworkId);
    if (own.length < ids.length) findings.mark("an offer is used that is not there");
    if (own.length < offers.length) findings.mark("an offer of another framework is used");
    if (new Set(own.map(({ slaveId }) => slaveId)).size > 1) findings.mark("offers of two slaves are used together");
    for (const id of ids) {
      if (this.#answered.has(id) || ids.indexOf(id) !== ids.lastIndexOf(id))
        findings.mark("an offer is answered twice");
      else if (this.#owners.get(id) === frameworkId && !own.some((offer) => offer.id === id)) {
        findings.mark("an offer is used after it was taken back");
      }
    }
    const wanted = operations.flatMap((operation) => (operation.type === "launch" ? operation.tasks : []));
    const [first] = own;
    if (first === undefined || own.some(({ slaveId }) => slaveId !== first.slaveId)) return;
    const offered = sum(own.map(({ resources }) => resources));
    if (!contains(offered, sum(wanted.map(({ resources }) => resources)))) {
      findings.mark("more is launched than was offered");
    }
  }
}

function slave(findings: Findings): Change {
  return {
    behaviour: (behaviour) =>
      hearing(behaviour, {
        slaveRegistered: ({ slaveId }: { readonly slaveId: SlaveId }) => {
          const party = behaviour.inspect?.() as Party | undefined;
          const known = party?.registration.slaveId;
          if (known !== undefined && known !== slaveId) findings.mark("a slave comes back under another id");
        },
      }),
  };
}
