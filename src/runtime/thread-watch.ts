import type { Clock, Log, Timer } from "../actors/world.ts";

/** All in milliseconds of the watch's own time. */
export type WatchLimits = {
  /** How often the threads are looked at, and how often an idle thread beats. */
  readonly lookEveryMs: number;
  /** A thread that has not beaten for so long is reported. */
  readonly warnAfterMs: number;
  /** A thread that has not beaten for so long is ended. */
  readonly endAfterMs: number;
  /** How often a healthy thread is asked who lives where, so that the report can say who is stuck. */
  readonly surveyEveryMs: number;
};

const watchLimits: WatchLimits = {
  lookEveryMs: 1_000,
  warnAfterMs: 10_000,
  endAfterMs: 30_000,
  surveyEveryMs: 30_000,
};

/** Shared with the thread: a number that changes with every turn, and the slot of the actor whose turn it is, or -1. */
export type Pulse = Int32Array;

/** Of a thread that has not had a turn. */
export function newPulse(): Pulse {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)).fill(-1, 1);
}

/** A thread as the watch sees it. */
export type WatchedThread = {
  readonly pulse: Pulse;
  /** Asks the thread, while it can still answer, who lives there. */
  survey(): void;
  /** Who lives in the slot, as far as is known. */
  actorIn(slot: number): string | undefined;
  end(reason: string): void;
};

type Patient = {
  readonly thread: WatchedThread;
  beats: number;
  silentMs: number;
  warned: boolean;
  surveyedMs: number;
};

/**
 * Finds threads that are stuck in a turn: such a thread hears nothing, so nothing that could be asked of it tells. Each
 * one beats in memory it shares with the watch; one that no longer does is first reported and then ended, and whoever
 * keeps the threads starts it again.
 *
 * Time counts only as far as the watch was awake for it: a look that comes late, because its own thread was stuck or the
 * whole process was stopped, counts as one that was in time.
 */
export class ThreadWatch {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: WatchLimits;
  readonly #patients = new Map<string, Patient>();
  #timer: Timer | undefined;
  #lookedMs = 0;

  constructor(clock: Clock, log: Log, limits: WatchLimits = watchLimits) {
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
  }

  /** How often a thread has to beat, in milliseconds. */
  get beatEveryMs(): number {
    return this.#limits.lookEveryMs;
  }

  add(name: string, thread: WatchedThread): void {
    const surveyedMs = this.#limits.surveyEveryMs;
    this.#patients.set(name, { thread, beats: beatsOf(thread), silentMs: 0, warned: false, surveyedMs });
    if (this.#timer !== undefined) return;
    this.#lookedMs = this.#clock.now();
    this.#arm();
  }

  remove(name: string): void {
    this.#patients.delete(name);
    if (this.#patients.size > 0 || this.#timer === undefined) return;
    this.#clock.disarm(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.arm(this.#limits.lookEveryMs, () => this.#look());
  }

  #look(): void {
    const now = this.#clock.now();
    const passedMs = Math.min(now - this.#lookedMs, this.#limits.lookEveryMs);
    this.#lookedMs = now;
    this.#arm();
    for (const [name, patient] of [...this.#patients]) {
      const beats = beatsOf(patient.thread);
      if (beats === patient.beats) this.#silent(name, patient, passedMs);
      else this.#beating(name, patient, beats, passedMs);
    }
  }

  #beating(name: string, patient: Patient, beats: number, passedMs: number): void {
    if (patient.warned) this.#log("info", "threads", `thread ${name} turns again after ${seconds(patient.silentMs)}`);
    patient.beats = beats;
    patient.silentMs = 0;
    patient.warned = false;
    patient.surveyedMs += passedMs;
    if (patient.surveyedMs < this.#limits.surveyEveryMs) return;
    patient.surveyedMs = 0;
    patient.thread.survey();
  }

  #silent(name: string, patient: Patient, passedMs: number): void {
    const { warnAfterMs, endAfterMs } = this.#limits;
    patient.silentMs += passedMs;
    if (patient.silentMs >= endAfterMs) {
      this.remove(name);
      patient.thread.end(`stuck ${whereabouts(patient.thread)} for ${seconds(patient.silentMs)}`);
      return;
    }
    if (patient.warned || patient.silentMs < warnAfterMs) return;
    patient.warned = true;
    const left = seconds(endAfterMs - patient.silentMs);
    this.#log(
      "warn",
      "threads",
      `thread ${name} has been stuck ${whereabouts(patient.thread)} for ${seconds(patient.silentMs)}; in ${left} it is ended`,
    );
  }
}

/** Where a thread is in its work: `in a turn of /supervisor/master`. */
export function whereabouts(thread: Pick<WatchedThread, "pulse" | "actorIn">): string {
  const slot = Atomics.load(thread.pulse, 1);
  return slot < 0 ? "outside any actor's turn" : `in a turn of ${thread.actorIn(slot) ?? `the actor in slot ${slot}`}`;
}

function beatsOf({ pulse }: WatchedThread): number {
  return Atomics.load(pulse, 0);
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
