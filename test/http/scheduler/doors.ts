import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Spec } from "../../../src/actors/spec.ts";
import { supervisor } from "../../../src/actors/supervisor.ts";
import { kinds } from "../../../src/cli/catalogue.ts";
import { devSlaves, threadBackoff } from "../../../src/cli/dev.ts";
import { follower } from "../../../src/cli/follower.ts";
import { LocalCluster } from "../../../src/cli/local-cluster.ts";
import type { Ending } from "../../../src/frameworks/report.ts";
import { defineScheduler, type SchedulerDefinition, type SchedulerDriver } from "../../../src/frameworks/scheduler.ts";
import { type SchedulerDriverArgs, schedulerDriver } from "../../../src/frameworks/scheduler-driver.ts";
import { MasterDoor } from "../../../src/http/scheduler/master-connection.ts";
import { remoteMasterKeeper } from "../../../src/http/scheduler/remote-master.ts";
import { masterTestScale } from "../../../src/master/config.ts";
import type { FrameworkId } from "../../../src/protocol/ids.ts";
import { masterName } from "../../../src/protocol/master-api.ts";
import type { Offer } from "../../../src/protocol/offer.ts";
import type { SchedulerProtocol } from "../../../src/protocol/scheduler-api.ts";
import { isTerminal, type TaskState, type TaskStatus } from "../../../src/protocol/task.ts";
import { type HostedSystem, hostMain } from "../../../src/runtime/system-host.ts";
import { BridgeTransport } from "../../../src/runtime/transport.ts";
import { slaveTestScale } from "../../../src/slave/config.ts";
import { until } from "../../e2e/kit.ts";

/** A whole cluster on threads of this process, and schedulers of the SDK that reach it by either door, as others would. */

export type DoorName = "bridge" | "http";

const slaves = 2;

/** What each of its slaves has. */
export const doorSlave = { cpus: 2_000, mem: 1_024_000, disk: 1_024_000 };

export class Doors {
  readonly cluster: LocalCluster;
  readonly port: number;
  readonly #joined: Joined[] = [];

  private constructor(cluster: LocalCluster, port: number) {
    this.cluster = cluster;
    this.port = port;
  }

  static async open(): Promise<Doors> {
    const cluster = new LocalCluster({ node: "doors", logLevel: "error", prettyLog: true });
    const plans = devSlaves(slaves, doorSlave);
    await Promise.all([
      cluster.startMaster({
        config: { ...masterTestScale, offerTimeoutMs: 60_000, allocationIntervalMs: 100 },
        bridge: { host: "127.0.0.1", port: 0, advertise: "127.0.0.1" },
      }),
      cluster.startSlaves({
        master: "thread:master",
        slaves: plans,
        config: { ...slaveTestScale, registration: threadBackoff, updateRetryMinMs: 100, updateRetryMaxMs: 400 },
      }),
    ]);
    const { port } = await cluster.openGateway({ port: 0 }, slaves);
    const doors = new Doors(cluster, port);
    await doors.quiet();
    return doors;
  }

  /** A scheduler in a process of its own, but for the process. `port`: of the HTTP that it is told of. */
  join<Options>(
    door: DoorName,
    spec: Spec<SchedulerProtocol, SchedulerDriverArgs<Options>>,
    options: Options,
    { frameworkId, port = this.port }: { readonly frameworkId?: FrameworkId | undefined; readonly port?: number } = {},
  ): Joined {
    const joined = new Joined(`guest-${this.#joined.length}`, door, `127.0.0.1:${port}`, (master, report) => ({
      spec: spec as Spec<SchedulerProtocol, unknown>,
      args: { master, report, options, ...(frameworkId === undefined ? {} : { frameworkId }) },
    }));
    this.#joined.push(joined);
    return joined;
  }

  probe(door: DoorName, more: Partial<SchedulerDefinition> = {}, frameworkId?: FrameworkId): Probe {
    const probe = new Probe(more);
    const spec = schedulerDriver<undefined>(() => probe.definition);
    probe.joined = this.join(door, spec, undefined, { frameworkId });
    return probe;
  }

  /** Every slave is there, and nobody has anything of them. */
  async quiet(): Promise<void> {
    const { view } = this.cluster;
    await until(() => {
      const rows = [...view.rows.slaves.values()].filter(({ state }) => state === "registered");
      const free = rows.every(({ used, offered }) => Object.keys({ ...used, ...offered }).length === 0);
      return view.fresh && rows.length === slaves && free ? true : undefined;
    });
  }

