/** Every store answers the master alike. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { AskKind, BodyOf, ReplyOf } from "../../../src/actors/protocol.ts";
import type { ActorRef } from "../../../src/actors/ref.ts";
import type { Spec } from "../../../src/actors/spec.ts";
import { Prng } from "../../../src/base/prng.ts";
import { type RegistryStoreProtocol, registryStoreTable } from "../../../src/master/ports.ts";
import type { RegistryOperation, Settings, StoredSlave } from "../../../src/master/registry.ts";
import { memoryRegistryStore } from "../../../src/master/store/memory-registry-store.ts";
import { RegistryDatabase } from "../../../src/master/store/registry-database.ts";
import { registryStore } from "../../../src/master/store/registry-store.ts";
import { SlaveId } from "../../../src/protocol/ids.ts";
import { RegistryDisk, simRegistryStore } from "../../../src/sim/registry-store.ts";
import { Stage } from "../../protocol/stage.ts";
import {
  afterEveryOperation,
  contents,
  everyOperation,
  performed,
  registryStory,
  slaveInfo,
} from "../registry-story.ts";

type StoreSpec = Spec<RegistryStoreProtocol, Record<never, never>>;

function inDatabase(): StoreSpec {
  const directory = mkdtempSync(join(tmpdir(), "store-"));
  const database = new RegistryDatabase(join(directory, "registry.db"));
  onTestFinished(() => {
    database.close();
    rmSync(directory, { recursive: true });
  });
  return registryStore(database);
}

/** Longer than any store takes to answer. */
const answerMs = 1_000;

class Store {
  readonly #stage = new Stage([registryStoreTable] as never);
  readonly #system = this.#stage.boot("store");
  readonly #spec: StoreSpec;
  #ref: ActorRef<RegistryStoreProtocol>;

  constructor(spec: StoreSpec) {
    this.#spec = spec;
    this.#ref = this.#system.spawn(spec, {});
  }

  /** A new life of the actor; what it keeps is elsewhere. */
  restart(): void {
    this.#ref = this.#system.spawn(this.#spec, {});
  }

  ask<K extends AskKind<RegistryStoreProtocol>>(
    kind: K,
    body: BodyOf<RegistryStoreProtocol[K]>,
  ): ReplyOf<RegistryStoreProtocol[K]> {
    const answers: unknown[] = [];
    this.#system.ask(this.#ref, kind, body, answerMs, (outcome) => answers.push(outcome.ok && outcome.value));
    this.#stage.advance(answerMs);
    return answers[0] as ReplyOf<RegistryStoreProtocol[K]>;
  }

  commit(operations: readonly RegistryOperation[]): void {
    const { lead } = this.ask("recover", {});
    expect(this.ask("commit", { lead, operations })).toEqual({ committed: true });
  }

  /** All of it, and in how many parts its slaves came. */
  read(): { readonly whole: { readonly slaves: readonly StoredSlave[] } & Settings; readonly parts: number } {
    const { lead: _, ...settings } = this.ask("recover", {});
    const slaves: StoredSlave[] = [];
    let parts = 0;
    for (let from: number | undefined = 0; from !== undefined; parts++) {
      const read: ReplyOf<RegistryStoreProtocol["readSlaves"]> = this.ask("readSlaves", { from });
      slaves.push(...read.slaves);
      from = read.next;
    }
    return { whole: { slaves, ...settings }, parts };
  }
}

describe.each<[string, () => StoreSpec]>([
  ["in memory", () => memoryRegistryStore(1)],
  ["in a database", inDatabase],
  ["in a simulation", () => simRegistryStore(new RegistryDisk(), new Prng(1))],
])("a store %s", (where, spec) => {
  const admit = { type: "admitSlave", slaveId: SlaveId("s1"), info: slaveInfo(1), atMs: 7 } as const;
  const leave = { type: "markSlaveUnreachable", slaveId: SlaveId("s1"), atMs: 9 } as const;
  const empty = { slaves: [], weights: {}, quotas: {}, maintenance: [] };

  test("begins empty, and every recovery begins a term", () => {
    const store = new Store(spec());
    expect(store.ask("recover", {}).lead).toEqual({ epoch: 1, term: 1 });
    expect(store.ask("recover", {}).lead).toEqual({ epoch: 1, term: 2 });
    expect(store.read()).toEqual({ whole: empty, parts: 1 });
  });

  test("gives back what was committed, also to a later life of its own", () => {
    const store = new Store(spec());
    store.commit([admit]);
    const admitted = { slaveId: "s1", info: slaveInfo(1), standing: "admitted", sinceMs: 7 };
    expect(store.read().whole).toEqual({ ...empty, slaves: [admitted] });
    store.restart();
    store.commit([leave]);
    expect(store.read().whole.slaves).toEqual([{ ...admitted, standing: "unreachable", sinceMs: 9 }]);
  });

  test("keeps what operations of every type make of it, in one commit or in many", () => {
    const [once, oneByOne] = [new Store(spec()), new Store(spec())];
    once.commit(everyOperation);
    for (const operation of everyOperation) oneByOne.commit([operation]);
    expect(once.read().whole).toEqual(afterEveryOperation);
    expect(oneByOne.read().whole).toEqual(afterEveryOperation);
  });

  test("holds the same as a registry in memory after any story, in the same order", () => {
    fc.assert(
      fc.property(registryStory, registryStory, (before, after) => {
        const store = new Store(spec());
        store.commit(before);
        store.commit(after);
        const { whole } = store.read();
        const expected = contents(performed([...before, ...after]));
        expect(whole).toEqual(expected);
        expect(Object.keys(whole.weights)).toEqual(Object.keys(expected.weights));
        expect(Object.keys(whole.quotas)).toEqual(Object.keys(expected.quotas));
      }),
      { numRuns: where === "in a database" ? 15 : 50 },
    );
  });

  test("is read in parts that fit a message each, every slave once", () => {
    const store = new Store(spec());
    const heavy = { ...slaveInfo(1), attributes: { rack: "x".repeat(150_000) } };
    const ids = Array.from({ length: 20 }, (_, index) => SlaveId(`s${index}`));
    store.commit(ids.map((slaveId) => ({ type: "admitSlave", slaveId, info: heavy, atMs: 1 })));
    const { whole, parts } = store.read();
    expect(whole.slaves.map(({ slaveId }) => slaveId)).toEqual(ids);
    expect(parts).toBe(where === "in a simulation" ? 10 : 4);
  });

  test("takes nothing from an earlier leadership", () => {
    const store = new Store(spec());
    const { lead } = store.ask("recover", {});
    store.ask("recover", {});
    expect(store.ask("commit", { lead, operations: [admit] })).toEqual({ committed: false });
    expect(store.read().whole).toEqual(empty);
  });
});
