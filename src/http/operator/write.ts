import type { ActorRef } from "../../actors/ref.ts";
import type { ActorSystem } from "../../actors/system.ts";
import type { MasterProtocol } from "../../protocol/master-api.ts";
import type { OperatorWrite } from "../../protocol/operator-api.ts";
import { noMaster, type Refusal } from "../guards/admission.ts";
import type { Authorizer, RoleAction } from "../guards/authorization.ts";
import type { ClusterView } from "../view/view.ts";

/** How long the master may take over a write or a question, in milliseconds. */
export const operateTimeoutMs = 10_000;

/** What writes need, by whichever route they come. */
export type WriteDoor = {
  readonly system: ActorSystem;
  readonly view: ClusterView;
  readonly master: () => ActorRef<MasterProtocol> | undefined;
  readonly authorizer: Authorizer;
};

/**
 * Has the master carry out a call, if whoever asks may do so, and waits until the effect shows, so that a read that follows
 * sees it. Answers with why not.
 */
export async function carryOut(
  { system, view, master, authorizer }: WriteDoor,
  call: OperatorWrite,
  principal: string | undefined,
): Promise<Refusal | undefined> {
  const forbidden = forbiddenRole(authorizer, call, principal);
  if (forbidden !== undefined) return { status: 403, message: forbidden };
  const to = master();
  if (to === undefined) return noMaster;
  const outcome = await system.question(to, "operate", { call }, operateTimeoutMs);
  if (!outcome.ok) {
    const done = outcome.outcome === "not-run" ? "nothing was changed" : "whether it was carried out is unknown";
    return { status: 503, message: `the master did not answer (${outcome.code}); ${done}` };
  }
  if (!outcome.value.done) return { status: outcome.value.status, message: outcome.value.reason };
  return view.reached(outcome.value.seq).then(
    () => undefined,
    (error: Error) => ({
      status: 503,
      message: `${call.type} was carried out, but does not show yet: ${error.message}`,
    }),
  );
}

function forbiddenRole(authorizer: Authorizer, call: OperatorWrite, principal: string | undefined): string | undefined {
  const what = touched(call);
  const forbidden = what?.roles.find((role) => !authorizer.allows(what.action, principal, role));
  const part = what?.action === "update_weights" ? "weight" : "quota";
  return forbidden === undefined
    ? undefined
    : `not authorized to change the ${part} of role ${JSON.stringify(forbidden)}`;
}

/** The roles that a call changes something of. */
function touched(call: OperatorWrite): undefined | { readonly action: RoleAction; readonly roles: readonly string[] } {
  switch (call.type) {
    case "UPDATE_QUOTA":
      return { action: "update_quotas", roles: call.quotas.map(({ role }) => role) };
    case "SET_QUOTA":
    case "REMOVE_QUOTA":
      return { action: "update_quotas", roles: [call.role] };
    case "UPDATE_WEIGHTS":
      return { action: "update_weights", roles: call.weights.map(({ role }) => role) };
    case "TEARDOWN":
    case "MARK_AGENT_GONE":
    case "UPDATE_MAINTENANCE_SCHEDULE":
    case "RESERVE_RESOURCES":
    case "UNRESERVE_RESOURCES":
      return undefined;
  }
}
