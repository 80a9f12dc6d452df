import { isClusterId } from "../actors/link/hello.ts";
import { type LinkLimits, linkLimits } from "../actors/link/limits.ts";
import type { LinkOpened, Log, Transport } from "../actors/world.ts";
import { type BridgeTarget, dialBridge } from "./bridge.ts";
import type { BridgeConnection, BridgeParty } from "./bridge-connection.ts";
import { secretMissing } from "./bridge-failure.ts";
import { type BridgeTls, tlsOptions } from "./bridge-tls.ts";
import { isLoopback } from "./loopback.ts";
import type { Seat } from "./system-host.ts";

export type BridgeTransportOptions = {
  readonly log: Log;
  /** Needed to reach any address but loopback, unless there are certificates. */
  readonly secret?: Uint8Array;
  /** Whoever is dialled must have a master's certificate of the same CA. Default: no TLS. */
  readonly tls?: BridgeTls;
  /** A mac on every frame of loopback too. Default false. */
  readonly frameMac?: boolean;
  readonly limits?: LinkLimits;
};

/** Time for a master to say where its bridge is, in milliseconds. */
const directionsTimeoutMs = 5_000;
/** Length of that answer, in characters. */
const directionsLengthMax = 16_384;
/** Characters of a refusal that are told on. */
const refusalLengthMax = 200;

/** Where a bridge is, and of which cluster it must be. */
type Directions = BridgeTarget & { readonly clusterId?: string };

/**
 * Reaches other nodes over the bridge. An endpoint is the HTTP address of a master, the one address a user knows;
 * where its bridge is, and whether it leads, is what it is asked first.
 */
export class BridgeTransport implements Transport {
  readonly #party: BridgeParty;
  readonly #closing = new AbortController();
  /** Attempts under way, and links that came of them. */
  readonly #connections = new Set<BridgeConnection>();

  /** Throws a `BridgeFailure` when the certificates are no use. */
  constructor({ place, kinds, clock }: Seat, { limits = linkLimits, ...options }: BridgeTransportOptions) {
    if (options.tls !== undefined) tlsOptions(options.tls);
    this.#party = { ...options, place, tableHash: kinds.hash, clock, limits };
  }

  dial(endpoint: string, opened: LinkOpened, failed: (reason: string) => void): void {
    void this.#directions(endpoint).then((target) => {
      if (typeof target === "string") failed(target);
      else if (this.#closing.signal.aborted) failed("shutting down");
      else if (this.#party.secret === undefined && this.#party.tls === undefined && !isLoopback(target.host)) {
        failed(secretMissing("dial", target.host).message);
      } else this.#connect(target, opened, failed);
    });
  }

  /** Gives up every attempt and closes every link that was dialled. */
  close(): void {
    this.#closing.abort();
    for (const connection of [...this.#connections]) connection.close("shutting down");
  }

  #connect({ clusterId, ...target }: Directions, opened: LinkOpened, failed: (reason: string) => void): void {
    const party = clusterId === undefined ? this.#party : { ...this.#party, clusterId };
    const connection = dialBridge(target, party, {
      opened,
      closed: (reason, met) => {
        this.#connections.delete(connection);
        if (!met) failed(reason);
      },
    });
    this.#connections.add(connection);
  }

  /** Where the bridge of the node at this endpoint is, or why nobody knows. */
  async #directions(endpoint: string): Promise<Directions | string> {
    const address = /^(\[[0-9a-f:.]+\]|[\w.-]+):(\d{1,5})$/i.exec(endpoint);
    if (address === null) return `${endpoint} is not an address: write HOST:PORT`;
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(directionsTimeoutMs)]);
      const response = await fetch(`http://${endpoint}/mesolite/bridge`, { signal });
      const text = await textOf(response);
      if (response.status === 503) return `the master at ${endpoint} is not leading, and knows no leader (503)`;
      if (response.status === 421) return `the master at ${endpoint} does not answer to it (${lineOf(text)})`;
      if (!response.ok) return `what answers at ${endpoint} is no mesolite master (HTTP ${response.status})`;
      return targetOf(text) ?? `what answers at ${endpoint} is no mesolite master (it names no bridge)`;
    } catch (error) {
      return `no master answers at ${endpoint} (${reasonOf(error)})`;
    }
  }
}

async function textOf(response: Response): Promise<string> {
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.length > directionsLengthMax) throw new Error("its answer is too long");
  }
  return text;
}

/** One line for people; the text may come from anybody. */
function lineOf(text: string): string {
  return text
    .slice(0, refusalLengthMax)
    .replace(/\p{Cc}+/gu, " ")
    .trim();
}

function targetOf(text: string): Directions | undefined {
  const directions = parsed(text);
  if (typeof directions !== "object" || directions === null) return undefined;
  const { host, port, clusterId } = directions as Readonly<Record<string, unknown>>;
  const valid =
    typeof host === "string" && host !== "" && Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536;
  if (!valid) return undefined;
  return { host, port: Number(port), ...(isClusterId(clusterId) ? { clusterId } : {}) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `fetch` wraps what happened in a `TypeError` that says nothing. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "unknown host name";
  if (code === "ETIMEDOUT") return "no answer in time";
  if (cause instanceof Error && cause.name === "TimeoutError") return `no answer within ${directionsTimeoutMs} ms`;
  if (cause instanceof Error && cause.name === "AbortError") return "shutting down";
  return typeof code === "string" ? code : cause instanceof Error ? cause.message : String(cause);
}
