import { styleText } from "node:util";

export type TableStyle = {
  /** Headings of the columns that hold numbers: aligned to the right. */
  readonly numbers?: readonly string[];
  /** Lines are cut at this width. Default: not at all. */
  readonly columns?: number;
  /** Colours a whole row, by its index. */
  readonly paint?: (row: number) => Parameters<typeof styleText>[0] | undefined;
};

/** Columns as wide as their widest cell, two spaces apart, no borders: easy to read, easy to cut. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { numbers = [], columns, paint }: TableStyle = {},
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        if (numbers.includes(headings[column] ?? "")) return cell.padStart(width);
        return column === cells.length - 1 ? cell : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd()
      .slice(0, columns);
  const painted = rows.map((cells, index) => {
    const style = paint?.(index);
    return style === undefined ? line(cells) : styleText(style, line(cells), { stream: process.stdout });
  });
  return [styleText("bold", line(headings), { stream: process.stdout }), ...painted].join("\n");
}
