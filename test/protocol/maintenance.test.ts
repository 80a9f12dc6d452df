import { expect, test } from "vitest";
import {
  hostnameLengthMax,
  type MaintenanceWindow,
  machinesMax,
  maintenanceFault,
  maintenanceShape,
} from "../../src/protocol/maintenance.ts";
import { shapeFault } from "../../src/protocol/shape.ts";

const h1 = { hostname: "h1" };
const h2 = { hostname: "h2" };

function hosts(count: number): readonly { readonly hostname: string }[] {
  return Array.from({ length: count }, (_, index) => ({ hostname: `h${index}` }));
}

test.each<[string, readonly MaintenanceWindow[]]>([
  ["nothing", []],
  ["a window without end", [{ machines: [h1], startMs: 0 }]],
  [
    "windows that overlap, of different machines",
    [
      { machines: [h1], startMs: 0, durationMs: 10 },
      { machines: [h2], startMs: 5, durationMs: 10 },
    ],
  ],
  [
    "machines that share a name and not an address",
    [{ machines: [{ hostname: "h1", ip: "10.0.0.1" }, { hostname: "h1", ip: "::1" }, h1, { ip: "::1" }], startMs: 0 }],
  ],
  ["as many machines as are allowed", [{ machines: hosts(machinesMax), startMs: 0, durationMs: 0 }]],
])("a schedule may hold %s", (_, windows) => {
  expect(maintenanceFault(windows)).toBeUndefined();
  expect(shapeFault(maintenanceShape, windows)).toBeUndefined();
});

test.each<[readonly MaintenanceWindow[], string]>([
  [
    [
      { machines: [h1], startMs: 0 },
      { machines: [], startMs: 0 },
    ],
    "window 2 has no machines",
  ],
  [[{ machines: [h1, h1], startMs: 0 }], "machine h1 is in the schedule twice: in windows 1 and 1"],
  [
    [
      { machines: [h1], startMs: 0, durationMs: 10 },
      { machines: [h2, { hostname: "H1" }], startMs: 5, durationMs: 10 },
    ],
    "machine H1 is in the schedule twice: in windows 1 and 2",
  ],
  [
    [
      {
        machines: [
          { hostname: "h", ip: "FE80::1" },
          { hostname: "H", ip: "fe80::1" },
        ],
        startMs: 0,
      },
    ],
    "machine H at fe80::1 is in the schedule twice",
  ],
  [[{ machines: [{}], startMs: 0 }], "window 1 has a machine with neither a hostname nor an ip"],
  [[{ machines: [{ hostname: "", ip: "" }], startMs: 0 }], "with neither a hostname nor an ip"],
  [
    [{ machines: [{ hostname: "a b" }], startMs: 0 }],
    "whose hostname has other characters than letters, digits and signs",
  ],
  [[{ machines: [{ hostname: "h\u00f6st" }], startMs: 0 }], "whose hostname has other characters"],
  [[{ machines: [{ hostname: "x".repeat(hostnameLengthMax + 1) }], startMs: 0 }], "longer than 253 characters"],
  [[{ machines: [{ ip: "localhost" }], startMs: 0 }], 'whose ip is "localhost", which is no address'],
  [[{ machines: [{ ip: "1".repeat(46) }], startMs: 0 }], "which is no address"],
  [[{ machines: [h1], startMs: -1 }], "window 1 starts at -1, which is no time in milliseconds"],
  [[{ machines: [h1], startMs: Number.NaN }], "starts at NaN"],
  [[{ machines: [h1], startMs: 1e300 }], "starts at 1e+300"],
  [[{ machines: [h1], startMs: 0, durationMs: -1 }], "window 1 lasts -1 ms, which is no duration"],
  [[{ machines: [h1], startMs: 0, durationMs: 0.5 }], "lasts 0.5 ms"],
  [[{ machines: [h1], startMs: 1, durationMs: Number.MAX_SAFE_INTEGER }], "ends too late to be counted"],
  [[{ machines: hosts(machinesMax + 1), startMs: 0 }], `the schedule has more than ${machinesMax} machines`],
])("what is wrong with a schedule is said: case %#", (windows, fault) => {
  expect(maintenanceFault(windows)).toContain(fault);
});
