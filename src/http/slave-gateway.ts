import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Log } from "../actors/world.ts";
import { actorsRoute } from "./actors-read.ts";
import { versionInfo } from "./cluster-facts.ts";
import { Authenticator, agentRealms } from "./guards/authentication.ts";
import { bodyOf, callbackFault, type JsonBody, jsonBody, sendBody } from "./reads/json-body.ts";
import { legacyRoute, single } from "./reads/legacy-route.ts";
import { systemMetrics } from "./reads/system-metrics.ts";
import { Turns } from "./reads/turns.ts";
import { listEntries, type Opened, Sandbox } from "./sandbox.ts";
import { httpServer, type ListenOptions, listen, type OpenServer, sendText } from "./server.ts";

/** Bytes that one `/files/read` answers with: 16 pages, as in Mesos. */
const readBytesMax = 64 * 1024;

export type SlaveGatewayOptions = ListenOptions & {
  /** Holds the sandboxes of every slave of this process. */
  readonly workDir: string;
  readonly version: string;
  /** What the threads and actors of this process are doing. */
  readonly look: () => Promise<unknown>;
  /** Default: nobody has to authenticate. */
  readonly authenticator?: Authenticator | undefined;
  /** How the slave was told to be, by Mesos's names of flags, for everybody to read. Default: nothing is told. */
  readonly flags?: Readonly<Record<string, string>> | undefined;
  readonly log: Log;
};

type FileQuery = { readonly Querystring: { readonly [name: string]: string | string[] | undefined } };

/** The HTTP door of a process that hosts slaves: the files of their tasks, for reading. Rejects with `ListenFailure`. */
export async function openSlaveGateway(options: SlaveGatewayOptions): Promise<OpenServer> {
  const { workDir, version, log, authenticator = new Authenticator(agentRealms) } = options;
  const served = {
    ...options,
    authenticator,
    failed: (error: Error, request: string) =>
      log("error", "http", `${request} failed: ${error.message}`, { stack: error.stack }),
  };
  const app = httpServer(served);
  const turns = new Turns();
  const route = (name: string, answer: () => JsonBody) => legacyRoute(app, turns, { paths: named(name), answer });
  route("/health", () => bodyOf([]));
  route("/version", () => jsonBody(versionInfo(version)));
  route("/flags", () => jsonBody({ flags: options.flags ?? {} }));
  route("/metrics/snapshot", () => jsonBody({ ...systemMetrics(), "slave/uptime_secs": process.uptime() }));
  // The directory that paths may begin with, and the beginning that stands for the same in every slave.
  const sandbox = new Sandbox(workDir);
  const { root } = sandbox;
  route("/files/debug", () => jsonBody({ [root]: root, "/frameworks": `${root}/*/frameworks` }));
  actorsRoute(app, options.look);
  fileRoutes(app, sandbox, turns);
  return await listen(app, served);
}

/** With and without the name of Mesos's process. The parentheses may come encoded. */
function named(name: string): readonly string[] {
  return [name, `/slave(1)${name}`];
}

function fileRoutes(app: FastifyInstance, sandbox: Sandbox, turns: Turns): void {
  const route = (
    name: string,
    answer: (
      opened: Opened,
      path: string,
      request: FastifyRequest<FileQuery>,
      reply: FastifyReply,
    ) => Promise<FastifyReply>,
  ) => {
    for (const url of named(name)) {
      app.get<FileQuery>(url, async (request, reply) => {
        const { path, jsonp } = request.query;
        const fault = jsonp === undefined ? undefined : callbackFault(jsonp);
        if (fault !== undefined) return sendText(reply, 400, fault);
        if (typeof path !== "string" || path === "") return sendText(reply, 400, "say which file: ?path=…");
        const opened = await sandbox.open(path);
        return opened === undefined ? sendText(reply, 404, "no such file") : answer(opened, path, request, reply);
      });
    }
  };
  route("/files/browse", async (opened, path, { query }, reply) => {
    await using _ = opened.handle;
    const entries = opened.stats.isDirectory() ? await listEntries(opened, path) : [];
    return sendBody(reply, jsonBody(entries), turns, single(query, "jsonp"));
  });
  route("/files/read", async (opened, _path, { query }, reply) => {
    await using _ = opened.handle;
    const part = await read(opened, query);
    return "fault" in part
      ? sendText(reply, 400, part.fault)
      : sendBody(reply, jsonBody(part), turns, single(query, "jsonp"));
  });
  route("/files/download", async (opened, path, request, reply) => {
    if (opened.stats.isFile()) return download(opened, path, request, reply);
    await opened.handle.close();
    return sendText(reply, 400, "a directory cannot be downloaded");
  });
}

