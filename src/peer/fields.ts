/**
 * Takes the fields of a JSON object one by one, each with its bounds, and at
 * the end refuses those that nobody took. What is wrong is thrown as Refused in
 * words for people; `manifest.ts`, the only caller, turns it into a value.
 */
import { type Json, quote } from "./canonical-json.ts";

export class Refused extends Error {}

export class Fields {
  readonly #values: Readonly<Record<string, Json>>;
  /** Where this object is in the whole: "" or like "wants." */
  readonly #path: string;
  readonly #taken = new Set<string>();

  constructor(value: Json, path: string) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      const what = path === "" ? "the manifest" : path.slice(0, -1);
      throw new Refused(`${what} is ${show(value)}: it is an object`);
    }
    this.#values = value as Readonly<Record<string, Json>>;
    this.#path = path;
  }

  object(name: string): Fields {
    return new Fields(this.#take(name), `${this.#path}${name}.`);
  }

  /** For what may be left out. */
  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** What is there, for an object whose fields have names of the author's. */
  get names(): readonly string[] {
    return Object.keys(this.#values);
  }

  /** True when the field is there and null. */
  isNull(name: string): boolean {
    return this.#take(name) === null;
  }

  text(name: string, isGood: (text: string) => boolean, rule: string): string {
    const value = this.#take(name);
    if (typeof value === "string" && isGood(value)) return value;
    throw this.#wrong(name, value, rule);
  }

  number(name: string, isGood: (number: number) => boolean, rule: string): number {
    const value = this.#take(name);
    if (typeof value === "number" && isGood(value)) return value;
    throw this.#wrong(name, value, rule);
  }

  /** A whole number; both ends belong to it. */
  integer(name: string, least: number, most: number): number {
    const isGood = (number: number) =>
      Number.isInteger(number) && number >= least && number <= most;
    return this.number(name, isGood, `it is a whole number from ${least} to ${most}`);
  }

  /** That many bytes as lowercase hex digits. */
  hex(name: string, byteCount: number): string {
    const digits = 2 * byteCount;
    const isGood = (text: string) => text.length === digits && /^[0-9a-f]*$/.test(text);
    return this.text(name, isGood, `it is ${digits} lowercase hex digits`);
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T {
    const value = this.#take(name);
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw this.#wrong(name, value, `it is ${words.map((word) => `"${word}"`).join(" or ")}`);
  }

  /** After the last field: refuses what is left. */
  end(): void {
    const unknown = Object.keys(this.#values).find((name) => !this.#taken.has(name));
    if (unknown !== undefined) throw new Refused(`unknown field ${quote(this.#path + unknown)}`);
  }

  #take(name: string): Json {
    this.#taken.add(name);
    const value = this.#values[name];
    if (value === undefined) throw new Refused(`${this.#path}${name} is missing`);
    return value;
  }

  #wrong(name: string, value: Json, rule: string): Refused {
    return new Refused(`${this.#path}${name} is ${show(value)}: ${rule}`);
  }
}

function show(value: Json): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return "a list";
  return value !== null && typeof value === "object" ? "an object" : String(value);
}
