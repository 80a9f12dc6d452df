import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type LeadershipFault, sendFault } from "../leadership.ts";
import { callbackFault, type JsonBody, sendBody } from "./json-body.ts";
import type { Turns } from "./turns.ts";

/** The parameters of a path. One that is given twice is a list. */
export type Query = { readonly [name: string]: string | readonly string[] | undefined };

type Method = "GET" | "POST";
const methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

export type LegacyRoute = {
  /** Each answers for every longer path too that has no answer of its own, unless it is `exact`. */
  readonly paths: readonly string[];
  /** Default false. */
  readonly exact?: boolean;
  /** Default: GET alone. */
  readonly methods?: readonly Method[];
  readonly answer: (query: Query, request: FastifyRequest) => Promise<LegacyAnswer> | LegacyAnswer;
};

export type LegacyAnswer = JsonBody | LeadershipFault;

/**
 * A read of the time before the v1 API, answered as Mesos does: the longest known beginning of the path decides, a slash
 * at the end and parameters that nobody knows do not matter, and `jsonp` asks for a script.
 */
export function legacyRoute(app: FastifyInstance, turns: Turns, route: LegacyRoute): void {
  const allowed = route.methods ?? ["GET"];
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { method, url } = request;
    if (!allowed.some((each) => each === method)) {
      const message = `${pathOf(url)} takes ${allowed.join(" or ")}`;
      return sendFault(reply.header("allow", allowed.join(", ")), { status: 405, message });
    }
    const query = request.query as Query;
    const { jsonp } = query;
    const fault = jsonp === undefined ? undefined : callbackFault(jsonp);
    if (fault !== undefined) return sendFault(reply, { status: 400, message: fault });
    const answer = await route.answer(query, request);
    return "status" in answer ? sendFault(reply, answer) : sendBody(reply, answer, turns, jsonp as string | undefined);
  };
  for (const path of route.paths) {
    for (const url of route.exact === true ? [path] : [path, `${path}/*`])
      app.route({ method: [...methods], url, handler });
  }
}

/** The one value of a parameter, or the first of several. */
export function single(query: Query, name: string): string | undefined {
  const value = query[name];
  return typeof value === "string" ? value : value?.[0];
}

function pathOf(url: string): string {
  return url.replace(/[?#].*$/s, "");
}
