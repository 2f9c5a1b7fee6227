/**
 * Text that a stranger wrote, made fit for a line of this page: cut, on one
 * line, without characters that cannot be seen or that turn the direction of
 * what stands beside it. A name is a claim: the publisher's key stands next to it.
 */
import { h, setText } from "./dom.ts";

/** What a line has room for, in characters. */
export const MAX_NAME_CHARS = 40;
export const MAX_TEXT_CHARS = 240;

/** Controls, direction marks, the unassigned, and letters that are drawn as nothing. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]+/gu;
/** Accents piled on one another grow out of their line. */
const PILED_MARKS = /(\p{M}{2})\p{M}+/gu;

export function tidy(text: string, maxChars: number): string {
  // Before any pattern walks over it: a character has at most a handful of code units.
  const clean = text
    .slice(0, maxChars * 8)
    .replace(UNSEEN, " ")
    .replace(PILED_MARKS, "$1")
    .replace(/\s+/g, " ")
    .trim();
  const chars = Array.from(clean);
  if (chars.length <= maxChars) return clean;
  return `${chars
    .slice(0, maxChars - 1)
    .join("")
    .trimEnd()}…`;
}

/** An element for such text, whose direction stays its own. */
export function strangerText(text = "", maxChars: number = MAX_NAME_CHARS): HTMLElement {
  return h("bdi", { class: "stranger" }, tidy(text, maxChars));
}

export function setStranger(
  element: Element,
  text: string,
  maxChars: number = MAX_NAME_CHARS,
): void {
  setText(element, tidy(text, maxChars));
}

/** Both ends of a long key: making one whose first digits match another's takes a day, both ends nobody can. */
export function shortKey(key: string): string {
  return key.length > 18 ? `${key.slice(0, 8)}…${key.slice(-8)}` : key;
}

/** Letters and digits that are taken for one another; the second of each pair stands for both. */
const TWINS: readonly (readonly [RegExp, string])[] = [
  [/0/g, "o"],
  [/[1i|]/g, "l"],
  [/5/g, "s"],
  [/rn/g, "m"],
  [/vv/g, "w"],
  [/[^\p{L}\p{N}]/gu, ""],
];

/** Names that look alike have the same skeleton. Manifests allow only a-z, 0-9 and "-" in them. */
export function skeleton(name: string): string {
  let text = name.slice(0, 256).normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  for (const [pattern, twin] of TWINS) text = text.replace(pattern, twin);
  return text;
}

export interface Named {
  readonly appId: string;
  readonly name: string;
  readonly publisher: string;
}

/** The first of `others` that `one` could be mistaken for, though another published it. */
export function lookAlike<T extends Named>(one: Named, others: readonly T[]): T | null {
  if (one.name === "") return null;
  const looks = skeleton(one.name);
  const twin = others.find(
    (other) =>
      other.appId !== one.appId &&
      other.publisher !== "" &&
      other.publisher !== one.publisher &&
      skeleton(other.name) === looks,
  );
  return twin ?? null;
}
