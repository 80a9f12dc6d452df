import type { Mode } from "./world.ts";

/** The rules of the actor model, which the laws name. */
const ruleNames = Array.from({ length: 15 }, (_, index) => `R${index + 1}`);

/** What each rule is about, for readers of the table. */
const subjects: Readonly<Record<string, string>> = {
  R1: "addressing",
  R2: "messages",
  R3: "order and delivery",
  R4: "mailboxes",
  R5: "asks",
  R6: "handlers",
  R7: "time and fence",
  R8: "supervision",
  R9: "watches",
  R10: "names",
  R11: "dead letters",
  R12: "stop and drain",
  R13: "bodies",
  R14: "causes",
  R15: "links",
};

/** How often the laws of each rule ran to their end in each mode. */
export class RunTable {
  readonly #modes: readonly Mode[];
  readonly #runs = new Map<string, number>();

  constructor(modes: readonly Mode[]) {
    this.#modes = modes;
  }

  /** `law`: as `R3.2`. */
  add(law: string, mode: Mode): void {
    const cell = `${ruleOf(law)} ${mode}`;
    this.#runs.set(cell, (this.#runs.get(cell) ?? 0) + 1);
  }

  /** Rules that no law of some mode has tried. */
  empty(): readonly string[] {
    const cells = ruleNames.flatMap((rule) => this.#modes.map((mode) => `${rule} ${mode}`));
    return cells.filter((cell) => !this.#runs.has(cell));
  }

  text(): string {
    const row = (rule: string, subject: string, cells: readonly (number | string)[]) =>
      `${rule.padEnd(5)}${subject.padEnd(20)}${cells.map((cell) => String(cell).padStart(10)).join("")}`;
    return [
      row("rule", "", this.#modes),
      ...ruleNames.map((rule) =>
        row(
          rule,
          subjects[rule] ?? "",
          this.#modes.map((mode) => this.#runs.get(`${rule} ${mode}`) ?? "none"),
        ),
      ),
    ].join("\n");
  }
}

function ruleOf(law: string): string {
  return law.split(".")[0] ?? law;
}
