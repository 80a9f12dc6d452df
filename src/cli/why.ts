import { styleText } from "node:util";
import type { WhyIdleJson, WhyNotJson } from "../http/operator/why-json.ts";
import type { SlaveId } from "../protocol/ids.ts";
import { type ReadOptions, read } from "./reads.ts";

type WhyOptions = Pick<ReadOptions, "master" | "credential"> & { readonly output: "table" | "json" };

/** Why a framework is not offered what it is not offered, and what would change it. */
export async function whyNot(
  framework: string,
  options: WhyOptions & { readonly slave?: SlaveId; readonly need?: string },
): Promise<void> {
  const { slave, need } = options;
  const { why_not } = await read(options, {
    type: "WHY_NOT",
    why_not: {
      framework,
      ...(slave === undefined ? {} : { agent_id: { value: slave } }),
      ...(need === undefined ? {} : { need }),
    },
  });
  print(options, why_not, () => whyNotText(why_not, screen()));
}

/** Why resources are idle: one cause for everything. */
export async function whyIdle(options: WhyOptions): Promise<void> {
  const { why_idle } = await read(options, { type: "WHY_IDLE" });
  print(options, why_idle, () => whyIdleText(why_idle, screen()));
}

function print({ output }: WhyOptions, json: unknown, text: () => string): void {
  process.stdout.write(`${output === "json" ? JSON.stringify(json, null, 2) : text()}\n`);
}

/** Columns of the terminal; text that goes elsewhere is not wrapped. */
function screen(): number {
  return process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
}

/** `columns`: lines are wrapped there. */
export function whyNotText(
  { name, framework_id, agents, roles, what_if }: WhyNotJson["why_not"],
  columns: number,
): string {
  const lines = wrapped([`${name} (${framework_id.value}), ${counted(agents, "slave")}`], columns).map(bold);
  for (const { role, dominant_share, reasons } of roles) {
    lines.push(
      "",
      ...wrapped([`in role ${role}, with a dominant share of ${Math.round(dominant_share * 1_000) / 10} %`], columns),
    );
    const rows = reasons.map(({ agents: count, what, mend, examples }) => ({
      lead: counted(count, "slave"),
      text: [what, `→ ${mend}`, faint(examples.map(({ value }) => value).join(", "), count - examples.length)],
    }));
    lines.push(...listed(rows, columns));
    if (reasons.length === 0) lines.push("  there are no slaves");
  }
  if (roles.length === 0) lines.push("", "it has no role in which it could be offered anything");
  if (what_if.length > 0) lines.push("", "what if", ...what_if.flatMap(({ what }) => wrapped([what], columns, "  ")));
  return lines.join("\n");
}

export function whyIdleText({ total, running, idle, causes }: WhyIdleJson["why_idle"], columns: number): string {
  const sums = [
    { lead: amountsText(total), text: ["in all"] },
    { lead: amountsText(running), text: ["used by tasks that run"] },
    { lead: amountsText(idle), text: [causes.length === 0 ? "idle" : "idle, which is"] },
  ];
  const rows = causes.map(({ amounts, what, mend }) => ({ lead: amountsText(amounts), text: [what, `→ ${mend}`] }));
  return [...listed(sums, columns), ...(rows.length === 0 ? [] : ["", ...listed(rows, columns)])].join("\n");
}

type Row = { readonly lead: string; readonly text: readonly string[] };

/** How much on the left, and what on the right, below it where the screen is narrow. */
function listed(rows: readonly Row[], columns: number): readonly string[] {
  const width = Math.max(0, ...rows.map(({ lead }) => lead.length));
  const narrow = columns < width + textWidthMin;
  return rows.flatMap(({ lead, text }) => {
    if (narrow) return [`  ${lead}`, ...wrapped(text, columns, "    ")];
    const [first = "", ...more] = wrapped(text, columns, " ".repeat(width + 4));
    return [`  ${lead.padEnd(width)}${first.slice(width + 2)}`, ...more];
  });
}

/** Columns that the text to the right must have. */
const textWidthMin = 36;

function wrapped(paragraphs: readonly string[], columns: number, indent = ""): readonly string[] {
  return paragraphs
    .filter((paragraph) => paragraph !== "")
    .flatMap((paragraph) => {
      const lines: string[] = [];
      let line = indent;
      for (const word of paragraph.split(" ")) {
        if (line.length > indent.length && line.length + 1 + word.length > columns) {
          lines.push(line);
          line = `${indent}  `;
          line += word;
        } else line += line.length === indent.length ? word : ` ${word}`;
      }
      return [...lines, line];
    });
}

function faint(examples: string, more: number): string {
  if (examples === "") return "";
  return more > 0 ? `such as ${examples}` : examples;
}

function amountsText(amounts: { readonly [name: string]: number }): string {
  const text = Object.entries(amounts).map(([name, amount]) => `${name}:${amount}`);
  return text.length === 0 ? "nothing" : text.join(" ");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function bold(line: string): string {
  return styleText("bold", line, { stream: process.stdout });
}
