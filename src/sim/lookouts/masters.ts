import { rowsOf } from "../../master/allocator/offered-batch.ts";
import type { OfferedBatch } from "../../master/allocator/protocol.ts";
import type { MasterState } from "../../master/state.ts";
import type { FrameworkInfo } from "../../protocol/framework-info.ts";
import type { FrameworkId, OfferId, SlaveId } from "../../protocol/ids.ts";
import type { KnownTask } from "../../protocol/task.ts";
import type { Party } from "../../slave/slave.ts";
import type { Findings } from "../findings.ts";
import { type Change, hearing } from "../interference.ts";
import type { Lookout } from "./lookout.ts";

type Registration = { readonly slaveId?: SlaveId; readonly tasks: readonly KnownTask[] };
type Answer = { readonly frameworkId: FrameworkId; readonly offerIds: readonly OfferId[] };

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
        accept: ({ frameworkId, offerIds }: Answer) => {
          const owners = new Map([...(book()?.offers.all() ?? [])].map((offer) => [offer.id, offer.frameworkId]));
          if (offerIds.some((id) => owners.get(id) !== frameworkId))
            findings.mark("an offer is used that is not there");
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
