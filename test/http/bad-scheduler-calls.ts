/**
 * Calls of a scheduler that a master must take calmly, numbered as the other bad inputs: who subscribed with a stream,
 * and has an offer, sends each. They are for `POST /api/v1/scheduler`.
 */

/** What the calls are about. */
type Subscribed = { readonly frameworkId: string; readonly offerId: string; readonly agentId: string };

export type BadSchedulerCall = {
  readonly name: string;
  /** The body, as text where JSON cannot be made from a value. */
  readonly body: (at: Subscribed) => string;
  /**
   * `task-error`: 202, and then an update TASK_ERROR. `no-framework`: 400, or a stream with one ERROR event. Otherwise the
   * statuses that are right.
   */
  readonly answer: "task-error" | "no-framework" | readonly number[];
  /** The header `Mesos-Stream-Id` instead of the right one; null: none. */
  readonly streamId?: string | null;
};

const call = (at: Subscribed, type: string, fields: object): string =>
  JSON.stringify({ framework_id: { value: at.frameworkId }, type, ...fields });

const scalar = (name: string, value: unknown) => ({ name, type: "SCALAR", scalar: { value } });
const ports = (...range: readonly (readonly [unknown, unknown])[]) => ({
  name: "ports",
  type: "RANGES",
  ranges: { range: range.map(([begin, end]) => ({ begin, end })) },
});

type Launch = { readonly id?: string; readonly name?: string; readonly resources?: readonly object[] };

/** An ACCEPT of the offer that launches one task. */
function launch(at: Subscribed, { id = "t1", name = "t", resources = [scalar("cpus", 0.1)] }: Launch): string {
  const task = {
    name,
    task_id: { value: id },
    agent_id: { value: at.agentId },
    resources,
    command: { value: "true" },
  };
  const operations = [{ type: "LAUNCH", launch: { task_infos: [task] } }];
  return call(at, "ACCEPT", { accept: { offer_ids: [{ value: at.offerId }], operations } });
}

const withResources = (name: string, answer: BadSchedulerCall["answer"], ...resources: readonly object[]) => ({
  name,
  answer,
  body: (at: Subscribed) => launch(at, { resources }),
});

const withId = (name: string, id: string, answer: BadSchedulerCall["answer"] = "task-error") => ({
  name,
  answer,
  body: (at: Subscribed) => launch(at, { id }),
});

const subscription = (name: string, info: object): BadSchedulerCall => ({
  name,
  answer: "no-framework",
  streamId: null,
  body: () => JSON.stringify({ type: "SUBSCRIBE", subscribe: { framework_info: { user: "ada", name: "f", ...info } } }),
});

const accepted = [202];
const malformed = [400];

export const badSchedulerCalls: readonly BadSchedulerCall[] = [
  withResources("31 less than no cpus", "task-error", scalar("cpus", -1)),
  withResources("32 cpus beyond measure", "task-error", scalar("cpus", 1e308)),
  withResources("33 cpus that are a word", malformed, scalar("cpus", "many")),
  {
    name: "34 memory that reads as Infinity",
    answer: malformed,
    body: (at) => launch(at, { resources: [scalar("mem", "1e400")] }).replace('"1e400"', "1e400"),
  },
  withResources("35 a tenth of a thousandth of a cpu", "task-error", scalar("cpus", 0.0001)),
  withResources("36 a range that ends before it begins", "task-error", ports([5, 1])),
  {
    name: "37 every port of 64 bits",
    answer: malformed,
    body: (at) => launch(at, { resources: [ports([0, "END"])] }).replace('"END"', "18446744073709551615"),
  },
  withResources("38 ranges that overlap", "task-error", ports([31_000, 31_005], [31_003, 31_008])),
  {
    name: "40 a filter of less than no time",
    answer: accepted,
    body: (at) =>
      call(at, "DECLINE", { decline: { offer_ids: [{ value: at.offerId }], filters: { refuse_seconds: -1 } } }),
  },
  {
    name: "41 a number that is rounded",
    answer: accepted,
    body: (at) => call(at, "SUPPRESS", {}).replace("{", '{"more":9007199254740993,'),
  },
  withResources("42 minus nothing", "task-error", { ...scalar("cpus", 0), scalar: { value: -0 } }),
  withId("43 an empty task id", ""),
  withId("44 a dot", "."),
  withId("45 two dots", ".."),
  withId("46 a slash", "a/b"),
  withId("47 a backslash", "a\\b"),
  withId("48 a NUL", "a\0b"),
  withId("49 256 bytes", "x".repeat(256)),
  withId("50 10 MB", "x".repeat(10_000_000), [413]),
  withId("51 an escape of the terminal", "a\n\u001b[2J"),
  withId("52 a name of JavaScript", "constructor", accepted),
  withId("52b another name of JavaScript", "__proto__", accepted),
  withId("53 a character in two parts", "e\u0301", accepted),
  withId("54 a text that turns round", "a\u202eb", accepted),
  { name: "56 no stream", answer: malformed, streamId: null, body: (at) => call(at, "REVIVE", {}) },
  { name: "56b another stream", answer: malformed, streamId: "nobody's", body: (at) => call(at, "REVIVE", {}) },
  {
    name: "57 a framework of nobody's",
    answer: [400, 403],
    body: (at) => call({ ...at, frameworkId: "nobody" }, "REVIVE", {}),
  },
  ...["AAAA", "not base64!", ""].map((uuid) => ({
    name: `59 an update with the uuid ${JSON.stringify(uuid)}`,
    answer: malformed,
    body: (at: Subscribed) =>
      call(at, "ACKNOWLEDGE", { acknowledge: { agent_id: { value: at.agentId }, task_id: { value: "t1" }, uuid } }),
  })),
  {
    name: "60 a thousand offers of nobody's, each twice",
    answer: accepted,
    body: (at) =>
      call(at, "DECLINE", {
        decline: { offer_ids: Array.from({ length: 1_000 }, (_, index) => ({ value: `nobody-${index >> 1}` })) },
      }),
  },
  subscription("39 a failover timeout past what timers can do", { failover_timeout: 1e12 }),
  ...["-x", "a//b", "../", "a/*"].map((role) => subscription(`55 the role ${role}`, { roles: [role] })),
  subscription("55 all roles and one that is none", { roles: ["*", "a/*"] }),
  subscription("55 a thousand roles that are none", {
    roles: Array.from({ length: 1_000 }, (_, index) => `-${index}`),
  }),
  subscription("58 the framework of another principal", { principal: "eve" }),
];
