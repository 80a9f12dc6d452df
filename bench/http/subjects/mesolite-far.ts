import { LocalCluster } from "../../../src/cli/local-cluster.ts";
import { masterDefaults } from "../../../src/master/config.ts";
import { slaveDefaults, slaveTestScale } from "../../../src/slave/config.ts";
import type { Shapes, Work } from "../../kit.ts";
import { crowds } from "../flow.ts";
import { codecs, SchedulerClient } from "../scheduler-client.ts";

/** A whole cluster: its threads, its view, its gateway. */

const slaves = Math.max(...crowds);
const cluster = new LocalCluster({ node: "bench", logLevel: "error", prettyLog: false });
const { port } = await cluster.openGateway({ host: "127.0.0.1", port: 0 }, slaves);
await cluster.startMaster({ config: masterDefaults });
await cluster.startSlaves({
  master: "thread:master",
  slaves: Array.from({ length: slaves }, (_, index) => ({
    name: `slave-${index}`,
    hostname: "localhost",
    resources: { cpus: 64_000, mem: 64_000_000 },
    attributes: {},
  })),
  config: { ...slaveDefaults, registration: slaveTestScale.registration },
});
while (cluster.registeredSlaves < slaves) await new Promise((resolve) => setTimeout(resolve, 5));

/** How old each offer was when the view showed it, in milliseconds. */
let lagsMs: number[] = [];
const { view } = cluster;
const apply = view.applyChanges.bind(view);
view.applyChanges = (batch) => {
  const nowMs = Date.now();
  for (const change of batch.changes) {
    if (change.type === "offer") lagsMs.push(nowMs - change.row.madeMs);
  }
  return apply(batch);
};

/** Fills the cluster with tasks that only take time, evenly over its slaves, and keeps them. */
async function occupy(n: number): Promise<Work> {
  const codec = codecs["protobuf"];
  if (codec === undefined) throw new Error("there is no protobuf");
  const scheduler = await SchedulerClient.subscribe(port, codec, "background");
  const each = Math.ceil(n / slaves);
  let launched = 0;
  const running = new Set<string>();
  await new Promise<void>((resolve, reject) => {
    scheduler.listen(({ offers, update }) => {
      for (const { id, agent_id } of offers?.offers ?? []) {
        const count = Math.min(each, n - launched);
        const task_infos = Array.from({ length: count }, (_, index) => ({
          name: "background",
          task_id: { value: `background-${launched + index}` },
          agent_id,
          resources: [{ name: "cpus", type: "SCALAR" as const, scalar: { value: 0.01 } }],
          mesolite_simulated: { duration_ms: 1e9, outcome: "finished" },
        }));
        launched += count;
        const operations = [{ type: "LAUNCH" as const, launch: { task_infos } }];
        const accept = { offer_ids: [id], operations, filters: { refuse_seconds: 3_600 } };
        scheduler.say({ type: "ACCEPT", accept }).catch(reject);
      }
      const status = update?.status;
      if (status?.uuid === undefined || status.agent_id === undefined) return;
      const { task_id, agent_id, uuid } = status;
      scheduler.say({ type: "ACKNOWLEDGE", acknowledge: { task_id, agent_id, uuid } }).catch(reject);
      if (status.state === "TASK_RUNNING" && running.add(task_id.value).size === n) resolve();
    });
  });
  await scheduler.say({ type: "SUPPRESS" });
  return running.size;
}

export const facts = { port };
/** How far the view was behind since it was last asked. */
function lag(): Work {
  const latenciesMs = lagsMs;
  lagsMs = [];
  return { done: 1, latenciesMs };
}

export const shapes: Shapes = { occupy, lag };
