import { expect, test } from "vitest";
import { type Authorizer, parseAcls } from "../../../src/http/guards/authorization.ts";

function acls(list: readonly object[], permissive?: boolean, byDefault = false): Authorizer {
  const parsed = parseAcls(JSON.stringify({ permissive, register_frameworks: list }), byDefault);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const some = (...values: readonly string[]) => ({ values });
const any = { type: "ANY" };
const none = { type: "NONE" };

test.each([
  [
    "the first entry that matches decides",
    [
      [some("ada"), none],
      [any, any],
    ],
    "ada",
    "web",
    false,
  ],
  [
    "an entry for others does not",
    [
      [some("bob"), none],
      [any, any],
    ],
    "ada",
    "web",
    true,
  ],
  [
    "an entry for another role does not",
    [
      [some("ada"), some("db")],
      [any, none],
    ],
    "ada",
    "web",
    false,
  ],
  ["some principal, some role", [[some("ada", "bob"), some("db", "web")]], "bob", "web", true],
  [
    "nobody may have a role",
    [
      [none, some("web")],
      [any, any],
    ],
    "ada",
    "web",
    false,
  ],
  [
    "nobody may have a role, which leaves others",
    [
      [none, some("web")],
      [any, any],
    ],
    "ada",
    "db",
    true,
  ],
  ["somebody without a name is not one of some", [[some("ada"), any]], undefined, "web", false],
  ["somebody without a name is anybody", [[any, some("web")]], undefined, "web", true],
  [
    "somebody without a name is refused where nobody may",
    [
      [none, any],
      [any, any],
    ],
    undefined,
    "web",
    false,
  ],
  ["a role below another", [[any, some("eng/%")]], "ada", "eng/dev/a", true],
  ["a role is not below itself", [[any, some("eng/%")]], "ada", "eng", false],
  ["a role that only begins alike", [[any, some("eng/%")]], "ada", "engine", false],
  ["names of JavaScript are names", [[some("constructor"), some("__proto__")]], "constructor", "__proto__", true],
  ["names of JavaScript are nobody's", [[some("ada"), some("web")]], "toString", "constructor", false],
] as const)("%s", (_name, entries, principal, role, allowed) => {
  const list = entries.map(([principals, roles]) => ({ principals, roles }));
  expect(acls(list).allows("register_frameworks", principal, role)).toBe(allowed);
});

test.each([
  [undefined, true, true],
  [undefined, false, false],
  [true, false, true],
  [false, true, false],
])("where nothing matches, permissive %j with a default of %j gives %j", (permissive, byDefault, allowed) => {
  expect(acls([], permissive, byDefault).allows("register_frameworks", "ada", "web")).toBe(allowed);
});

test.each([
  ["{", /^it is not JSON: /],
  ["[]", "it is not an object of access lists"],
  ['{"permissive":"yes"}', "permissive is true or false"],
  ['{"register_frameworks":{}}', "register_frameworks is a list"],
  ['{"run_tasks":[]}', /^"run_tasks" is not implemented; it would be ignored/],
  ['{"register_frameworks":[7]}', "register_frameworks[0] has no principals and roles"],
  ['{"register_frameworks":[{"principals":{"type":"ANY"}}]}', /^register_frameworks\[0\]\.roles is not /],
  [
    '{"register_frameworks":[{"principals":{"type":"ANY"},"roles":{"type":"ANY"},"users":{}}]}',
    'register_frameworks[0]: "users" is no part of it',
  ],
])("%s is refused", (text, error) => {
  const parsed = parseAcls(text, false);
  expect(parsed.ok ? "nothing" : parsed.error).toEqual(
    typeof error === "string" ? error : expect.stringMatching(error),
  );
});

test.each([
  '{"type":"SOME"}',
  '{"values":[]}',
  '{"values":[7]}',
  '{"type":"ANY","values":["a"]}',
  '{"type":"MANY"}',
  '{"values":["a"],"x":1}',
  "7",
])("principals %s are refused", (entity) => {
  const parsed = parseAcls(`{"register_frameworks":[{"principals":${entity},"roles":{"type":"ANY"}}]}`, false);
  expect(parsed.ok ? "nothing" : parsed.error).toMatch(/^register_frameworks\[0\]\.principals is not /);
});

test("each action has a list of its own; one without a list is allowed, unless nothing is that is not listed", () => {
  const actions = ["update_quotas", "get_quotas", "update_weights", "view_roles"] as const;
  for (const action of actions) {
    const list = [
      { principals: some("ada"), roles: any },
      { principals: any, roles: none },
    ];
    for (const permissive of [undefined, true, false]) {
      const parsed = parseAcls(JSON.stringify({ permissive, [action]: list }), false);
      if (!parsed.ok) throw new Error(parsed.error);
      const { allows } = parsed.value;
      expect([allows(action, "ada", "web"), allows(action, "bob", "web")]).toEqual([true, false]);
      const others = actions.filter((other) => other !== action).map((other) => allows(other, "bob", "web"));
      expect(others).toEqual(others.map(() => permissive ?? true));
      expect(allows("register_frameworks", "ada", "web")).toBe(permissive ?? false);
    }
  }
});
