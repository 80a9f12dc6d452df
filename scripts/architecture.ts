/**
 * The rules of structure, as a table and a pure function for each rule.
 *
 * A rule reads every file and answers with violations: `path:line what is wrong; how to mend it`. The rules read code in
 * which comments and the insides of strings are masked, so that words in prose never count.
 */

import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";

type Grant = {
  /** May import Node's own modules. */
  readonly node?: true;
  /** May use `async` and `await`. */
  readonly async?: true;
  /** May read clocks, timers, randomness and the environment without being handed them. */
  readonly ambient?: true;
  /** npm packages it may import. */
  readonly packages?: readonly string[] | "any";
};

type Layer = Grant & { readonly imports: readonly string[] | "everything" };

const edge = { node: true, async: true, ambient: true } as const;
const shared = ["base", "actors", "protocol"];

/** Who may import whom, under `src`. The longest matching row decides, and a folder may always import itself. */
const layers: Readonly<Record<string, Layer>> = {
  base: { imports: [] },
  actors: { imports: ["base"] },
  protocol: { imports: ["base", "actors"], packages: ["re2js", "zod"] },
  master: { imports: shared },
  "master/store": { imports: [...shared, "master"], ...edge, packages: "any" },
  slave: { imports: shared },
  "slave/host": { imports: [...shared, "slave"], ...edge, packages: "any" },
  frameworks: { imports: shared },
  runtime: { imports: ["base", "actors"], ...edge, packages: ["comlink", "piscina", "nanoid", "pino"] },
  http: { imports: shared, ...edge, packages: ["fastify", "protobufjs", "prom-client"] },
  sim: { imports: [...shared, "master", "slave", "frameworks"] },
  cli: { imports: "everything", ...edge, packages: "any" },
};

/** Places within a layer that may do more than the rest of it. */
const exceptions: Readonly<Record<string, Grant>> = {
  "actors/link": { packages: ["msgpackr"] },
  "frameworks/*/tasks": edge,
  "sim/fixture.ts": { async: true },
  "sim/guards.ts": { ambient: true },
};

/** Files that nothing imports because they are started by path; knip.json names the same. */
const entryPoints = ["cli/main.ts", "cli/thread.ts", "frameworks/*/tasks"];

const fileLinesMax = 400;
const bannedNames = /^(utils?|helpers?|common|types|interfaces|managers?)$/;

export type SourceFile = {
  /** Relative to the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The text with comments blanked and the insides of literals filled; as long as the text. */
  readonly code: string;
  readonly imports: readonly Import[];
};

type Import = { readonly specifier: string; readonly line: number };

export type Rule = (files: readonly SourceFile[]) => readonly string[];

/** Imports, also of types alone, follow the table. */
const layering: Rule = (files) =>
  inSource(files).flatMap((file) => {
    const from = layerOf(file.path);
    if (from === undefined)
      return [`${file.path}:1 is in no layer; move it, or give its folder a row in the layer table`];
    const allowed = layers[from]?.imports ?? [];
    return file.imports
      .filter(({ specifier }) => specifier.startsWith("."))
      .map((found) => ({ ...found, to: layerOf(resolve(file.path, found.specifier)) ?? "outside src" }))
      .filter(({ to }) => to !== from && allowed !== "everything" && !allowed.includes(to))
      .map(
        ({ line, to }) => `${file.path}:${line} ${from} may not import ${to}; move the shared part down, or hand it in`,
      );
  });

