import { expect, test } from "vitest";
import { AgentInfo, MasterInfo } from "../../../src/http/v1/host-messages.ts";
import { ContainerID, DurationInfo, TimeInfo } from "../../../src/http/v1/id-messages.ts";
import { decodeJson, encodeJson } from "../../../src/http/v1/json-codec.ts";
import { Filters, Operation } from "../../../src/http/v1/offer-messages.ts";
import { Call, Event } from "../../../src/http/v1/scheduler-messages.ts";
import { enumeration, map, message, optional, repeated, required } from "../../../src/http/v1/schema.ts";

const Colour = enumeration("Colour", { RED: 1, BLUE: 2 });
const Inner = message("Inner", { id: required("string", 1) });
const Sample = message("Sample", {
  text: optional("string", 1),
  bytes: optional("bytes", 2),
  flag: optional("bool", 3),
  whole: optional("int32", 4),
  natural: optional("uint32", 5),
  nanos: optional("int64", 6),
  count: optional("uint64", 7),
  real: optional("double", 8),
  colour: optional(Colour, 9),
  texts: repeated("string", 10),
  colours: repeated(Colour, 11),
  inner: optional(Inner, 12),
  inners: repeated(Inner, 13),
  byKey: map(Inner, 14),
});
const Strict = message("Strict", { colour: required(Colour, 1) });

const empty = { texts: [], colours: [], inners: [], byKey: new Map() };

test.each([
  ["null is unset", { text: null, inner: null, texts: null, byKey: null }, {}],
  ["an unknown field is ignored", { nobody: { knows: [1] }, text: "a" }, { text: "a" }],
  ["an enum goes by its name", { colour: "BLUE", colours: ["RED"] }, { colour: "BLUE", colours: ["RED"] }],
  ["an unknown name leaves an optional field unset", { colour: "GREEN" }, {}],
  ["an unknown name leaves a list shorter", { colours: ["GREEN", "RED"] }, { colours: ["RED"] }],
  ["null in a list is left out", { texts: [null, "a"], byKey: { a: null } }, { texts: ["a"] }],
  ["bytes are base64", { bytes: "AP8=" }, { bytes: Uint8Array.of(0, 255) }],
  ["no bytes are an empty string", { bytes: "" }, { bytes: new Uint8Array() }],
  [
    "a number may stand in a string",
    { whole: "-7", real: "3.6e+06", count: "9" },
    { whole: -7, real: 3.6e6, count: 9 },
  ],
  ["true or false may stand in a string", { flag: "true" }, { flag: true }],
  ["a whole number may be written with a point", { whole: 15.0, natural: "4e2" }, { whole: 15, natural: 400 }],
  ["a single value is a list of one", { texts: "a", inners: { id: "b" } }, { texts: ["a"], inners: [{ id: "b" }] }],
  ["a map is an object", { byKey: { a: { id: "b" } } }, { byKey: new Map([["a", { id: "b" }]]) }],
  [
    "the ends of each range belong to it",
    { whole: -(2 ** 31), natural: 2 ** 32 - 1, count: 2 ** 53 - 1 },
    { whole: -(2 ** 31), natural: 2 ** 32 - 1, count: 2 ** 53 - 1 },
  ],
  ["nanoseconds of today are rounded", { nanos: "1763829287000000123" }, { nanos: 1763829287000000000 }],
  ["the largest int64 stays one", { nanos: "9223372036854775807" }, { nanos: 2 ** 63 - 1024 }],
  ["minus zero is a zero where numbers are whole", { whole: -0 }, { whole: 0 }],
])("read: %s", (_, given, expected) => {
  expect(decodeJson(Sample, given)).toStrictEqual({ ok: true, value: { ...empty, ...expected } });
});

