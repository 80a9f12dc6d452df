import { readFileSync } from "node:fs";
import { enableCompileCache, getCompileCacheDir } from "node:module";
import { Command, CommanderError, Option } from "commander";
import { sortings } from "./actors-picture.ts";
import { allocationOptions } from "./allocation-options.ts";
import { CliFailure, exitCodes } from "./failure.ts";
import * as options from "./options.ts";
import { addReservations, addRoles } from "./role-commands.ts";
import { version } from "./version.ts";

process.title = "mesolite";
enableCompileCache();
// Worker threads find the cache through the environment alone.
process.env["NODE_COMPILE_CACHE"] ??= getCompileCacheDir();

/** The command line. Each command's code is loaded when it is used: `--help` must not wait for a cluster. */
function program(): Command {
  const root = new Command("mesolite")
    .description("A cluster manager: frameworks are offered resources and decide what to run on them.")
    .version(version)
    .showHelpAfterError("(mesolite --help tells more)")
    .configureOutput({ writeErr: (text) => process.stderr.write(text.replace(/^error: /, "mesolite: ")) })
    .exitOverride();
  addDev(root);
  addDaemons(root);
  addFrameworks(root);
  addReads(root);
  addRoles(root);
  addReservations(root);
  addActors(root);
  addSimulation(root);
  addBenchmarks(root);
  return root;
}

/** What proves to other processes of the cluster who this one is; last in the help of every command that joins one. */
function withCredentials(command: Command): Command {
  return options.withOptions(command, options.credentialOptions());
}

function addDev(root: Command): void {
  options.withOptions(
    root
      .command("dev")
      .description("a whole cluster in this process, until Ctrl-C")
      .addOption(
        new Option("--slaves <n>", "slaves").argParser(options.positiveNumber).default(3).env("MESOLITE_SLAVES"),
      )
      .addOption(new Option("--agents <n>").argParser(options.positiveNumber).hideHelp())
      .addOption(options.devResourcesOption("resources of each slave"))
      .addOption(
        new Option("--port <port>", "HTTP port").argParser(options.portNumber).default(5050).env("MESOLITE_PORT"),
      )
      .option("--bridge-port <port>", "port for other processes (default: HTTP port + 10)", options.portNumber)
      .option("--data <dir>", "keep registry and sandboxes here (default: keep nothing)")
      .addOption(options.timeoutsOption())
      .addOption(options.logLevelOption("warn"))
      .action(async ({ agents, ...given }) =>
        (await import("./dev.ts")).dev({
          ...given,
          slaves: agents ?? given.slaves,
          ...(await options.readResources(given.resources)),
        }),
      ),
    [...allocationOptions(), ...options.limitOptions()],
  );
}

function addDaemons(root: Command): void {
  withCredentials(
    options.withOptions(
      root
        .command("master")
        .description("the master of a cluster of several processes")
        .addOption(new Option("--host <address>", "address to listen on").default("127.0.0.1").env("MESOLITE_HOST"))
        .addOption(
          new Option("--port <port>", "HTTP port").argParser(options.portNumber).default(5050).env("MESOLITE_PORT"),
        )
        .option("--bridge-port <port>", "port of the bridge (default: HTTP port + 10)", options.portNumber)
        .option("--advertise <address>", "address at which others reach the bridge (default: --host)")
        .addOption(
          new Option("--data <dir>", "directory of the registry").default(".mesolite/master").env("MESOLITE_DATA"),
        )
        .addOption(
          new Option("--registry <kind>", "how the registry is kept").choices(["sqlite", "memory"]).default("sqlite"),
        )
        .option("--no-root-submissions", "refuse frameworks of the user root")
        .option("--insecure", "listen beyond loopback although HTTP asks for no authentication")
        .addOption(options.timeoutsOption())
        .addOption(options.logLevelOption("info"))
        .action(async (given) => (await import("./master.ts")).master(given)),
      [...options.masterAccessOptions(), ...allocationOptions(), ...options.limitOptions()],
    ),
  );
  addSlave(root);
}

