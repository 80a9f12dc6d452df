import { readFileSync, statSync } from "node:fs";
import { Authenticator, agentRealms, masterRealms, type Realm } from "../http/guards/authentication.ts";
import { type Authorizer, everybodyMay, parseAcls } from "../http/guards/authorization.ts";
import { type Credential, parseCredentials } from "../http/guards/credentials-file.ts";
import { CliFailure } from "./failure.ts";

/** Who may use the HTTP door of a daemon, as its flags say. */
export type HttpAccessOptions = {
  /** File of the credentials that are taken. */
  readonly credentials?: string;
  readonly authenticateHttpReadonly?: boolean;
};

export type MasterAccessOptions = HttpAccessOptions & {
  readonly authenticateHttpReadwrite?: boolean;
  readonly authenticateHttpFrameworks?: boolean;
  /** File of access lists, or the lists themselves. */
  readonly acls?: string;
};

export function masterAuthenticator(options: MasterAccessOptions): Authenticator {
  const required: Realm[] = [];
  if (options.authenticateHttpReadonly === true) required.push("mesos-master-readonly");
  if (options.authenticateHttpReadwrite === true) required.push("mesos-master-readwrite");
  if (options.authenticateHttpFrameworks === true) required.push("mesos-master-scheduler");
  return new Authenticator(masterRealms, credentialsFor(options.credentials, required), required);
}

export function slaveAuthenticator({ credentials, authenticateHttpReadonly }: HttpAccessOptions): Authenticator {
  const required: readonly Realm[] = authenticateHttpReadonly === true ? ["mesos-agent-readonly"] : [];
  return new Authenticator(agentRealms, credentialsFor(credentials, required), required);
}

/** Where nothing in the lists applies, frameworks that have to authenticate are refused, and others are not. */
export function authorizerFrom({ acls, authenticateHttpFrameworks }: MasterAccessOptions): Authorizer {
  if (acls === undefined) return everybodyMay;
  const inline = acls.trimStart().startsWith("{");
  const parsed = parseAcls(inline ? acls : textOf("--acls", acls), authenticateHttpFrameworks !== true);
  if (parsed.ok) return parsed.value;
  throw new CliFailure(`--acls ${inline ? "as given" : acls}: ${parsed.error}`, { exit: "environment" });
}

/** What a command proves itself with to the daemons it asks; the file has this one credential. */
export function credentialFrom(file: string | undefined): Credential | undefined {
  if (file === undefined) return undefined;
  const [credential, ...more] = credentialsIn("--credential", file);
  if (more.length === 0) return credential;
  throw new CliFailure(`--credential ${file}: it has more than one credential; keep the one to use`, {
    exit: "environment",
  });
}

function credentialsFor(file: string | undefined, required: readonly Realm[]): readonly Credential[] {
  if (file === undefined && required.length === 0) return [];
  if (file === undefined) {
    throw new CliFailure("authentication needs to know whom to let in: add --credentials FILE", { exit: "usage" });
  }
  const credentials = credentialsIn("--credentials", file);
  if (required.length === 0) {
    warn(`--credentials ${file} is not used: turn authentication on with --authenticate-http-readonly and its like`);
  }
  return credentials;
}

function credentialsIn(flag: string, file: string): readonly Credential[] {
  const parsed = parseCredentials(textOf(flag, file));
  if (!parsed.ok) throw new CliFailure(`${flag} ${file}: ${parsed.error}`, { exit: "environment" });
  if ((statSync(file).mode & 0o077) !== 0) warn(`${flag} ${file} is open to other users: chmod 600 ${file}`);
  return parsed.value;
}

function textOf(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CliFailure(`cannot read ${flag} ${file}: ${(cause as Error).message}`, { exit: "environment", cause });
  }
}

function warn(message: string): void {
  process.stderr.write(`mesolite: warning: ${message}\n`);
}
