import { Book } from "../../../src/master/allocator/book.ts";
import { Pass } from "../../../src/master/allocator/pass.ts";
import type { Policy } from "../../../src/master/allocator/policy.ts";
import type { Client } from "../../../src/master/allocator/protocol.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import { quantities } from "../../protocol/quantities.ts";

type Given = { readonly account: number; readonly client: Client; readonly name: string };

/** A book without the actor around it, so that a hundred thousand draws take a second: each framework has its role. */
export class Table {
  readonly book: Book;
  readonly given: Given[] = [];
  #accounts = 0;

  constructor(policy: Policy, weights: { readonly [role: string]: number } = {}, seed = 1) {
    this.book = new Book({ policy, minAllocatable: [], refuseMsMin: 0, seed });
    this.book.setWeights(weights);
  }

  slave(total = "cpus:1"): number {
    const account = ++this.#accounts;
    const facts = { slaveId: SlaveId(`s${account}`), hostname: "h", attributes: {}, allocated: [], active: true };
    this.book.addSlave({ account, ...facts, total: quantities(total) });
    return account;
  }

  framework(name: string, role = name): Client {
    const client = { frameworkId: FrameworkId(name), role };
    this.book.addClient({ ...client, active: true, gpus: false });
    return client;
  }

  /** The framework wants offers of these accounts alone. */
  only(client: Client, accounts: readonly number[]): void {
    this.book.wish(client, { slaves: accounts.map((account) => SlaveId(`s${account}`)) });
  }

  /** Looks at every slave, and answers who was given which. */
  pass(): readonly Given[] {
    const given: Given[] = [];
    this.book.candidates.touchAll();
    new Pass(this.book, 0, (row, { frameworkId, role }) => {
      const { account } = this.book.slaves.fact(row);
      given.push({ account, client: { frameworkId, role }, name: frameworkId });
    }).run();
    this.given.push(...given);
    return given;
  }

  /** What was given of the account is free again. */
  release({ account, client }: Given): void {
    const row = this.book.slaves.row(account) as number;
    this.book.recovered(account, client, this.book.total(row), undefined, 0);
  }

  /** So many draws for one slave after another, each free again at once: the part that each framework had of them. */
  draws(count: number, between: (draw: number) => void = () => {}): (name: string, account?: number) => number {
    const won: Given[] = [];
    for (let draw = 0; draw < count; draw++) {
      between(draw);
      for (const given of this.pass()) {
        won.push(given);
        this.release(given);
      }
    }
    return (name, account) => {
      const counted = account === undefined ? won : won.filter((given) => given.account === account);
      return counted.filter((given) => given.name === name).length / counted.length;
    };
  }
}
