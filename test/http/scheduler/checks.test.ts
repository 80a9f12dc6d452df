import { expect, test } from "vitest";
import type { Answer, Wire } from "./client.ts";
import { wires } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { type Draft, DraftedDoor, flawless } from "./door-draft.ts";

/** The door looks at a request in one order, and the first thing wrong is what it answers. */

const reconcileOperations = { type: "RECONCILE_OPERATIONS", reconcile_operations: { operations: [] } };
const subscribe = { type: "SUBSCRIBE", subscribe: { framework_info: { user: "ada", name: "again" } } };

type Call = typeof reconcileOperations | typeof subscribe;

type Fault = {
  readonly draft: Partial<Draft>;
  readonly status: number;
  readonly text?: RegExp;
  readonly headers?: Readonly<Record<string, string | RegExp>>;
  /** Default: whatever the call. */
  readonly only?: Call["type"];
  /** Whether a call cannot be so wrong and be looked at any further. */
  readonly wires?: readonly Wire[];
};

/** In the order in which they are looked for. */
const faults = {
  "1 no credentials": {
    draft: { caller: "nobody" },
    status: 401,
    headers: { "www-authenticate": 'Basic realm="mesos-master-scheduler"' },
  },
  "2 a principal without a value": { draft: { caller: "empty" }, status: 403, text: /principal/ },
  "3 another leads": {
    draft: { leader: "elsewhere" },
    status: 307,
    headers: { location: "//10.1.2.3:5050/api/v1/scheduler" },
  },
  "3 nobody leads": { draft: { leader: "nobody" }, status: 503, text: /^No leader elected/ },
  "4 not recovered": { draft: { recovered: false }, status: 503, text: /^Master has not finished recovery/ },
  "5 a method that is not POST": { draft: { method: "PUT" }, status: 405, headers: { allow: "POST" } },
  "6 no content type": { draft: { contentType: "none" }, status: 400, text: /Content-Type/ },
  "6 a content type of nobody's": { draft: { contentType: "text/plain" }, status: 415 },
  "6 a body that does not parse": { draft: { body: "garbage" }, status: 400, text: /^not a scheduler call/ },
  "7 a call without its part": { draft: { body: "incomplete" }, status: 400, text: /is missing in a call/ },
  "8 an answer in no form we have": { draft: { accept: "text/html" }, status: 406 },
  "9 a subscription with a stream": {
    draft: { streamId: "own" },
    status: 400,
    text: /has no Mesos-Stream-Id/,
    only: "SUBSCRIBE",
  },
  "11 a framework of nobody's": {
    draft: { framework: "unknown" },
    status: 400,
    text: /is registered/,
    only: "RECONCILE_OPERATIONS",
  },
  "12 another principal": { draft: { caller: "bob" }, status: 400, text: /principal/, only: "RECONCILE_OPERATIONS" },
  "13 a framework that is away": {
    draft: { framework: "disconnected" },
    status: 403,
    text: /is not subscribed/,
    only: "RECONCILE_OPERATIONS",
  },
  "14 a framework that came by a driver": {
    draft: { framework: "driver" },
    status: 403,
    text: /not by HTTP/,
    only: "RECONCILE_OPERATIONS",
  },
  "15 no stream": {
    draft: { streamId: "none" },
    status: 400,
    text: /needs the Mesos-Stream-Id/,
    only: "RECONCILE_OPERATIONS",
  },
  "16 another stream": {
    draft: { streamId: "wrong" },
    status: 400,
    text: /not that of the present stream/,
    only: "RECONCILE_OPERATIONS",
  },
} satisfies Record<string, Fault>;

type FaultName = keyof typeof faults;
const names = Object.keys(faults) as FaultName[];

const accepted = [
  "10 SUBSCRIBE",
  "17 a call",
  "17 UPDATE_FRAMEWORK",
  "17 UPDATE_FRAMEWORK that cannot be",
  "17 RECONCILE_OPERATIONS",
  "17 UNKNOWN",
] as const;

const table = new ContractTable("order of checks", [...names, ...accepted]);

const callsFor = ({ only }: Fault): readonly Call[] =>
  [subscribe, reconcileOperations].filter(({ type }) => (only ?? type) === type);

