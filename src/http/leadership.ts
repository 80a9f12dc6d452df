import type { FastifyReply } from "fastify";
import type { Refusal } from "./guards/admission.ts";
import { refuse } from "./server.ts";

/** Who leads the cluster, as far as this process knows. `elsewhere`: the HTTP address of another master. */
export type Leader =
  | { readonly kind: "self" }
  | { readonly kind: "elsewhere"; readonly host: string; readonly port: number }
  | { readonly kind: "nobody" };

/** Why a master does not answer itself: somebody else would, or nobody can for now. */
export type LeadershipFault = { readonly status: 307; readonly location: string } | Refusal;

export const noLeader: Refusal = { status: 503, message: "No leader elected" };

/** The leader is still reading the registry, or this process has no picture of its cluster yet. */
export const notRecovered: Refusal = { status: 503, message: "Master has not finished recovery" };

export class Leadership {
  readonly #leader: () => Leader;
  readonly #recovered: () => boolean;

  constructor(leader: () => Leader, recovered: () => boolean) {
    this.#leader = leader;
    this.#recovered = recovered;
  }

  get leader(): Leader {
    return this.#leader();
  }

  /** What a request that only the leader answers is told instead, or undefined. `url`: its path and query as it came. */
  readonly fault = ({ url }: { readonly url: string }): LeadershipFault | undefined => {
    const leader = this.#leader();
    if (leader.kind === "nobody") return noLeader;
    if (leader.kind === "elsewhere") return { status: 307, location: `${authority(leader.host, leader.port)}${url}` };
    return this.#recovered() ? undefined : notRecovered;
  };
}

/** The beginning of a `Location` without a scheme: some clients of Mesos take no other. */
export function authority(host: string, port: number): string {
  return `//${host.includes(":") ? `[${host}]` : host}:${port}`;
}

export function sendFault(reply: FastifyReply, fault: LeadershipFault): FastifyReply {
  if ("location" in fault) return reply.code(fault.status).header("location", fault.location).send();
  return refuse(reply, fault);
}
