/**
 * What letters say. Whoever wrote one is proved; what they wrote may be anything.
 *
 * | kind     | to           | says                                                        |
 * | -------- | ------------ | ----------------------------------------------------------- |
 * | `text`   | anybody      | a message                                                   |
 * | `ack`    | its writer   | these arrived, these were read                              |
 * | `here`   | a contact    | the writer has come: look where                             |
 * | `copy`   | oneself      | what one of my tabs sent to somebody                        |
 * | `seen`   | oneself      | what one of my tabs showed me                               |
 * | `roster` | oneself      | the list of contacts has changed: read it                   |
 *
 * `sealed` is when the letter was made, by its writer's clock.
 */
import { type Fields, isDate, isHex } from "./bytes.ts";
import { MAX_ACK_IDS } from "./limits.ts";
import { isName, isText } from "./texts.ts";

/** Hex digits of a message's id: 128 random bits. */
export const ID_DIGITS = 32;
export const PUBLIC_KEY_DIGITS = 64;

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

export type Body =
  | TextBody
  | AckBody
  | CopyBody
  | SeenBody
  | (Common & { readonly kind: "here" })
  | (Common & { readonly kind: "roster" });

/** Null for what is none of them. */
export function readBody(fields: Fields): Body | null {
  const { kind, sealed, id, text, date, name, delivered, read, to, of, ids } = fields;
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
    case "roster":
      return { kind, sealed };
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
