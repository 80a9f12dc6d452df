import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Mesolite, mesolite, temporary } from "./kit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the framework of the README runs as it stands there", async () => {
  using home = temporary();
  const [, source = ""] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
  writeFileSync(join(home.path, "hello.ts"), source);
  mkdirSync(join(home.path, "node_modules"));
  symlinkSync(root, join(home.path, "node_modules", "mesolite"));
  const run = await mesolite(["framework", "run", "hello.ts", "--slaves", "2", "--json"], home.path);
  expect(run.stderr).toBe("");
  expect(JSON.parse(run.stdout)).toMatchObject({ result: { finished: 10 } });
  expect(run.code).toBe(0);
});

test("the policy of the README runs as it stands there", async () => {
  using home = temporary();
  const [source = ""] =
    /(?<=```ts\n)\/\/ memory-first\.ts[\s\S]*?(?=```)/.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
  writeFileSync(join(home.path, "memory-first.ts"), source);
  mkdirSync(join(home.path, "node_modules"));
  symlinkSync(root, join(home.path, "node_modules", "mesolite"));
  await using dev = new Mesolite(
    ["dev", "--port", "0", "--slaves", "1", "--allocator", "./memory-first.ts"],
    home.path,
  );
  const [, address = ""] = await dev.printed(/ready in \d+ ms: http:\/\/(\S+)/);
  const run = await mesolite(["run", "--master", address, "--", "echo", "ranked"], home.path);
  expect(run).toEqual({ code: 0, stdout: "ranked\n", stderr: "" });
  expect(dev.stderr).toBe("");
});

test("every command of the README is one that the command line knows", async () => {
  using home = temporary();
  const commands = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^npx mesolite ([a-z]+(?: [a-z]+)?)/gm)];
  expect(commands.length).toBeGreaterThan(6);
  for (const [, words = ""] of commands) {
    const known = words.split(" ").filter((word) => !/^(wordcount|batch)$/.test(word));
    const help = await mesolite([...known, "--help"], home.path);
    expect([words, help.code]).toEqual([words, 0]);
    expect(help.stdout).toMatch(/^Usage: mesolite /);
  }
});
