/** Frameworks of the command line do by HTTP what they do over the bridge. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Mesolite, mesolite, startSlave, temporary } from "./kit.ts";

test("a word count and a batch have the same outcome through either door", async () => {
  using home = temporary();
  writeFileSync(join(home.path, "in.txt"), "the quick brown fox jumps over the lazy dog\n".repeat(2_000));
  writeFileSync(join(home.path, "commands"), "exit 3\ntrue\nkill -9 $$\n");
  const outcome = async (door: string) => {
    const framework = ["framework", "run", "--door", door, "--slaves", "2", "--json"];
    const count = ["wordcount", "--input", "in.txt", "--output", door, "--chunk-bytes", "9000"];
    const runs = [
      await mesolite([...framework, ...count], home.path),
      await mesolite([...framework, "batch", "--commands", "commands"], home.path),
    ];
    const [words, batch] = runs.map(({ code, stdout, stderr }) => {
      expect([code, stderr]).toEqual([0, ""]);
      return JSON.parse(stdout) as { result: { words: number; maps: number }; rows: { name: string; exit: unknown }[] };
    });
    return {
      counts: readFileSync(join(home.path, door), "utf8"),
      words: [words?.result.words, words?.result.maps],
      exits: Object.fromEntries(batch?.rows.map(({ name, exit }) => [name, exit]) ?? []),
    };
  };
  const [bridge, http] = await Promise.all([outcome("bridge"), outcome("http")]);
  expect(http).toEqual(bridge);
  expect(http.words).toEqual([18_000, 10]);
  expect(http.exits).toEqual({ "exit 3": { status: 3 }, true: { status: 0 }, "kill -9 $$": { signal: "SIGKILL" } });
});

test("who has to authenticate does, and needs no bridge", async () => {
  using home = temporary();
  const { path } = home;
  writeFileSync(join(path, "credentials"), "ada s3cret\n", { mode: 0o600 });
  const access = ["--credentials", "credentials", "--authenticate-http-frameworks"];
  await using master = new Mesolite(
    ["master", "--port", "0", "--registry", "memory", "--timeouts", "test", "--log-level", "warn", ...access],
    path,
  );
  const [, address = ""] = await master.printed(/ready: http:\/\/(\S+)/);
  await using _slave = await startSlave(path, address, "slave", "cpus:2;mem:1024");
  const command = ["--master", address, "--", "sh", "-c", "echo by HTTP; exit 3"];
  const [stranger, ada] = await Promise.all([
    mesolite(["run", "--door", "http", ...command], path),
    mesolite(["run", "--door", "http", "--credential", "credentials", ...command], path),
  ]);
  expect(ada).toEqual({ code: 3, stdout: "by HTTP\n", stderr: "" });
  expect([stranger.code, stranger.stdout]).toEqual([1, ""]);
  expect(stranger.stderr).toContain("give a principal and its secret with --credential FILE");
});
