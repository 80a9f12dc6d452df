#!/usr/bin/env node
// Starts mesolite on a Node that can run it. Written without new syntax, so that an old Node gets as far as the hint.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const version = process.versions.node.split(".").map(Number);
const bundled = here(`../node_modules/node-${process.platform}-${process.arch}/bin/node`);

if (version[0] > 22 || (version[0] === 22 && version[1] >= 19)) {
  module.enableCompileCache();
  const source = new URL("../src/cli/main.ts", import.meta.url);
  void import(existsSync(source) ? source.href : "../src/cli/main.js");
} else if (existsSync(bundled)) {
  runAgain();
} else {
  console.error(`mesolite needs Node 22.19 or newer and this is ${process.version}; get one at https://nodejs.org`);
  process.exitCode = 78;
}

function runAgain() {
  const child = spawn(bundled, [here("./mesolite.js")].concat(process.argv.slice(2)), { stdio: "inherit" });
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGINT", () => {
    // A terminal sends Ctrl-C to the child as well, and a second one would mean "at once".
    if (!process.stdin.isTTY) child.kill("SIGINT");
  });
  child.on("exit", (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}

function here(path) {
  return fileURLToPath(new URL(path, import.meta.url));
}
