import { z } from "zod";
import type { Machine, MaintenanceWindow } from "./maintenance.ts";
import type { PlainWrite } from "./operator-api.ts";

const fault = "must be a whole number from 0 to 2^63";

/** Protobuf's JSON may write 64 bits as text. */
const countSchema = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^\d{1,19}$/)
        .transform(Number),
    ],
    { error: fault },
  )
  .refine((count) => Number.isInteger(count) && count >= 0 && count <= 2 ** 63, { error: fault });

const nanosecondsSchema = z
  .object({ nanoseconds: countSchema })
  .transform(({ nanoseconds }) => Math.round(nanoseconds / 1e6));

const machineSchema = z
  .object({ hostname: z.string().optional(), ip: z.string().optional() })
  .transform(({ hostname, ip }): Machine => {
    return { ...(hostname === undefined ? {} : { hostname }), ...(ip === undefined ? {} : { ip }) };
  });

const windowSchema = z
  .object({
    machine_ids: z.array(machineSchema).default([]),
    unavailability: z.object({ start: nanosecondsSchema, duration: nanosecondsSchema.optional() }),
  })
  .transform(({ machine_ids: machines, unavailability: { start: startMs, duration } }): MaintenanceWindow => {
    return duration === undefined ? { machines, startMs } : { machines, startMs, durationMs: duration };
  });

/** The schedule of maintenance as it is posted. Whether it can be, the master says. */
export const scheduleSchema = z
  .object({ windows: z.array(windowSchema).default([]) })
  .transform(({ windows }): PlainWrite => ({ type: "UPDATE_MAINTENANCE_SCHEDULE", windows }));
