import { readFileSync, statSync } from "node:fs";
import { resourcesFromJson } from "../http/resource-list.ts";
import { parse, type Resources } from "../protocol/resources.ts";
import { slaveResourcesFault } from "../protocol/slave-info.ts";
import { CliFailure } from "./failure.ts";

/** Largest file of resources, in bytes. */
const bytesMax = 1_048_576;
const scheme = "file://";

/** The resources in a JSON list of Mesos's, given as it is, or in the file `file://PATH`, which may also be text. */
export function resourcesIn(given: string): Resources {
  const path = given.startsWith(scheme) ? given.slice(scheme.length) : undefined;
  const text = path === undefined ? given : textOf(path);
  const parsed = text.trimStart().startsWith("[") ? resourcesFromJson(text) : parse(text.trim());
  const fault = parsed.ok ? slaveResourcesFault(parsed.value) : parsed.error;
  if (parsed.ok && fault === undefined) return parsed.value;
  const exit = path === undefined ? "usage" : "environment";
  throw new CliFailure(`--resources ${path ?? "as given"}: ${fault}`, { exit });
}

function textOf(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > bytesMax) throw new Error(`it has ${size} bytes, and the limit is ${bytesMax}`);
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new CliFailure(`cannot read --resources ${path}: ${(cause as Error).message}`, {
      exit: "environment",
      cause,
    });
  }
}