/** What is right for a call. */
const rightFor = ({ type }: Call): Draft => ({ ...flawless, streamId: type === "SUBSCRIBE" ? "none" : "own" });

function expectFault(answer: Answer, { status, text = /./, headers = {} }: Fault, what: string): void {
  expect([what, answer.status, answer.text]).toEqual([what, status, status === 307 ? "" : expect.stringMatching(text)]);
  for (const [name, value] of Object.entries(headers)) expect(answer.headers.get(name)).toEqual(value);
}

for (const name of names) {
  const fault: Fault = faults[name];
  table.row(name, async (wire) => {
    const door = await DraftedDoor.open(wire);
    for (const call of callsFor(fault)) {
      expectFault(await door.send({ ...rightFor(call), ...fault.draft }, call), fault, call.type);
    }
  });
}

table.row("10 SUBSCRIBE", async (wire) => {
  const door = await DraftedDoor.open(wire);
  const stream = await door.client.open({}, {}, {});
  expect([stream.status, stream.headers["transfer-encoding"]]).toEqual([200, "chunked"]);
  await stream.take("SUBSCRIBED");
});

table.row("17 a call", async (wire) => {
  const door = await DraftedDoor.open(wire);
  const answer = await door.send(flawless, { type: "REVIVE" });
  expect([
    answer.status,
    answer.text,
    answer.headers.get("content-type"),
    answer.headers.get("content-length"),
  ]).toEqual([202, "", null, "0"]);
});

table.row("17 UPDATE_FRAMEWORK", async (wire) => {
  const { client } = await DraftedDoor.open(wire);
  const framework_info = { user: "ada", name: "renamed", id: { value: client.frameworkId } };
  const answer = await client.call("UPDATE_FRAMEWORK", { update_framework: { framework_info } });
  expect([answer.status, answer.text]).toEqual([200, ""]);
});

table.row("17 UPDATE_FRAMEWORK that cannot be", async (wire) => {
  const { client } = await DraftedDoor.open(wire);
  const framework_info = { user: "eve", name: "f", id: { value: client.frameworkId } };
  const answer = await client.call("UPDATE_FRAMEWORK", { update_framework: { framework_info } });
  expect([answer.status, answer.text]).toEqual([400, "the user of a framework cannot be changed\n"]);
});

table.row("17 RECONCILE_OPERATIONS", async (wire) => {
  const { client } = await DraftedDoor.open(wire);
  const operations = [{ operation_id: { value: "o1" } }];
  const accept = wire === "json" ? "application/json" : "application/x-protobuf";
  const answer = await client.call(
    "RECONCILE_OPERATIONS",
    { reconcile_operations: { operations } },
    { headers: { accept } },
  );
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, accept]);
  expect(client.decodeResponse(answer)).toEqual({
    type: "RECONCILE_OPERATIONS",
    reconcile_operations: { operation_statuses: [{ operation_id: { value: "o1" }, state: "OPERATION_UNKNOWN" }] },
  });
});

table.row("17 UNKNOWN", async (wire) => {
  const { client } = await DraftedDoor.open(wire);
  expect((await client.call("UNKNOWN")).status).toBe(501);
});

table.complete();

test.each(wires)("of two things wrong the one that is looked for first is told (%s)", async (wire) => {
  const door = await DraftedDoor.open(wire);
  let pairs = 0;
  for (const [index, name] of names.entries()) {
    for (const later of names.slice(index + 1)) {
      const [first, second]: readonly Fault[] = [faults[name], faults[later]];
      if (first === undefined || second === undefined || !areIndependent(first, second)) continue;
      for (const call of callsFor(first).filter((each) => callsFor(second).includes(each))) {
        pairs++;
        const draft = { ...rightFor(call), ...second.draft, ...first.draft };
        expectFault(await door.send(draft, call), first, `${call.type}: ${name}, ${later}`);
      }
    }
  }
  expect(pairs).toBeGreaterThan(100);
});

function areIndependent(one: Fault, other: Fault): boolean {
  return Object.keys(one.draft).every((key) => !(key in other.draft));
}
