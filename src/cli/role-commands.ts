import { type Command, Option } from "commander";
import * as options from "./options.ts";

const readOptions = () => [options.masterOption(), options.credentialOption(), options.outputOption()];
const changeOptions = () => [options.masterOption(), options.credentialOption()];

export function addRoles(root: Command): void {
  options
    .withOptions(
      root
        .command("role")
        .description("the roles of the cluster: shares, weights, quotas, frameworks")
        .argument("[role]", "only this one"),
      readOptions(),
    )
    .action(async (role, given) => (await import("./roles.ts")).roles(role, given));
  addQuota(root);
  const weights = options.withOptions(root.command("weights").description("the weights of roles"), readOptions());
  weights.action(async (given) => (await import("./roles.ts")).listWeights(given));
  options
    .withOptions(
      weights
        .command("set")
        .description(
          "of the roles it names; from then on shares are divided by them, and nothing is taken from anybody",
        )
        .argument("<role=weight...>", "such as ads=2", options.roleWeight),
      changeOptions(),
    )
    .action(async (given, _, command) => (await import("./roles.ts")).setWeights(given, command.optsWithGlobals()));
}

function addQuota(root: Command): void {
  const quota = options.withOptions(root.command("quota").description("what roles may have at most, and are owed"), [
    ...readOptions(),
  ]);
  quota.action(async (given) => (await import("./roles.ts")).listQuotas(given));
  options
    .withOptions(
      quota
        .command("set")
        .description("the whole quota of a role at the top, in place of any it has")
        .argument("<role>")
        .option(
          "--limit <list>",
          "what it may have at most, with all below it: cpus:8;mem:4096",
          options.quantitiesText,
        )
        .option("--guarantee <list>", "what it is owed while it wants it: cpus:4", options.quantitiesText)
        .option(
          "--grace <seconds>",
          "how long the tasks of others may run on when it claims that (default: 30)",
          options.graceMs,
        )
        .option("--force", "although it has more than the limit, or guarantees are more than there is", false),
      changeOptions(),
    )
    .action(async (role, _, command) => (await import("./roles.ts")).setQuota(role, command.optsWithGlobals()));
  options
    .withOptions(
      quota.command("remove").description("no limit and no guarantee any more").argument("<role>"),
      changeOptions(),
    )
    .action(async (role, _, command) => (await import("./roles.ts")).removeQuota(role, command.optsWithGlobals()));
}

export function addReservations(root: Command): void {
  for (const [name, type, description] of [
    [
      "reserve",
      "RESERVE_RESOURCES",
      "keeps resources of a slave for a role; offers that stand in the way are taken back",
    ],
    ["unreserve", "UNRESERVE_RESOURCES", "gives resources that were kept by `reserve` back to everybody"],
  ] as const) {
    root
      .command(name)
      .description(description)
      .argument("<slave>", "id of the slave, as `slave list` shows it")
      .argument("<resources>", "such as 'cpus:2;mem:1024'")
      .requiredOption("--role <role>", "for whom they are kept; roles below it may use them too")
      .option("--principal <name>", "in whose name they are kept")
      .option("--label <key=value>", "a label of the reservation; may be repeated", options.collected, [])
      .addOption(options.masterOption())
      .addOption(options.credentialOption())
      .addOption(new Option("-o, --output <format>", "table or json").choices(["table", "json"]).default("table"))
      .action(async (slave, resources, given) => (await import("./reserve.ts")).reserve(type, slave, resources, given));
  }
}
