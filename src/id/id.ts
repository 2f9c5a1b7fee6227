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

/**
 * Ids that were read a moment ago, each in the place its first bytes give it:
 * the same few hundred are read again and again, and a string that is made anew
 * costs far more than 20 comparisons, here and in every map it is looked up in.
 * Who chooses ids badly for us only makes us read them as slowly as a new one.
 */
const RECENT = 16_384;
const recentBytes = new Uint8Array(RECENT * ID_BYTES);
const recentIds: (Id | undefined)[] = Array.from({ length: RECENT });

/** Reads 20 bytes. The caller has checked that they are there. */
export function readId(bytes: Uint8Array, offset: number): Id {
  const place = ((bytes[offset]! << 8) | bytes[offset + 1]!) & (RECENT - 1);
  const at = place * ID_BYTES;
  const recent = recentIds[place];
  if (recent !== undefined) {
    let same = 0;
    while (same < ID_BYTES && bytes[offset + same] === recentBytes[at + same]) same += 1;
    if (same === ID_BYTES) return recent;
  }
  const id = hexOf(bytes, offset, ID_BYTES) as Id;
  recentIds[place] = id;
  for (let i = 0; i < ID_BYTES; i++) recentBytes[at + i] = bytes[offset + i]!;
  return id;
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
