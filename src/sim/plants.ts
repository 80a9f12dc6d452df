import type { WireValue } from "../actors/wire-value.ts";
import type { Book } from "../master/allocator/book.ts";
import { Standing } from "../master/allocator/standing.ts";
import { Registry, storedSlaves } from "../master/registry.ts";
import type { MasterState } from "../master/state.ts";
import type { FrameworkId, TaskId } from "../protocol/ids.ts";
import type { Lead } from "../protocol/lead.ts";
import { defaultRole } from "../protocol/role.ts";
import { isTerminal, type StatusUpdate } from "../protocol/task.ts";
import type { Party } from "../slave/slave.ts";
import {
  type AnyBehaviour,
  type AnyContext,
  type AnyHandler,
  alteredContext,
  type Interference,
} from "./interference.ts";

type Plant = {
  readonly what: string;
  /** The bug for one run: it may remember how often it had its chance. */
  readonly make: () => Interference;
};

/** Bugs that somebody might write, each in one place, turned on by name. A set of rules that misses one has a hole. */
const plants = {
  "double-release": {
    what: "resources go back twice when a terminal update is repeated",
    make: inActor("master", (behaviour) => ({
      ...behaviour,
      statusUpdate: (body: { update: StatusUpdate }, reply: never) => {
        const state = behaviour.inspect?.() as MasterState | undefined;
        const { frameworkId, status } = body.update;
        const task = state?.tasks.get(frameworkId, status.taskId);
        behaviour["statusUpdate"]?.(body as never, reply);
        if (task?.released === true && isTerminal(status.state)) {
          const { role = defaultRole, resources } = task.info;
          state?.allocator.recovered({ slaveId: task.slaveId, short: false, frameworkId, role, resources });
        }
      },
    })),
  },
  "forgotten-ack": {
    what: "one acknowledgement in eight is forgotten for good",
    make: deaf("slave", "updateAcknowledged", ({ taskId }: { taskId: TaskId }) => oneIn(8, taskId)),
  },
  "skipped-rescind": {
    what: "a scheduler does not hear that its offers were taken back",
    make: deaf("scheduler", "offersRescinded", () => true),
  },
  "silent-loss": {
    what: "a scheduler does not hear that its tasks are lost",
    make: deaf(
      "scheduler",
      "taskUpdate",
      ({ status: { reason } }: { status: StatusUpdate["status"] }) =>
        reason === "AGENT_DISCONNECTED" || reason === "AGENT_REMOVED",
    ),
  },
  "ignored-kill": {
    what: "a slave ignores every second order to end a task",
    make: deaf("slave", "killOnSlave", ({ taskId }: { taskId: TaskId }) => oneIn(2, taskId)),
  },
  "lost-recovery": {
    what: "the allocator does not hear what one framework in three gives back",
    make: deaf("allocator", "recovered", ({ frameworkId }: { frameworkId: FrameworkId }) => oneIn(3, frameworkId)),
  },
  "kept-slave": {
    what: "the allocator does not hear that a slave is gone",
    make: deaf("allocator", "slaveRemoved", ({ account }: { account: number }) => account % 2 === 0),
  },
  "double-offer": { what: "a batch of offers is made twice", make: inActor("master", twice("offered")) },
  "lost-filter": {
    what: "the allocator forgets one decline in four",
    make: () => {
      const chosen = everyNth(4);
      return inActor("allocator", (behaviour) => ({
        ...behaviour,
        recovered: ({ refuseMs, ...body }: { refuseMs?: number }, reply: never) => {
          const kept = refuseMs === undefined || chosen() ? body : { ...body, refuseMs };
          behaviour["recovered"]?.(kept as never, reply);
        },
      }))();
    },
  },
  "wrong-order": {
    what: "what is free is offered to the framework that is owed least",
    make: patched("allocator", ({ tree }: Book) => {
      const share = Object.getOwnPropertyDescriptor(Standing.prototype, "share")?.get as () => number;
      Object.defineProperty(tree.standing, "share", { get: () => -share.call(tree.standing) });
    }),
  },
  "wrong-level": {
    what: "frameworks of roles within a role compete with those of others, and not with one another",
    make: patched("allocator", ({ tree }: Book) => {
      const share = Object.getOwnPropertyDescriptor(Standing.prototype, "share")?.get as () => number;
      Object.defineProperty(tree.standing, "share", {
        get: () => (tree.standing.frameworkId === undefined ? 0 : share.call(tree.standing)),
      });
    }),
  },
  "forgotten-weight": {
    what: "all roles weigh the same",
    make: patched("allocator", ({ tree }: Book) => {
      tree.weightOf = () => 1;
    }),
  },
  "forgotten-limit": {
    what: "a role that has a limit is offered all that is free",
    make: patched("allocator", ({ quotas }: Book) => {
      quotas.isLimited = () => false;
    }),
  },
  "forgotten-guarantee": {
    what: "a role below its guarantee has to wait for its turn",
    make: patched("allocator", ({ quotas }: Book) => {
      quotas.below = () => [];
    }),
  },
  "shared-reservation": {
    what: "what is reserved is offered to whoever is owed most",
    make: patched("allocator", ({ slaves }: Book) => {
      const fill = slaves.open.bind(slaves);
      slaves.open = (facts, active) => {
        const row = fill(facts, active);
        // Nothing that is written here is seen: no row has reservations.
        slaves.reserved = new Uint8Array(0);
        return row;
      };
    }),
  },
  "hasty-filter": {
    what: "one decline in four makes the allocator forget those before it",
    make: patched("allocator", ({ filters }: Book) => {
      const refuse = filters.refuse.bind(filters);
      let refusals = 0;
      filters.refuse = (client, ...rest) => {
        if (++refusals % 4 === 0) filters.revive(client);
        refuse(client, ...rest);
      };
    }),
  },
  "forgotten-candidate": {
    what: "one slave in four that has something free again is not looked at",
    make: patched("allocator", ({ candidates }: Book) => {
      const touch = candidates.touch.bind(candidates);
      let touched = 0;
      candidates.touch = (row) => {
        if (++touched % 4 !== 0) touch(row);
      };
    }),
  },
  "kept-offers": {
    what: "the offers of a slave that is lost stay outstanding",
    make: patched("master", ({ offers }: MasterState) => {
      const rescind = offers.rescindSlave.bind(offers);
      offers.rescindSlave = (slaveId, reason) => {
        if (reason !== "slaveLost") rescind(slaveId, reason);
      };
    }),
  },
  "unreturned-offers": {
    what: "the offers of a framework that is gone do not go back",
    make: patched("master", ({ offers }: MasterState) => {
      offers.withdrawFramework = () => {};
    }),
  },
  "lone-end": {
    what: "the rest of a group goes on when one of its tasks has failed",
    make: patched("slave", ({ executors }: Party) => {
      executors.companions = () => [];
    }),
  },
  "kept-executor": {
    what: "what the executor of a group held does not go back",
    make: patched("master", ({ tasks: { executors } }: MasterState) => {
      const leave = executors.leave.bind(executors);
      executors.leave = (slaveId, frameworkId, task) => {
        leave(slaveId, frameworkId, task);
        return task.resources;
      };
    }),
  },
  "double-launch": {
    what: "a task whose launch reached the disk is begun twice",
    make: patched("slave", ({ executors }: Party) => {
      const begin = executors.begin.bind(executors);
      executors.begin = (entry) => {
        begin(entry);
        begin(entry);
      };
    }),
  },
  "forgotten-news": {
    what: "a slave that was restarted forgets what it had still to tell",
    make: patched("slave", ({ updates }: Party) => {
      updates.restore = () => {};
    }),
  },
  "stale-epoch": {
    what: "a slave carries out orders of a master that was superseded",
    make: patched("slave", ({ registration }: Party) => {
      registration.accepts = () => true;
    }),
  },
  "eager-update": {
    what: "a slave sends an update before it is on disk",
    make: inContext("slave", (ctx) => ({
      afterDurable: (record, then) => {
        const isNews = (record as { readonly type?: string } | null)?.type === "updated";
        ctx.afterDurable(record, isNews ? () => {} : then);
        if (isNews) then();
      },
    })),
  },
  "early-commit": {
    what: "the registry says that a change is durable and then writes it",
    make: inActor("sim-registry-store", answersFirst("commit", { committed: true })),
  },
  "early-journal": {
    what: "a journal says that a record is durable and then writes it",
    make: inActor("sim-journal-storage", answersFirst("append", { records: 1 })),
  },
  "torn-tail": {
    what: "a record that a crash has cut in two is read as if it were whole",
    make: () => ({
      cluster: ({ journals }) => {
        for (const disk of journals.values()) {
          disk.mend = () => {
            for (const [journal, record] of disk.tails) disk.journals.set(journal, [...disk.of(journal), half(record)]);
            disk.tails.clear();
          };
        }
      },
    }),
  },
  "lying-sync": {
    what: "a disk says that the registry is on it and loses the last change when the power goes",
    make: () => ({
      cluster: ({ disk }) => {
        const [sync, crash] = [disk.syncFirst.bind(disk), disk.crash.bind(disk)];
        let before: Pick<typeof disk, "registry" | "lead" | "landed"> | undefined;
        disk.syncFirst = () => {
          const { registry, lead, landed } = disk;
          before = { registry: new Registry(storedSlaves(registry), registry.settings()), lead, landed };
          sync();
        };
        disk.crash = () => {
          crash(0);
          Object.assign(disk, before);
        };
      },
    }),
  },
  "same-epoch": {
    what: "every master leads in the same epoch and term",
    make: inActor("sim-registry-store", (behaviour) => ({
      ...behaviour,
      recover: (body: never, reply: (value: { readonly lead: Lead }) => void) =>
        behaviour["recover"]?.(body, ((value: { readonly lead: Lead }) =>
          reply({ ...value, lead: { epoch: 1, term: 1 } })) as never),
    })),
  },
  "reused-generation": {
    what: "an address of an actor that is dead reaches its successor",
    make: () => ({
      system: (system) => {
        const lookup = system.lookup.bind(system);
        system.lookup = (target) => {
          const found = lookup(target);
          if (found !== undefined || target.name !== undefined) return found;
          return lookup({ slot: target.slot, generation: target.generation + 1 });
        };
      },
    }),
  },
  "lost-down": {
    what: "one watch in six never says that the watched is gone",
    make: () => {
      const chosen = everyNth(6);
      const watch =
        (ctx: AnyContext): AnyContext["watch"] =>
        (ref, down) =>
          ctx.watch(ref, chosen() ? () => {} : down);
      return { actor: () => ({ context: (ctx) => alteredContext(ctx, { watch: watch(ctx) }) }) };
    },
  },
  "late-timer": {
    what: "one timer in three rings although it was cancelled",
    make: () => {
      const chosen = everyNth(3);
      const cancel = (ctx: AnyContext) => (key: string) => {
        if (!chosen()) ctx.cancel(key);
      };
      return { actor: () => ({ context: (ctx) => alteredContext(ctx, { cancel: cancel(ctx) }) }) };
    },
  },
  overtaking: {
    what: "one frame in a hundred overtakes those before it on its link",
    make: () => {
      const chosen = everyNth(100);
      return {
        cluster: ({ network }) => {
          const arrivalMs = network.arrivalMs.bind(network);
          network.arrivalMs = (lastDueMs, soonestMs) => (chosen() ? soonestMs : arrivalMs(lastDueMs, soonestMs));
        },
      };
    },
  },
} as const satisfies Record<string, Plant>;

