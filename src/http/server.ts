import { STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { admissionFault, isLoopback, type Refusal } from "./guards/admission.ts";
import { type Authenticator, type RouteRealm, realmSwitches } from "./guards/authentication.ts";
import { type ConnectionLimits, limitConnections } from "./guards/connection-limit.ts";
import { hangUp } from "./guards/hang-up.ts";
import { ListenFailure, listenFailure } from "./listen-failure.ts";
import { loopbackHost } from "./reachable-ip.ts";

/** Bytes of a request body. A larger one is cut off with 413 while it comes in. */
const bodyBytesMax = 2 * 1024 * 1024;
/** Bytes of the request line and all headers together; beyond that 431. */
const headerBytesMax = 16 * 1024;
/** How patient a server is, and with how many. */
export type ServerLimits = ConnectionLimits & {
  /** Time to send the headers, in milliseconds; then 408. */
  readonly headersTimeoutMs: number;
  /** Time to send the whole request, in milliseconds; then 408. */
  readonly requestTimeoutMs: number;
  /** How often the two timeouts are looked at, in milliseconds. */
  readonly timeoutCheckMs: number;
  /** A connection on which nothing moves is closed, in milliseconds: a reader that has stalled holds no file open. */
  readonly idleTimeoutMs: number;
};

const serverLimits: ServerLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  timeoutCheckMs: 1_000,
  idleTimeoutMs: 60_000,
  connectionsMax: 10_000,
  connectionsPerAddressMax: 200,
  connectionsPerLoopbackMax: 10_000,
};

export type ListenOptions = {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0: any free one. */
  readonly port: number;
  /** Allows an address that others can reach although nobody has to authenticate. Default false. */
  readonly insecure?: boolean | undefined;
  /** Names besides the address under which others reach the server; requests for any other are refused. */
  readonly names?: readonly string[] | undefined;
  readonly limits?: Partial<ServerLimits> | undefined;
};

/** What a server answers to; `url` is a pattern such as `/slaves/:id`. */
export type ServedRoute = { readonly method: string; readonly url: string; readonly realm: RouteRealm | undefined };

declare module "fastify" {
  interface FastifyInstance {
    readonly servedRoutes: readonly ServedRoute[];
  }
}

/** A server that listens. `close` ends its connections. */
export type OpenServer = { readonly port: number; readonly routes: readonly ServedRoute[]; close(): Promise<void> };

type ServerOptions = ListenOptions & {
  readonly authenticator: Authenticator;
  /** Hears of answers that failed for a reason of ours. */
  readonly failed: (error: Error, request: string) => void;
};

/** A server with the limits and refusals that every port of ours has. Bodies reach the routes as bytes. */
export function httpServer(options: ServerOptions): FastifyInstance {
  const { failed, authenticator } = options;
  const limits = { ...serverLimits, ...options.limits };
  const app = fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.idleTimeoutMs,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
      maxHeaderSize: headerBytesMax,
      // Admission wants exactly one and says so; Node's own refusal is a bare status.
      requireHostHeader: false,
    },
    routerOptions: { ignoreTrailingSlash: true },
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    clientErrorHandler: refuseUnparsed,
    frameworkErrors: (error, _request, reply) => sendText(reply, error.statusCode ?? 400, "the path cannot be decoded"),
  });
  limitConnections(app.server, limits);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  guard(app, options);
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    const allowed = (["GET", "POST", "PUT", "DELETE"] as const).filter((method) => app.hasRoute({ method, url: path }));
    if (allowed.length === 0) return sendText(reply, 404, "no such path");
    const realm = authenticator.realmOf(path, app.servedRoutes.find(({ url }) => url === path)?.realm);
    const caller = realm === undefined ? undefined : authenticator.check(request.headers, realm);
    if (caller?.ok === false) return refuse(reply, caller.error);
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

/** Looks at every request before its route does: whether it may be asked at all, and by whom. */
function guard(app: FastifyInstance, { host = loopbackHost, names = [], authenticator }: ServerOptions): void {
  const routes: ServedRoute[] = [];
  app.decorate("servedRoutes", routes);
  app.decorateRequest("principal", undefined);
  app.addHook("onRoute", ({ method, url, config }) => {
    for (const one of [method].flat()) routes.push({ method: one, url, realm: config?.realm });
  });
  app.addHook("onRequest", async (request, reply) => {
    const fault = admissionFault(request, [host, ...names]);
    if (fault !== undefined) return refuse(reply, fault);
    const { url, config } = request.routeOptions;
    // Nothing is at a path without a route, and that is no secret.
    const realm = url === undefined ? undefined : authenticator.realmOf(url, config.realm);
    if (realm === undefined) return undefined;
    const caller = authenticator.check(request.headers, realm);
    if (!caller.ok) return refuse(reply, caller.error);
    request.principal = caller.value.principal;
    return undefined;
  });
  app.addHook("onSend", async ({ raw }, reply) => {
    // The rest of a body that nobody wants is not waited for.
    const bodied = raw.headers["transfer-encoding"] !== undefined || Number(raw.headers["content-length"] ?? 0) > 0;
    if (!bodied || raw.complete) return;
    reply.header("connection", "close");
    // What Node would do with the connection after the answer.
    raw.socket.destroySoon = () => {
      raw.resume();
      hangUp(raw.socket);
    };
  });
}

/** Refuses addresses that would need authentication, then listens. Rejects with `ListenFailure`. */
export async function listen(
  app: FastifyInstance,
  { host = loopbackHost, port, insecure = false, authenticator }: ServerOptions,
): Promise<OpenServer> {
  const open = authenticator.open.map((realm) => realmSwitches[realm]);
  if (!insecure && !isLoopback(host) && open.length > 0) {
    throw new ListenFailure(
      "EINSECURE",
      `refusing to listen on ${host}: whoever reaches it could use it without authentication; ` +
        `add --credentials FILE and ${open.join(", ")}, or listen on ${loopbackHost}, ` +
        "or add --insecure if the network is trusted",
    );
  }
  try {
    const bound: Promise<string> = app.listen({ host, port });
    await bound;
  } catch (error) {
    await app.close();
    throw await listenFailure(error, host, port);
  }
  const address = app.server.address() as AddressInfo;
  return { port: address.port, routes: app.servedRoutes, close: () => app.close() };
}

/** Says why not. */
export function refuse(reply: FastifyReply, { status, message, challenge }: Refusal): FastifyReply {
  if (challenge !== undefined) reply.header("www-authenticate", challenge);
  return sendText(reply, status, message);
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

/** Answers what is not HTTP, or too slow, or too large, and hangs up. */
function refuseUnparsed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  // It has been answered, and what it still sends is no more of a request than before.
  if (!socket.writable) return;
  const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.write(head);
  hangUp(socket);
}

function pathOf(url: string): string {
  const path = url.replace(/[?#].*$/s, "");
  return path.length > 1 ? path.replace(/\/$/, "") : path;
}
