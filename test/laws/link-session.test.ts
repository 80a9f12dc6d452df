import fc from "fast-check";
import { expect, test } from "vitest";
import { Codec } from "../../src/actors/link/codec.ts";
import { IngressBudget } from "../../src/actors/link/ingress-budget.ts";
import type { LinkItem } from "../../src/actors/link/item.ts";
import { KindTable } from "../../src/actors/link/kind-table.ts";
import { linkLimits } from "../../src/actors/link/limits.ts";
import { LinkSession } from "../../src/actors/link/session.ts";
import { puppetTable } from "../actors/kit.ts";

const codec = new Codec(new KindTable([puppetTable]));
const limits = {
  ...linkLimits,
  creditBytes: 600,
  creditFirstBytes: 100,
  frameBytesMax: 400,
  envelopeBytesMax: 150,
  batchMax: 5,
  queueMax: 12,
};

/** Queue an item of so many bytes at an end, flush an end, or deliver what is on its way to an end. */
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("queue"), end: fc.nat(1), size: fc.nat(200) }) },
    fc.record({ do: fc.constant("flush"), end: fc.nat(1) }),
    fc.record({ do: fc.constant("deliver"), end: fc.nat(1) }),
  ),
  { maxLength: 150 },
);

class End {
  readonly session: LinkSession;
  readonly arriving: Uint8Array[] = [];
  readonly accepted: LinkItem[] = [];
  readonly heard: LinkItem[] = [];

  constructor(budget: IngressBudget | undefined) {
    this.session = new LinkSession(codec, { limits, budget });
  }

  queue(size: number, number: number): void {
    const text = `${number} `.padEnd(size);
    const item: LinkItem = { type: "tell", to: { name: "one" }, kind: "say", body: { text } };
    if (this.session.queue(item) === "queued") this.accepted.push(item);
  }

  flushTo(other: End): number {
    const before = other.arriving.length;
    const drop = (item: LinkItem) => this.accepted.splice(this.accepted.indexOf(item), 1);
    for (let batch = this.session.take(drop); batch !== undefined; batch = this.session.take(drop)) {
      expect(batch.byteLength).toBeLessThanOrEqual(limits.frameBytesMax);
      other.arriving.push(batch);
    }
    return other.arriving.length - before;
  }

  hear(): void {
    for (const batch of this.arriving.splice(0)) this.heard.push(...this.session.receive(batch));
  }
}

/** Between threads; between hosts with room to grow, with little of it, and with none. */
const budgets = [undefined, 10_000, 500, 0];

test.each(budgets)(
  "R3.2 one end hears a prefix of what the other queues, and in the end all; ingress %s",
  (bytesMax) => {
    fc.assert(
      fc.property(steps, (script) => {
        const budget = bytesMax === undefined ? undefined : new IngressBudget(bytesMax);
        const ends = [new End(budget), new End(budget)] as const;
        const at = (end: number) => (end === 0 ? ends[0] : ends[1]);
        const isPrefix = (end: number) => {
          const { heard } = at(1 - end);
          expect(at(end).accepted.slice(0, heard.length)).toEqual(heard);
        };
        for (const [number, step] of script.entries()) {
          if (step.do === "queue" && "size" in step) at(step.end).queue(step.size, number);
          else if (step.do === "flush") at(step.end).flushTo(at(1 - step.end));
          else at(step.end).hear();
          isPrefix(step.end);
        }
        // Until neither has anything to send: credit must never leave one of them stuck.
        while (ends[0].flushTo(ends[1]) + ends[1].flushTo(ends[0]) > 0) for (const end of ends) end.hear();
        for (const end of ends) end.hear();
        while (ends[0].flushTo(ends[1]) + ends[1].flushTo(ends[0]) > 0) for (const end of ends) end.hear();
        expect(ends[1].heard).toEqual(ends[0].accepted);
        expect(ends[0].heard).toEqual(ends[1].accepted);
        for (const { session } of ends) session.close();
        expect(budget?.bytes ?? 0).toBe(0);
      }),
      { numRuns: 200 },
    );
  },
);
