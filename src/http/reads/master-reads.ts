import type { FastifyInstance } from "fastify";
import { type ClusterFacts, type HttpAddress, versionInfo } from "../cluster-facts.ts";
import { noMaster, type Refusal } from "../guards/admission.ts";
import type { Authorizer } from "../guards/authorization.ts";
import { authority, type Leadership, type LeadershipFault, noLeader, notRecovered } from "../leadership.ts";
import { ClusterPicture } from "./cluster-picture.ts";
import { bodyOf, jsonBody } from "./json-body.ts";
import { type LegacyAnswer, type LegacyRoute, legacyRoute, type Query, single } from "./legacy-route.ts";
import { masterMetricSteps } from "./master-metrics.ts";
import { type Document, Renderer } from "./renderer.ts";
import { roleSteps } from "./roles-json.ts";
import { RowTexts } from "./row-texts.ts";
import { slaveSteps } from "./slaves-json.ts";
import { frameworkSteps, stateSteps } from "./state-json.ts";
import { summarySteps } from "./state-summary.ts";
import { systemMetrics } from "./system-metrics.ts";
import { taskQuery, taskSteps } from "./task-list.ts";
import { Turns } from "./turns.ts";

export type MasterReads = {
  readonly facts: () => ClusterFacts | undefined;
  /** The number of the last change that the facts show. */
  readonly seq: () => number;
  readonly at: () => HttpAddress;
  readonly leadership: Leadership;
  readonly authorizer: Authorizer;
  /** Whether the cluster is what was asked for. */
  readonly ready: () => boolean;
  readonly version: string;
  readonly flags: Readonly<Record<string, string>>;
};

/** A document and a name that no other document has. */
type Wanted = { readonly name: string; readonly document: Document };

/** The reads of the time before the v1 API, which tools around Mesos still use, each also under `/master`. */
export function masterReads(app: FastifyInstance, options: MasterReads): void {
  const turns = new Turns();
  const renderer = new Renderer({ facts: options.facts, seq: options.seq });
  const route = (name: string, answer: LegacyRoute["answer"], more: Partial<LegacyRoute> = {}) =>
    legacyRoute(app, turns, { paths: [name, `/master${name}`], answer, ...more });
  clusterReads(route, renderer, options);
  route("/metrics/snapshot", () => metrics(renderer, options));
  route("/version", () => jsonBody(versionInfo(options.version)));
  route("/flags", () => jsonBody({ flags: options.flags }));
  route("/redirect", () => redirect(options), { exact: true });
  route("/health", () => {
    if (options.facts() === undefined) return noMaster;
    return options.ready() ? bodyOf([]) : { status: 503, message: "not every slave has registered yet" };
  });
}

/** What only the leader answers. */
function clusterReads(
  route: (name: string, answer: LegacyRoute["answer"], more: Partial<LegacyRoute>) => void,
  renderer: Renderer,
  { leadership, authorizer, version }: MasterReads,
): void {
  const texts = new RowTexts(version);
  const read = (
    name: string,
    wanted: (query: Query, principal: string | undefined) => Wanted | Refusal,
    more: Partial<LegacyRoute> = {},
  ) =>
    route(
      name,
      async (query, request): Promise<LegacyAnswer> => {
        const fault = leadership.fault(request);
        if (fault !== undefined) return fault;
        const asked = wanted(query, request.principal);
        return "status" in asked ? asked : ((await renderer.body(asked.name, asked.document)) ?? notRecovered);
      },
      more,
    );
  // mesos-compose posts these two.
  const posted = { methods: ["GET", "POST"] } as const;
  const state = { name: "state", document: (facts: ClusterFacts) => stateSteps(facts, texts) };
  read("/state", () => state);
  read("/state.json", () => state);
  read("/state-summary", () => ({ name: "summary", document: (facts) => summarySteps(facts, texts) }));
  read("/roles", (_, principal) => {
    const sees = (role: string) => authorizer.allows("view_roles", principal, role);
    return { name: JSON.stringify(["roles", principal]), document: (facts) => roleSteps(facts, sees) };
  });
  const slaves = (query: Query) => {
    const only = single(query, "slave_id");
    const document = (facts: ClusterFacts) => slaveSteps(facts, texts, only);
    return { name: JSON.stringify(["slaves", only]), document };
  };
  read("/slaves", slaves, posted);
  read("/frameworks", (query) => {
    const only = single(query, "framework_id");
    return { name: JSON.stringify(["frameworks", only]), document: (facts) => frameworksSteps(facts, texts, only) };
  });
  const tasks = (query: Query) => {
    const asked = taskQuery(query);
    if (!asked.ok) return { status: 400, message: asked.error };
    const document = (facts: ClusterFacts) => taskSteps(facts, texts, asked.value);
    // JSON has no infinity, and null is no other limit.
    return { name: JSON.stringify(["tasks", asked.value]), document };
  };
  read("/tasks", tasks, posted);
}

function* frameworksSteps({ rows }: ClusterFacts, texts: RowTexts, only?: string): Generator<string, void> {
  yield "{";
  yield* frameworkSteps(new ClusterPicture(rows), texts, only);
  yield ',"unregistered_frameworks":[]}';
}

/** One flat object. What a process knows of itself is there also while the cluster is not known. */
async function metrics(renderer: Renderer, { facts, leadership }: MasterReads): Promise<LegacyAnswer> {
  const known = leadership.leader.kind === "self" ? facts() : undefined;
  const cluster = known && (await renderer.body("metrics", masterMetricSteps));
  if (known === undefined || cluster === undefined) return jsonBody({ ...systemMetrics(), "master/elected": 0 });
  const uptime = (Date.now() - known.master.startedMs) / 1000;
  const own = JSON.stringify({ ...systemMetrics(), "master/uptime_secs": uptime }).slice(0, -1);
  return bodyOf([Buffer.from(`${own},`), ...cluster.pieces]);
}

/** Where the leader is, told by every master and by the leader too. */
function redirect({ leadership, at }: MasterReads): LeadershipFault {
  const { leader } = leadership;
  if (leader.kind === "nobody") return noLeader;
  const { host, port } = leader.kind === "self" ? { host: at().ip, port: at().port } : leader;
  return { status: 307, location: authority(host, port) };
}
