import fc from "fast-check";
import { expect, test } from "vitest";
import { type Puppet, type Site, Stage } from "../actors/kit.ts";

/**
 * Random programs over two linked threads with two actors each, under a scheduler that takes any actor next. An actor
 * talks in numbered messages; another may stop, and the link may break.
 */
type Step =
  | { readonly do: "talk"; readonly from: number; readonly to: number }
  | { readonly do: "run"; readonly site: number; readonly skip: number }
  | { readonly do: "deliver" }
  | { readonly do: "stop"; readonly who: number }
  | { readonly do: "cut" };

const who = fc.nat(3);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant("talk"), from: who, to: who }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant("run"), site: fc.nat(1), skip: fc.nat(5) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("deliver") }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("stop"), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("cut") }) },
  ),
  { maxLength: 80 },
);

class Play {
  readonly stage = new Stage();
  readonly sites: readonly Site[];
  readonly puppets: readonly Puppet[];
  /** Messages of each ordered pair that left their sender, in order. */
  readonly sent = new Map<string, string[]>();
  readonly stopped = new Set<number>();
  #number = 0;

  constructor() {
    this.sites = [this.stage.site("here"), this.stage.site("there")];
    this.stage.join(this.site(0), this.site(1));
    this.puppets = [0, 1, 2, 3].map((index) => this.site(index >> 1).start(`p${index}`));
    for (const index of [0, 1, 2, 3]) {
      this.site(index >> 1).queue(this.puppet(index), (ctx) => {
        for (const other of [0, 1, 2, 3].filter((each) => each !== index))
          ctx.watch(ctx.ref(this.puppet(other).ref.address), () => this.puppet(index).heard.push(`down ${other}`));
      });
    }
    this.stage.settle();
  }

  site(index: number): Site {
    return this.sites[index] as Site;
  }

  puppet(index: number): Puppet {
    return this.puppets[index] as Puppet;
  }

  do(step: Step): void {
    switch (step.do) {
      case "talk":
        return this.#talk(step.from, step.to);
      case "run":
        this.site(step.site).system.step(step.skip);
        return;
      case "deliver":
        this.stage.wires[0]?.deliver();
        return;
      case "stop":
        return this.#turn(step.who, (index) => {
          this.stopped.add(index);
          this.puppet(index).ctx.stop();
        });
      case "cut":
        this.stage.wires[0]?.cut();
        return;
    }
  }

  #talk(from: number, to: number): void {
    if (from === to) return;
    this.#turn(from, () => {
      const text = `${from} ${this.#number++}`;
      const pair = `${from} ${to}`;
      this.sent.set(pair, [...(this.sent.get(pair) ?? []), text]);
      this.puppet(from).ctx.ref(this.puppet(to).ref.address).tell("say", { text });
    });
  }

  /** A turn of an actor that has not been stopped. */
  #turn(index: number, run: (index: number) => void): void {
    if (this.stopped.has(index) || this.site(index >> 1).system.refs.cellOf(this.puppet(index).ref) === undefined)
      return;
    this.site(index >> 1).queue(this.puppet(index), () => run(index));
  }
}

test("R3.1 R3.2 R3.3 R9.1 each hears a prefix of what another told it, then at most one down, then nothing", () => {
  fc.assert(
    fc.property(steps, (script) => {
      const play = new Play();
      for (const step of script) play.do(step);
      play.stage.settle();
      for (const to of [0, 1, 2, 3]) {
        for (const from of [0, 1, 2, 3].filter((each) => each !== to)) {
          const { heard } = play.puppet(to);
          const down = heard.indexOf(`down ${from}`);
          expect(heard.lastIndexOf(`down ${from}`)).toBe(down);
          const told = heard.filter((text) => text.startsWith(`${from} `));
          const sent = play.sent.get(`${from} ${to}`) ?? [];
          expect(told).toEqual(sent.slice(0, told.length));
          if (down >= 0) expect(heard.slice(down).filter((text) => text.startsWith(`${from} `))).toEqual([]);
          // Without a loss, and as long as the receiver lives, the prefix is everything.
          const lossless = !script.some((step) => step.do === "cut") || from >> 1 === to >> 1;
          if (lossless && !play.stopped.has(to)) expect(told).toEqual(sent);
          if (lossless && !play.stopped.has(to)) expect(down >= 0).toBe(play.stopped.has(from));
        }
      }
    }),
    { numRuns: 300 },
  );
});
