/**
 * Builds the published package: `dist/` has the layout of the repository with JavaScript in place of TypeScript, and a
 * `package.json` of its own, without the Node binaries and the tools. Leaves `mesolite-<version>.tgz` in the root.
 */

import { execFileSync } from "node:child_process";
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const source = JSON.parse(readFileSync("package.json", "utf8"));

for (const stale of ["dist", ...globSync("mesolite-*.tgz")]) rmSync(stale, { recursive: true, force: true });
run("tsc", "-p", "tsconfig.build.json");
cpSync("src", "dist/src", { recursive: true, filter: (path) => !path.endsWith(".ts") });
for (const file of globSync("bench/**/peers/*.mjs", { exclude: ["**/node_modules"] })) cpSync(file, `dist/${file}`);
for (const file of ["README.md", "LICENSE", "bin/mesolite.js"]) cpSync(file, `dist/${file}`);
writeFileSync("dist/package.json", `${JSON.stringify(published(), undefined, 2)}\n`);
await lint();
run("npm", "pack", "./dist");

function published(): object {
  const { name, version, description, license, type, engines, bin, dependencies } = source;
  const exports = Object.fromEntries(
    Object.entries<string>(source.exports ?? {}).map(([door, path]) => [door, emitted(path)]),
  );
  return { name, version, description, license, type, engines, bin, exports, dependencies };
}

/** What a public file of the repository becomes in the package. */
function emitted(path: string): string | { readonly types: string; readonly default: string } {
  if (!path.endsWith(".ts")) return path;
  return { types: path.replace(/\.ts$/, ".d.ts"), default: path.replace(/\.ts$/, ".js") };
}

async function lint(): Promise<void> {
  const { messages, pkg } = await publint({ pkgDir: "dist", strict: true });
  for (const message of messages) console.error(formatMessage(message, pkg));
  if (messages.length > 0) throw new Error("publint found mistakes in dist/package.json");
}

function run(program: string, ...options: readonly string[]): void {
  execFileSync(program, options, { stdio: "inherit" });
}
