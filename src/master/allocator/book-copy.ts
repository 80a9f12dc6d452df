import { Book } from "./book.ts";
import { Filters } from "./filters.ts";

/**
 * A book of its own that says the same, to try out what would happen: a pass on it does what one on the other would. It lives no longer than the turn: the filters are only
 * looked at. `revived`: leaves of clients whose declines it does not know.
 */
export function copyOf(book: Book, revived: ReadonlySet<number> = new Set()): Book {
  const copy = new Book(book.config, new Filters().borrow(book.filters, revived));
  for (const name of book.names.list) copy.names.add(name);
  copy.totals.set(book.totals);
  copy.slaves.copyFrom(book.slaves);
  copy.holdings.copyFrom(book.holdings);
  copy.tree.copyFrom(book.tree);
  copy.clients.copyFrom(book.clients);
  copy.quotas.copyFrom(book.quotas);
  copy.candidates.copyFrom(book.candidates);
  copy.shuffle.follow(book.shuffle);
  copy.draws.follow(book.draws);
  return copy;
}
