/**
 * Identifiers: 160 bits, for nodes and for keys alike.
 *
 * An `Id` is its 40 lowercase hex digits, so `<` orders ids and `===` compares
 * them. Chord's circle wraps; that is the business of `interval.ts`.
 */
declare const idBrand: unique symbol;
export type Id = string & { readonly [idBrand]: true };

/** Bytes of an id on the wire. */
export const ID_BYTES = 20;

const ID_TEXT = /^[0-9a-f]{40}$/;

export function isId(text: unknown): text is Id {
  return typeof text === "string" && ID_TEXT.test(text);
}

const DIGIT_CODES = Array.from("0123456789abcdef", (char) => char.charCodeAt(0));

/** Hex digits of `count` bytes from `offset`. */
export function hexOf(bytes: Uint8Array, offset: number, count: number): string {
  // All digits at once: adding them one by one builds a chain of strings, and took three times as long (Node 20).
  const codes: number[] = [];
  for (let i = 0; i < count; i++) {
    const byte = bytes[offset + i]!;
    codes.push(DIGIT_CODES[byte >> 4]!, DIGIT_CODES[byte & 15]!);
  }
  return String.fromCharCode(...codes);
}

/** Reads 20 bytes. The caller has checked that they are there. */
export function readId(bytes: Uint8Array, offset: number): Id {
  return hexOf(bytes, offset, ID_BYTES) as Id;
}

/** Writes an even number of hex digits as bytes. */
export function writeHex(hex: string, into: Uint8Array, offset: number): void {
  for (let i = 0; i < hex.length; i += 2) {
    into[offset + (i >> 1)] = (digit(hex.charCodeAt(i)) << 4) | digit(hex.charCodeAt(i + 1));
  }
}

/** The value of one hex digit's character code: "0" is 48, "a" is 97. */
function digit(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}