test.each([
  [Strict, {}, "colour: is missing"],
  [Strict, { colour: null }, "colour: is missing"],
  [Strict, { colour: "GREEN" }, "colour: is not a name of Colour"],
  [Strict, { colour: 1 }, "colour: is not a name of Colour"],
  [Sample, { colour: 1 }, "colour: is not a name of Colour"],
  [Sample, { colours: ["RED", 2] }, "colours.1: is not a name of Colour"],
  [Sample, [], "Sample: is not an object"],
  [Sample, "text", "Sample: is not an object"],
  [Sample, null, "Sample: is not an object"],
  [Sample, { text: 1 }, "text: is not a string"],
  [Sample, { text: ["a"] }, "text: is not a string"],
  [Sample, { text: "\ud800" }, "text: is not text in Unicode"],
  [Sample, { bytes: "AP8" }, "bytes: is not base64 with its padding"],
  [Sample, { bytes: "A-_=" }, "bytes: is not base64 with its padding"],
  [Sample, { bytes: "AP8=\n" }, "bytes: is not base64 with its padding"],
  [Sample, { bytes: 1 }, "bytes: is not base64 with its padding"],
  [Sample, { flag: 1 }, "flag: is not true or false"],
  [Sample, { flag: "yes" }, "flag: is not true or false"],
  [Sample, { whole: true }, "whole: is not a number"],
  [Sample, { whole: "" }, "whole: is not a number"],
  [Sample, { whole: "0x10" }, "whole: is not a number"],
  [Sample, { real: "Infinity" }, "real: is not a number"],
  [Sample, { real: Number.POSITIVE_INFINITY }, "real: is not a number"],
  [Sample, { real: "1e999" }, "real: is not a number"],
  [Sample, { whole: 1.5 }, "whole: is not a whole number"],
  [Sample, { count: 0.5 }, "count: is not a whole number"],
  [Sample, { whole: 2 ** 31 }, "whole: is out of range for int32"],
  [Sample, { natural: -1 }, "natural: is out of range for uint32"],
  [Sample, { natural: 2 ** 32 }, "natural: is out of range for uint32"],
  [Sample, { count: 2 ** 53 }, "count: is out of range for uint64"],
  [Sample, { count: -1 }, "count: is out of range for uint64"],
  [Sample, { nanos: 2 ** 63 * 1.01 }, "nanos: is out of range for int64"],
  [Sample, { inner: "a" }, "inner: is not an object"],
  [Sample, { inner: [{ id: "a" }] }, "inner: is not an object"],
  [Sample, { inners: [{ id: "a" }, {}] }, "inners.1.id: is missing"],
  [Sample, { byKey: [] }, "byKey: is not an object"],
  [Sample, { byKey: { a: {} } }, "byKey.a.id: is missing"],
  [Sample, { byKey: { "a\u001b[31m\n": {} } }, "byKey.a?[31m?.id: is missing"],
  [Sample, { byKey: { "\udc00": { id: "a" } } }, "byKey.\ufffd: is not a key in Unicode"],
  [Call, { accept: { offer_ids: [{}] } }, "accept.offer_ids.0.value: is missing"],
] as const)("%#: a fault says where and what", (type, given, fault) => {
  expect(decodeJson(type, given)).toStrictEqual({ ok: false, error: fault });
});

test("only an object's own properties count", () => {
  const inherited = JSON.parse('{"__proto__": {"id": "forged"}, "constructor": {"id": "forged"}}');
  expect(decodeJson(Inner, inherited)).toStrictEqual({ ok: false, error: "id: is missing" });
  expect(decodeJson(Inner, Object.create({ id: "forged" }))).toMatchObject({ ok: false });
  const keyed = decodeJson(Sample, JSON.parse('{"byKey": {"__proto__": {"id": "a"}, "constructor": {"id": "b"}}}'));
  expect(keyed.ok && [...keyed.value.byKey]).toStrictEqual([
    ["__proto__", { id: "a" }],
    ["constructor", { id: "b" }],
  ]);
  expect({}).not.toHaveProperty("id");
});

test("a fault stays short however deep and long the way to it is", () => {
  const given = { byKey: { ["k".repeat(1000)]: { id: 1 } } };
  expect(decodeJson(Sample, given)).toStrictEqual({
    ok: false,
    error: `byKey.${"k".repeat(39)}….id: is not a string`,
  });
  const deepest = decodeJson(ContainerID, nested(63, { value: 7 }));
  expect(deepest.ok === false && deepest.error).toMatch(/^….*parent\.value: is not a string$/);
  expect(deepest.ok === false && deepest.error.length).toBeLessThanOrEqual(200);
});

test("messages may stand 64 deep and no deeper", () => {
  expect(decodeJson(ContainerID, nested(63))).toMatchObject({ ok: true });
  const deeper = decodeJson(ContainerID, nested(64));
  expect(deeper.ok === false && deeper.error).toMatch(/is more than 64 messages deep$/);
});

