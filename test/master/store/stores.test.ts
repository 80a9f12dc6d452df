/** Both stores answer the master alike. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BodyOf, ReplyOf } from "../../../src/actors/protocol.ts";
import type { ActorRef } from "../../../src/actors/ref.ts";
import type { Spec } from "../../../src/actors/spec.ts";
import { type RegistryStoreProtocol, registryStoreTable } from "../../../src/master/ports.ts";
import { memoryRegistryStore } from "../../../src/master/store/memory-registry-store.ts";
import { RegistryDatabase } from "../../../src/master/store/registry-database.ts";
import { registryStore } from "../../../src/master/store/registry-store.ts";
import { SlaveId } from "../../../src/protocol/ids.ts";
import { Stage } from "../../protocol/stage.ts";
import { slaveInfo } from "../registry-story.ts";

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

  ask<K extends "recover" | "commit">(
    kind: K,
    body: BodyOf<RegistryStoreProtocol[K]>,
  ): ReplyOf<RegistryStoreProtocol[K]> {
    const answers: unknown[] = [];
    this.#system.ask(this.#ref, kind, body, 1_000, (outcome) => answers.push(outcome.ok && outcome.value));
    this.#stage.settle();
    return answers[0] as ReplyOf<RegistryStoreProtocol[K]>;
  }
}

describe.each<[string, () => StoreSpec]>([
  ["in memory", () => memoryRegistryStore(1)],
  ["in a database", inDatabase],
])("a store %s", (_, spec) => {
  const admit = { type: "admitSlave", slaveId: SlaveId("s1"), info: slaveInfo(1), atMs: 7 } as const;
  const leave = { type: "markSlaveUnreachable", slaveId: SlaveId("s1"), atMs: 9 } as const;

  test("begins empty, and every recovery begins a term", () => {
    const store = new Store(spec());
    expect(store.ask("recover", {})).toEqual({ lead: { epoch: 1, term: 1 }, slaves: [] });
    expect(store.ask("recover", {}).lead).toEqual({ epoch: 1, term: 2 });
  });

  test("gives back what was committed, also to a later life of its own", () => {
    const store = new Store(spec());
    const { lead } = store.ask("recover", {});
    expect(store.ask("commit", { lead, operations: [admit] })).toEqual({ committed: true });
    const admitted = { slaveId: "s1", info: slaveInfo(1), standing: "admitted", sinceMs: 7 };
    expect(store.ask("recover", {}).slaves).toEqual([admitted]);
    store.restart();
    const again = store.ask("recover", {});
    store.ask("commit", { lead: again.lead, operations: [leave] });
    expect(store.ask("recover", {})).toMatchObject({ slaves: [{ ...admitted, standing: "unreachable", sinceMs: 9 }] });
  });

  test("takes nothing from an earlier leadership", () => {
    const store = new Store(spec());
    const { lead } = store.ask("recover", {});
    store.ask("recover", {});
    expect(store.ask("commit", { lead, operations: [admit] })).toEqual({ committed: false });
    expect(store.ask("recover", {}).slaves).toEqual([]);
  });
});
