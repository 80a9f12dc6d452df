import { pathToFileURL } from "node:url";
import { parsePlace } from "../actors/address.ts";
import { type ChildSpec, child, type SupervisorArgs, supervisor } from "../actors/supervisor.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { SchedulerDefinition } from "../frameworks/scheduler.ts";
import { type SchedulerDriverArgs, schedulerDriver } from "../frameworks/scheduler-driver.ts";
import { allocator } from "../master/allocator/allocator.ts";
import { isPolicyName } from "../master/allocator/policies/named.ts";
import { memoryRegistryStore } from "../master/store/memory-registry-store.ts";
import { RegistryDatabase } from "../master/store/registry-database.ts";
import { registryStore } from "../master/store/registry-store.ts";
import { BridgeListener } from "../runtime/bridge.ts";
import { createLog } from "../runtime/log.ts";
import { ProcessGroups } from "../runtime/processes.ts";
import { ThreadTaskPool } from "../runtime/task-pool.ts";
import type { ThreadBoot, ThreadRoot } from "../runtime/thread-facade.ts";
import { hostThread } from "../runtime/thread-host.ts";
import { BridgeTransport } from "../runtime/transport.ts";
import { DirectoryLock } from "../slave/host/directory-lock.ts";
import { journalStorage } from "../slave/host/journal-storage.ts";
import { SandboxedProcesses } from "../slave/host/sandboxed-processes.ts";
import { bundledModules, childOf, isBehaviour, kinds } from "./catalogue.ts";
import { credentialsFrom } from "./credentials.ts";
import { policyOf } from "./policy-module.ts";
import type { MasterDoorPlan, ThreadOptions } from "./thread-options.ts";

/** The entry of every worker thread: equips it as its options say and starts its roots under one supervisor. */
hostThread({
  kinds,
  equip(boot, seat) {
    const options = boot.options as ThreadOptions;
    const log = createLog({ level: options.logLevel, pretty: options.prettyLog, thread: seat.place.thread });
    return {
      log,
      ...(options.tasks === undefined
        ? {}
        : {
            pool: new ThreadTaskPool({ threadsMax: options.tasks.poolThreads, bundled: bundledModules }),
            processes: new SandboxedProcesses(new ProcessGroups()),
          }),
      ...(options.dials === true ? { transport: new BridgeTransport(seat, { log, ...credentialsFrom(options) }) } : {}),
    };
  },
  async assemble(system, boot) {
    const opened: (() => Promise<void> | void)[] = [];
    const children = await Promise.all(boot.roots.map((root) => childFor(root, system, (close) => opened.push(close))));
    const args = { strategy: "one-for-one", children, ...patienceFor(boot.roots) } as const;
    system.spawn(supervisor, args, { name: "supervisor" });
    const bridge = await openBridge(system, boot);
    if (bridge !== undefined) opened.push(() => bridge.close());
    return {
      facts: { bridgePort: bridge?.port ?? 0 },
      close: async () => {
        for (const close of opened.reverse()) await close();
      },
    };
  },
});

/**
 * A user's policy that throws again and again is no reason to lose the thread, and then the master with it: everything but
 * new offers goes on without an allocator. It is started again for ever, at last every ten seconds.
 */
function patienceFor(roots: readonly ThreadRoot[]): Partial<SupervisorArgs> {
  const isUsers = roots.some(({ behaviour, args }) => behaviour === "allocator" && !isPolicyName(String(args)));
  if (!isUsers) return {};
  return {
    intensity: { max: Number.POSITIVE_INFINITY, withinMs: 60_000 },
    backoff: { minMs: 100, maxMs: 10_000, factor: 2 },
  };
}

async function childFor(
  root: ThreadRoot,
  system: ActorSystem,
  opened: (close: () => Promise<void> | void) => void,
): Promise<ChildSpec> {
  const { behaviour, name, args, exported = false } = root;
  if (behaviour === "allocator") return child(name, allocator(await policyOf(String(args))), {});
  if (isBehaviour(behaviour)) return childOf(behaviour, name, args, exported);
  if (behaviour === "memory-registry")
    return child(name, memoryRegistryStore(parsePlace(system.place)?.epoch ?? 0), {});
  if (behaviour === "registry") {
    const database = new RegistryDatabase(String(args));
    opened(() => database.close());
    return child(name, registryStore(database), {});
  }
  if (behaviour === "journals") {
    const lock = new DirectoryLock(String(args));
    opened(() => lock.release());
    return child(name, journalStorage(String(args)), {});
  }
  if (behaviour === "remote-master") {
    const { remoteMasterChild } = await import("./remote-master.ts");
    return remoteMasterChild(name, args as MasterDoorPlan, opened);
  }
  const define = await schedulerOf(behaviour);
  return child(name, schedulerDriver(define), args as SchedulerDriverArgs<null>, { exported, restart: "temporary" });
}

/** A user's module: its default export is a scheduler, or a function that makes one for each life of its actor. */
async function schedulerOf(file: string): Promise<() => SchedulerDefinition> {
  const module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  const exported = module.default;
  if (typeof exported === "function") return exported as () => SchedulerDefinition;
  if (typeof exported === "object" && exported !== null && "resourceOffers" in exported) {
    return () => exported as SchedulerDefinition;
  }
  throw new TypeError(`${file} has no scheduler: write \`export default defineScheduler({ … })\``);
}

async function openBridge(system: ActorSystem, boot: ThreadBoot): Promise<BridgeListener | undefined> {
  const options = boot.options as ThreadOptions;
  if (options.bridge === undefined) return undefined;
  return BridgeListener.listen(system, { kinds, ...options.bridge, ...credentialsFrom(options) });
}
