/**
 * Names: categories in one spelling, so that all mean the same key, and texts
 * within their bounds.
 */
import { sha256 } from "../replicated/crypto.ts";
import { hex } from "../replicated/rules.ts";
import { MAX_CATEGORY_CHARS, MAX_CATEGORY_DEPTH } from "./limits.ts";

const utf8 = new TextEncoder();
/** Control characters, line ends among them, and what changes the direction of text around it. */
const UNSEEN = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;
/** Of `fold`, which settles after one for nearly all texts. A guess. */
const MOST_FOLDS = 3;

/**
 * The same for texts that differ in case or composition alone. By way of upper
 * case, because lower case leaves ß and ss apart. A text that does not settle,
 * which no known one does, comes out as it is then.
 */
export function fold(text: string): string {
  let folded = text;
  for (let i = 0; i < MOST_FOLDS; i++) {
    const next = folded.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
    if (next === folded) break;
    folded = next;
  }
  return folded;
}

/** In the one spelling; "" for the top. Throws with what is wrong. */
export function normalCategory(name: unknown): string {
  if (typeof name !== "string" || name.length > 4 * MAX_CATEGORY_CHARS) {
    throw new TypeError(`a category's name has 1 to ${MAX_CATEGORY_CHARS} characters`);
  }
  if (!name.isWellFormed() || UNSEEN.test(name.replace(/\s/g, " "))) {
    throw new TypeError("a category's name has no control characters");
  }
  const parts = fold(name)
    .split("/")
    .map((part) => part.replace(/\s+/gu, " ").trim())
    .filter((part) => part !== "");
  const normal = parts.join("/");
  if (normal.length > MAX_CATEGORY_CHARS) {
    throw new TypeError(
      `a category's name has 1 to ${MAX_CATEGORY_CHARS} characters, not ${normal.length}`,
    );
  }
  if (parts.length > MAX_CATEGORY_DEPTH) {
    throw new TypeError(`a category lies at most ${MAX_CATEGORY_DEPTH} deep, not ${parts.length}`);
  }
  return normal;
}

/** As `normalCategory`, for one that entries may be in: not the top. */
export function entryCategory(name: unknown): string {
  const category = normalCategory(name);
  if (category !== "") return category;
  throw new TypeError(`a category's name has 1 to ${MAX_CATEGORY_CHARS} characters`);
}

export function isNormalCategory(name: unknown): name is string {
  if (typeof name !== "string") return false;
  try {
    return normalCategory(name) === name;
  } catch {
    return false;
  }
}

/** The key of a category, in the one spelling: what `prost.keyOf("directory/…")` answers. */
export function keyOfCategory(category: string): string {
  return hex(sha256(utf8.encode(`directory/${category}`))).slice(0, 40);
}

/** The category and those above it, each with its parent: `a/b` is "b" in "a", and "a" in "". */
export function lineOf(category: string): { readonly parent: string; readonly name: string }[] {
  const parts = category.split("/");
  return parts.map((name, i) => ({ parent: parts.slice(0, i).join("/"), name })).toReversed();
}

export function childOf(parent: string, name: string): string {
  return parent === "" ? name : `${parent}/${name}`;
}

/** Null when all is well, else what is wrong. Line ends may be in a text that `mayHaveLines`. */
export function textProblem(
  what: string,
  text: unknown,
  least: number,
  most: number,
  mayHaveLines = false,
): string | null {
  if (typeof text !== "string" || text.length > most || text.length < least) {
    return `a ${what} has ${least} to ${most} characters`;
  }
  const seen = mayHaveLines ? text.replaceAll("\n", " ") : text;
  if (!text.isWellFormed() || UNSEEN.test(seen)) return `a ${what} has no control characters`;
  if (text.trim() !== text || text.normalize("NFC") !== text) {
    return `a ${what} is in composed form (NFC), without spaces around it`;
  }
  return null;
}

/** What a person typed, as `textProblem` wants it. */
export function tidy(text: string): string {
  return text.replace(/\r\n?/g, "\n").normalize("NFC").trim();
}
