/** Schedules of maintenance by the operator API and by the forms of the time before it. */

import { describe, expect, test } from "vitest";
import type { ClusterChange } from "../../../src/protocol/cluster-events.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import type { MaintenanceWindow } from "../../../src/protocol/maintenance.ts";
import { slaveRow } from "../scene.ts";
import { door } from "./door.ts";

const posted = {
  windows: [
    {
      machine_ids: [{ hostname: "h1", ip: "10.0.0.1" }, { hostname: "h2" }],
      unavailability: { start: { nanoseconds: 1_500_000_000 }, duration: { nanoseconds: 3_600_000_000_000 } },
    },
    { machine_ids: [{ ip: "10.0.0.3" }], unavailability: { start: { nanoseconds: 0 } } },
  ],
};
const windows: readonly MaintenanceWindow[] = [
  { machines: [{ hostname: "h1", ip: "10.0.0.1" }, { hostname: "h2" }], startMs: 1_500, durationMs: 3_600_000 },
  { machines: [{ ip: "10.0.0.3" }], startMs: 0 },
];

function slave(id: string, hostname: string, ip: string): ClusterChange {
  return { type: "slave", row: slaveRow(id, { info: { ...slaveRow(id).info, hostname, ip } }) };
}

const told: readonly ClusterChange[] = [
  slave("s1", "H1", "10.0.0.1"),
  slave("s3", "h3", "10.0.0.3"),
  {
    type: "maintenance",
    maintenance: {
      windows,
      answers: [
        { slaveId: SlaveId("s1"), frameworkId: FrameworkId("f1"), said: { answer: "accepted", atMs: 2_000 } },
        { slaveId: SlaveId("s1"), frameworkId: FrameworkId("f2"), said: { answer: "declined", atMs: 3_000 } },
        { slaveId: SlaveId("s3"), frameworkId: FrameworkId("f2") },
        { slaveId: SlaveId("gone"), frameworkId: FrameworkId("f2") },
      ],
    },
  },
];

describe("a schedule", () => {
  const asked = [{ type: "UPDATE_MAINTENANCE_SCHEDULE", windows }];

  test("is handed to the master as it was posted", async () => {
    const { heard, call, send } = await door();
    const done = { status: 200, body: "" };
    expect(await call("UPDATE_MAINTENANCE_SCHEDULE", { schedule: posted })).toEqual(done);
    expect(await send("POST", "/maintenance/schedule", posted)).toEqual(done);
    expect(await send("POST", "/master/maintenance/schedule", posted)).toEqual(done);
    expect(heard).toEqual([...asked, ...asked, ...asked]);
  });

  test("may have its times as text, and may be empty", async () => {
    const { heard, call } = await door();
    const machine_ids = [{ hostname: "h" }];
    await call("UPDATE_MAINTENANCE_SCHEDULE", {
      schedule: { windows: [{ machine_ids, unavailability: { start: { nanoseconds: "1700000000123000000" } } }] },
    });
    await call("UPDATE_MAINTENANCE_SCHEDULE", { schedule: {} });
    expect(heard).toMatchObject([{ windows: [{ startMs: 1_700_000_000_123 }] }, { windows: [] }]);
  });

  test.each<readonly [body: object, where: string]>([
    [{}, "update_maintenance_schedule.schedule: "],
    [{ schedule: { windows: [{}] } }, "update_maintenance_schedule.schedule.windows.0.unavailability: "],
    ...["soon", -1, "-1", 1e300, 1.5, "", null].map(
      (nanoseconds) =>
        [
          { schedule: { windows: [{ unavailability: { start: { nanoseconds } } }] } },
          "update_maintenance_schedule.schedule.windows.0.unavailability.start.nanoseconds: ",
        ] as const,
    ),
  ])("of another form, %j, is refused with where that is", async (body, where) => {
    const { heard, call } = await door();
    const { status, body: said } = await call("UPDATE_MAINTENANCE_SCHEDULE", body);
    expect([status, heard]).toEqual([400, []]);
    expect(said).toContain(where);
  });

  test("that the master refuses is refused in its words", async () => {
    const { send } = await door({ reply: { done: false, status: 400, reason: "window 1 has no machines" } });
    expect(await send("POST", "/maintenance/schedule", posted)).toEqual({
      status: 400,
      body: "window 1 has no machines\n",
    });
  });
});

describe("what is scheduled", () => {
  test("is read as it was posted", async () => {
    const { call, send } = await door({ changes: told });
    expect(await call("GET_MAINTENANCE_SCHEDULE")).toEqual({
      status: 200,
      body: { type: "GET_MAINTENANCE_SCHEDULE", get_maintenance_schedule: { schedule: posted } },
    });
    expect((await send("GET", "/maintenance/schedule")).body).toEqual(posted);
  });

  test("is nothing at first", async () => {
    const { send } = await door();
    expect((await send("GET", "/maintenance/schedule")).body).toEqual({ windows: [] });
    expect((await send("GET", "/maintenance/status")).body).toEqual({ draining_machines: [], down_machines: [] });
  });

  test("is told with what frameworks answered, by machine", async () => {
    const { call, send } = await door({ changes: told });
    const status = {
      draining_machines: [
        {
          id: { hostname: "h1", ip: "10.0.0.1" },
          statuses: [
            { status: "ACCEPT", framework_id: { value: "f1" }, timestamp: { nanoseconds: 2_000_000_000 } },
            { status: "DECLINE", framework_id: { value: "f2" }, timestamp: { nanoseconds: 3_000_000_000 } },
          ],
        },
        { id: { hostname: "h2" }, statuses: [] },
        {
          id: { ip: "10.0.0.3" },
          statuses: [{ status: "UNKNOWN", framework_id: { value: "f2" }, timestamp: { nanoseconds: 0 } }],
        },
      ],
      down_machines: [],
    };
    expect((await call("GET_MAINTENANCE_STATUS")).body).toEqual({
      type: "GET_MAINTENANCE_STATUS",
      get_maintenance_status: { status },
    });
    expect((await send("GET", "/maintenance/status")).body).toEqual(status);
  });
});
