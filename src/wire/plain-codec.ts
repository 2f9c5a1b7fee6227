/**
 * Plain data as bytes: arguments and answers of remote calls, on their way
 * through the ring. Knows nothing of calls.
 *
 * | tag | value            | then                                     |
 * | --- | ---------------- | ---------------------------------------- |
 * | 0   | null             |                                          |
 * | 1   | undefined        |                                          |
 * | 2   | false            |                                          |
 * | 3   | true             |                                          |
 * | 4   | number           | 8 bytes, IEEE 754                        |
 * | 5   | text             | length (4 bytes), UTF-8                  |
 * | 6   | Uint8Array       | length (4 bytes), bytes                  |
 * | 7   | array            | count (4 bytes), values                  |
 * | 8   | object           | count (4 bytes), pairs of text and value |
 */
import { Malformed, Reader, Writer, textOfUtf8, utf8 } from "../base/bytes.ts";
import type { Plain } from "../base/plain.ts";

const TAG = {
  null: 0,
  undefined: 1,
  false: 2,
  true: 3,
  number: 4,
  text: 5,
  bytes: 6,
  array: 7,
  object: 8,
} as const;

/** Nesting and number of values that are read: more than `sandbox.ts` lets pass, so that whatever was let out is let in. */
const MAX_DEPTH = 40;
const MAX_VALUES = 25_000;

/** As in `codec.ts`: most memory that a value takes is memory a writer outgrew. */
const scratch = new Writer(4_096);

/** The value is plain data within bounds already: see `rebuildPlain`. */
export function encodePlain(value: Plain): Uint8Array {
  scratch.clear();
  write(scratch, value);
  return scratch.copy();
}

function write(writer: Writer, value: Plain): void {
  switch (typeof value) {
    case "undefined":
      return writer.uint8(TAG.undefined);
    case "boolean":
      return writer.uint8(value ? TAG.true : TAG.false);
    case "number": {
      writer.uint8(TAG.number);
      return writer.float64(value);
    }
    case "string":
      writer.uint8(TAG.text);
      return writeText(writer, value);
    default:
      break;
  }
  if (value === null) return writer.uint8(TAG.null);
  if (value instanceof Uint8Array) {
    writer.uint8(TAG.bytes);
    writer.uint32(value.length);
    return writer.bytes(value);
  }
  if (isArray(value)) {
    writer.uint8(TAG.array);
    writer.uint32(value.length);
    for (const item of value) write(writer, item);
    return;
  }
  const entries = Object.entries(value);
  writer.uint8(TAG.object);
  writer.uint32(entries.length);
  for (const [name, item] of entries) {
    writeText(writer, name);
    write(writer, item);
  }
}

/** `Array.isArray` does not know readonly arrays. */
function isArray(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

function writeText(writer: Writer, text: string): void {
  const bytes = utf8(text);
  writer.uint32(bytes.length);
  writer.bytes(bytes);
}

/** Null when the bytes are not exactly one value. Byte arrays are copies. */
export function decodePlain(bytes: Uint8Array): { readonly value: Plain } | null {
  const reader = new Reader(bytes);
  const count = { left: MAX_VALUES };
  try {
    const value = read(reader, MAX_DEPTH, count);
    return reader.left === 0 ? { value } : null;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

function read(reader: Reader, depthLeft: number, count: { left: number }): Plain {
  if (depthLeft === 0 || --count.left < 0) throw new Malformed("too deep, or too many values");
  const tag = reader.uint8();
  switch (tag) {
    case TAG.null:
      return null;
    case TAG.undefined:
      return undefined;
    case TAG.false:
      return false;
    case TAG.true:
      return true;
    case TAG.number:
      return reader.float64();
    case TAG.text:
      return readText(reader);
    case TAG.bytes:
      return reader.take(reader.uint32()).slice();
    case TAG.array: {
      const items: Plain[] = [];
      for (let left = reader.uint32(); left > 0; left--) {
        items.push(read(reader, depthLeft - 1, count));
      }
      return items;
    }
    case TAG.object: {
      const object: Record<string, Plain> = {};
      for (let left = reader.uint32(); left > 0; left--) {
        const name = readText(reader);
        if (name === "__proto__") throw new Malformed("a property called __proto__");
        object[name] = read(reader, depthLeft - 1, count);
      }
      return object;
    }
    default:
      throw new Malformed(`no value has tag ${tag}`);
  }
}

function readText(reader: Reader): string {
  return textOfUtf8(reader.take(reader.uint32()));
}
