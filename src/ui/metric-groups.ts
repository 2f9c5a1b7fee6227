/**
 * The peer's counters, put in order for a reader.
 *
 * The page does not know their names: docs/protocol.md lists them and more will
 * come. It groups by what stands before the first dot, and looks among them for
 * the few that say most at a glance.
 */
export interface MetricGroup {
  readonly name: string;
  readonly rows: readonly {
    readonly name: string;
    readonly label: string;
    readonly value: number;
  }[];
}

export function groupMetrics(metrics: Readonly<Record<string, number>>): MetricGroup[] {
  const groups = new Map<string, { name: string; label: string; value: number }[]>();
  for (const name of Object.keys(metrics).toSorted()) {
    const dot = name.indexOf(".");
    const group = dot > 0 ? name.slice(0, dot) : "";
    const rows = groups.get(group) ?? [];
    rows.push({
      name,
      label: wordsOf(dot > 0 ? name.slice(dot + 1) : name),
      value: metrics[name]!,
    });
    groups.set(group, rows);
  }
  return [...groups].map(([name, rows]) => ({ name: name === "" ? "other" : wordsOf(name), rows }));
}

/** "messagesIn" and "messages-in" and "messages.in" are all "messages in". */
export function wordsOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/[-_.]+/g, " ")
    .toLowerCase();
}

export interface Headline {
  readonly label: string;
  readonly unit: "count" | "bytes";
  /** Their sum is what is shown. */
  readonly names: readonly string[];
}

interface HeadlineRule {
  readonly label: string;
  readonly unit: "count" | "bytes";
  /** Tested against `wordsOf(name)`; the first expression that finds a counter decides. */
  readonly find: readonly RegExp[];
}

const HEADLINE_RULES: readonly HeadlineRule[] = [
  { label: "messages in", unit: "count", find: [/\b(messages|frames) (in|received)$/] },
  { label: "messages out", unit: "count", find: [/\b(messages|frames) (out|sent)$/] },
  { label: "bytes in", unit: "bytes", find: [/\bbytes (in|received)$/, /\b(received|in) bytes$/] },
  { label: "bytes out", unit: "bytes", find: [/\bbytes (out|sent)$/, /\b(sent|out) bytes$/] },
  { label: "routed on for others", unit: "count", find: [/\bforwarded\b/] },
  { label: "delivered here", unit: "count", find: [/\bdelivered\b/] },
];

/** The most telling counters among these, at most six; a missing one is left out. */
export function headlines(names: readonly string[]): Headline[] {
  return HEADLINE_RULES.flatMap(({ label, unit, find }) => {
    for (const expression of find) {
      // The shortest name is the total; "… bulk messages in" would be a part of it.
      const found = names
        .filter((name) => expression.test(wordsOf(name)))
        .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
      if (found.length > 0) return [{ label, unit, names: [found[0]!] }];
    }
    return [];
  });
}
