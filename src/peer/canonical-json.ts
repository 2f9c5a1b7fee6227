/**
 * JSON, read strictly and written in one way only.
 *
 * What is signed and hashed is the canonical form of RFC 8785: no spaces, names
 * ordered by UTF-16 code units, numbers and texts as ECMAScript writes them. So
 * a name that comes twice is refused when reading: two readers might disagree
 * on which of the two counts. Knows nothing of manifests.
 *
 * Sources: RFC 8259 (JSON), RFC 7493 (I-JSON), RFC 8785 (canonical form).
 */
import { ProstError } from "../base/errors.ts";

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  /** Without a prototype: a name such as `__proto__` is a name like any other. */
  | { readonly [name: string]: Json };

export type JsonRead =
  | { readonly kind: "json"; readonly value: Json }
  /** In words for people, with the place. */
  | { readonly kind: "bad"; readonly why: string };

/** Arrays and objects in each other. A guess: manifests use 2. */
const MAX_DEPTH = 16;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// oxlint-disable-next-line no-control-regex -- JSON texts hold no control characters
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;

class BadJson extends Error {}

/** The whole of `text` is one JSON value. Its length is the caller's to bound. */
export function readJson(text: string): JsonRead {
  const parser = new Parser(text);
  try {
    return { kind: "json", value: parser.whole() };
  } catch (error) {
    if (!(error instanceof BadJson)) throw error;
    return { kind: "bad", why: `${error.message} (${parser.place()})` };
  }
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  place(): string {
    const lines = this.#text.slice(0, this.#at).split("\n");
    return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
  }

  whole(): Json {
    const value = this.#value(MAX_DEPTH);
    if (this.#at < this.#text.length) throw new BadJson("there is more after the end of the JSON");
    return value;
  }

  /** Also takes the spaces around it. */
  #value(depthLeft: number): Json {
    this.#take(SPACE);
    const value = this.#bareValue(depthLeft);
    this.#take(SPACE);
    return value;
  }

  #bareValue(depthLeft: number): Json {
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first === "{" || first === "[") {
      if (depthLeft === 0) throw new BadJson(`it is nested more than ${MAX_DEPTH} deep`);
      return first === "{" ? this.#object(depthLeft - 1) : this.#array(depthLeft - 1);
    }
    const word = this.#take(WORD);
    if (word !== null) return word === "null" ? null : word === "true";
    return this.#number();
  }

  #number(): number {
    const start = this.#at;
    const digits = this.#take(NUMBER);
    if (digits === null) throw new BadJson("it is not JSON: a value is expected here");
    const number = Number(digits);
    if (!Number.isFinite(number)) {
      this.#at = start;
      throw new BadJson("the number is too large");
    }
    // -0 is 0: the canonical form has only one way to write them.
    return number + 0;
  }

  #string(): string {
    const start = this.#at;
    const quoted = this.#take(TEXT);
    if (quoted === null) throw new BadJson("the text that starts here is broken or does not end");
    const text = JSON.parse(quoted) as string;
    if (text.isWellFormed()) return text;
    this.#at = start;
    throw new BadJson("the text has half of a surrogate pair");
  }

  #array(depthLeft: number): Json[] {
    const items: Json[] = [];
    this.#at += 1;
    if (this.#closes("]")) return items;
    do items.push(this.#value(depthLeft));
    while (this.#goesOn("]"));
    return items;
  }

  #object(depthLeft: number): Json {
    const fields = Object.create(null) as Record<string, Json>;
    this.#at += 1;
    if (this.#closes("}")) return fields;
    do {
      this.#take(SPACE);
      const start = this.#at;
      if (this.#text[this.#at] !== '"') throw new BadJson("a field's name in quotes is expected");
      const name = this.#string();
      if (name in fields) {
        this.#at = start;
        throw new BadJson(`the field ${quote(name)} comes twice`);
      }
      this.#take(SPACE);
      if (this.#text[this.#at] !== ":") throw new BadJson(`":" is expected after ${quote(name)}`);
      this.#at += 1;
      fields[name] = this.#value(depthLeft);
    } while (this.#goesOn("}"));
    return fields;
  }

  #closes(bracket: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  /** After an item: true at a comma, false at the end. */
  #goesOn(bracket: string): boolean {
    if (this.#closes(bracket)) return false;
    if (this.#text[this.#at] !== ",") throw new BadJson(`"," or "${bracket}" is expected here`);
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return null;
    this.#at = pattern.lastIndex;
    return match[0];
  }
}

/**
 * RFC 8785. Throws `bad-parameter` for what JSON cannot say: numbers that are
 * not finite, half surrogate pairs, undefined, functions. -0 becomes 0.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value === "string" && value.isWellFormed()) return JSON.stringify(value);
  if (typeof value === "object") return value === null ? "null" : canonicalHolder(value);
  throw new ProstError("bad-parameter", `JSON has no way to write this ${typeof value}`);
}

function canonicalHolder(holder: object): string {
  if (Array.isArray(holder)) return `[${holder.map(canonicalJson).join(",")}]`;
  // Without a comparison function, texts are sorted by UTF-16 code units: what the RFC asks for.
  const names = Object.keys(holder).toSorted();
  const fields = holder as Readonly<Record<string, unknown>>;
  const members = names.map((name) => `${canonicalJson(name)}:${canonicalJson(fields[name])}`);
  return `{${members.join(",")}}`;
}

/** For a message to a person: of a stranger's text only the start. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** Characters. A guess: enough to recognise it. */
const MAX_QUOTED = 40;