  /** Ends every scheduler that is left, and its framework. */
  async leave(): Promise<void> {
    for (const joined of this.#joined) await joined.close();
    const { view } = this.cluster;
    await until(() => (view.fresh ? true : undefined));
    for (const frameworkId of view.rows.frameworks.keys()) view.master?.tell("teardown", { frameworkId });
    await this.quiet();
  }

  async close(): Promise<void> {
    for (const joined of this.#joined) await joined.close();
    await this.cluster.close();
  }
}

/** The process of one scheduler. */
class Joined {
  readonly ended: Promise<Ending>;
  readonly rows: unknown[] = [];
  readonly #door: DoorName;
  readonly #hosted: HostedSystem;
  readonly #master: MasterDoor;
  #ending: Ending | undefined;

  constructor(
    node: string,
    door: DoorName,
    master: string,
    scheduler: (master: string, report: string) => { spec: Spec<SchedulerProtocol, unknown>; args: unknown },
  ) {
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.ended = promise;
    this.#door = door;
    this.#master = new MasterDoor({ master });
    const log = () => {};
    this.#hosted = hostMain({
      kinds,
      node,
      epoch: Date.now(),
      log,
      keepAlive: true,
      equip: (seat) => (door === "bridge" ? { transport: new BridgeTransport(seat, { log }) } : {}),
    });
    const { system } = this.#hosted;
    const report = system.spawn(follower, {
      record: (row) => this.rows.push(row),
      finished: (ending) => {
        this.#ending = ending;
        resolve(ending);
      },
    });
    if (door === "http") {
      const children = [remoteMasterKeeper("remote-master", this.#master)];
      system.spawn(supervisor, { strategy: "one-for-one", children });
    }
    const { spec, args } = scheduler(door === "http" ? "thread:main" : master, report.address);
    system.spawn(spec, args, { name: "scheduler", exported: true });
  }

  get running(): boolean {
    return this.#ending === undefined;
  }

  /** Breaks the connection to the master; both sides live on. */
  cut(): void {
    const { system } = this.#hosted;
    if (this.#door === "bridge") system.links.closeAll("cut");
    else system.find(masterName)?.terminate({ failed: "cut" });
  }

  async close(): Promise<void> {
    await this.#hosted.close();
    await this.#master.close();
  }
}

/** A scheduler that holds on to what it is offered, writes down what it hears, and is told by a test what to do. */
export class Probe {
  readonly definition: SchedulerDefinition;
  readonly heard: string[] = [];
  readonly updates: TaskStatus[] = [];
  readonly #offers: Offer[] = [];
  #driver: SchedulerDriver | undefined;
  joined: Joined | undefined;

  constructor(more: Partial<SchedulerDefinition>) {
    this.definition = defineScheduler({
      name: "probe",
      start: (driver) => {
        this.#driver = driver;
      },
      subscribed: () => void this.heard.push("subscribed"),
      disconnected: () => {
        this.#offers.length = 0;
        this.heard.push("disconnected");
      },
      resourceOffers: (offers, driver) => {
        this.#offers.push(...offers);
        driver.keep(offers.map(({ id }) => id));
      },
      statusUpdate: (status) => this.wrote(status),
      slaveLost: () => void this.heard.push("slave lost"),
      ...more,
    });
  }

  wrote(status: TaskStatus): void {
    this.updates.push(status);
    this.heard.push(`${status.taskId} ${status.state}${status.reason === undefined ? "" : ` ${status.reason}`}`);
  }

  get driver(): SchedulerDriver {
    if (this.#driver === undefined) throw new Error("the scheduler has not started");
    return this.#driver;
  }

  get frameworkId(): FrameworkId {
    if (this.driver.frameworkId === undefined) throw new Error("the scheduler has not subscribed");
    return this.driver.frameworkId;
  }

  /** The next offer, or the next of one slave, which is then not held any more. */
  async offer(slave?: string): Promise<Offer> {
    return await until(() => {
      const at = this.#offers.findIndex((offer) => slave === undefined || slaveOf(offer) === slave);
      return at === -1 ? undefined : this.#offers.splice(at, 1)[0];
    });
  }

  /** An offer of each slave, whatever the order in which they come. */
  async offers(): Promise<readonly [Offer, Offer]> {
    return [await this.offer("slave-0"), await this.offer("slave-1")];
  }

  async state(taskId: string, ...states: readonly TaskState[]): Promise<TaskStatus> {
    return await until(() => this.updates.find((each) => each.taskId === taskId && states.includes(each.state)));
  }

  async terminal(taskId: string): Promise<TaskStatus> {
    return await until(() => this.updates.find((each) => each.taskId === taskId && isTerminal(each.state)));
  }

  async hears(line: string, times = 1): Promise<void> {
    await until(() => (this.heard.filter((each) => each === line).length >= times ? true : undefined));
  }

  async stop(): Promise<void> {
    this.driver.stop({ kind: "done", result: null });
    await this.joined?.ended;
  }
}

export function slaveOf({ attributes }: Offer): string {
  return attributes["slave"] ?? "";
}

/** Stands between a scheduler and the door, and can be told to break connections. */
export class CuttingProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#joined(socket));
  readonly #target: number;
  readonly #everyRequests: number;
  #requests = 0;
  /** Connections broken before a request got through, and after, but before its answer. */
  cuts = { before: 0, after: 0 };

  /** Of so many requests the last one is broken off, by turns before and after it got through. */
  constructor(target: number, everyRequests: number) {
    this.#target = target;
    this.#everyRequests = everyRequests;
  }

  async listen(): Promise<number> {
    await new Promise<void>((listening) => this.#server.listen(0, "127.0.0.1", listening));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#cut();
  }

  #joined(near: Socket): void {
    const far = connect(this.#target, "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    let answers = true;
    near.on("data", (sent: Buffer) => {
      // The door answers only to the address that it has.
      const head = sent.toString("latin1").replace(`127.0.0.1:${near.localPort}`, `127.0.0.1:${this.#target}`);
      const chunk = Buffer.from(head, "latin1");
      const due = chunk.includes("POST /api/v1/scheduler") && ++this.#requests % this.#everyRequests === 0;
      if (!due) return far.write(chunk);
      if (this.cuts.before <= this.cuts.after) {
        this.cuts.before++;
        return this.#cut();
      }
      this.cuts.after++;
      answers = false;
      return far.write(chunk);
    });
    far.on("data", (chunk: Buffer) => (answers ? near.write(chunk) : this.#cut()));
  }

  #cut(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }
}