/** Without an offset, or with -1, the answer is only how long the file is. */
async function read(
  { handle, stats }: Opened,
  query: FileQuery["Querystring"],
): Promise<{ readonly fault: string } | { readonly data: string; readonly offset: number }> {
  if (!stats.isFile()) return { fault: "a directory cannot be read" };
  const offset = integer(query["offset"] ?? "-1", -1);
  const length = integer(query["length"] ?? String(readBytesMax), 0);
  if (offset === undefined) return { fault: "offset is a position in bytes, or -1 for the end" };
  if (length === undefined) return { fault: "length is a number of bytes" };
  if (offset === -1) return { data: "", offset: stats.size };
  const wanted = Math.max(0, Math.min(length, readBytesMax, stats.size - offset));
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(wanted), 0, wanted, offset);
  // A character that is cut at the end is held back whole, so that the next read can begin with it.
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(buffer.subarray(0, bytesRead), { stream: true });
  return { data: text, offset };
}

/** The file as it was when it was opened, or the part that a `Range` asks for: `bytes=N-` continues where a reader was. */
async function download(
  opened: Opened,
  path: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { handle, stats } = opened;
  const range = rangeOf(request.headers.range);
  const first = range?.first ?? 0;
  const last = Math.min(range?.last ?? stats.size - 1, stats.size - 1);
  if (range !== undefined && first > last) {
    await handle.close();
    return sendText(reply.header("content-range", `bytes */${stats.size}`), 416, `the file has ${stats.size} bytes`);
  }
  const length = last - first + 1;
  reply.header("accept-ranges", "bytes");
  reply.header("content-length", length);
  if (range !== undefined) reply.code(206).header("content-range", `bytes ${first}-${last}/${stats.size}`);
  asAttachment(reply, path);
  if (length === 0) {
    await handle.close();
    return reply.send(Buffer.alloc(0));
  }
  const stream = handle.createReadStream({ start: first, end: last });
  // A file that was cut short meanwhile cannot give what was promised: only hanging up says so.
  stream.once("end", () => {
    if (stream.bytesRead < length) reply.raw.destroy();
  });
  return reply.send(stream);
}

/** What a task wrote must never run in a browser as a page of ours. */
function asAttachment(reply: FastifyReply, path: string): void {
  const name = encodeURIComponent(path.slice(path.lastIndexOf("/") + 1).toWellFormed()).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16)}`,
  );
  reply
    .type("application/octet-stream")
    .header("content-disposition", `attachment; filename*=UTF-8''${name}`)
    .header("content-security-policy", "sandbox")
    .header("x-content-type-options", "nosniff");
}

/** One range from a position on. Any other form is ignored, as HTTP allows, and the whole file is sent. */
function rangeOf(header: string | undefined): { readonly first: number; readonly last?: number } | undefined {
  const match = /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(header ?? "");
  if (match === null) return undefined;
  const [, first, last] = match;
  if (last !== undefined && Number(last) < Number(first)) return undefined;
  return last === undefined ? { first: Number(first) } : { first: Number(first), last: Number(last) };
}

function integer(text: string | string[], min: number): number | undefined {
  const value = typeof text === "string" && /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) && value >= min ? value : undefined;
}
