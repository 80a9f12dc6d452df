import type { FastifyInstance } from "fastify";
import type { ActorRef } from "../actors/ref.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { MasterProtocol } from "../protocol/master-api.ts";
import { actorsRoute } from "./actors-read.ts";
import type { ClusterFacts, HttpAddress } from "./cluster-facts.ts";
import { Authenticator, masterRealms } from "./guards/authentication.ts";
import { type Authorizer, everybodyMay } from "./guards/authorization.ts";
import { type Leader, Leadership } from "./leadership.ts";
import { olderRoutes } from "./operator/older-routes.ts";
import { operatorRoute } from "./operator/route.ts";
import { loopbackHost, reachableIp } from "./reachable-ip.ts";
import { masterReads } from "./reads/master-reads.ts";
import { type StreamLimits, streamLimits } from "./scheduler/event-stream.ts";
import { schedulerRoute } from "./scheduler/route.ts";
import { Sessions } from "./scheduler/sessions.ts";
import { httpServer, type ListenOptions, listen, type OpenServer, sendJson, sendText } from "./server.ts";
import type { ClusterView } from "./view/view.ts";

/** Where slaves and frameworks of other processes reach the master's actors: the answer of `GET /mesolite/bridge`. */
export type BridgeAddress = {
  readonly host: string;
  readonly port: number;
  readonly node: string;
  readonly epoch: number;
  readonly clusterId: string;
};

export type GatewayOptions = ListenOptions & {
  readonly system: ActorSystem;
  /** What every read is answered from. */
  readonly view: ClusterView;
  /** Where writes go; undefined while it is out of reach. */
  readonly master: () => ActorRef<MasterProtocol> | undefined;
  /** Undefined while there is none. */
  readonly bridge: () => BridgeAddress | undefined;
  /** Whether the cluster is what was asked for, such as all slaves registered. */
  readonly ready: () => boolean;
  /** What the threads and actors of this process are doing. */
  readonly look: () => Promise<unknown>;
  /** Default: nobody has to authenticate. */
  readonly authenticator?: Authenticator | undefined;
  /** What those that come by HTTP may do, role by role. Default: everything. */
  readonly authorizer?: Authorizer | undefined;
  /** Who leads. Default: the master of this process. */
  readonly leader?: (() => Leader) | undefined;
  /** Between two heartbeats of a scheduler's stream, in milliseconds. Default 15 000, as in Mesos. */
  readonly heartbeatMs?: number | undefined;
  readonly streamLimits?: StreamLimits | undefined;
  /** Digits and dots only: clients of Mesos split it and compare the numbers. */
  readonly version: string;
  /** How the master was told to be, by Mesos's names of flags, for everybody to read. Default: nothing is told. */
  readonly flags?: Readonly<Record<string, string>> | undefined;
};

const heartbeatMsDefault = 15_000;

/** The HTTP door of a master. Rejects with `ListenFailure` when the address cannot be had. */
export async function openGateway(options: GatewayOptions): Promise<OpenServer> {
  const { system, view, version, host = loopbackHost, authenticator = new Authenticator(masterRealms) } = options;
  const { leader = () => ({ kind: "self" }) as const, flags = {} } = options;
  const served = {
    ...options,
    authenticator,
    failed: (error: Error, request: string) =>
      system.world.log("error", "http", `${request} failed: ${error.message}`, { stack: error.stack }),
  };
  const app = httpServer(served);
  /** Set before the first request can come in. */
  let at: HttpAddress = { hostname: host, ip: host, port: options.port };
  const facts = (): ClusterFacts | undefined => {
    const master = view.masterRow;
    return master === undefined || !view.fresh ? undefined : { rows: view.rows, master, at, version, flags };
  };
  const leadership = new Leadership(leader, () => facts() !== undefined);

  bridgeRoute(app, options.bridge);
  actorsRoute(app, options.look);
  const { heartbeatMs = heartbeatMsDefault, authorizer = everybodyMay } = options;
  const door = { system, view, master: options.master, facts, leadership, authorizer };
  operatorRoute(app, { ...door, authenticator });
  olderRoutes(app, door);
  const { ready } = options;
  masterReads(app, { facts, seq: () => view.seq, at: () => at, leadership, authorizer, ready, version, flags });
  const sessions = new Sessions({ system, view, facts, heartbeatMs, limits: options.streamLimits ?? streamLimits });
  schedulerRoute(app, { ...door, sessions });
  const open = await listen(app, served);
  at = { hostname: host, ip: reachableIp(host), port: open.port };
  return open;
}

function bridgeRoute(app: FastifyInstance, address: () => BridgeAddress | undefined): void {
  app.get("/mesolite/bridge", (_request, reply) => {
    const bridge = address();
    return bridge === undefined ? sendText(reply, 503, "this master has no bridge") : sendJson(reply, bridge);
  });
}
