import { expect, test } from "vitest";
import { type FrameworkInfo, frameworkInfoFault } from "../../src/protocol/framework-info.ts";

function faultOf(...roles: readonly string[]): string | undefined {
  const info: FrameworkInfo = {
    name: "f",
    user: "",
    roles,
    failoverTimeoutMs: 0,
    checkpoint: true,
    capabilities: ["MULTI_ROLE"],
  };
  return frameworkInfoFault(info);
}

test.each(["*", "web", "a.b", "eng/web/front-end", "a-", "...", "a*", "é", "x".repeat(255)])(
  "a framework may have the role %j",
  (role) => {
    expect(faultOf(role)).toBeUndefined();
  },
);

test.each([
  ["", "is empty"],
  ["-a", "begins with -"],
  ["a/-b", "begins with -"],
  [".", ". or .."],
  ["..", ". or .."],
  ["a/../b", ". or .."],
  ["/a", "begins or ends with /"],
  ["a/", "begins or ends with /"],
  ["a//b", "two in a row"],
  ["a b", "whitespace"],
  ["a\tb", "whitespace"],
  ["a\n", "whitespace"],
  ["a\u00a0b", "whitespace"],
  ["a\\b", "a backslash"],
  ["a\u0000", "a control character"],
  ["a\u007f", "a control character"],
  ["a/*", "contains * as a name"],
  ["*/a", "contains * as a name"],
  ["x".repeat(256), "is longer than 255 characters"],
])("and not %j", (role, why) => {
  expect(faultOf("web", role)).toContain(why);
});

test("a framework has no role twice, and not without end", () => {
  expect(faultOf()).toBeUndefined();
  expect(faultOf("web", "db", "web")).toBe('role "web" is named twice');
  const many = Array.from({ length: 1_001 }, (_, index) => `r${index}`);
  expect(faultOf(...many)).toBe("a framework may have 1000 roles; this one names 1001");
  expect(faultOf(...many.slice(1))).toBeUndefined();
});
