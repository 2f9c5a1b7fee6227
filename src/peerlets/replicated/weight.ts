/** What plain data takes on its way to another node, for statistics: as the wire writes it, texts taken for ASCII. */
import type { Plain } from "prost/sdk";

/** One for what it is, four for how long it is. */
const HEAD_BYTES = 5;

export function weightOf(value: Plain): number {
  if (typeof value === "number") return 9;
  if (typeof value === "string") return HEAD_BYTES + value.length;
  if (typeof value !== "object" || value === null) return 1;
  if (value instanceof Uint8Array) return HEAD_BYTES + value.length;
  let bytes = HEAD_BYTES;
  if (Array.isArray(value)) for (const item of value as readonly Plain[]) bytes += weightOf(item);
  else {
    for (const [name, item] of Object.entries(value)) bytes += 4 + name.length + weightOf(item);
  }
  return bytes;
}