function addSlave(root: Command): void {
  const slave = withCredentials(
    options.withOptions(
      root
        .command("slave")
        .alias("agent")
        .description("a slave; `slave list` shows the slaves of a master")
        .addOption(options.masterOption())
        .addOption(new Option("--host <address>", "address of its HTTP door").default("127.0.0.1").env("MESOLITE_HOST"))
        .option("--port <port>", "HTTP port of its sandbox files; 0 takes a free one", options.portNumber, 5051)
        .option("--hostname <name>", "name under which others reach it")
        .option("--resources <list>", "what it offers (default: what this machine has)", options.resourcesText)
        .option("--attributes <list>", "such as rack:r1;zone:west", options.attributesText, {})
        .addOption(
          new Option("--work-dir <dir>", "directory of sandboxes").default(".mesolite/slave").env("MESOLITE_WORK_DIR"),
        )
        .addOption(options.minOfferOption())
        .addOption(options.shortTasksOption())
        .option(
          "--short-task-max <seconds>",
          "how long a task on the part of --short-tasks may take",
          options.secondsMs,
        )
        .option("--insecure", "serve files beyond loopback although HTTP asks for no authentication")
        .addOption(options.timeoutsOption())
        .addOption(options.logLevelOption("info"))
        .action(async (given) =>
          (await import("./slave.ts")).slave({ ...given, ...(await options.readResources(given.resources)) }),
        ),
      options.accessOptions(),
    ),
  );
  slave
    .command("list")
    .description("the slaves of a master")
    .addOption(options.masterOption())
    .addOption(options.credentialOption())
    .addOption(options.outputOption())
    .action(async (_, command) => (await import("./reads.ts")).slaves(command.optsWithGlobals()));
}

function addFrameworks(root: Command): void {
  withCredentials(
    root
      .command("run")
      .description("a command as a task: prints its output and returns its exit code")
      .argument("<command...>", "what to run, after --")
      .addOption(options.masterOption())
      .addOption(options.doorOption())
      .addOption(options.credentialOption())
      .option("--cpus <n>", "cpus per instance", options.amount, 100)
      .option("--mem <mib>", "memory per instance", options.amount, 32_000)
      .option("--name <name>", "name of the task")
      .option("--instances <n>", "how often to run it at the same time", options.positiveNumber, 1)
      .option("--env <name=value>", "a variable for it; may be repeated", options.collected, [])
      .addOption(options.logLevelOption("error"))
      .action(async (argv, given) => {
        process.exitCode = await (await import("./run.ts")).run(argv, given);
      }),
  );
  withCredentials(
    root
      .command("framework")
      .description("frameworks")
      .command("run")
      .description("runs wordcount, batch, or a module that exports a scheduler, to its end")
      .argument("<name>", "wordcount, batch or a path")
      .addOption(options.masterOption())
      .addOption(options.doorOption())
      .addOption(options.credentialOption())
      .option("--slaves <n>", "boot a private cluster of so many slaves in this process", options.positiveNumber)
      .addOption(options.devResourcesOption("resources of each private slave"))
      .option("--input <glob>", "wordcount: files to count; may be repeated", options.collected, [])
      .option("--output <file>", "wordcount: where the counts go")
      .option(
        "--directory <dir>",
        "wordcount: keep what the steps hand on here; all slaves must see it (default: temporary)",
      )
      .option("--chunk-bytes <n>", "wordcount: input of one map task, about", options.positiveNumber)
      .option("--reduces <n>", "wordcount: reduce tasks", options.positiveNumber)
      .option("--commands <file>", "batch: a command per line; - reads standard input")
      .option("--json", "print the result as JSON", false)
      .addOption(options.timeoutsOption())
      .addOption(options.logLevelOption("error"))
      .action(async (name, given) =>
        (await import("./framework.ts")).frameworkRun(name, {
          ...given,
          ...(await options.readResources(given.resources)),
        }),
      ),
  );
  root
    .command("demo")
    .description("boots a cluster, runs two frameworks on real files, shows how they share it")
    .option("--input <glob>", "files to count; may be repeated", options.collected, [])
    .option("--commands <n>", "shell commands to run beside", options.positiveNumber, 36)
    .action(async (given) => (await import("./demo.ts")).demo(given));
}

function addReads(root: Command): void {
  root
    .command("ps")
    .description("the tasks of the cluster")
    .option("-a, --all", "also those that have ended", false)
    .addOption(options.masterOption())
    .addOption(options.credentialOption())
    .addOption(options.outputOption())
    .action(async (given) => (await import("./reads.ts")).ps(given));
  root
    .command("logs")
    .description("what a task has written to its stdout, from its sandbox")
    .argument("<task>", "id of the task, as `ps --all` shows it")
    .option("-f, --follow", "go on until the task has ended", false)
    .option("--stderr", "its stderr instead", false)
    .option("--framework <id>", "whose task it is, where several have one of that id")
    .addOption(options.masterOption())
    .addOption(options.credentialOption())
    .action(async (task, given) => (await import("./logs.ts")).logs(task, given));
  root
    .command("offers")
    .description("the offers that wait for an answer")
    .addOption(options.masterOption())
    .addOption(options.credentialOption())
    .addOption(options.outputOption())
    .action(async (given) => (await import("./reads.ts")).offers(given));
  addQuestions(root);
}

