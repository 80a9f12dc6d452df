import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Mesolite, temporary } from "../e2e/kit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the published package works where nothing else is: its workers are emitted and found", {
  timeout: 120_000,
}, async () => {
  using home = temporary();
  execFileSync("npm", ["run", "pack"], { cwd: root, stdio: "pipe" });
  const [tarball = ""] = readdirSync(root).filter((name) => /^mesolite-.*\.tgz$/.test(name));
  writeFileSync(join(home.path, "package.json"), "{}");
  execFileSync("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", join(root, tarball)], {
    cwd: home.path,
    stdio: "pipe",
  });
  const entry = join(home.path, "node_modules", "mesolite", "bin", "mesolite.js");
  writeFileSync(join(home.path, "words.txt"), "to be or not to be");
  const flags = ["--slaves", "2", "--input", "words.txt", "--output", "counts.tsv"];
  const count = await new Mesolite(["framework", "run", "wordcount", ...flags], home.path, { entry }).finished;
  expect([count.code, count.stderr.includes("Error")]).toEqual([0, false]);
  expect(readFileSync(join(home.path, "counts.tsv"), "utf8")).toBe("be\t2\nto\t2\nnot\t1\nor\t1\n");
  await using dev = new Mesolite(["dev", "--port", "0"], home.path, { entry });
  const [, address] = await dev.printed(/ready in \d+ ms: http:\/\/(\S+)/);
  const run = await new Mesolite(["run", "--master", String(address), "--", "echo", "hello"], home.path, { entry })
    .finished;
  expect(run).toEqual({ code: 0, stdout: "hello\n", stderr: "" });
});
