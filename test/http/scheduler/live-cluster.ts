import { onTestFinished } from "vitest";
import type { ActorSystem } from "../../../src/actors/system.ts";
import type { GatewayOptions } from "../../../src/http/gateway.ts";
import { ClusterView } from "../../../src/http/view/view.ts";
import { clusterView } from "../../../src/http/view/view-actor.ts";
import type { MasterConfig } from "../../../src/master/config.ts";
import { systemIds } from "../../../src/runtime/ids.ts";
import { commandExecutor } from "../../../src/slave/command-executor.ts";
import { functionExecutor } from "../../../src/slave/function-executor.ts";
import { simulatedExecutor } from "../../../src/slave/simulated-executor.ts";
import { slave } from "../../../src/slave/slave.ts";
import { Cluster, masterEndpoint } from "../../master/kit.ts";
import { ScriptedSlave } from "../../master/scripted-slave.ts";
import { quantities } from "../../protocol/quantities.ts";
import { bareGateway } from "../scene.ts";
import { SchedulerClient, type Wire } from "./client.ts";

export type LiveOptions = {
  readonly config?: Partial<MasterConfig>;
  /** Resources of slaves that are there from the start, each with simulated executors. Default: one. */
  readonly slaves?: readonly string[];
  readonly gateway?: Partial<GatewayOptions>;
  readonly view?: ClusterView;
};

const slaveConfig = {
  registration: { minMs: 100, maxMs: 1_000, factor: 2 },
  updateRetryMinMs: 10_000,
  updateRetryMaxMs: 40_000,
};

/** What a slave of a test has. */
const slaveResources = "cpus:4;mem:4096;disk:1024;ports:[31000-31009]";

/**
 * A real master, allocator and slaves behind a real HTTP door. Actors run as soon as there is work and sockets are real;
 * time goes by as it does, and a test need not wait for it: `skip` moves it on, timer by timer.
 */
export class LiveCluster {
  readonly cluster: Cluster;
  readonly view: ClusterView;
  readonly #startedMs = performance.now();
  readonly #options: LiveOptions;
  #skippedMs = 0;
  #running = false;
  /** What went wrong in a turn that nobody had asked for; told at the next. */
  #fault: unknown;
  #pumped: NodeJS.Immediate | undefined;
  #alarm: NodeJS.Timeout | undefined;
  #door: { readonly port: number; close(): Promise<void> } | undefined;

  private constructor(options: LiveOptions) {
    this.#options = options;
    this.view = options.view ?? new ClusterView();
    const executors = [commandExecutor, functionExecutor, simulatedExecutor].map(({ protocol }) => protocol);
    this.cluster = new Cluster({ offerTimeoutMs: 0, ...options.config }, [slave.protocol, ...executors], {
      wake: () => this.#wake(),
      world: { ids: systemIds },
      isolation: "reference",
    });
  }

  /** One that ends with the test. */
  static async start(options: LiveOptions = {}): Promise<LiveCluster> {
    const live = new LiveCluster(options);
    onTestFinished(() => live.close());
    for (const [index, resources] of (options.slaves ?? [slaveResources]).entries()) {
      live.slave(`slave-${index}`, resources);
    }
    await live.openDoor();
    return live;
  }

  get port(): number {
    return this.#door?.port ?? 0;
  }

  get masterSystem(): ActorSystem {
    return this.cluster.system;
  }

  client(wire: Wire, more: { readonly authorization?: string } = {}): SchedulerClient {
    return new SchedulerClient(this.port, wire, { ...more, settle: () => this.skip(0) });
  }

  /** A real slave whose tasks only take time. */
  slave(node: string, resources = slaveResources): void {
    const system = this.cluster.stage.boot(node);
    const info = {
      hostname: node,
      ip: "127.0.0.1",
      port: 5051,
      resources: quantities(resources),
      attributes: { rack: "r1", size: "2.5" },
      checkpoint: false,
    };
    const args = {
      master: masterEndpoint,
      info,
      config: slaveConfig,
      workDir: "/nowhere",
      environment: {},
      checkpoint: false,
    };
    system.spawn(slave, args, { name: "slave", exported: true });
    this.skip(0);
  }

  /** A slave that does what the test says, and has been let in. */
  scripted(name: string, resources = slaveResources, checkpoint = false): ScriptedSlave {
    const scripted = new ScriptedSlave(this.cluster, name, resources, { ip: "127.0.0.1", checkpoint });
    scripted.hello();
    return scripted;
  }

  /** A slave stops answering for as long as it takes to be given up; its link stays. */
  silence(scripted: ScriptedSlave): void {
    scripted.pongs = false;
    this.skip(6_000);
  }

  /** A new life of the master, as its supervisor gives it: every stream ends. */
  restartMaster(): void {
    this.cluster.restartMaster();
    this.skip(1_000);
  }

  /** Lets time pass at once. */
  skip(ms: number): void {
    this.#throwFault();
    this.#running = true;
    try {
      this.#catchUp();
      this.cluster.advance(ms);
      this.#skippedMs += ms;
    } finally {
      this.#running = false;
    }
    this.#arm();
  }

  /** Turns of Node's loop until it is so. */
  async until(condition: () => boolean): Promise<void> {
    const givenUpMs = performance.now() + 5_000;
    while (!condition()) {
      if (performance.now() > givenUpMs) throw new Error(`it never came to be that ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async openDoor(): Promise<void> {
    this.masterSystem.spawn(clusterView(this.view), { master: "thread:main" }, { name: "view" });
    this.#door = await bareGateway({
      system: this.masterSystem,
      view: this.view,
      master: () => this.view.master,
      ...this.#options.gateway,
    });
    this.skip(100);
  }

  async close(): Promise<void> {
    await this.#door?.close();
    clearImmediate(this.#pumped);
    clearTimeout(this.#alarm);
    this.#running = true;
    this.#throwFault();
  }

  #throwFault(): void {
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) throw fault;
  }

  #run(): void {
    try {
      this.skip(0);
    } catch (error) {
      this.#fault ??= error;
    }
  }

  #wake(): void {
    if (this.#running) return;
    this.#pumped ??= setImmediate(() => {
      this.#pumped = undefined;
      this.#run();
    });
  }

  #catchUp(): void {
    const nowMs = performance.now() - this.#startedMs + this.#skippedMs;
    this.cluster.advance(Math.max(0, nowMs - this.cluster.stage.clock.now()));
  }

  /** Rings when the next timer is due. */
  #arm(): void {
    clearTimeout(this.#alarm);
    const { nextDueMs } = this.cluster.stage.clock;
    if (nextDueMs === undefined) return;
    const nowMs = performance.now() - this.#startedMs + this.#skippedMs;
    this.#alarm = setTimeout(() => this.#run(), Math.max(1, Math.ceil(nextDueMs - nowMs)));
  }
}
