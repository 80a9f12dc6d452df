import { readFileSync } from "node:fs";
import type { BridgeTls } from "../runtime/bridge-tls.ts";
import { CliFailure } from "./failure.ts";
import { secretFrom } from "./secret.ts";

/** Where a process has what proves to others of its cluster who it is; of the three of TLS, all or none. */
export type CredentialFiles = {
  readonly secretFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
};

export type Credentials = { readonly secret?: Uint8Array; readonly tls?: BridgeTls };

/** These files alone, out of all that a command was given. */
export function credentialFiles({ secretFile, tlsCert, tlsKey, tlsCa }: CredentialFiles): CredentialFiles {
  const files = { secretFile, tlsCert, tlsKey, tlsCa };
  return Object.fromEntries(Object.entries(files).filter(([, file]) => file !== undefined));
}

/** What is in the files. Throws a `CliFailure` when one cannot be read or is missing. */
export function credentialsFrom({ secretFile, tlsCert, tlsKey, tlsCa }: CredentialFiles): Credentials {
  const secret = secretFrom(secretFile);
  const files = [tlsCert, tlsKey, tlsCa];
  if (files.some((file) => file !== undefined) && files.includes(undefined)) {
    throw new CliFailure("TLS needs all of --tls-cert, --tls-key and --tls-ca", { exit: "usage" });
  }
  const tls =
    tlsCert === undefined || tlsKey === undefined || tlsCa === undefined
      ? undefined
      : { cert: pemFrom("--tls-cert", tlsCert), key: pemFrom("--tls-key", tlsKey), ca: pemFrom("--tls-ca", tlsCa) };
  return { ...(secret === undefined ? {} : { secret }), ...(tls === undefined ? {} : { tls }) };
}

function pemFrom(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CliFailure(`cannot read ${flag} ${file}: ${(cause as Error).message}`, { exit: "environment", cause });
  }
}
