import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { Turns } from "./turns.ts";

/** A JSON text as bytes in pieces, which any number of answers share. */
export type JsonBody = { readonly pieces: readonly Buffer[]; readonly bytes: number };

export function jsonBody(value: unknown): JsonBody {
  return bodyOf([Buffer.from(JSON.stringify(value))]);
}

export function bodyOf(pieces: readonly Buffer[]): JsonBody {
  return { pieces, bytes: pieces.reduce((sum, { byteLength }) => sum + byteLength, 0) };
}

/**
 * Sends a body with its length. `callback` (which must have been checked) makes it a script: the old way to read across
 * origins, still used by pages for Mesos. A reader that is slow is waited for piece by piece.
 */
export function sendBody(reply: FastifyReply, body: JsonBody, turns: Turns, callback?: string): FastifyReply {
  const { pieces, bytes } = callback === undefined ? body : wrapped(body, callback);
  reply
    .code(200)
    .type(callback === undefined ? "application/json" : "text/javascript")
    .header("x-content-type-options", "nosniff");
  if (pieces.length < 2) return reply.send(pieces[0] ?? Buffer.alloc(0));
  reply.header("content-length", bytes);
  return reply.send(Readable.from(inTurns(pieces, turns), { objectMode: false }));
}

/** Why a `jsonp` parameter cannot be the name of a function, or undefined. */
export function callbackFault(callback: unknown): string | undefined {
  if (typeof callback === "string" && /^[A-Za-z_$][\w$.]{0,127}$/.test(callback)) return undefined;
  return "jsonp is the name of a function: letters, digits, _, $ and dots, 128 at most, not beginning with a digit";
}

function wrapped({ pieces }: JsonBody, callback: string): JsonBody {
  return bodyOf([Buffer.from(`${callback}(`), ...pieces, Buffer.from(");")]);
}

/** A socket with room takes whatever it is given at once, so the pieces wait for their turns. */
async function* inTurns(pieces: readonly Buffer[], turns: Turns): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    await turns.next();
    yield piece;
  }
}
