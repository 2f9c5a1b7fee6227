/** Names and texts that people write: what is allowed, and how names are compared. */
import { MAX_NAME_CHARS, MAX_TEXT_CHARS } from "./limits.ts";

/** Control characters, and what is invisible or turns the direction of its surroundings. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/u;
/** In a text, lines and joiners (emoji, scripts) are fine; what turns the direction is not. */
// oxlint-disable-next-line no-control-regex -- it is control characters that are looked for
const WRONG_IN_TEXT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\p{Cs}]/u;

export function isName(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length >= 1 &&
    value.length <= MAX_NAME_CHARS &&
    value === tidied(value) &&
    !INVISIBLE.test(value)
  );
}

/** What a person typed as a name, tidied; throws with what is wrong. */
export function checkName(value: unknown, what: string): string {
  const name = typeof value === "string" ? tidied(value.slice(0, 4 * MAX_NAME_CHARS)) : "";
  if (isName(name)) return name;
  throw new TypeError(`${what} has 1 to ${MAX_NAME_CHARS} characters, all of them visible`);
}

/** Two names that look alike to a hasty reader are the same. */
export function sameName(name: string): string {
  return tidied(name.normalize("NFKC")).toLowerCase();
}

export function isText(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length <= MAX_TEXT_CHARS &&
    value.trim() !== "" &&
    !WRONG_IN_TEXT.test(value)
  );
}

export function checkText(value: unknown): string {
  const text = typeof value === "string" ? value.replaceAll(/\r\n?/g, "\n").trim() : "";
  if (text.length > MAX_TEXT_CHARS) {
    throw new RangeError(
      `a message has at most ${MAX_TEXT_CHARS} characters, not ${text.length}: send it in parts`,
    );
  }
  if (isText(text)) return text;
  throw new TypeError("a message has some text, without control characters");
}

function tidied(name: string): string {
  return name.normalize("NFC").replaceAll(/\s+/gu, " ").trim();
}
