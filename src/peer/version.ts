/**
 * Versions of a package: Semantic Versioning 2.0.0 without build metadata, for
 * two packages that differ must not have versions that count as the same.
 */
/** A guess: real ones have up to 20. */
export const MAX_VERSION_CHARS = 32;

const NUMBER = "(?:0|[1-9]\\d*)";
const LABEL = `(?:${NUMBER}|\\d*[a-zA-Z-][0-9a-zA-Z-]*)`;
const VERSION = new RegExp(`^(${NUMBER}\\.${NUMBER}\\.${NUMBER})(?:-(${LABEL}(?:\\.${LABEL})*))?$`);

export function isVersion(text: string): boolean {
  return text.length <= MAX_VERSION_CHARS && VERSION.test(text);
}

/**
 * Below 0 when `a` comes before `b`, 0 when they are the same, above 0 when it
 * comes after: the precedence of section 11. Both are versions.
 */
export function compareVersions(a: string, b: string): number {
  const [aCore, aLabels] = partsOf(a);
  const [bCore, bLabels] = partsOf(b);
  const byCore = compareLists(aCore, bCore);
  if (byCore !== 0) return byCore;
  // 1.0.0-rc.1 comes before 1.0.0.
  if (aLabels.length === 0 || bLabels.length === 0) return bLabels.length - aLabels.length;
  return compareLists(aLabels, bLabels);
}

function partsOf(version: string): [string[], string[]] {
  const [, core = "", labels] = VERSION.exec(version) ?? [];
  return [core.split("."), labels?.split(".") ?? []];
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareParts(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Numbers by value and before texts; texts by their characters, all of them ASCII. */
function compareParts(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  // Without leading zeros, the longer number is the larger one, however many digits it has.
  if (aIsNumber && a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}
