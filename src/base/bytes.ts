/**
 * Byte work that the language leaves out: UTF-8, and a cursor to read and write
 * big-endian fields. Knows no domain.
 *
 * A Reader never reads past its end: it throws Malformed, which `wire/codec.ts`
 * turns into a value. Nothing else may let it escape.
 */
export class Malformed extends Error {}

export const NO_BYTES = new Uint8Array(0);

/** Where floats are taken apart: a view of their own bytes for each of them costs more. */
const eightBytes = new DataView(new ArrayBuffer(8));

export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(sizeHint = 128) {
    this.#bytes = new Uint8Array(sizeHint);
  }

  /** What was written so far; shares its memory with the writer. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what was written so far. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Begins anew in the same memory. */
  clear(): void {
    this.#length = 0;
  }

  uint8(value: number): void {
    // Grown first: growing replaces the bytes.
    const at = this.#grow(1);
    this.#bytes[at] = value;
  }

  uint16(value: number): void {
    const at = this.#grow(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  uint32(value: number): void {
    const at = this.#grow(4);
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
  }

  float64(value: number): void {
    const at = this.#grow(8);
    eightBytes.setFloat64(0, value);
    for (let i = 0; i < 8; i++) this.#bytes[at + i] = eightBytes.getUint8(i);
  }

  bytes(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  /** Room for `count` bytes that the caller fills in: where they start in `written()`. */
  reserve(count: number): number {
    return this.#grow(count);
  }

  /** All of its memory, until something more is written: for what was reserved. */
  get memory(): Uint8Array {
    return this.#bytes;
  }

  #grow(by: number): number {
    const at = this.#length;
    const needed = at + by;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#length = needed;
    return at;
  }
}

export class Reader {
  readonly bytes: Uint8Array;
  #at: number;

  /** Reads from `at` on: a view for that would cost more than most messages (see `splitFrame`). */
  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.#at = at;
  }

  get left(): number {
    return this.bytes.length - this.#at;
  }

  uint8(): number {
    return this.bytes[this.skip(1)]!;
  }

  uint16(): number {
    const at = this.skip(2);
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  uint32(): number {
    const at = this.skip(4);
    const { bytes } = this;
    // Above 2^31 a shift makes it negative.
    return (
      ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
    );
  }

  float64(): number {
    const at = this.skip(8);
    for (let i = 0; i < 8; i++) eightBytes.setUint8(i, this.bytes[at + i]!);
    return eightBytes.getFloat64(0);
  }

  /** A view of the next `count` bytes, not a copy. */
  take(count: number): Uint8Array {
    const at = this.skip(count);
    return this.bytes.subarray(at, at + count);
  }

  /** Passes over `count` bytes and says where they start. */
  skip(count: number): number {
    if (count > this.left) throw new Malformed("it ends too early");
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** UTF-8 of a text; lone surrogates become U+FFFD, as in the WHATWG encoder. */
export function utf8(text: string): Uint8Array {
  // Most texts are ids, hashes and names.
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return utf8OfAny(text);
    bytes[i] = code;
  }
  return bytes;
}

function utf8OfAny(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const char of text.toWellFormed()) {
    const code = char.codePointAt(0)!;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else bytes.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return Uint8Array.from(bytes);
}

function tail(code: number): number {
  return 0x80 | (code & 0x3f);
}

/** Characters made at once: more arguments than that a call may not take everywhere. A guess. */
const CHARS_AT_ONCE = 4_096;

/** The text of the bytes before the first that is none of ASCII. One by one they would be a chain of strings. */
function asciiOf(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += CHARS_AT_ONCE) {
    const end = Math.min(from + CHARS_AT_ONCE, bytes.length);
    const codes: number[] = [];
    for (let i = from; i < end && bytes[i]! < 0x80; i++) codes.push(bytes[i]!);
    text += String.fromCharCode(...codes);
    if (from + codes.length < end) break;
  }
  return text;
}

/** The text of UTF-8 bytes, or Malformed: overlong forms, surrogates and stray bytes are refused. */
export function textOfUtf8(bytes: Uint8Array): string {
  let text = asciiOf(bytes);
  for (let i = text.length; i < bytes.length;) {
    const first = bytes[i]!;
    if (first < 0x80) {
      text += String.fromCharCode(first);
      i += 1;
      continue;
    }
    const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    let code = first & (0xff >> (length + 1));
    for (let k = 1; k < length; k++) {
      const byte = bytes[i + k];
      if (byte === undefined || byte >> 6 !== 2) throw new Malformed("broken UTF-8");
      code = (code << 6) | (byte & 0x3f);
    }
    const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
    if (
      first < 0xc2 ||
      first > 0xf4 ||
      code < least ||
      code > 0x10ffff ||
      (code >= 0xd800 && code < 0xe000)
    ) {
      throw new Malformed("broken UTF-8");
    }
    text += String.fromCodePoint(code);
    i += length;
  }
  return text;
}
