/** Long enough for any message of a browser or a server. A guess. */
const MAX_CHARS = 200;

/** A text from outside, fit for one line on the page and in the log. */
export function oneLine(text: unknown): string {
  if (typeof text !== "string") return "";
  return text
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, MAX_CHARS);
}
