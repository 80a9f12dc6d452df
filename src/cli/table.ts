import { styleText } from "node:util";

/** Columns as wide as their widest cell, two spaces apart, no borders: easy to read, easy to cut. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [styleText("bold", line(headings), { stream: process.stdout }), ...rows.map(line)].join("\n");
}
