import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";

/**
 * Who may ask at all, and in which form. A browser that visits a hostile page can be made to send requests to a loopback
 * port; what gives it away is the Host header (DNS rebinding) or the Origin header.
 */

/** Header lines a request may have. More are refused with 431. */
export const headersMax = 100;

/** Characters of a path, without its query. Longer ones are refused with 414. */
const pathLengthMax = 4 * 1024;

/** `challenge`: the `WWW-Authenticate` header of the answer. */
export type Refusal = { readonly status: number; readonly message: string; readonly challenge?: string };

/** While nobody leads there is nothing to say about the cluster. */
export const noMaster: Refusal = { status: 503, message: "no master leads yet; try again in a moment" };

/** Why the request is refused before it is looked at, or undefined. `names`: the address bound to, and other names. */
export function admissionFault({ raw, headers }: FastifyRequest, names: readonly string[]): Refusal | undefined {
  const lines = raw.rawHeaders.filter((_, index) => index % 2 === 0);
  if (lines.length > headersMax) return { status: 431, message: `a request may have ${headersMax} headers` };
  const hosts = lines.filter((name) => name.toLowerCase() === "host").length;
  if (hosts !== 1) return { status: 400, message: "a request has exactly one Host header" };
  if (raw.url?.startsWith("/") !== true) return { status: 421, message: "this server is not a proxy" };
  return (
    hostFault(headers.host, names, raw.socket.localPort ?? 0) ??
    originFault(headers) ??
    pathFault(raw.url) ??
    formFault(headers)
  );
}

/**
 * A page's own name never stands for us, so that no name of an attacker's can be made to lead here. Beyond loopback
 * every IP address will do: it cannot be made to lead elsewhere.
 */
function hostFault(header: string | undefined, names: readonly string[], port: number): Refusal | undefined {
  const asked = /[/?#\\]/.test(header ?? "") ? undefined : authority(`http://${header}`);
  if (asked === undefined) return { status: 400, message: "the Host header is not HOST:PORT" };
  const { hostname } = asked;
  const [bound = ""] = names;
  const known =
    isLoopback(hostname) ||
    names.some((name) => name.toLowerCase() === hostname) ||
    (!isLoopback(bound) && isIP(hostname.replace(/^\[(.*)\]$/, "$1")) !== 0);
  if (!known) {
    const mend = isLoopback(bound) ? "" : ", or start it with that name as --advertise or --hostname";
    const own = isLoopback(bound) ? "localhost only; ask for http://127.0.0.1" : `its own names only${mend}`;
    return { status: 421, message: `this server answers to ${own}` };
  }
  // Clients leave out a port that they take for the usual one; a browser never does so for another than 80.
  if (asked.port !== "" && Number(asked.port) !== port) {
    return { status: 421, message: `this server is at port ${port}` };
  }
  return undefined;
}

function originFault(headers: FastifyRequest["headers"]): Refusal | undefined {
  const { origin } = headers;
  const asked = authority(`http://${headers.host}`);
  const foreign = origin !== undefined && authority(origin)?.host !== asked?.host;
  // Only pages of another origin ask whether they may ask.
  const preflight = headers["access-control-request-method"] !== undefined;
  if (!foreign && !preflight && headers["sec-fetch-site"] !== "cross-site") return undefined;
  return { status: 403, message: "requests from pages of another origin are refused" };
}

function pathFault(url: string): Refusal | undefined {
  const path = url.replace(/[?#].*$/s, "");
  if (path.length > pathLengthMax) return { status: 414, message: `a path has at most ${pathLengthMax} characters` };
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return { status: 400, message: "the path cannot be decoded" };
  }
  if (/\p{Cc}/u.test(decoded)) return { status: 400, message: "a path has no control characters" };
  return decoded.split(/[/\\]/).includes("..") ? { status: 404, message: "no such path" } : undefined;
}

/** Forms of talking that no route of ours understands. */
function formFault(headers: FastifyRequest["headers"]): Refusal | undefined {
  if (/\bwebsocket\b/i.test(headers.upgrade ?? "")) return { status: 400, message: "there are no WebSockets here" };
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  return encoding === "identity" ? undefined : { status: 415, message: "compressed bodies are not taken" };
}

/** Whether only this machine can reach the address. A name counts only if it can be nothing else. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (isIP(bare) === 4) return bare.startsWith("127.");
  return bare === "localhost" || bare === "::1";
}

function authority(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}
