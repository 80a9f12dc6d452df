import { describe, expect, test } from "vitest";
import { protocolTable, type Tell } from "../../src/actors/protocol.ts";
import type { Spec } from "../../src/actors/spec.ts";
import { portionLimits } from "../../src/master/portion.ts";
import {
  type RegistryStoreProtocol,
  registryStoreName,
  registryStoreTable,
  slavesFrom,
} from "../../src/master/ports.ts";
import { recover } from "../../src/master/recovery.ts";
import { Registrar } from "../../src/master/registrar.ts";
import { Registry, type RegistryOperation } from "../../src/master/registry.ts";
import { SlaveId } from "../../src/protocol/ids.ts";
import type { Lead } from "../../src/protocol/lead.ts";
import { Stage } from "../protocol/stage.ts";
import { afterEveryOperation, contents, everyOperation, performed, slaveInfo } from "./registry-story.ts";

type KeeperProtocol = { apply: Tell<{ readonly operations: readonly RegistryOperation[] }> };

/** Somebody who reads a registry as a master does, and asks for changes of it. */
class Keeper {
  readonly stage = new Stage([registryStoreTable, this.table] as never);
  readonly system = this.stage.boot("keeper");
  readonly done: RegistryOperation[] = [];
  registrar: Registrar | undefined;
  lead: Lead | undefined;
  /** Told when an operation is done, in the same turn. */
  told: (operation: RegistryOperation) => void = () => {};

  get table() {
    return protocolTable<KeeperProtocol>("keeper", { apply: { operations: 0 } });
  }

  store(spec: Spec<RegistryStoreProtocol, Record<never, never>>): void {
    this.system.spawn(spec, {}, { name: registryStoreName });
  }

  begin() {
    const spec: Spec<KeeperProtocol, Record<never, never>> = {
      name: "keeper",
      protocol: this.table,
      start: (ctx) => {
        recover(ctx, "thread:main", (store, lead, registry) => {
          this.lead = lead;
          this.registrar = new Registrar(ctx, store, lead, registry);
        });
        return {
          apply: ({ operations }) => {
            for (const operation of operations) this.apply(operation);
          },
        };
      },
    };
    return this.system.spawn(spec, {}, { name: "keeper" });
  }

  apply(operation: RegistryOperation): void {
    this.registrar?.apply(operation, () => {
      this.done.push(operation);
      this.told(operation);
    });
  }
}

/** A store that answers each commit after a second, and notes what came in it. */
function slowStore(registry: Registry, commits: (readonly RegistryOperation[])[]) {
  const spec: Spec<RegistryStoreProtocol, Record<never, never>> = {
    name: "slow-store",
    protocol: registryStoreTable,
    start: (ctx) => ({
      recover: (_, reply) => reply({ lead: { epoch: 1, term: 1 }, ...registry.settings() }),
      readSlaves: ({ from }, reply) => reply(slavesFrom(registry, from)),
      commit: ({ operations }, reply) => {
        commits.push(operations);
        ctx.after(`commit.${commits.length}`, 1_000, () => reply({ committed: true }));
      },
    }),
  };
  return spec;
}

function admission(index: number, rack = ""): RegistryOperation {
  const info = { ...slaveInfo(1), attributes: { rack } };
  return { type: "admitSlave", slaveId: SlaveId(`s${index}`), info, atMs: 1 };
}

describe("a registrar", () => {
  function applying(
    operations: readonly RegistryOperation[],
    told: (keeper: Keeper) => Keeper["told"] = () => () => {},
  ) {
    const keeper = new Keeper();
    keeper.told = told(keeper);
    const commits: (readonly RegistryOperation[])[] = [];
    keeper.store(slowStore(new Registry(), commits));
    const ref = keeper.begin();
    keeper.stage.settle();
    ref.tell("apply", { operations });
    keeper.stage.settle();
    return { keeper, sizes: () => commits.map(({ length }) => length) };
  }

  test("lets operations gather while a commit is on its way, and has one on its way at a time", () => {
    const followed = (keeper: Keeper) => (operation: RegistryOperation) => {
      if (operation.type === "admitSlave" && keeper.done.length < 4) keeper.apply(admission(100 + keeper.done.length));
    };
    const { keeper, sizes } = applying(
      [0, 1, 2].map((index) => admission(index)),
      followed,
    );
    expect([sizes(), keeper.registrar?.queued]).toEqual([[1], 3]);
    keeper.stage.advance(1_000);
    expect([sizes(), keeper.registrar?.queued]).toEqual([[1, 3], 3]);
    keeper.stage.advance(999);
    expect(sizes()).toEqual([1, 3]);
    keeper.stage.advance(10_000);
    expect(sizes()).toEqual([1, 3, 2]);
    expect(keeper.done).toHaveLength(6);
    expect([...(keeper.registrar?.registry.slaves.keys() ?? [])]).toEqual(["s0", "s1", "s2", "s101", "s102", "s103"]);
  });

  test("sends of many operations, and of large ones, as many at once as fit a message", () => {
    const { itemsMax, charactersMax } = portionLimits;
    const many = applying(Array.from({ length: 2 * itemsMax + 2 }, (_, index) => admission(index)));
    many.keeper.stage.advance(10_000);
    expect(many.sizes()).toEqual([1, itemsMax, itemsMax, 1]);
    expect(many.keeper.done).toHaveLength(2 * itemsMax + 2);
    const third = "x".repeat(charactersMax / 3);
    const large = applying([0, 1, 2, 3].map((index) => admission(index, third)));
    large.keeper.stage.advance(10_000);
    expect(large.sizes()).toEqual([1, 2, 1]);
  });
});

describe("whoever begins to lead", () => {
  test("reads all of the registry, in as many parts as it comes in", () => {
    const keeper = new Keeper();
    const registry = performed(everyOperation);
    keeper.store(slowStore(registry, []));
    keeper.begin();
    keeper.stage.settle();
    expect(keeper.registrar && contents(keeper.registrar.registry)).toEqual(afterEveryOperation);
  });

  test("reads it again, in a later term, when the store is lost in the middle", () => {
    const keeper = new Keeper();
    const registry = performed(everyOperation);
    let term = 0;
    let answers = true;
    const store: Spec<RegistryStoreProtocol, Record<never, never>> = {
      name: "store",
      protocol: registryStoreTable,
      start: () => ({
        recover: (_, reply) => reply({ lead: { epoch: 1, term: ++term }, ...registry.settings() }),
        readSlaves: ({ from }, reply) => {
          if (from === 0 || answers) reply(slavesFrom(registry, from, { itemsMax: 1, charactersMax: 0 }));
        },
        commit: () => {},
      }),
    };
    answers = false;
    keeper.store(store);
    keeper.begin();
    keeper.stage.advance(1_000);
    expect([keeper.registrar, term]).toEqual([undefined, 1]);
    keeper.system.find(registryStoreName)?.terminate("restarted");
    answers = true;
    keeper.stage.advance(100);
    keeper.store(store);
    keeper.stage.advance(100);
    expect(keeper.lead).toEqual({ epoch: 1, term: 2 });
    expect(keeper.registrar && contents(keeper.registrar.registry)).toEqual(afterEveryOperation);
  });
});