test.each([
  ["a declared default that is not set", encodeJson(Filters, {}), '{"refuse_seconds":5.0}'],
  ["a value in place of the default", encodeJson(Filters, { refuse_seconds: 0 }), '{"refuse_seconds":0.0}'],
  [
    "each default of a framework, but no role unless it is set",
    encodeJson(Call, { subscribe: { framework_info: { user: "u", name: "n" } } }),
    '{"subscribe":{"framework_info":{"user":"u","name":"n","failover_timeout":0.0,"checkpoint":false}}}',
  ],
  [
    "a role that is set",
    encodeJson(Event, {
      offers: {
        offers: [
          {
            id: { value: "o" },
            framework_id: { value: "f" },
            agent_id: { value: "a" },
            hostname: "h",
            resources: [
              { name: "cpus", type: "SCALAR", scalar: { value: 0.1 }, role: "*" },
              { name: "ports", type: "RANGES", ranges: { range: [{ begin: 31000, end: 32000 }] }, reservations: [] },
            ],
          },
        ],
      },
    }),
    '{"offers":{"offers":[{"id":{"value":"o"},"framework_id":{"value":"f"},"agent_id":{"value":"a"},"hostname":"h",' +
      '"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1},"role":"*"},' +
      '{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":31000,"end":32000}]}}]}]}}',
  ],
  ["no empty list", encodeJson(Call, { type: "REVIVE", revive: { roles: [] } }), '{"type":"REVIVE","revive":{}}'],
  [
    "the defaults of a command",
    encodeJson(Operation, {
      type: "LAUNCH",
      launch: {
        task_infos: [
          {
            name: "t",
            task_id: { value: "1" },
            agent_id: { value: "a" },
            command: { value: "x", uris: [{ value: "u" }], environment: { variables: [{ name: "A", value: "b" }] } },
            limits: new Map([["mem", { value: 32 }]]),
            data: Uint8Array.of(1, 2),
          },
        ],
      },
    }),
    '{"type":"LAUNCH","launch":{"task_infos":[{"name":"t","task_id":{"value":"1"},"agent_id":{"value":"a"},' +
      '"data":"AQI=","command":{"uris":[{"value":"u","extract":true}],' +
      '"environment":{"variables":[{"name":"A","value":"b","type":"VALUE"}]},"value":"x","shell":true},' +
      '"limits":{"mem":{"value":32.0}}}]}}',
  ],
  [
    "a default of a whole number without a point",
    encodeJson(AgentInfo, { hostname: "h" }),
    '{"hostname":"h","port":5051}',
  ],
  [
    "no default of what is required",
    encodeJson(MasterInfo, { id: "m", ip: 1, port: 5050 }),
    '{"id":"m","ip":1,"port":5050}',
  ],
  ["an event of one type alone", encodeJson(Event, { type: "HEARTBEAT" }), '{"type":"HEARTBEAT"}'],
  [
    "nanoseconds in digits alone",
    encodeJson(TimeInfo, { nanoseconds: 1763829287e9 }),
    '{"nanoseconds":1763829287000000000}',
  ],
  [
    "the largest int64 as one",
    encodeJson(DurationInfo, { nanoseconds: 2 ** 63 }),
    '{"nanoseconds":9223372036854775000}',
  ],
  ["text on one line", encodeJson(Inner, { id: 'a\n"\u2028\u0000' }), '{"id":"a\\n\\"\\u2028\\u0000"}'],
  ["text mended to Unicode", encodeJson(Inner, { id: "a\ud800" }), '{"id":"a\\ufffd"}'],
  [
    "keys of maps as text",
    encodeJson(Sample, { byKey: new Map([['"\n', { id: "a" }]]) }),
    '{"byKey":{"\\"\\n":{"id":"a"}}}',
  ],
])("written: %s", (_, text, expected) => {
  expect(text).toBe(expected);
});

test.each([
  [15, "15.0"],
  [-3, "-3.0"],
  [0.1, "0.1"],
  [-0, "-0.0"],
  [1e20, "100000000000000000000.0"],
  [1e21, "1e+21"],
  [5e-324, "5e-324"],
  [0.1 + 0.2, "0.30000000000000004"],
])("written: the double %d as %s", (real, text) => {
  expect(encodeJson(Sample, { real })).toBe(`{"real":${text}}`);
});

test("never written: what is not of the schema, which is a bug", () => {
  expect(() => encodeJson(Sample, { real: Number.NaN })).toThrow("not finite");
  expect(() => encodeJson(Sample, { natural: -1 })).toThrow("no uint32");
  expect(() => encodeJson(Sample, { colour: "GREEN" as "RED" })).toThrow("not a name of Colour");
  expect(() => encodeJson(Inner, {} as { id: string })).toThrow("Inner.id is missing");
});

/** A container with so many parents. */
function nested(parents: number, last: unknown = { value: "a" }): Record<string, unknown> {
  let container = last;
  for (let parent = 0; parent < parents; parent++) container = { value: "a", parent: container };
  return container as Record<string, unknown>;
}