export type PlantName = keyof typeof plants;

export const plantNames = Object.keys(plants) as PlantName[];

export function isPlant(name: string): name is PlantName {
  return Object.hasOwn(plants, name);
}

export function describePlant(name: PlantName): string {
  return plants[name].what;
}

/** The bug, for one run. */
export function plant(name: PlantName): Interference {
  const { make }: Plant = plants[name];
  return make();
}

/** Changes what the actors of one kind do. */
function inActor(actor: string, change: (behaviour: AnyBehaviour) => Record<string, unknown>): Plant["make"] {
  return () => ({
    actor: (seat) =>
      seat.actor === actor ? { behaviour: (behaviour) => change(behaviour) as AnyBehaviour } : undefined,
  });
}

/** Changes what the actors of one kind are handed. */
function inContext(actor: string, change: (ctx: AnyContext) => Partial<AnyContext>): Plant["make"] {
  return () => ({
    actor: (seat) => (seat.actor === actor ? { context: (ctx) => alteredContext(ctx, change(ctx)) } : undefined),
  });
}

/** Changes the state of every actor of one kind, as soon as there is one and before it has done much. */
function patched<State extends object>(actor: string, change: (state: State) => void): Plant["make"] {
  return () => {
    const known = new WeakSet<State>();
    return inActor(actor, (behaviour) => {
      const look = () => {
        const state = behaviour.inspect?.() as State | undefined;
        if (state === undefined || known.has(state)) return;
        known.add(state);
        change(state);
      };
      look();
      const handlers = Object.entries(behaviour).filter(([name]) => name !== "inspect");
      return {
        ...behaviour,
        ...Object.fromEntries(
          handlers.map(([name, handler]) => [
            name,
            (...args: Parameters<AnyHandler>) => {
              (handler as AnyHandler | undefined)?.(...args);
              look();
            },
          ]),
        ),
      };
    })();
  };
}

