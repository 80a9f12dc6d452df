import { ok, type Result, refused } from "../base/result.ts";
import type { FrameworkId, SlaveId } from "../protocol/ids.ts";
import type { OperatorRead } from "../protocol/operator-schema.ts";
import type { Credential } from "./guards/credentials-file.ts";
import type { OperatorAnswer } from "./operator/answers.ts";
import type { WhyIdleJson, WhyNotJson } from "./operator/why-json.ts";
import type { resourcesTo } from "./resource-list.ts";

/** How long an answer may take, in milliseconds: longer than a gateway waits for its master and its view. */
const answerTimeoutMs = 20_000;

/** Bytes of a sandbox file that one request brings. */
const fileBytesMax = 1024 * 1024;

/** Bytes of an error that are shown to people; the rest is cut off. */
const messageBytesMax = 300;

export type ClientFailure<Unreachable extends string> = {
  /** What was out of reach, or: what was asked for is not there; it was refused; the answer makes no sense. */
  readonly code: Unreachable | "not-found" | "refused" | "bad-answer";
  /** One line for people. */
  readonly message: string;
};

/** A call as it is posted. */
export type PostedCall =
  | { readonly type: OperatorRead }
  | { readonly type: "WHY_IDLE" }
  | {
      readonly type: "WHY_NOT";
      readonly why_not: {
        readonly framework: string;
        readonly agent_id?: { readonly value: SlaveId };
        /** Mesos's text form of resources. */
        readonly need?: string;
      };
    }
  | { readonly type: "TEARDOWN"; readonly teardown: { readonly framework_id: { readonly value: FrameworkId } } }
  | {
      readonly type: "UPDATE_QUOTA";
      readonly update_quota: { readonly force: boolean; readonly quota_configs: readonly QuotaConfig[] };
    }
  | { readonly type: "REMOVE_QUOTA"; readonly remove_quota: { readonly role: string } }
  | {
      readonly type: "UPDATE_WEIGHTS";
      readonly update_weights: { readonly weight_infos: readonly { readonly role: string; readonly weight: number }[] };
    }
  | { readonly type: "RESERVE_RESOURCES"; readonly reserve_resources: PostedReservation }
  | { readonly type: "UNRESERVE_RESOURCES"; readonly unreserve_resources: PostedReservation };

type PostedReservation = {
  readonly agent_id: { readonly value: string };
  readonly resources: ReturnType<typeof resourcesTo>;
};

/** Calls that are answered with nothing. */
const writes: ReadonlySet<PostedCall["type"]> = new Set([
  "TEARDOWN",
  "UPDATE_QUOTA",
  "REMOVE_QUOTA",
  "UPDATE_WEIGHTS",
  "RESERVE_RESOURCES",
  "UNRESERVE_RESOURCES",
] as const);

type Values = { readonly [name: string]: { readonly value: number } };

/** `grace_period`: in seconds. */
export type QuotaConfig = {
  readonly role: string;
  readonly limits: Values;
  readonly guarantees: Values;
  readonly grace_period?: number;
};

/** A write is answered with nothing. */
export type CallAnswer<Call extends PostedCall> = Call["type"] extends OperatorRead
  ? OperatorAnswer<Call["type"]>
  : Call["type"] extends "WHY_NOT"
    ? WhyNotJson
    : Call["type"] extends "WHY_IDLE"
      ? WhyIdleJson
      : undefined;

/** Posts one call to the gateway at `HOST:PORT`. */
export async function callOperator<const Call extends PostedCall>(
  masterHostPort: string,
  call: Call,
  credential?: Credential,
): Promise<Result<CallAnswer<Call>, ClientFailure<"no-master">>> {
  const response = await request(`http://${masterHostPort}/api/v1`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", ...authorization(credential) },
    body: JSON.stringify(call),
  });
  if (!response.ok) return refused({ code: "no-master", message: `no master at ${masterHostPort}: ${response.error}` });
  const { status, body } = response.value;
  if (status === 401) return refused(denial(masterHostPort, textOf(body), credential));
  if (status !== 200 && status !== 202) return refused(callFailure(masterHostPort, call, status, textOf(body)));
  if (writes.has(call.type)) return ok(undefined as CallAnswer<Call>);
  const answer = parsed(body);
  if (!isAnswerTo(call.type, answer)) {
    return refused({ code: "bad-answer", message: `${masterHostPort} does not answer ${call.type} as a master does` });
  }
  return ok(answer as CallAnswer<Call>);
}

export type FilePart = {
  /** At most 1 MiB; empty when the file has nothing at the offset yet. */
  readonly bytes: Uint8Array;
  /** The length of the whole file. Below the offset: it was cut short, or is another file now. */
  readonly size: number;
};

