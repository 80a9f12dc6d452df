import { chmodSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Mesolite, mesolite, startMaster, temporary, until } from "../e2e/kit.ts";

type Row = {
  readonly what: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly says: RegExp;
};

const wordcount = ["framework", "run", "wordcount", "--slaves", "1", "--output", "out.tsv"];

const rows: readonly Row[] = [
  {
    what: "an unknown flag",
    args: ["dev", "--slavs", "3"],
    code: 2,
    says: /unknown option '--slavs'\n\(Did you mean --slaves\?\)/,
  },
  { what: "an unknown command", args: ["psx"], code: 2, says: /unknown command 'psx'\n\(Did you mean ps\?\)/ },
  {
    what: "resources that do not parse",
    args: ["dev", "--resources", "cpus:four"],
    code: 2,
    says: /"cpus:four": the value is a number/,
  },
  {
    what: "a list of resources that is none",
    args: ["slave", "--resources", '[{"name":"cpus"}]'],
    code: 2,
    says: /--resources as given: resource 1 of the list: type/,
  },
  {
    what: "a file of resources that is not there",
    args: ["dev", "--resources", "file://none"],
    code: 78,
    says: /cannot read --resources none: ENOENT/,
  },
  {
    what: "a port that is none",
    args: ["dev", "--port", "99999"],
    code: 2,
    says: /a port is a number from 0 to 65535/,
  },
  {
    what: "a file pattern without a match",
    args: [...wordcount, "--input", "nothing-*.txt"],
    code: 1,
    says: /nothing-\*\.txt/,
  },
  {
    what: "no output for the counts",
    args: ["framework", "run", "wordcount", "--slaves", "1", "--input", "*"],
    code: 2,
    says: /--output FILE/,
  },
  {
    what: "a framework that is not there",
    args: ["framework", "run", "nope.ts"],
    code: 2,
    says: /no framework nope\.ts/,
  },
  {
    what: "a module without a scheduler",
    args: ["framework", "run", "empty.mjs", "--slaves", "1"],
    code: 1,
    says: /empty\.mjs has no scheduler/,
  },
  {
    what: "a policy that is neither known nor a file",
    args: ["dev", "--allocator", "fair"],
    code: 2,
    says: /there is no policy fair; write one of drf, priority, lottery, fifo, or the path of a module/,
  },
  {
    what: "a policy in a file that is not there",
    args: ["master", "--allocator", "./none.ts"],
    code: 2,
    says: /there is no file \/.*\/none\.ts/,
  },
  {
    what: "a module without a policy",
    args: ["master", "--port", "0", "--allocator", "./empty.mjs"],
    code: 2,
    says: /^mesolite: \/.*\/empty\.mjs has no allocation policy: it exports no `policy`; write `export const policy = /,
  },
  {
    what: "a policy with a wrong field",
    args: ["dev", "--port", "0", "--allocator", "odd-policy.mjs"],
    code: 2,
    says: /^mesolite: \/.*\/odd-policy\.mjs has no allocation policy: `rank` is no function/,
  },
  {
    what: "a policy that cannot be loaded",
    args: ["master", "--port", "0", "--allocator", "./broken-policy.mjs"],
    code: 2,
    says: /^mesolite: cannot load the allocation policy \/.*\/broken-policy\.mjs: Error: no network here\n$/,
  },
  {
    what: "a minimum of nothing",
    args: ["dev", "--min-allocatable-resources", "cpus:1|"],
    code: 2,
    says: /names no amount above 0; write lists such as cpus:0\.01\|mem:32/,
  },
  {
    what: "short tasks without an end",
    args: ["slave", "--short-tasks", "cpus:1"],
    code: 2,
    says: /--short-tasks and --short-task-max belong together/,
  },
  {
    what: "a minimum offer that the slave never has",
    args: ["slave", "--resources", "cpus:2;mem:64", "--min-offer", "cpus:4"],
    code: 2,
    says: /minimum offer is more than it has for tasks of any length: cpus:4 of 2/,
  },
  { what: "no master there", args: ["ps", "--master", "127.0.0.1:1"], code: 5, says: /no master at 127\.0\.0\.1:1/ },
  {
    what: "no master to look into",
    args: ["actors", "top", "--once", "--master", "127.0.0.1:1"],
    code: 5,
    says: /no master at 127\.0\.0\.1:1/,
  },
  {
    what: "an interval of nothing",
    args: ["actors", "top", "--interval", "0"],
    code: 2,
    says: /--interval.*'0' is invalid\. write seconds, from 0\.1 to 3600/,
  },
  {
    what: "an order that is none",
    args: ["actors", "top", "--sort", "name"],
    code: 2,
    says: /--sort.*Allowed choices are busy, waiting, handled/,
  },
  {
    what: "a command file that is not there",
    args: ["framework", "run", "batch", "--slaves", "1", "--commands", "none"],
    code: 1,
    says: /cannot read --commands none/,
  },
  {
    what: "an unknown bug to plant",
    args: ["sim", "--plant", "nope"],
    code: 2,
    says: /no bug called nope.*double-release/s,
  },
  {
    what: "a public address without a secret",
    args: ["master", "--host", "0.0.0.0", "--port", "0", "--data", "d", "--insecure"],
    code: 1,
    says: /--secret-file FILE/,
  },
  {
    what: "a public address without authentication",
    args: ["master", "--host", "0.0.0.0", "--port", "0", "--data", "d"],
    code: 1,
    says: /--insecure/,
  },
  {
    what: "a short secret",
    args: ["master", "--port", "0", "--data", "d", "--secret-file", "short"],
    code: 2,
    says: /shorter than 16/,
  },
  {
    what: "authentication of nobody",
    args: ["master", "--port", "0", "--data", "d", "--authenticate-http-readonly"],
    code: 2,
    says: /add --credentials FILE/,
  },
  {
    what: "a slave's authentication of nobody",
    args: ["slave", "--port", "0", "--authenticate-http-readonly", "true"],
    code: 2,
    says: /add --credentials FILE/,
  },
  {
    what: "a switch that is neither on nor off",
    args: ["master", "--authenticate-http-frameworks", "maybe"],
    code: 2,
    says: /--authenticate-http-frameworks.*write true or false/,
  },
  {
    what: "credentials that are not there",
    args: ["master", "--port", "0", "--data", "d", "--credentials", "none", "--authenticate-http-readonly"],
    code: 78,
    says: /cannot read --credentials none: ENOENT/,
  },
  {
    what: "credentials that are none",
    args: ["master", "--port", "0", "--data", "d", "--credentials", "short", "--authenticate-http-readonly"],
    code: 78,
    says: /--credentials short: line 1: it has no secret/,
  },
  {
    what: "a slave's credentials that are none",
    args: ["slave", "--port", "0", "--credentials", "empty.mjs", "--authenticate-http-readonly"],
    code: 78,
    says: /--credentials empty\.mjs: line 1: write a principal, a space and a secret/,
  },
  {
    what: "a credential that is none",
    args: ["ps", "--credential", "short"],
    code: 78,
    says: /--credential short: line 1: it has no secret/,
  },
  {
    what: "a credential that anybody can read",
    args: ["ps", "--credential", "open", "--master", "127.0.0.1:1"],
    code: 5,
    says: /warning: --credential open is open to other users: chmod 600 open\nmesolite: no master/,
  },
  {
    what: "access lists of what is not controlled",
    args: ["master", "--port", "0", "--data", "d", "--acls", '{"run_tasks":[]}'],
    code: 78,
    says: /--acls as given: "run_tasks" is not implemented/,
  },
  {
    what: "a rate limit that is none",
    args: ["master", "--port", "0", "--data", "d", "--rate-limits", '{"limits":[{"principal":"a","qps":0}]}'],
    code: 78,
    says: /--rate-limits as given: limits\[0\]\.qps: is 0; write messages per second/,
  },
  {
    what: "rate limits that are not there",
    args: ["dev", "--port", "0", "--rate-limits", "file://none"],
    code: 78,
    says: /cannot read --rate-limits file:\/\/none: ENOENT.*give JSON or file:\/\/PATH/,
  },
  {
    what: "access lists that are not there",
    args: ["master", "--port", "0", "--data", "d", "--acls", "none"],
    code: 78,
    says: /cannot read --acls none: ENOENT/,
  },
];

test.each(rows)("$what gets one clear line and exit code $code", async ({ args, code, says }) => {
  using home = temporary();
  writeFileSync(join(home.path, "empty.mjs"), "export const nothing = 1;\n");
  writeFileSync(join(home.path, "odd-policy.mjs"), 'export const policy = { name: "odd", rank: 3 };\n');
  writeFileSync(join(home.path, "broken-policy.mjs"), 'throw new Error("no network here");\n');
  writeFileSync(join(home.path, "short"), "secret\n");
  writeFileSync(join(home.path, "open"), "ada secret\n");
  const run = await mesolite(args, home.path);
  expect(run.stderr).toMatch(says);
  expect(run.stderr).not.toMatch(/^ +at /m);
  expect(run.stdout).toBe("");
  expect(run.code).toBe(code);
});

test("a second master on the same data is refused", async () => {
  using home = temporary();
  await using _first = (await startMaster(home.path)).process;
  const second = await mesolite(["master", "--port", "0", "--data", join(home.path, "master")], home.path);
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/another master is using it.*--data/);
});

test("a second slave in the same directory is refused", async () => {
  using home = temporary();
  const flags = ["--port", "0", "--work-dir", join(home.path, "work"), "--resources", "cpus:1;mem:64"];
  await using first = new Mesolite(["slave", "--master", "127.0.0.1:1", ...flags], home.path);
  await first.printed(/slave is running/);
  const second = await mesolite(["slave", "--master", "127.0.0.1:1", ...flags, "--log-level", "error"], home.path);
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/^mesolite: .*another slave is using .*--work-dir\n$/);
});

test("a slave without a master keeps trying, says so, and joins when one comes", async () => {
  using home = temporary();
  const early = await startMaster(home.path);
  const port = Number(early.address.split(":")[1]);
  await early.process[Symbol.asyncDispose]();
  const flags = ["--port", "0", "--work-dir", "work", "--resources", "cpus:1;mem:64", "--timeouts", "test"];
  await using slave = new Mesolite(["slave", "--master", early.address, ...flags], home.path);
  await slave.printed(/cannot reach the master at .*, trying on: .*connection refused/);
  await using _master = (await startMaster(home.path, port)).process;
  await slave.printed(/registered as/);
});

test("garbage on the bridge closes that connection and nothing else", async () => {
  using home = temporary();
  const { process: master, address } = await startMaster(home.path);
  await using _master = master;
  const { port } = (await (await fetch(`http://${address}/mesolite/bridge`)).json()) as { port: number };
  for (const garbage of [
    Buffer.alloc(70_000, 0xff),
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    Buffer.from([0xff, 0xff, 0xff, 0x7f, 4]),
  ]) {
    const socket = connect(port, "127.0.0.1");
    let closed = false;
    socket.on("close", () => {
      closed = true;
    });
    socket.on("error", () => {}).resume();
    socket.write(garbage);
    await until(() => (closed ? true : undefined));
  }
  expect((await fetch(`http://${address}/health`)).status).toBe(200);
  expect(master.child.exitCode).toBeNull();
});

test("an unreadable file is named", async () => {
  using home = temporary();
  chmodSync(home.path, 0o777);
  writeFileSync(join(home.path, "locked.txt"), "word");
  chmodSync(join(home.path, "locked.txt"), 0o000);
  const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {};
  const run = await new Mesolite([...wordcount, "--input", "*.txt"], home.path, nobody).finished;
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/locked\.txt/);
});
