import { ok, type Result, refused } from "../../base/result.ts";
import { Secret } from "./secret.ts";

/** Who somebody is, and what proves it. */
export type Credential = { readonly principal: string; readonly secret: Secret };

/**
 * Reads the text of a credentials file in either of Mesos's forms:
 *
 *     {"credentials": [{"principal": "ada", "secret": "s3cret"}]}          or          ada s3cret
 *
 * a line for each credential. A refusal says what is wrong and where, and never repeats what is in the file.
 */
export function parseCredentials(text: string): Result<readonly Credential[]> {
  const entries = text.trimStart().startsWith("{") ? fromJson(text) : fromLines(text);
  if (!entries.ok) return entries;
  if (entries.value.length === 0) return refused("there is no credential in it");
  const principals = new Set<string>();
  for (const { where, principal, secret } of entries.value) {
    const fault = principalFault(principal) ?? secretFault(secret);
    if (fault !== undefined) return refused(`${where}: ${fault}`);
    if (principals.has(String(principal))) return refused(`${where}: this principal is there twice`);
    principals.add(String(principal));
  }
  return ok(
    entries.value.map(({ principal, secret }) => ({
      principal: String(principal),
      secret: new Secret(String(secret)),
    })),
  );
}

type Entry = { readonly where: string; readonly principal: unknown; readonly secret: unknown };

function fromJson(text: string): Result<readonly Entry[]> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    // The message may quote the text, secrets and all; the place in it does not.
    const [place = ""] = /line \d+ column \d+/.exec(String(error)) ?? [];
    return refused(`it is not JSON${place === "" ? "" : ` (${place})`}`);
  }
  const list = typeof file === "object" && file !== null && "credentials" in file ? file.credentials : undefined;
  if (!Array.isArray(list)) return refused('it has no list "credentials"');
  return ok(
    list.map((entry: unknown, index) => {
      const fields = typeof entry === "object" && entry !== null ? (entry as Readonly<Record<string, unknown>>) : {};
      return { where: `credentials[${index}]`, principal: fields["principal"], secret: fields["secret"] };
    }),
  );
}

function fromLines(text: string): Result<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const [principal, secret, ...more] = line.trim().split(/\s+/);
    if (more.length > 0) return refused(`line ${index + 1}: write a principal, a space and a secret`);
    entries.push({ where: `line ${index + 1}`, principal, secret });
  }
  return ok(entries);
}

/** HTTP Basic ends the principal at the first colon. */
function principalFault(principal: unknown): string | undefined {
  if (typeof principal !== "string" || principal === "") return "it has no principal";
  return /[:\p{Cc}]/u.test(principal) ? "a principal has no colon and no control characters" : undefined;
}

function secretFault(secret: unknown): string | undefined {
  if (typeof secret !== "string" || secret === "") return "it has no secret";
  return /\p{Cc}/u.test(secret) ? "a secret has no control characters" : undefined;
}
