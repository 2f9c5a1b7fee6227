/** What a benchmark says: never a bare number, always beside a floor from the same run. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The same unit; what could not be beaten. */
  readonly floor: number;
  readonly floorIs: string;
}

export function printTable(rows: readonly Row[]): void {
  const cells = rows.map(({ what, value, unit, floor, floorIs }) => [
    what,
    `${round(value)} ${unit}`,
    `${round(floor)} (${floorIs})`,
    (value / floor).toFixed(2),
  ]);
  const head = ["what", "measured", "beside", "ratio"];
  const widths = head.map((title, i) =>
    Math.max(title.length, ...cells.map((row) => row[i]!.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  console.log(line(head));
  console.log(line(widths.map((width) => "-".repeat(width))));
  for (const row of cells) console.log(line(row));
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}
