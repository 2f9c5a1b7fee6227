/**
 * Numbers and ids as a person reads them. Pure; English only, as the page is.
 */
const wholeNumber = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Eight digits tell any nodes apart that one tab will ever see. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** All 40 digits, in groups of four. */
export function groupedId(id: string): string {
  return id.replace(/(.{4})(?=.)/g, "$1 ");
}

/** "12,345". */
export function formatCount(count: number): string {
  return wholeNumber.format(count);
}

/** A rate: one decimal below ten, whole above. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0";
  return perSecond < 10 ? perSecond.toFixed(1) : formatCount(perSecond);
}

/** "512 B", "1.5 kB", "23 MB": powers of 1000, as networks count. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (value < 999.5) {
      return `${unit !== "B" && value < 9.95 ? value.toFixed(1) : formatCount(value)} ${unit}`;
    }
    value /= 1000;
  }
  return `${value < 9.95 ? value.toFixed(1) : formatCount(value)} TB`;
}

/** "0.4 ms", "38 ms", "1.2 s". */
export function formatMs(ms: number): string {
  if (ms < 0.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

/** A stretch of time in its two largest units: "42 s", "3 min 5 s", "2 h 10 min", "1 d 4 h". */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The largest unit only, for a narrow column: "42 s", "3 min", "2 h". */
export function formatAge(ms: number): string {
  const [value, unit] = formatDuration(ms).split(" ");
  return `${value} ${unit}`;
}

/** "1 hop", "3 hops". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** "1st", "2nd", "3rd", "4th", "11th". */
export function ordinal(rank: number): string {
  const teens = rank % 100 >= 11 && rank % 100 <= 13;
  const ending = teens ? "th" : (["th", "st", "nd", "rd"][rank % 10] ?? "th");
  return `${rank}${ending}`;
}
