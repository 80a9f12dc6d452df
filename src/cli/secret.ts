import { readFileSync } from "node:fs";
import { CliFailure } from "./failure.ts";

/** Shortest secret worth the name, in bytes. */
const secretBytesMin = 16;

/** The cluster secret: the file's bytes without white space around them. */
export function secretFrom(file: string | undefined): Uint8Array | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new CliFailure(`cannot read --secret-file ${file}: ${(cause as Error).message}`, {
      exit: "environment",
      cause,
    });
  }
  if (text.length >= secretBytesMin) return new TextEncoder().encode(text);
  throw new CliFailure(`the secret in ${file} is shorter than ${secretBytesMin} characters`, { exit: "usage" });
}