/** The actors of one kind do not hear such a letter. */
function deaf<Body>(actor: string, kind: string, when: (body: Body) => boolean): Plant["make"] {
  return inActor(actor, (behaviour) => ({
    ...behaviour,
    [kind]: (body: Body, reply: never) => {
      if (!when(body)) behaviour[kind]?.(body as never, reply);
    },
  }));
}

function twice(kind: string): (behaviour: AnyBehaviour) => Record<string, unknown> {
  return (behaviour) => ({
    ...behaviour,
    [kind]: (body: never, reply: never) => {
      behaviour[kind]?.(body, reply);
      behaviour[kind]?.(body, reply);
    },
  });
}

/** Answers a question before it does what it says. */
function answersFirst(kind: string, answer: WireValue): (behaviour: AnyBehaviour) => Record<string, unknown> {
  return (behaviour) => ({
    ...behaviour,
    [kind]: (body: never, reply: (value: WireValue) => void) => {
      reply(answer);
      behaviour[kind]?.(body, () => {});
    },
  });
}

/** True once in so many calls, and not in the first ones. */
function everyNth(n: number): () => boolean {
  let calls = 0;
  return () => ++calls % n === 0;
}

/** Chosen by the characters of an id, which is the same in every run of a seed. */
function oneIn(n: number, text: string): boolean {
  let total = 0;
  for (let index = 0; index < text.length; index++) total += text.charCodeAt(index);
  return total % n === 0;
}

/** The first half of a record's fields. */
function half(record: WireValue): WireValue {
  const fields = Object.entries(record as Readonly<Record<string, WireValue>>);
  return Object.fromEntries(fields.slice(0, Math.ceil(fields.length / 2)));
}
