import { given, type Shapes, type Work } from "../../kit.ts";
import { callsAtOnce, codecNames, crowds, offersShape, reconcileShape } from "../flow.ts";
import { codecs, SchedulerClient, type SchedulerEvent } from "../scheduler-client.ts";

/** Schedulers that only talk: to a master, or to the floor that stands in for one. */

const { far } = given<{ readonly far: { readonly port: number } }>();
let made = 0;

async function withSchedulers(
  codec: string,
  count: number,
  work: (schedulers: readonly SchedulerClient[]) => Promise<Work>,
): Promise<Work> {
  const chosen = codecs[codec];
  if (chosen === undefined) throw new Error(`there is no codec ${codec}`);
  const schedulers: SchedulerClient[] = [];
  while (schedulers.length < count) {
    schedulers.push(await SchedulerClient.subscribe(far.port, chosen, `bench-${++made}`));
  }
  try {
    return await work(schedulers);
  } finally {
    for (const scheduler of schedulers) await scheduler.tearDown();
  }
}

/** Each asks after a task that nobody knows, some calls at once; done when it has heard an answer to each. */
function reconcile(schedulers: readonly SchedulerClient[], n: number): Promise<Work> {
  return new Promise((resolve, reject) => {
    const latenciesMs: number[] = [];
    let begun = 0;
    let done = 0;
    const ask = (scheduler: SchedulerClient): void => {
      if (begun === n) return;
      const index = begun++;
      latenciesMs[index] = performance.now();
      const task_id = { value: String(index) };
      scheduler.say({ type: "RECONCILE", reconcile: { tasks: [{ task_id }] } }).then(() => ask(scheduler), reject);
    };
    for (const scheduler of schedulers) {
      scheduler.listen(({ update }) => {
        const index = Number(update?.status.task_id.value ?? Number.NaN);
        if (Number.isNaN(index)) return;
        latenciesMs[index] = performance.now() - (latenciesMs[index] ?? 0);
        if (++done === n) resolve({ done, latenciesMs });
      });
    }
    for (let count = 0; count < callsAtOnce; count++) for (const scheduler of schedulers) ask(scheduler);
  });
}

/** Each declines what it is offered and asks for offers again: timed from the asking to the offers. */
function offers(schedulers: readonly SchedulerClient[], n: number): Promise<Work> {
  return new Promise((resolve, reject) => {
    const latenciesMs: number[] = [];
    let done = 0;
    let over = false;
    const again = async (scheduler: SchedulerClient, event: SchedulerEvent, asked: { atMs: number }): Promise<void> => {
      const offer_ids = event.offers?.offers.map(({ id }) => id) ?? [];
      if (over || offer_ids.length === 0) return;
      if (asked.atMs > 0) {
        latenciesMs.push(performance.now() - asked.atMs);
        if (++done === n) {
          over = true;
          return resolve({ done, latenciesMs });
        }
      }
      await scheduler.say({ type: "DECLINE", decline: { offer_ids, filters: { refuse_seconds: 60 } } });
      if (over) return;
      asked.atMs = performance.now();
      await scheduler.say({ type: "REVIVE" });
    };
    for (const scheduler of schedulers) {
      const asked = { atMs: 0 };
      scheduler.listen((event) => void again(scheduler, event, asked).catch(reject));
      scheduler.say({ type: "REVIVE" }).catch(reject);
    }
  });
}

export const shapes: Shapes = Object.fromEntries(
  codecNames.flatMap((codec) =>
    crowds.flatMap((count) => [
      [reconcileShape(codec, count), (n: number) => withSchedulers(codec, count, (all) => reconcile(all, n))],
      [offersShape(codec, count), (n: number) => withSchedulers(codec, count, (all) => offers(all, n))],
    ]),
  ),
);
