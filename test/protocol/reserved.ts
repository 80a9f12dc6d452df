import fc from "fast-check";
import { ordered, pushed, type Reservation } from "../../src/protocol/reservation.ts";
import { type Resources, sum } from "../../src/protocol/resources.ts";
import { quantities } from "./quantities.ts";

/** Arbitrary resources for laws, made by the parser and therefore in normal form. */

const text = fc.string({ maxLength: 6, unit: "grapheme-ascii" });

/** Reservations that may be, of few roles, so that two of them are often to the same. */
export const anyReservation: fc.Arbitrary<Reservation> = fc
  .record(
    {
      role: fc.constantFrom("ads", "ads/a", "web", "[odd", "a(b"),
      dynamic: fc.boolean(),
      principal: text,
      labels: fc.array(fc.record({ key: text, value: text }, { requiredKeys: ["key"] }), {
        minLength: 1,
        maxLength: 3,
      }),
    },
    { requiredKeys: ["role", "dynamic"] },
  )
  .map((each) => ("labels" in each ? { ...each, labels: ordered(each.labels ?? []) } : each) as Reservation);

const interval = fc.tuple(fc.nat(40), fc.nat(10)).map(([begin, length]) => `${begin}-${begin + length}`);

/** Nobody's, of any kinds. */
export const plainResources: fc.Arbitrary<Resources> = fc
  .record(
    {
      cpus: fc.integer({ min: 1, max: 1_000_000 }).map((milli) => String(milli / 1_000)),
      mem: fc.integer({ min: 1, max: 1_000_000_000 }).map((milli) => String(milli / 1_000)),
      gpus: fc.integer({ min: 1, max: 8 }).map(String),
      ports: fc.array(interval, { minLength: 1, maxLength: 5 }).map((all) => `[${all.join(",")}]`),
      disks: fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1 }).map((all) => `{${all.join(",")}}`),
    },
    { requiredKeys: [] },
  )
  .map((parts) =>
    quantities(
      Object.entries(parts)
        .map(([name, value]) => `${name}:${value}`)
        .join(";"),
    ),
  );

/** Some of it nobody's, some of it reserved. */
export const anyResources: fc.Arbitrary<Resources> = fc
  .tuple(plainResources, fc.array(fc.tuple(plainResources, anyReservation), { maxLength: 3 }))
  .map(([free, reserved]) =>
    sum([free, ...reserved.map(([resources, reservation]) => pushed(resources, reservation))]),
  );
