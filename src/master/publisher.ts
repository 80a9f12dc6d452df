import type { Address } from "../actors/address.ts";
import type { ActorRef } from "../actors/ref.ts";
import type { ClusterChange, MasterRow, ViewProtocol } from "../protocol/cluster-events.ts";
import type { FrameworkId, SlaveId } from "../protocol/ids.ts";
import type { MasterState } from "./state.ts";

/** Rows in one message to a view: a task's row is about a kilobyte, and an envelope holds 256 of them. */
const rowsMax = 200;
/** Pause between two tellings of the counters, in milliseconds. */
const countsMs = 1_000;

/**
 * Tells views what changed. Slaves and frameworks are sent as whole rows at most once per flush, however often they
 * changed in between; tasks and offers as they come. A view that is gone is forgotten.
 */
export class Publisher {
  readonly #state: () => MasterState;
  readonly #views = new Map<Address<ViewProtocol>, ActorRef<ViewProtocol>>();
  readonly #slaves = new Set<SlaveId>();
  readonly #frameworks = new Set<FrameworkId>();
  readonly #facts = new Set<keyof typeof factOf>();
  #changes: ClusterChange[] = [];
  #seq = 0;
  #armed = false;
  #countsArmed = false;
  #startedMs: number | undefined;

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  /** Starts a view, or starts it over: a snapshot now, changes from then on. */
  watch(address: Address<ViewProtocol>): void {
    const { ctx } = this.#state();
    this.flush();
    const view = ctx.ref(address);
    if (!this.#views.has(address)) ctx.watch(view, () => this.#views.delete(address));
    this.#views.set(address, view);
    this.#state().allocator.startCounting();
    const tell = (changes: readonly ClusterChange[], last: boolean) =>
      view.tell("clusterSnapshot", { seq: this.#seq, master: this.#master(), changes, last });
    for (const fact of this.#factsToTell()) tell([fact], false);
    const rows = this.#snapshot();
    for (let first = 0; first === 0 || first < rows.length; first += rowsMax) {
      tell(rows.slice(first, first + rowsMax), first + rowsMax >= rows.length);
    }
  }

  slaveChanged(slaveId: SlaveId): void {
    this.#slaves.add(slaveId);
    this.#arm();
  }

  frameworkChanged(frameworkId: FrameworkId): void {
    this.#frameworks.add(frameworkId);
    this.#arm();
  }

  settingsChanged(): void {
    this.#factChanged("settings");
  }

  maintenanceChanged(): void {
    this.#factChanged("maintenance");
  }

  pauseChanged(): void {
    this.#factChanged("offerPause");
  }

  changed(change: ClusterChange): void {
    if (this.#views.size === 0) return;
    this.#changes.push(change);
    this.#arm();
  }

  /** Something was counted. The numbers go out together, once a second at most. */
  counted(): void {
    if (this.#countsArmed || this.#views.size === 0) return;
    this.#countsArmed = true;
    this.#state().ctx.after("publishCounts", countsMs, () => {
      this.#countsArmed = false;
      this.changed(this.#counters());
    });
  }

  /** Sends what has changed; the number of the last change that is on its way. */
  flush(): number {
    const { slaves, frameworks } = this.#state();
    const changes = this.#changes;
    this.#changes = [];
    for (const id of this.#frameworks) changes.push({ type: "framework", row: frameworks.row(id) });
    for (const id of this.#slaves) changes.push(slaves.change(id));
    this.#slaves.clear();
    this.#frameworks.clear();
    const facts = [...this.#facts].map((fact) => factOf[fact](this.#state()));
    this.#facts.clear();
    // Settings may be as large as a message: they go alone.
    for (const fact of facts) this.#send([fact]);
    for (let first = 0; first < changes.length; first += rowsMax) {
      this.#send(changes.slice(first, first + rowsMax));
    }
    return this.#seq;
  }

  #send(changes: readonly ClusterChange[]): void {
    this.#seq++;
    for (const view of this.#views.values()) view.tell("clusterChanged", { seq: this.#seq, changes });
  }

  #factChanged(fact: keyof typeof factOf): void {
    this.#facts.add(fact);
    this.#arm();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    const { ctx, config } = this.#state();
    ctx.after("publish", config.publishMs, () => {
      this.#armed = false;
      this.flush();
    });
  }

  #master(): MasterRow {
    const { id, lead, ctx } = this.#state();
    this.#startedMs ??= ctx.clock.wall();
    return { id, lead, startedMs: this.#startedMs };
  }

  #counters(): ClusterChange {
    return { type: "counters", counts: this.#state().counters.counts };
  }

  /** Those that are not what a view begins with. */
  *#factsToTell(): Iterable<ClusterChange> {
    const state = this.#state();
    const { weights, quotas } = state.registrar.registry;
    if (weights.size + quotas.size > 0) yield factOf.settings(state);
    if (state.registrar.registry.maintenance.length > 0) yield factOf.maintenance(state);
    if (state.pause.isOn) yield factOf.offerPause(state);
  }

  #snapshot(): ClusterChange[] {
    const { slaves, frameworks, tasks, offers } = this.#state();
    return [
      ...[...frameworks.all()].map(({ id }) => ({ type: "framework", row: frameworks.row(id) }) as const),
      ...[...slaves.all()].map(({ id }) => slaves.change(id)),
      ...[...tasks.all()].map((task) => ({ type: "task", row: tasks.row(task) }) as const),
      ...[...offers.all()].map((offer) => ({ type: "offer", row: offers.row(offer) }) as const),
      this.#counters(),
    ];
  }
}

/** What there is once in a cluster. */
const factOf = {
  settings: ({ registrar }: MasterState): ClusterChange => {
    const { weights, quotas } = registrar.registry.settings();
    return { type: "settings", settings: { weights, quotas } };
  },
  maintenance: ({ maintenance: { facts } }: MasterState): ClusterChange => ({
    type: "maintenance",
    maintenance: facts,
  }),
  offerPause: ({ pause: { progress } }: MasterState): ClusterChange =>
    progress === undefined ? { type: "offerPause" } : { type: "offerPause", progress },
} as const;
