import type { Behaviour, Spec } from "../actors/spec.ts";
import type { MasterState } from "../master/state.ts";
import type { FrameworkId, TaskId } from "../protocol/ids.ts";
import { isTerminal, type StatusUpdate } from "../protocol/task.ts";
import type { Alter } from "./cluster.ts";

type AnyHandler = (body: never, reply: never) => void;
type AnyBehaviour = Record<string, AnyHandler> & { readonly inspect?: () => unknown };
type Plant = {
  /** The behaviour that gets the bug. */
  readonly actor: string;
  readonly what: string;
  readonly alter: (behaviour: AnyBehaviour) => AnyBehaviour;
};

/** Bugs that somebody might write, each in one behaviour, turned on by name. An oracle that misses one is no oracle. */
const plants = {
  "double-release": {
    actor: "master",
    what: "resources go back twice when a terminal update is repeated",
    alter: (behaviour) => ({
      ...behaviour,
      statusUpdate: ((body: { update: StatusUpdate }, reply: never) => {
        const state = behaviour.inspect?.() as MasterState | undefined;
        const { frameworkId, status } = body.update;
        const task = state?.tasks.get(frameworkId, status.taskId);
        behaviour["statusUpdate"]?.(body as never, reply);
        if (task?.released === true && isTerminal(status.state)) {
          state?.allocator.tell("recovered", { slaveId: task.slaveId, frameworkId, resources: task.info.resources });
        }
      }) as AnyHandler,
    }),
  },
  "forgotten-ack": {
    actor: "slave",
    what: "one acknowledgement in eight is forgotten for good",
    alter: drop("updateAcknowledged", ({ taskId }: { taskId: TaskId }) => sumOf(taskId) % 8 === 0),
  },
  "skipped-rescind": {
    actor: "scheduler",
    what: "a scheduler does not hear that its offers were taken back",
    alter: drop("offersRescinded", () => true),
  },
  "early-commit": {
    actor: "sim-registry-store",
    what: "the registry says that a change is durable and then writes it",
    alter: (behaviour) => ({
      ...behaviour,
      commit: ((body: never, reply: (value: { committed: boolean }) => void) => {
        reply({ committed: true });
        behaviour["commit"]?.(body, (() => {}) as never);
      }) as AnyHandler,
    }),
  },
  "silent-loss": {
    actor: "scheduler",
    what: "a scheduler does not hear that its tasks are lost",
    alter: drop(
      "taskUpdate",
      ({ status }: { status: StatusUpdate["status"] }) =>
        status.reason === "AGENT_DISCONNECTED" || status.reason === "AGENT_REMOVED",
    ),
  },
  "double-offer": {
    actor: "master",
    what: "a batch of offers is made twice",
    alter: twice("offered"),
  },
  "lost-recovery": {
    actor: "allocator",
    what: "the allocator does not hear what one framework in three gives back",
    alter: drop("recovered", ({ frameworkId }: { frameworkId: FrameworkId }) => sumOf(frameworkId) % 3 === 0),
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

/** Puts the bug into the behaviour that it is made for, and leaves every other as it is. */
export function plant(name: PlantName): Alter {
  const { actor, alter }: Plant = plants[name];
  return <P, Args>(spec: Spec<P, Args>): Spec<P, Args> => {
    if (spec.name !== actor) return spec;
    return {
      ...spec,
      start: (ctx, args) => alter(spec.start(ctx, args) as AnyBehaviour) as unknown as Behaviour<P>,
    };
  };
}

function drop<Body>(kind: string, when: (body: Body) => boolean): Plant["alter"] {
  return (behaviour) => ({
    ...behaviour,
    [kind]: ((body: Body, reply: never) => {
      if (!when(body)) behaviour[kind]?.(body as never, reply);
    }) as AnyHandler,
  });
}

function twice(kind: string): Plant["alter"] {
  return (behaviour) => ({
    ...behaviour,
    [kind]: ((body: never, reply: never) => {
      behaviour[kind]?.(body, reply);
      behaviour[kind]?.(body, reply);
    }) as AnyHandler,
  });
}

function sumOf(text: string): number {
  let total = 0;
  for (let index = 0; index < text.length; index++) total += text.charCodeAt(index);
  return total;
}