/** Brings what a sandbox file has from `offset` on. Ask again from `offset + bytes.length`, also to follow the file. */
export async function fetchSandboxFile(
  slaveHostPort: string,
  path: string,
  offset: number,
  credential?: Credential,
): Promise<Result<FilePart, ClientFailure<"no-slave">>> {
  const response = await request(`http://${slaveHostPort}/files/download?path=${encodeURIComponent(path)}`, {
    headers: { range: `bytes=${offset}-${offset + fileBytesMax - 1}`, ...authorization(credential) },
  });
  if (!response.ok) return refused({ code: "no-slave", message: `no slave at ${slaveHostPort}: ${response.error}` });
  const { status, body, headers } = response.value;
  const size = Number(/\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1]);
  if ((status === 206 || status === 416) && Number.isSafeInteger(size)) {
    return ok({ bytes: status === 206 ? body : new Uint8Array(), size });
  }
  if (status === 401) return refused(denial(slaveHostPort, textOf(body), credential));
  if (status === 404) return refused({ code: "not-found", message: `${slaveHostPort} has no file ${path}` });
  if (status >= 400 && status < 500) return refused({ code: "refused", message: textOf(body) });
  return refused({ code: "bad-answer", message: `${slaveHostPort} answered ${status} instead of a part of a file` });
}

/** Brings what the threads and actors of a process do, as that process tells it. */
export async function fetchActors(
  hostPort: string,
  signal: AbortSignal,
  credential?: Credential,
): Promise<Result<unknown, ClientFailure<"no-process">>> {
  const response = await request(`http://${hostPort}/mesolite/actors`, {
    signal,
    headers: authorization(credential),
  });
  if (!response.ok) return refused({ code: "no-process", message: `no master at ${hostPort}: ${response.error}` });
  const { status, body } = response.value;
  const answer = status === 200 ? parsed(body) : undefined;
  if (answer !== undefined) return ok(answer);
  if (status === 401) return refused(denial(hostPort, textOf(body), credential));
  if (status >= 400 && status < 500 && status !== 404) return refused({ code: "refused", message: textOf(body) });
  const what = status === 404 ? "is not the HTTP address of a master or slave" : `answered ${status}: ${textOf(body)}`;
  return refused({ code: "bad-answer", message: `${hostPort} ${what}` });
}

export function authorization(credential: Credential | undefined): { readonly authorization?: string } {
  if (credential === undefined) return {};
  const { principal, secret } = credential;
  return { authorization: `Basic ${Buffer.from(`${principal}:${secret.reveal()}`).toString("base64")}` };
}

export function denial(
  hostPort: string,
  text: string,
  credential: Credential | undefined,
): { readonly code: "refused"; readonly message: string } {
  const mend =
    credential === undefined
      ? "give a principal and its secret with --credential FILE"
      : `asked as ${credential.principal}`;
  return { code: "refused", message: `${hostPort} refuses: ${text} (${mend})` };
}

type Answer = { readonly status: number; readonly headers: Headers; readonly body: Uint8Array };

async function request(url: string, { signal, ...init }: RequestInit): Promise<Result<Answer>> {
  if (!URL.canParse(url)) return refused("this is not HOST:PORT");
  const late = AbortSignal.timeout(answerTimeoutMs);
  try {
    const response = await fetch(url, { ...init, signal: signal == null ? late : AbortSignal.any([late, signal]) });
    return ok({ status: response.status, headers: response.headers, body: await response.bytes() });
  } catch (error) {
    return refused(reasonOf(error));
  }
}

/** Why a request had no answer, for people: `fetch` hides the reason in the cause. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return `no answer within ${answerTimeoutMs / 1000} s`;
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  if (cause?.code === "ECONNREFUSED") return "nothing listens there";
  if (cause?.code === "ENOTFOUND") return "there is no such host";
  return cause?.message ?? String(error);
}

function callFailure(master: string, call: PostedCall, status: number, text: string): ClientFailure<"no-master"> {
  if (status === 503) return { code: "no-master", message: `the master at ${master} is not available: ${text}` };
  if (status === 404 && (writes.has(call.type) || call.type === "WHY_NOT")) return { code: "not-found", message: text };
  // A read names nothing that could be missing: whoever says 404 to one is no master.
  if (status === 404) return { code: "bad-answer", message: `${master} is not the HTTP address of a master` };
  if (status === 501 || (status >= 400 && status < 500)) return { code: "refused", message: text };
  return { code: "bad-answer", message: `${master} answered ${status}: ${text}` };
}

/** One line without control characters: the text may come from anybody. */
export function textOf(body: Uint8Array): string {
  return new TextDecoder()
    .decode(body.subarray(0, messageBytesMax))
    .replace(/\p{Cc}+/gu, " ")
    .trim();
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function isAnswerTo(type: PostedCall["type"], answer: unknown): boolean {
  return (
    typeof answer === "object" &&
    answer !== null &&
    "type" in answer &&
    answer.type === type &&
    type.toLowerCase() in answer
  );
}
