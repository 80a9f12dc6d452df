import fc from "fast-check";
import { agentWord, doubles, mostly, offerWord, texts } from "./any-call.ts";
import { capabilities } from "./calls.ts";
import type { Wire } from "./client.ts";

/**
 * Calls that came to Mesos later, in the shape of those that work, with one or another value that is not: drawn from the
 * schema alone, next to none of them would come as far as the master.
 */

/** The role of the scheduler that sends them. */
const hostileRole = "ads";
export const hostileInfo = {
  ...capabilities("MULTI_ROLE", "RESERVATION_REFINEMENT"),
  roles: [hostileRole],
  failover_timeout: 0,
};

const roles = mostly(
  [hostileRole],
  fc.oneof(fc.constantFrom("*", "", "..", "a b", "a//b", "-a", "ads/*", "x".repeat(256)), texts),
);
const names = mostly(["cpus", "mem"], fc.oneof(fc.constantFrom("cpus(ads)", "gpus", "toString", ""), texts));
const ids = mostly(["o1", "o2", "o3", "o4"], fc.oneof(fc.constant("x".repeat(256)), texts));
const wrapped = (value: fc.Arbitrary<string>) => fc.record({ value }, { noNullPrototype: true });

const reservation = fc.record(
  { type: fc.constantFrom("DYNAMIC", "DYNAMIC", "DYNAMIC", "DYNAMIC", "STATIC"), role: roles, principal: texts },
  { requiredKeys: ["type", "role"], noNullPrototype: true },
);
const resource = fc
  .tuple(names, doubles, mostly([1], fc.constantFrom(0, 2)), reservation)
  .map(([name, value, count, each]) => ({
    name,
    type: "SCALAR",
    scalar: { value },
    reservations: Array(count).fill(each),
  }));
const resources = fc.array(resource, { minLength: 1, maxLength: 2 });

const operation = fc
  .tuple(fc.constantFrom("RESERVE", "RESERVE", "UNRESERVE"), resources, fc.option(wrapped(ids), { nil: undefined }))
  .map(([type, named, id]) => ({
    type,
    [type.toLowerCase()]: { resources: named },
    ...(id === undefined ? {} : { id }),
  }));

const filters = doubles.map((refuse_seconds) => ({ refuse_seconds }));
const offer_ids = fc
  .array(mostly([offerWord], texts), { minLength: 1, maxLength: 2 })
  .map((all) => [...new Set(all)].map((value) => ({ value })));

const selector = fc.constantFrom<object>(
  ...[{ attribute_name: "rack" }, { attribute_name: "x".repeat(2_000) }, { pseudoattribute_type: "HOSTNAME" }, {}],
);
const predicate = fc.oneof(
  fc.constantFrom<object>({ exists: {} }, { not_exists: {} }, {}),
  texts.map((value) => ({ text_equals: { value } })),
  mostly(["r[0-9]", ".*"], fc.constantFrom("(", "x".repeat(2_000), "(a{1000}){1000}")).map((regex) => ({
    text_matches: { regex },
  })),
);
const constraint = fc.record({ selector, predicate }, { noNullPrototype: true });
const groups = fc.array(fc.array(constraint, { maxLength: 2 }), { maxLength: 2 });
const byRole = <Of>(value: fc.Arbitrary<Of>) =>
  fc.tuple(roles, value).map(([role, each]) => Object.fromEntries([[role, each]]));

const offer_constraints = byRole(
  groups.map((all) => ({ groups: all.map((attribute_constraints) => ({ attribute_constraints })) })),
).map((role_constraints) => ({ role_constraints }));
const offer_filters = byRole(
  fc
    .array(fc.tuple(names, doubles), { maxLength: 2 })
    .map((each) => Object.fromEntries(each.map(([name, value]) => [name, { value }])))
    .map((quantities) => ({ min_allocatable_resources: { quantities: [{ quantities }] } })),
);

const uuid = (wire: Wire) =>
  fc.constantFrom(
    ...(wire === "json" ? ["AAAA", "A".repeat(22).concat("==")] : [16, 3].map((size) => Buffer.alloc(size))),
  );

export function anyLaterCall(wire: Wire): fc.Arbitrary<object> {
  const agent = fc.constant({ value: agentWord });
  const accepts = fc.record({ offer_ids, operations: fc.array(operation, { minLength: 1, maxLength: 3 }), filters });
  const part = (type: string, value: fc.Arbitrary<object>) =>
    value.map((each) => ({ type, [type.toLowerCase()]: { ...each } }));
  const inverse = fc.record({ inverse_offer_ids: offer_ids, filters });
  const update = fc
    .tuple(offer_filters, fc.option(offer_constraints, { nil: undefined }))
    .map(([more, constraints]) => ({
      framework_info: { user: "ada", name: "f", ...hostileInfo, offer_filters: more },
      ...(constraints === undefined ? {} : { offer_constraints: constraints }),
    }));
  return fc.oneof(
    { weight: 6, arbitrary: part("ACCEPT", accepts) },
    { weight: 1, arbitrary: part("ACCEPT_INVERSE_OFFERS", inverse) },
    { weight: 1, arbitrary: part("DECLINE_INVERSE_OFFERS", inverse) },
    {
      weight: 1,
      arbitrary: part(
        "ACKNOWLEDGE_OPERATION_STATUS",
        fc.record({ agent_id: agent, operation_id: wrapped(ids), uuid: uuid(wire) }),
      ),
    },
    {
      weight: 1,
      arbitrary: part(
        "RECONCILE_OPERATIONS",
        fc.record({
          operations: fc.array(fc.record({ operation_id: wrapped(ids), agent_id: agent }), { maxLength: 2 }),
        }),
      ),
    },
    { weight: 3, arbitrary: part("UPDATE_FRAMEWORK", update) },
  );
}
