import { createServer } from "node:net";
import { portHolder } from "./port-holder.ts";

/** An address could not be had. The message says which, why, and what to do. */
export class ListenFailure extends Error {
  override readonly name = "ListenFailure";
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export async function listenFailure(error: unknown, host: string, port: number): Promise<ListenFailure> {
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

/** Rejects with `ListenFailure` when nobody could listen there now: cheaper to know before much else is started. */
export async function probeAddress(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen({ host, port }, resolve));
  } catch (error) {
    throw await listenFailure(error, host, port);
  }
  await new Promise((resolve) => server.close(resolve));
}
