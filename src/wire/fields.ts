/**
 * How the fields of a message are written and read. One value of type Field is
 * the type, the bounds and the check of a field at once, so they cannot differ.
 *
 * Reading throws Malformed; `codec.ts` is the only caller and catches it.
 * Writing trusts its own side and throws a RangeError where a bound is broken.
 */
import { Malformed, type Reader, type Writer, textOfUtf8, utf8 } from "../base/bytes.ts";
import { type Id, ID_BYTES, readId, writeHex } from "../id/id.ts";

export interface Field<T> {
  write(to: Writer, value: T): void;
  read(from: Reader): T;
}

export type ValueOf<F> = F extends Field<infer T> ? T : never;

export const uint8: Field<number> = {
  write: (to, value) => to.uint8(value),
  read: (from) => from.uint8(),
};

export const uint16: Field<number> = {
  write: (to, value) => to.uint16(value),
  read: (from) => from.uint16(),
};

export const uint32: Field<number> = {
  write: (to, value) => to.uint32(value),
  read: (from) => from.uint32(),
};

export const flag: Field<boolean> = {
  write: (to, value) => to.uint8(value ? 1 : 0),
  read(from) {
    const byte = from.uint8();
    if (byte > 1) throw new Malformed("a flag is 0 or 1");
    return byte === 1;
  },
};

/** A whole number below 2^53 in 8 bytes: a message id. */
export const uint53: Field<number> = {
  write(to, value) {
    to.uint32(Math.floor(value / 2 ** 32));
    to.uint32(value >>> 0);
  },
  read(from) {
    const high = from.uint32();
    if (high >= 2 ** 21) throw new Malformed("a number over 53 bits");
    return high * 2 ** 32 + from.uint32();
  },
};

export const id: Field<Id> = {
  write: (to, value) => {
    const at = to.reserve(ID_BYTES);
    writeHex(value, to.memory, at);
  },
  read: (from) => readId(from.bytes, from.skip(ID_BYTES)),
};

/** Exactly `count` bytes. */
export function fixedBytes(count: number): Field<Uint8Array> {
  return {
    write(to, value) {
      if (value.length !== count) throw new RangeError(`expected ${count} bytes`);
      to.bytes(value);
    },
    read: (from) => from.take(count),
  };
}

/** At most `most` bytes, which may be up to 65,535. */
export function bytes(most: number): Field<Uint8Array> {
  return {
    write(to, value) {
      if (value.length > most) throw new RangeError(`more than ${most} bytes`);
      to.uint16(value.length);
      to.bytes(value);
    },
    read(from) {
      const length = from.uint16();
      if (length > most) throw new Malformed(`more than ${most} bytes`);
      return from.take(length);
    },
  };
}

/** At most `most` bytes, which may be more than 65,535. */
export function longBytes(most: number): Field<Uint8Array> {
  return {
    write(to, value) {
      if (value.length > most) throw new RangeError(`more than ${most} bytes`);
      to.uint32(value.length);
      to.bytes(value);
    },
    read(from) {
      const length = from.uint32();
      if (length > most) throw new Malformed(`more than ${most} bytes`);
      return from.take(length);
    },
  };
}

/** A text of at most `mostBytes` bytes of UTF-8. */
export function text(mostBytes: number): Field<string> {
  const raw = bytes(mostBytes);
  return {
    write: (to, value) => raw.write(to, utf8(value)),
    read: (from) => textOfUtf8(raw.read(from)),
  };
}

/** At most `most` items, which may be up to 255. */
export function list<T>(item: Field<T>, most: number): Field<readonly T[]> {
  return {
    write(to, values) {
      if (values.length > most) throw new RangeError(`more than ${most} items`);
      to.uint8(values.length);
      for (const value of values) item.write(to, value);
    },
    read(from) {
      const length = from.uint8();
      if (length > most) throw new Malformed(`more than ${most} items`);
      const values: T[] = [];
      for (let i = 0; i < length; i++) values.push(item.read(from));
      return values;
    },
  };
}

/** One of at most 256 words, as the number of its place. */
export function oneOf<const T extends string>(...words: readonly T[]): Field<T> {
  return {
    write: (to, value) => to.uint8(words.indexOf(value)),
    read(from) {
      const word = words[from.uint8()];
      if (word === undefined) throw new Malformed("an unknown word");
      return word;
    },
  };
}

type RecordOf<S extends Record<string, Field<unknown>>> = {
  readonly [K in keyof S]: ValueOf<S[K]>;
};

/** The fields one after the other, in the order they are named. */
export function record<S extends Record<string, Field<unknown>>>(fields: S): Field<RecordOf<S>> {
  const entries = Object.entries(fields) as [keyof S & string, Field<unknown>][];
  const blank = Object.fromEntries(entries.map(([name]) => [name, undefined]));
  return {
    write(to, value) {
      for (const [name, field] of entries) field.write(to, value[name]);
    },
    read(from) {
      // All names are there at once: an object that grows name by name is made anew at every few of them.
      const value: Record<string, unknown> = { ...blank };
      for (const [name, field] of entries) value[name] = field.read(from);
      return value as RecordOf<S>;
    },
  };
}
