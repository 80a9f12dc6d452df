import { expect, test } from "vitest";
import type { WireBody } from "../../src/actors/wire-value.ts";
import { masterTable } from "../../src/protocol/master-api.ts";
import { parseOperatorRequest } from "../../src/protocol/operator-schema.ts";

test.each([
  [
    { type: "TEARDOWN", teardown: { framework_id: { value: "F-1" } } },
    { type: "TEARDOWN", frameworkId: "F-1" },
  ],
  [
    { type: "MARK_AGENT_GONE", mark_agent_gone: { agent_id: { value: "S-1" } } },
    { type: "MARK_AGENT_GONE", slaveId: "S-1" },
  ],
])("%j is a call that the master takes", (body, call) => {
  expect(parseOperatorRequest(body)).toEqual({ ok: true, value: { kind: "write", call } });
  expect(masterTable.fault?.("operate", { call })).toBeUndefined();
});

test.each(["RESERVE_RESOURCES", "UNRESERVE_RESOURCES"])("%s has its resources as they came", (type) => {
  const body = { type, [type.toLowerCase()]: { agent_id: { value: "S-1" }, resources: [{ name: "cpus" }] } };
  const call = { type, slaveId: "S-1", resources: [{ name: "cpus" }], source: [] };
  expect(parseOperatorRequest(body)).toEqual({ ok: true, value: { kind: "reservation", call } });
  const lacking = parseOperatorRequest({ type });
  expect(lacking).toMatchObject({ error: { status: 400, message: expect.stringContaining(`not a ${type} call`) } });
});

test.each([
  [{ type: "WHY_IDLE" }, { type: "WHY_IDLE" }],
  [
    { type: "WHY_NOT", why_not: { framework: "my batch" } },
    { type: "WHY_NOT", framework: "my batch" },
  ],
  [
    { type: "WHY_NOT", why_not: { framework: "F-1", agent_id: { value: "S-1" }, need: "cpus:4;mem:8192" } },
    { type: "WHY_NOT", framework: "F-1", slaveId: "S-1", need: { cpus: 4_000, mem: 8_192_000 } },
  ],
])("%j is a question that the master answers", (body, call) => {
  expect(parseOperatorRequest(body)).toEqual({ ok: true, value: { kind: "question", call } });
  expect(masterTable.fault?.("operate", { call } as WireBody)).toBeUndefined();
});

test.each([
  [{ type: "WHY_NOT" }, "not a WHY_NOT call: why_not: "],
  [{ type: "WHY_NOT", why_not: { framework: "" } }, "not a WHY_NOT call: why_not.framework: "],
  [{ type: "WHY_NOT", why_not: { framework: "f", need: "cpus" } }, 'why_not.need: "cpus" is not name:value'],
  [{ type: "WHY_NOT", why_not: { framework: "f", need: "cpus(ads):1" } }, "why_not.need: names a reservation"],
  [{ type: "MARK_AGENT_GONE" }, "not a MARK_AGENT_GONE call: mark_agent_gone: "],
  [{ type: "MARK_AGENT_GONE", mark_agent_gone: { agent_id: { value: "../x" } } }, 'agent_id.value: contains "/"'],
])("%j is a call that lacks something, and hears what", (body, says) => {
  expect(parseOperatorRequest(body)).toMatchObject({ error: { status: 400, message: expect.stringContaining(says) } });
});

test.each([
  [{ type: "MARK_AGENT_GONE", frameworkId: "F-1" }, "call.slaveId: "],
  [{ type: "RESERVE_RESOURCES", slaveId: "S-1", resources: { cpus: -1 } }, "call.resources.cpus"],
  [{ type: "TEARDOWN", slaveId: "S-1" }, "call.frameworkId: "],
  [{ type: "constructor" }, "call.type: is none of TEARDOWN,MARK_AGENT_GONE,WHY_NOT,WHY_IDLE"],
  [{ type: "constructor" }, "call.type: is none of TEARDOWN,MARK_AGENT_GONE,"],
  [{ frameworkId: "F-1" }, "call.type: "],
])("%j from another host is a fault, and says where", (call, says) => {
  expect(masterTable.fault?.("operate", { call } as WireBody)).toContain(says);
});
