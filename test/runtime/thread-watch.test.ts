import { describe, expect, test } from "vitest";
import { newPulse, type Pulse, ThreadWatch, type WatchLimits } from "../../src/runtime/thread-watch.ts";
import { SimClock } from "../../src/sim/clock.ts";

const limits: WatchLimits = { lookEveryMs: 1_000, warnAfterMs: 10_000, endAfterMs: 30_000, surveyEveryMs: 5_000 };

class Patient {
  readonly pulse: Pulse = newPulse();
  readonly names = new Map([[4, "/supervisor/allocator"]]);
  readonly ends: string[] = [];
  surveys = 0;

  beat(): void {
    Atomics.add(this.pulse, 0, 1);
  }

  survey(): void {
    this.surveys++;
  }

  actorIn(slot: number): string | undefined {
    return this.names.get(slot);
  }

  end(reason: string): void {
    this.ends.push(reason);
  }
}

function scene() {
  const clock = new SimClock();
  const lines: string[] = [];
  const watch = new ThreadWatch(clock, (level, _from, message) => lines.push(`${level} ${message}`), limits);
  const patient = new Patient();
  watch.add("allocator", patient);
  /** Lets so many looks pass, each in time, after what happens between them. */
  const looks = (count: number, between: () => void = () => {}) => {
    for (let look = 0; look < count; look++) {
      between();
      clock.fireNext();
    }
  };
  return { clock, watch, patient, lines, looks };
}

describe("a thread that beats", () => {
  test("is left alone, however idle it is, and asked now and then who lives there", () => {
    const { patient, lines, looks } = scene();
    looks(60, () => patient.beat());
    expect({ lines, ends: patient.ends, surveys: patient.surveys }).toEqual({ lines: [], ends: [], surveys: 12 });
  });

  test("is asked who lives there as soon as it beats for the first time", () => {
    const { patient, looks } = scene();
    looks(1, () => patient.beat());
    expect(patient.surveys).toBe(1);
  });
});

describe("a thread that is stuck", () => {
  const report =
    "warn thread allocator has been stuck in a turn of /supervisor/allocator for 10 s; in 20 s it is ended";

  test("is reported once with the actor whose turn it is, then ended once", () => {
    const { patient, lines, looks } = scene();
    Atomics.store(patient.pulse, 1, 4);
    looks(9);
    expect(lines).toEqual([]);
    looks(1);
    expect(lines).toEqual([report]);
    looks(19);
    expect([lines.length, patient.ends]).toEqual([1, []]);
    looks(1);
    expect(patient.ends).toEqual(["stuck in a turn of /supervisor/allocator for 30 s"]);
  });

  test("is no longer looked at once it is ended", () => {
    const { clock, patient, looks } = scene();
    looks(30);
    expect(clock.nextDueMs).toBeUndefined();
    expect(patient.ends).toEqual(["stuck outside any actor's turn for 30 s"]);
  });

  test("is named by the slot when nobody knows who lives there", () => {
    const { patient, lines, looks } = scene();
    Atomics.store(patient.pulse, 1, 9);
    looks(10);
    expect(lines[0]).toMatch(/stuck in a turn of the actor in slot 9 for 10 s/);
  });

  test("that turns again in time is forgiven, and may be stuck anew", () => {
    const { patient, lines, looks } = scene();
    Atomics.store(patient.pulse, 1, 4);
    looks(12);
    looks(1, () => patient.beat());
    expect(lines).toEqual([report, "info thread allocator turns again after 12 s"]);
    looks(29);
    expect([lines.length, patient.ends]).toEqual([3, []]);
    looks(1);
    expect(patient.ends).toHaveLength(1);
  });
});

describe("a watch that was away itself", () => {
  test("does not count the time: a process stopped for a day ends none of its threads", () => {
    const { clock, patient, lines, looks } = scene();
    for (let pause = 0; pause < 9; pause++) {
      clock.advanceTo(clock.now() + 86_400_000);
      looks(1);
    }
    expect([lines, patient.ends]).toEqual([[], []]);
  });

  test("counts each look that it does take, and so still finds a thread that never turns", () => {
    const { clock, patient, looks } = scene();
    for (let look = 0; look < 30; look++) {
      clock.advanceTo(clock.now() + 4_000);
      looks(1);
    }
    expect(patient.ends).toHaveLength(1);
  });
});

test("each thread has its own time", () => {
  const { watch, patient, looks } = scene();
  const [late, gone] = [new Patient(), new Patient()];
  looks(20);
  watch.add("master", late);
  watch.add("storage", gone);
  looks(5);
  watch.remove("storage");
  looks(5);
  expect([patient.ends.length, late.ends.length]).toEqual([1, 0]);
  looks(20);
  expect([patient.ends.length, late.ends.length, gone.ends.length]).toEqual([1, 1, 0]);
});
