import { type FrameworkId, OfferId, type SlaveId, TaskId } from "../../src/protocol/ids.ts";
import type { Filter, Offer, Operation } from "../../src/protocol/offer.ts";
import type { OfferFilters } from "../../src/protocol/offer-filters.ts";
import type { OperatorCall } from "../../src/protocol/operator-api.ts";
import { pushed, unreserved } from "../../src/protocol/reservation.ts";
import { noResources, type Resources, sum } from "../../src/protocol/resources.ts";
import type { TaskInfo } from "../../src/protocol/task.ts";
import type {
  CallDraft,
  FiltersDraft,
  OfferPick,
  OperationDraft,
  OperatorDraft,
  Part,
  TaskDraft,
} from "./bad-steps.ts";
import type { ScriptedScheduler } from "./scripted-scheduler.ts";

/** Makes the messages of a story out of its steps: what they are about is what there is at that moment. */

/** What there is to be spoken of. */
export type Scene = {
  /** Every offer that was ever made, and those that one framework may still answer. */
  readonly everyOffer: readonly Offer[];
  readonly ownOffers: readonly Offer[];
  readonly scheduler: ScriptedScheduler;
  /** Another slave than the one that is meant. */
  readonly otherSlave: SlaveId;
  fresh(): number;
  used(n: number): number;
};

type Body = { readonly [field: string]: unknown };

/** A part of what there is, or more than that. */
function partOf(resources: Resources, part: Part): Resources {
  const scaled = (by: number) =>
    Object.fromEntries(
      Object.entries(resources).flatMap(([key, quantity]) =>
        typeof quantity === "number" ? [[key, Math.floor(quantity * by)]] : [],
      ),
    );
  switch (part) {
    case "whole":
      return resources;
    case "half":
      return scaled(0.5);
    case "little":
      return scaled(0.05);
    case "more":
      return { ...resources, cpus: Number(resources["cpus"] ?? 0) + 1_000 };
    case "huge":
      return { cpus: Number.MAX_SAFE_INTEGER };
    case "none":
      return {};
    case "zero":
      return { cpus: 0 };
    case "alien":
      return { "cpus(other)": 1_000 };
    case "inherited":
      return { constructor: 1_000, toString: { items: ["a"] } };
  }
}

function offersOf({ everyOffer, ownOffers }: Scene, picks: readonly OfferPick[]): readonly Offer[] {
  const [first] = ownOffers;
  return picks.flatMap(({ of, n }) => {
    const from =
      of === "own"
        ? ownOffers
        : of === "slave"
          ? ownOffers.filter(({ slaveId }) => slaveId === first?.slaveId)
          : everyOffer;
    const offer = of === "never" ? undefined : from[n % Math.max(1, from.length)];
    return offer === undefined ? [] : [offer];
  });
}

export function callBody(scene: Scene, call: CallDraft, filter: Filter): readonly [kind: string, body: Body] {
  const { scheduler, fresh: _fresh, used } = scene;
  const frameworkId = scheduler.id;
  const own = { frameworkId };
  switch (call.type) {
    case "accept": {
      const offers = offersOf(scene, call.offers);
      const operations = call.operations.map((draft) => operationOf(scene, draft, offers));
      return ["accept", { ...own, offerIds: idsOf(call.offers, offers), operations, filter }];
    }
    case "decline":
      return ["decline", { ...own, offerIds: idsOf(call.offers, offersOf(scene, call.offers)), filter }];
    case "inverse":
      return ["acceptInverseOffers", { ...own, offerIds: idsOf(call.offers, offersOf(scene, call.offers)), filter }];
    case "suppress":
    case "revive":
      return [call.type, { ...own, roles: call.roles }];
    case "setFilters":
      return ["setFilters", { ...own, filters: filtersOf(scene, call.filters) }];
    case "updateFramework": {
      const filters = filtersOf(scene, call.filters);
      const info = { ...scheduler.info, roles: call.roles };
      return ["updateFramework", { ...own, info, suppressedRoles: call.roles.slice(0, 1), filters }];
    }
    case "subscribe": {
      const id = frameworkId === "none" ? {} : { id: frameworkId };
      const info = { ...scheduler.info, ...id, roles: call.roles };
      return ["subscribe", { self: scheduler.party.address, info, suppressedRoles: call.suppressed }];
    }
    case "kill":
      return ["killTask", { ...own, taskId: taskName(used(call.n)), graceMs: 0.5 }];
    case "reconcile":
      return ["reconcile", { ...own, tasks: call.n === 0 ? [] : [{ taskId: taskName(used(call.n)) }] }];
    case "executor":
      return ["shutdownExecutor", { ...own, slaveId: scene.otherSlave, executorId: `t${call.n}` }];
    case "share":
      return ["guaranteedShare", own];
    case "acknowledge": {
      const status = scheduler.updates.at(-call.n);
      const { taskId = taskName(0), slaveId = scene.otherSlave, uuid = "none" } = status ?? {};
      return ["acknowledge", { ...own, taskId, slaveId, uuid }];
    }
    case "operation": {
      if (call.n % 2 === 0)
        return ["reconcileOperations", { ...own, operations: call.n === 0 ? [] : [{ operationId: `o${call.n}` }] }];
      const status = scheduler.hearing.of("operationUpdate").at(-call.n);
      return [
        "acknowledgeOperation",
        { ...own, operationId: status?.operationId ?? "o0", uuid: status?.uuid ?? "none" },
      ];
    }
  }
}

