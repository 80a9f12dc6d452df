import type { Book } from "../master/allocator/book.ts";
import { type ClientId, clientId } from "../master/allocator/client.ts";
import type { SlaveAllocation } from "../master/allocator/protocol.ts";
import type { MasterState } from "../master/state.ts";
import { equal, format, noResources, type Resources } from "../protocol/resources.ts";

/** What is wrong between the master's book and the allocator's, which must agree whenever nothing is under way. */
export function disagreement({ slaves }: MasterState, book: Book): string | undefined {
  const open = new Set<number>();
  for (const slave of slaves.all()) {
    for (const { account, short } of slave.parts) {
      open.add(account);
      const row = book.slaves.row(account);
      if (row === undefined) return `the allocator does not know account ${account} of ${slave.id}`;
      const theirs = byClient([...book.held(row)].map(({ client, resources }) => ({ ...client, resources })));
      const ours = byClient(slaves.allocations(slave, short));
      for (const client of new Set([...theirs.keys(), ...ours.keys()])) {
        const [left, right] = [ours.get(client) ?? noResources, theirs.get(client) ?? noResources];
        if (!equal(left, right)) return `${slave.id}, ${client}: master ${format(left)}, allocator ${format(right)}`;
      }
    }
  }
  const closed = book.slaves.facts.find((facts) => facts !== undefined && !open.has(facts.account));
  return closed && `the allocator has account ${closed.account} of ${closed.slaveId}, which the master has closed`;
}

function byClient(held: readonly SlaveAllocation[]): ReadonlyMap<ClientId, Resources> {
  return new Map(held.map(({ frameworkId, role, resources }) => [clientId(frameworkId, role), resources]));
}
