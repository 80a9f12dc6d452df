import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";

/**
 * Who may ask at all. A browser that visits a hostile page can be made to send requests to a loopback port; what gives
 * it away is the Host header (DNS rebinding) or the Origin header.
 */

/** Header lines a request may have. More are refused with 431. */
export const headersMax = 100;

export type Refusal = { readonly status: number; readonly message: string };

/** While nobody leads there is nothing to say about the cluster. */
export const noMaster: Refusal = { status: 503, message: "no master leads yet; try again in a moment" };

/** Why the request is refused before it is looked at, or undefined. `host` is the address the server is bound to. */
export function admissionFault({ raw, headers }: FastifyRequest, host: string): Refusal | undefined {
  const names = raw.rawHeaders.filter((_, index) => index % 2 === 0);
  if (names.length > headersMax) return { status: 431, message: `a request may have ${headersMax} headers` };
  const hosts = names.filter((name) => name.toLowerCase() === "host").length;
  if (hosts !== 1) return { status: 400, message: "a request has exactly one Host header" };
  const asked = authority(`http://${headers.host}`);
  if (asked === undefined) return { status: 400, message: "the Host header is not HOST:PORT" };
  if (raw.url?.startsWith("/") !== true) return { status: 421, message: "this server is not a proxy" };
  if (isLoopback(host) && !isLoopback(asked.hostname) && asked.hostname !== host.toLowerCase()) {
    return { status: 421, message: "this server answers to localhost only; ask for http://127.0.0.1" };
  }
  const origin = headers.origin;
  const foreign = origin !== undefined && authority(origin)?.host !== asked.host;
  if (foreign || headers["sec-fetch-site"] === "cross-site") {
    return { status: 403, message: "requests from pages of another origin are refused" };
  }
  return undefined;
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
