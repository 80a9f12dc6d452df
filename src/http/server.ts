import { STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { admissionFault, isLoopback } from "./admission.ts";
import { portHolder } from "./port-holder.ts";

/** Bytes of a request body. A larger one is cut off with 413 while it comes in. */
const bodyBytesMax = 2 * 1024 * 1024;
/** Bytes of the request line and all headers together; beyond that 431. */
const headerBytesMax = 16 * 1024;
/** Time to send the headers, in milliseconds; then 408. */
const headersTimeoutMs = 10_000;
/** Time to send the whole request, in milliseconds; then 408. */
const requestTimeoutMs = 30_000;
/** How often the two timeouts are looked at, in milliseconds. */
const timeoutCheckMs = 1_000;
/** A connection on which nothing moves is closed, in milliseconds: a reader that has stalled holds no file open. */
const idleTimeoutMs = 60_000;
/** Open connections. The next one is closed at once. */
const connectionsMax = 10_000;

export const loopbackHost = "127.0.0.1";

export type ListenOptions = {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0: any free one. */
  readonly port: number;
  /** Allows an address that others can reach although nobody has to authenticate. Default false. */
  readonly insecure?: boolean | undefined;
};

/** A server that listens. `close` ends its connections. */
export type OpenServer = { readonly port: number; close(): Promise<void> };

type ServerOptions = ListenOptions & {
  /** Hears of answers that failed for a reason of ours. */
  readonly failed: (error: Error, request: string) => void;
};

/** The address could not be had. The message says which, why, and what to do. */
class ListenFailure extends Error {
  override readonly name = "ListenFailure";
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** A server with the limits and refusals that every port of ours has. Bodies reach the routes as bytes. */
export function httpServer({ host = loopbackHost, failed }: ServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: idleTimeoutMs,
    http: {
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: timeoutCheckMs,
      maxHeaderSize: headerBytesMax,
    },
    routerOptions: { ignoreTrailingSlash: true },
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    clientErrorHandler: refuseUnparsed,
    frameworkErrors: (error, _request, reply) => sendText(reply, error.statusCode ?? 400, "the path cannot be decoded"),
  });
  app.server.maxConnections = connectionsMax;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.addHook("onRequest", async (request, reply) => {
    const fault = admissionFault(request, host);
    return fault === undefined ? undefined : sendText(reply, fault.status, fault.message);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    const allowed = (["GET", "POST"] as const).filter((method) => app.hasRoute({ method, url: path }));
    if (allowed.length === 0) return sendText(reply, 404, "no such path");
    return sendText(reply.header("allow", allowed.join(", ")), 405, `${path} takes ${allowed.join(" or ")}`);
  });
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return sendText(reply, status, error.message);
    failed(error, `${request.method} ${pathOf(request.url)}`);
    return sendText(reply, 500, "internal error");
  });
  return app;
}

/** Refuses addresses that would need authentication, then listens. Rejects with `ListenFailure`. */
export async function listen(app: FastifyInstance, options: ListenOptions): Promise<AddressInfo> {
  const { host = loopbackHost, port, insecure = false } = options;
  if (!insecure && !isLoopback(host)) {
    throw new ListenFailure(
      "EINSECURE",
      `refusing to listen on ${host}: whoever reaches it could use it without authentication; ` +
        `listen on ${loopbackHost}, or add --insecure if the network is trusted`,
    );
  }
  try {
    const bound: Promise<string> = app.listen({ host, port });
    await bound;
  } catch (error) {
    await app.close();
    throw await listenFailure(error, host, port);
  }
  return app.server.address() as AddressInfo;
}

/** A short message for people. */
export function sendText(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply
    .code(status)
    .type("text/plain; charset=utf-8")
    .header("x-content-type-options", "nosniff")
    .send(`${message}\n`);
}

/** Sent as bytes, because some clients compare the content type as a whole and a string would gain a charset. */
export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply
    .code(200)
    .type("application/json")
    .header("x-content-type-options", "nosniff")
    .send(Buffer.from(JSON.stringify(value)));
}

async function listenFailure(error: unknown, host: string, port: number): Promise<Error> {
  const code = (error as NodeJS.ErrnoException).code ?? "UNKNOWN";
  if (code === "EADDRINUSE") {
    const holder = await portHolder(port);
    const by = holder === undefined ? "" : ` by ${holder.command} (pid ${holder.pid})`;
    return new ListenFailure(code, `port ${port} is in use${by}; stop it, or choose another port with --port`, error);
  }
  const reason =
    code === "EACCES" ? "ports below 1024 need privileges; choose another with --port" : (error as Error).message;
  return new ListenFailure(code, `cannot listen on ${host}:${port}: ${reason}`, error);
}

/** Answers what is not HTTP, or too slow, or too large, and hangs up. */
function refuseUnparsed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.end(head, () => socket.destroy());
}

function pathOf(url: string): string {
  const path = url.replace(/[?#].*$/s, "");
  return path.length > 1 ? path.replace(/\/$/, "") : path;
}
