import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { temporary, until } from "../../e2e/kit.ts";

/** A process of the framework that somebody else's client library makes, and what it has heard so far. */

export type Plan = {
  readonly name: string;
  readonly port: number;
  /** Seconds of silence after which the client gives the master up and ends its process. */
  readonly patienceSeconds: number;
  /** Seconds that its tasks live on without it. Default: the client's own, a week. */
  readonly failoverSeconds?: number;
  readonly tasks: readonly {
    readonly name: string;
    readonly instances: number;
    /** For `sh -c`. */
    readonly command: string;
    readonly cpus: number;
    /** How many. */
    readonly ports: number;
  }[];
};

export type Order =
  | { readonly kind: "kill"; readonly taskId: string; readonly agentId: string }
  | { readonly kind: "reconcile" }
  | { readonly kind: "teardown" };

export type Subscribed = { readonly frameworkId: string; readonly mesosStreamId: string; readonly port: number };

export type Status = {
  readonly task_id: { readonly value: string };
  readonly agent_id: { readonly value: string };
  readonly executor_id: { readonly value: string };
  readonly state: string;
  readonly reason?: string;
  readonly uuid?: string;
  readonly container_status: { readonly executor_pid: number };
};

export type Offer = {
  readonly id: { readonly value: string };
  readonly agent_id: { readonly value: string };
  readonly url: { readonly address: { readonly ip: string; readonly port: number } };
};

type Heard = { readonly event: string; readonly body: unknown };

const program = fileURLToPath(new URL("program.ts", import.meta.url));

/** Longer than the 15 s between two heartbeats. */
const patienceSecondsDefault = 20;

export class Judge implements AsyncDisposable {
  readonly heard: Heard[] = [];
  readonly #child: ChildProcess;
  readonly #home = temporary();
  readonly #ended: Promise<void>;
  #printed = "";

  constructor(plan: Omit<Plan, "patienceSeconds">) {
    const text = JSON.stringify({ patienceSeconds: patienceSecondsDefault, ...plan } satisfies Plan);
    this.#child = spawn(process.execPath, ["--disable-warning=DEP0005", program, text], {
      cwd: this.#home.path,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.setEncoding("utf8").on("data", (printed: string) => {
        this.#printed += printed;
      });
    }
    this.#child.on("message", (heard: Heard) => this.heard.push(heard));
    this.#ended = new Promise((resolve) => this.#child.once("close", () => resolve()));
  }

  get subscriptions(): readonly Subscribed[] {
    return this.#bodies("subscribed") as readonly Subscribed[];
  }

  get offers(): readonly Offer[] {
    return (this.#bodies("offers") as { readonly offers: readonly Offer[] }[]).flatMap(({ offers }) => offers);
  }

  get updates(): readonly Status[] {
    return (this.#bodies("update") as { readonly status: Status }[]).map(({ status }) => status);
  }

  get errors(): readonly string[] {
    return this.#bodies("error") as readonly string[];
  }

  count(event: string): number {
    return this.#bodies(event).length;
  }

  /** Statuses of this state, once so many of them have been heard. A repetition is not another one. */
  async statuses(state: string, count = 1): Promise<readonly Status[]> {
    return await this.until(() => {
      const all = this.updates.filter((status) => status.state === state);
      const found = [...new Map(all.map((status) => [status.uuid ?? status, status])).values()];
      return found.length >= count ? found : undefined;
    });
  }

  /** The subscription that is the `count`th, once it is there. */
  async subscribed(count = 1): Promise<Subscribed> {
    return await this.until(() => this.subscriptions[count - 1]);
  }

  async until<T>(look: () => T | undefined, withinMs?: number): Promise<T> {
    return await until(() => {
      const { exitCode } = this.#child;
      if (exitCode !== null) throw new Error(`the client ended with ${exitCode}:\n${this.#printed}`);
      return look();
    }, withinMs);
  }

  order(order: Order): void {
    this.#child.send(order);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#ended;
    this.#home[Symbol.dispose]();
  }

  #bodies(wanted: string): readonly unknown[] {
    return this.heard.filter(({ event }) => event === wanted).map(({ body }) => body);
  }
}