/** Node's own modules are for the edges. */
const nodeModules: Rule = (files) =>
  withoutGrant(files, "node").flatMap((file) =>
    file.imports
      .filter(({ specifier }) => specifier.startsWith("node:"))
      .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}; ask the World for it through a port`),
  );

/** Each package has one home. */
const packages: Rule = (files) =>
  inSource(files).flatMap((file) => {
    const allowed = grantsOf(file.path).flatMap((grant) => grant.packages ?? []);
    return file.imports
      .filter(({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("node:"))
      .map(({ specifier, line }) => ({ name: packageName(specifier), line }))
      .filter(({ name }) => !allowed.includes("any") && !allowed.includes(name))
      .map(({ name, line }) => `${file.path}:${line} imports the package ${name}; use it in the layer that owns it`);
  });

/** Below the edges a handler runs to completion. */
const synchronous: Rule = (files) =>
  withoutGrant(files, "async").flatMap((file) =>
    matches(file, /(?<![.\w$#])(?:async|await)\b(?!\s*[?:,}])/g).map(
      ({ line, word }) => `${file.path}:${line} uses ${word}; let the outcome come back as a message`,
    ),
  );

const ambientNames = new RegExp(
  String.raw`(?<![.\w$#])(?:globalThis\.)?(?:` +
    String.raw`Date\b|performance\.\w+|(?:set|clear)(?:Timeout|Interval|Immediate)\b|Math\.random\b|` +
    String.raw`crypto\.(?:random\w*|getRandomValues)|process\.(?:env|hrtime)\b)`,
  "g",
);

/** Time, randomness and settings are handed in, so that a seed can replay them. */
const ambient: Rule = (files) =>
  withoutGrant(files, "ambient").flatMap((file) =>
    matches(file, ambientNames).map(
      ({ line, word }) => `${file.path}:${line} uses ${word}; take time, randomness and settings from the context`,
    ),
  );

/** A file holds one noun. */
const fileLength: Rule = (files) =>
  files
    .map((file) => ({ path: file.path, lines: file.code.split("\n").filter((line) => line.trim() !== "").length }))
    .filter(({ lines }) => lines > fileLinesMax)
    .map(({ path, lines }) => `${path}:1 has ${lines} lines of code, over ${fileLinesMax}; split it by noun`);

/** Nothing lies about: each source file is imported or an entry point. */
const reachable: Rule = (files) => {
  const used = new Set(files.flatMap(({ path, imports }) => imports.map(({ specifier }) => resolve(path, specifier))));
  return inSource(files)
    .filter(({ path }) => !used.has(path) && !entryPoints.some((entry) => covers(entry, path)))
    .map(({ path }) => `${path}:1 is imported by nothing; use it or delete it`);
};

/** A name says what is inside. */
const names: Rule = (files) =>
  inSource(files).flatMap(({ path }) => {
    if (posix.basename(path) === "index.ts") return [`${path}:1 is a barrel; import the file that defines the thing`];
    const banned = path.split(/[/.-]/).find((word) => bannedNames.test(word));
    return banned === undefined ? [] : [`${path}:1 is named ${banned}; name it for the noun it holds`];
  });

/** One word for one concept: the Mesos HTTP protocol and its operator calls say agent, everything else says slave. */
const vocabulary: Rule = (files) =>
  inSource(files)
    .filter(({ path }) => !["http", "cli"].includes(layerOf(path) ?? "") && !/^src\/protocol\/operator-/.test(path))
    .flatMap((file) =>
      matches(file, /[\w$]*(?:(?<![a-z])agents?|Agents?|AGENTS?)(?![a-z])[\w$]*/g).map(
        ({ line, word }) => `${file.path}:${line} says ${word}; the noun is slave`,
      ),
    );

/** What is left to do is in the tracker, not in the code. */
const markers: Rule = (files) =>
  files.flatMap((file) =>
    [...file.text.matchAll(/\b(?:TODO|FIXME)\b/g)]
      .filter(({ index }) => file.code[index] === " ")
      .map(
        (match) => `${file.path}:${lineAt(file.text, match.index)} leaves a ${match[0]}; do it now, or file an issue`,
      ),
  );

export const rules = {
  layering,
  nodeModules,
  packages,
  synchronous,
  ambient,
  fileLength,
  reachable,
  names,
  vocabulary,
  markers,
} as const satisfies Record<string, Rule>;

/** Every TypeScript file of the repository under `root`. */
export function readSources(root: string): readonly SourceFile[] {
  return globSync("{src,test,bench,scripts}/**/*.ts", { cwd: root, exclude: ["**/node_modules/**"] })
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
    .map((path) => sourceFile(path, readFileSync(posix.join(root, path), "utf8")));
}

export function sourceFile(path: string, text: string): SourceFile {
  const code = mask(text);
  return { path, text, code, imports: importsOf(text, code) };
}

/** Static, dynamic and type imports and re-exports; the masked code shows where, the text says what. */
function importsOf(text: string, code: string): readonly Import[] {
  return [...code.matchAll(/(?<![.\w$])(?:from\s*|import\s*\(?\s*)(["'])(#*)\1/dg)].map((match) => {
    const [start, end] = match.indices?.[2] ?? [0, 0];
    return { specifier: text.slice(start, end), line: lineAt(text, start) };
  });
}

function matches(file: SourceFile, pattern: RegExp): readonly { readonly line: number; readonly word: string }[] {
  return [...file.code.matchAll(pattern)].map((match) => ({ line: lineAt(file.text, match.index), word: match[0] }));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function inSource(files: readonly SourceFile[]): readonly SourceFile[] {
  return files.filter(({ path }) => path.startsWith("src/"));
}

function withoutGrant(files: readonly SourceFile[], grant: "node" | "async" | "ambient"): readonly SourceFile[] {
  return inSource(files).filter(({ path }) => !grantsOf(path).some((granted) => granted[grant]));
}

function grantsOf(path: string): readonly Grant[] {
  const layer = layers[layerOf(path) ?? ""];
  const more = Object.entries(exceptions).filter(([place]) => covers(place, path));
  return [...(layer === undefined ? [] : [layer]), ...more.map(([, grant]) => grant)];
}

function layerOf(path: string): string | undefined {
  return Object.keys(layers)
    .filter((layer) => covers(layer, path))
    .reduce<string | undefined>(
      (longest, layer) => (layer.length > (longest?.length ?? 0) ? layer : longest),
      undefined,
    );
}

/** Whether a place under `src`, in which `*` stands for one folder, is or holds the file. */
function covers(place: string, path: string): boolean {
  const folders = path.split("/");
  return ["src", ...place.split("/")].every((name, depth) => name === folders[depth] || name === "*");
}

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const comment = /\/\/[^\n]*|\/\*[\s\S]*?\*\//.source;
const quoted = /"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/.source;
const regex = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//.source;
const plain = /[\w$]+|\s+|[\s\S]/.source;
const tokenAfterValue = new RegExp(`(?<comment>${comment})|(?<literal>${quoted})|${plain}`, "y");
const tokenAfterOperator = new RegExp(`(?<comment>${comment})|(?<literal>${quoted}|${regex})|${plain}`, "y");
const templatePiece = /[`}](?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y;
const operator = /^(?:[^\w$)\]"'`/]|return|typeof|case|of|in|void|else|do|throw|await|yield)?$/;

/**
 * Blanks comments and fills the insides of strings, templates and regular expressions with `#`; each line and column stays
 * where it is. A slash starts a regular expression when the token before it cannot end a value.
 */
function mask(text: string): string {
  let code = "";
  let previous = "";
  /** What opened each block and each template substitution around this place: `{` or `${`. */
  const open: string[] = [];
  while (code.length < text.length) {
    const next = text[code.length];
    const template = next === "`" || (next === "}" && open.at(-1) === "${");
    const pattern = template ? templatePiece : operator.test(previous) ? tokenAfterOperator : tokenAfterValue;
    pattern.lastIndex = code.length;
    const found = pattern.exec(text);
    // Only a template that never ends matches nothing.
    const token = found?.[0] ?? text.slice(code.length);
    if (found?.groups?.["comment"] !== undefined) {
      code += fill(token, " ");
      continue;
    }
    const literal = template || found?.groups?.["literal"] !== undefined;
    const tail = template && token.endsWith("${") ? "${" : token.slice(-1);
    code += literal ? token.slice(0, 1) + fill(token.slice(1, -tail.length), "#") + tail : token;
    if (next === "}") open.pop();
    if (tail === "${" || token === "{") open.push(tail);
    if (token.trim() !== "") previous = literal ? token.slice(-1) : token;
  }
  return code;
}

function fill(text: string, filler: string): string {
  return text.replace(/[^\n]/g, filler);
}