function idsOf(picks: readonly OfferPick[], offers: readonly Offer[]): readonly OfferId[] {
  return [
    ...offers.map(({ id }) => id),
    ...picks.filter(({ of }) => of === "never").map(({ n }) => OfferId(`never-${n}`)),
  ];
}

function operationOf(scene: Scene, draft: OperationDraft, offers: readonly Offer[]): Operation {
  const resources = sum(offers.filter(({ slaveId }) => slaveId === offers[0]?.slaveId).map((offer) => offer.resources));
  const slaveId = offers[0]?.slaveId ?? scene.otherSlave;
  const unfit = () => ({ taskId: taskName(scene.fresh()), slaveId, fault: "no task" });
  if (draft.type === "launch") {
    const tasks = draft.tasks.map((each) => taskOf(scene, each, slaveId, resources));
    return { type: "launch", tasks, ...(draft.unfit ? { unfit: [unfit()] } : {}) };
  }
  if (draft.type === "unfitGroup") return { type: "unfitGroup", unfit: [unfit(), unfit()] };
  if (draft.type === "launchGroup") {
    const tasks = draft.tasks.map((each) => taskOf(scene, each, slaveId, resources));
    const executor = { executorId: `e${draft.executor}`, resources: partOf(resources, draft.part) };
    return { type: "launchGroup", executor, tasks };
  }
  const id = draft.id === "none" ? {} : { operationId: `o${draft.id === "new" ? scene.fresh() : scene.used(0)}` };
  if (draft.type === "unknown") return { type: "unknown", name: "CREATE", ...id };
  const { principal } = scene.scheduler.info;
  const role = draft.role ?? offers[0]?.role ?? "ads";
  const free = partOf(unreserved(resources), draft.part);
  const reservation = { role, dynamic: true, ...(principal === undefined ? {} : { principal }) };
  if (draft.type === "reserve") return { type: "reserve", resources: pushed(free, reservation), ...id };
  const dynamic = Object.entries(resources).filter(([key]) => key.includes("dynamic"));
  return { type: "unreserve", resources: partOf(Object.fromEntries(dynamic), draft.part), ...id };
}

function taskOf(scene: Scene, { id, n, part, there }: TaskDraft, slaveId: SlaveId, resources: Resources): TaskInfo {
  return {
    taskId: taskName(id === "new" ? scene.fresh() : scene.used(n)),
    name: "a task",
    slaveId: there ? slaveId : scene.otherSlave,
    resources: partOf(resources, part),
    command: { shell: true, value: "true" },
  };
}

function filtersOf(
  { otherSlave }: Scene,
  { slaves, minFree, role, minAllocatable, regex }: FiltersDraft,
): OfferFilters {
  const constraints =
    regex === undefined
      ? {}
      : {
          constraints: [
            [{ selector: { pseudo: "hostname" as const }, predicate: { type: "matches" as const, regex } }],
          ],
        };
  const roleFilters = { ...(minAllocatable === undefined ? {} : { minAllocatable }), ...constraints };
  return {
    ...(slaves ? { slaves: [otherSlave] } : {}),
    ...(minFree === undefined ? {} : { minFree }),
    ...(role === undefined ? {} : { roles: Object.fromEntries([[role, roleFilters]]) }),
  };
}

/** `resources`: what the slave has. */
export function operatorCallOf(
  draft: OperatorDraft,
  { slaveId, resources, frameworkId }: { slaveId: SlaveId; resources: Resources; frameworkId: FrameworkId },
): OperatorCall {
  switch (draft.type) {
    case "UPDATE_QUOTA": {
      const quotas = draft.quotas.map(({ role, ...quota }) => ({ role, quota }));
      return { type: draft.type, force: draft.force, quotas };
    }
    case "SET_QUOTA": {
      const { role, ...quota } = draft.quota;
      return { type: draft.type, force: draft.force, role, quota };
    }
    case "REMOVE_QUOTA":
    case "UPDATE_WEIGHTS":
      return draft;
    case "RESERVE_RESOURCES": {
      const free = partOf(unreserved(resources), draft.part);
      return {
        type: draft.type,
        slaveId,
        resources: pushed(free, { role: draft.role, dynamic: true }),
        principal: "ops",
      };
    }
    case "UNRESERVE_RESOURCES": {
      const dynamic = Object.entries(resources).filter(([key]) => key.includes("dynamic"));
      return { type: draft.type, slaveId, resources: partOf(Object.fromEntries(dynamic), draft.part) };
    }
    case "WHY_NOT":
      return { type: draft.type, framework: frameworkId, need: { ...noResources, cpus: 1_000 } };
    case "WHY_IDLE":
      return { type: draft.type };
    case "TEARDOWN":
      return { type: draft.type, frameworkId };
    case "MARK_AGENT_GONE":
      return { type: draft.type, slaveId: `${slaveId}9` as SlaveId };
  }
}

function taskName(n: number): TaskId {
  return TaskId(`t${n}`);
}
