import { inspect } from "node:util";
import { expect, test } from "vitest";
import { parseCredentials } from "../../../src/http/guards/credentials-file.ts";
import { Secret } from "../../../src/http/guards/secret.ts";

test.each([
  ["JSON", '{"credentials":[{"principal":"ada","secret":"a:b c"},{"principal":"bob","secret":"x"}]}', "a:b c"],
  ["lines", "ada a:b\n\n  bob\tx \r\n", "a:b"],
])("credentials are read from %s", (_form, text, secret) => {
  const parsed = parseCredentials(text);
  const read = parsed.ok ? parsed.value.map((one) => [one.principal, one.secret.reveal()]) : parsed.error;
  expect(read).toEqual([
    ["ada", secret],
    ["bob", "x"],
  ]);
});

test.each([
  ["", "there is no credential in it"],
  ["\n \n", "there is no credential in it"],
  ['{"credentials":[]}', "there is no credential in it"],
  ["{}", 'it has no list "credentials"'],
  ['{"credentials":{}}', 'it has no list "credentials"'],
  ['{"credentials":[{"principal":"ada"}]}', "credentials[0]: it has no secret"],
  ['{"credentials":[{"principal":"ada","secret":"CANARY"},null]}', "credentials[1]: it has no principal"],
  ['{"credentials":[{"principal":"ada","secret":""}]}', "credentials[0]: it has no secret"],
  ['{"credentials":[{"principal":7,"secret":"CANARY"}]}', "credentials[0]: it has no principal"],
  ['{"credentials":[{"principal":"a:b","secret":"CANARY"}]}', /^credentials\[0\]: a principal has no colon/],
  ['{"credentials":[{"principal":"a","secret":"CANARY\\n"}]}', /^credentials\[0\]: a secret has no control/],
  ["ada", "line 1: it has no secret"],
  ["ada one\nbob CANARY three", "line 2: write a principal, a space and a secret"],
  ["ada one\nada CANARY", "line 2: this principal is there twice"],
  ['{"credentials":[{"principal":"ada","secret":"CANARY}]}', /^it is not JSON/],
  ['{"credentials":[{"principal":"ada","secret":"CANARY",}]}', /^it is not JSON \(line 1 column 54\)$/],
])("%j is refused with its place and without its secrets", (text, error) => {
  const parsed = parseCredentials(text);
  const said = parsed.ok ? "nothing" : parsed.error;
  expect(said).toEqual(typeof error === "string" ? error : expect.stringMatching(error));
  expect(said).not.toContain("CANARY");
});

test("a secret is seen by nobody who prints it", () => {
  const secret = new Secret("CANARY");
  const holder = { secret, list: [secret] };
  const printed = [
    `${secret}`,
    String(secret),
    JSON.stringify(holder),
    inspect(holder, { showHidden: true, depth: 9 }),
  ];
  for (const text of printed) {
    expect(text).toContain("<redacted>");
    expect(text).not.toContain("CANARY");
  }
});

test("a secret equals its text and no other", () => {
  const secret = new Secret("pass");
  expect(secret.equals("pass")).toBe(true);
  expect(["", "pas", "passs", "Pass", "pass\0"].some((text) => secret.equals(text))).toBe(false);
});
