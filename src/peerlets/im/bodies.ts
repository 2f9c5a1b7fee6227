/**
 * What letters say. Whoever wrote one is proved; what they wrote may be anything.
 *
 * | kind     | to           | says                                                        |
 * | -------- | ------------ | ----------------------------------------------------------- |
 * | `text`   | anybody      | a message                                                   |
 * | `ack`    | its writer   | these arrived, these were read                              |
 * | `here`   | a contact    | the writer has come, at this node                           |
 * | `tab`    | oneself      | another tab of mine is at this node: tell it what you know  |
 * | `copy`   | oneself      | what one of my tabs sent to somebody                        |
 * | `seen`   | oneself      | what one of my tabs showed me                               |
 * | `roster` | oneself      | entries of the list of contacts and rooms                   |
 *
 * `sealed` is when the letter was made, by its writer's clock.
 */
import { type Fields, isDate, isHex } from "./bytes.ts";
import { MAX_ACK_IDS, MAX_ROSTER_PART } from "./limits.ts";
import { isName, isText } from "./texts.ts";

/** Hex digits of a message's id: 128 random bits. */
export const ID_DIGITS = 32;
export const PUBLIC_KEY_DIGITS = 64;
export const NODE_DIGITS = 40;

interface Common {
  readonly sealed: number;
}

export interface TextBody extends Common {
  readonly kind: "text";
  readonly id: string;
  readonly text: string;
  /** When it was written; `sealed` is later when it was sent again. */
  readonly date: number;
  /** How the writer calls themself; "" for nobody yet. */
  readonly name: string;
}

export interface AckBody extends Common {
  readonly kind: "ack";
  readonly delivered: readonly string[];
  readonly read: readonly string[];
}

export interface CopyBody extends Common {
  readonly kind: "copy";
  readonly to: string;
  readonly id: string;
  readonly text: string;
  readonly date: number;
}

export interface SeenBody extends Common {
  readonly kind: "seen";
  readonly of: string;
  readonly ids: readonly string[];
}

export interface HereBody extends Common {
  readonly kind: "here" | "tab";
  readonly node: string;
}

export interface RosterBody extends Common {
  readonly kind: "roster";
  /** As the roster writes them; it checks each. */
  readonly entries: readonly unknown[];
}

export type Body = TextBody | AckBody | CopyBody | SeenBody | HereBody | RosterBody;

/** Null for what is none of them. */
export function readBody(fields: Fields): Body | null {
  const { kind, sealed, id, text, date, name, delivered, read, to, of, ids, node, entries } =
    fields;
  if (!isDate(sealed)) return null;
  switch (kind) {
    case "text":
      if (!isId(id) || !isText(text) || !isDate(date)) return null;
      return name === "" || isName(name) ? { kind, sealed, id, text, date, name } : null;
    case "ack":
      return isIds(delivered) && isIds(read) ? { kind, sealed, delivered, read } : null;
    case "copy":
      if (!isId(id) || !isText(text) || !isDate(date)) return null;
      return isHex(to, PUBLIC_KEY_DIGITS) ? { kind, sealed, to, id, text, date } : null;
    case "seen":
      return isHex(of, PUBLIC_KEY_DIGITS) && isIds(ids) ? { kind, sealed, of, ids } : null;
    case "here":
    case "tab":
      return isHex(node, NODE_DIGITS) ? { kind, sealed, node } : null;
    case "roster":
      if (!Array.isArray(entries) || entries.length > MAX_ROSTER_PART) return null;
      return { kind, sealed, entries: entries as unknown[] };
    default:
      return null;
  }
}

export function isId(value: unknown): value is string {
  return isHex(value, ID_DIGITS);
}

function isIds(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= MAX_ACK_IDS && value.every(isId);
}