function addQuestions(root: Command): void {
  root
    .command("why-not")
    .description("why a framework is not offered slaves, and what would change it")
    .argument("<framework>", "its id, or its name when no other has the same")
    .option("--slave <id>", "this slave alone", options.slaveId)
    .option("--need <list>", "what it wants to place, such as cpus:4,mem:8192", options.needText)
    .addOption(options.masterOption())
    .addOption(options.credentialOption())
    .addOption(options.answerOption())
    .action(async (framework, given) => (await import("./why.ts")).whyNot(framework, given));
  root
    .command("why-idle")
    .description("why resources are idle: one cause for everything, and what would change it")
    .addOption(options.masterOption())
    .addOption(options.credentialOption())
    .addOption(options.answerOption())
    .action(async (given) => (await import("./why.ts")).whyIdle(given));
}

function addActors(root: Command): void {
  root
    .command("actors")
    .description("the actors of a running process")
    .command("top")
    .description("what waits, who is busy, how late the threads are: never what is in a message")
    .addOption(options.masterOption())
    .addOption(options.credentialOption())
    .addOption(new Option("--sort <by>", "which actors come first").choices(sortings).default("busy"))
    .option("-n, --rows <n>", "how many actors to show", options.positiveNumber, 20)
    .option("--interval <seconds>", "time between two pictures", options.intervalMs, 2_000)
    .option("--once", "show one interval and end", false)
    .addOption(new Option("-o, --output <format>", "table or json").choices(["table", "json"]).default("table"))
    .addHelpText("after", "\nThe address of a slave's HTTP door works as --master too.")
    .action(async (given) => (await import("./actors-top.ts")).actorsTop(given));
}

function addSimulation(root: Command): void {
  root
    .command("sim")
    .description("whole clusters under faults in virtual time, each from a seed that replays it")
    .option("--seed <n>", "the first seed (default: a fresh one, printed first)", options.wholeNumber)
    .option("--seeds <count>", "how many, from the first on", options.positiveNumber, 1)
    .option("--minutes <m>", "virtual minutes with faults (default: drawn from the seed)", options.positiveNumber)
    .option("--plant <bug>", "puts a known bug in, which a rule must find; all: every one in turn")
    .option("--threads <n>", "how many clusters run side by side (default: one per processor)", options.positiveNumber)
    .option("--replay <file>", "runs a failure again that an earlier sim wrote down")
    .option("--json", "print the summary as JSON", false)
    .action(async (given) => (await import("./sim.ts")).sim(given));
}

function addBenchmarks(root: Command): void {
  root
    .command("bench")
    .description("measures, against peers and against what the machine allows, in the same run")
    .argument("<name>", "actors, allocator, bridge or http")
    .option("--full", "every shape, and more rounds", false)
    .option("--json", "print the report as JSON", false)
    .option("--slaves <count>", "of allocator: how many slaves (default: 50000)", options.positiveNumber)
    .option("--frameworks <count>", "of allocator: how many frameworks (default: 200)", options.positiveNumber)
    .addOption(
      new Option("--roles <which>", "of allocator: a role of each framework's own (default), or one for all").choices([
        "own",
        "one",
      ]),
    )
    .action(async (name, given) => (await import("./bench.ts")).bench(name, given));
}

/** Values of `./mesolite.config.json` stand between the defaults and what is given by flag or environment. */
function applyConfig(root: Command): void {
  let text: string;
  try {
    text = readFileSync("mesolite.config.json", "utf8");
  } catch {
    return;
  }
  const config = parsedConfig(text);
  root.hook("preAction", (_, command) => {
    for (const { attributeName, parseArg } of command.options.map((option) => ({
      attributeName: option.attributeName(),
      parseArg: option.parseArg,
    }))) {
      const value = config[attributeName];
      if (value === undefined || !["default", undefined].includes(command.getOptionValueSource(attributeName)))
        continue;
      command.setOptionValueWithSource(attributeName, parseArg?.(String(value), undefined) ?? value, "config");
    }
  });
}

function parsedConfig(text: string): Readonly<Record<string, unknown>> {
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null) return config as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new CliFailure(`mesolite.config.json is not JSON: ${(cause as Error).message}`, {
      exit: "environment",
      cause,
    });
  }
  throw new CliFailure("mesolite.config.json is not an object of options", { exit: "environment" });
}

async function main(): Promise<void> {
  try {
    const root = program();
    applyConfig(root);
    await root.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    else {
      process.stderr.write(`mesolite: ${messageOf(error)}\n`);
      process.exitCode = error instanceof CliFailure ? error.exitCode : exitCodes.failure;
    }
  }
}

/** What went wrong in words; only a bug of ours is worth its stack. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error instanceof CliFailure || "code" in error;
  return expected ? error.message : (error.stack ?? error.message);
}

await main();
