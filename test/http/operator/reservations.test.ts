import { describe, expect, test } from "vitest";
import type { OperatorCall } from "../../../src/protocol/operator-api.ts";
import { fedView, gateway, oneThread, scriptedMaster } from "../scene.ts";

const json = { "content-type": "application/json" };
const scalar = (name: string, value: number) => ({ name, role: "*", type: "SCALAR", scalar: { value } });

describe.each(["RESERVE_RESOURCES", "UNRESERVE_RESOURCES"] as const)("%s", (type) => {
  const cpus = { ...scalar("cpus", 1), role: undefined, reservations: [{ type: "DYNAMIC", role: "ads" }] };

  async function post(fields: object) {
    const heard: OperatorCall[] = [];
    const { system } = oneThread();
    const script = scriptedMaster({
      operate: ({ call: asked }, answer) => {
        heard.push(asked);
        answer({ done: true, seq: 1 });
      },
    });
    const master = system.spawn(script, undefined);
    const { url } = await gateway({ system, view: fedView([], 7), master: () => master });
    const body = JSON.stringify({ type, [type.toLowerCase()]: { agent_id: { value: "s1" }, ...fields } });
    const response = await fetch(`${url}/api/v1`, { method: "POST", headers: json, body });
    return { status: response.status, text: await response.text(), heard };
  }

  test("is accepted with 202, and names resources under their reservation", async () => {
    const resources = { 'cpus(["ads","dynamic"])': 1_000 };
    const heard = [{ type, slaveId: "s1", resources }];
    expect(await post({ resources: [cpus] })).toEqual({ status: 202, text: "", heard });
  });

  test.each<[string, object, RegExp]>([
    ["no resources", {}, /resources: it uses no resources/],
    ["what is none", { resources: [{ name: "cpus" }] }, /resources: /],
    ["a source", { resources: [cpus], source: [cpus] }, /source: /],
  ])("with %s is a fault", async (_name, fields, text) => {
    expect(await post(fields)).toEqual({ status: 400, text: expect.stringMatching(text), heard: [] });
  });
});
