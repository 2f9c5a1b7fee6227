import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Plain, type PlainBounds, plainBytes, rebuildPlain } from "./plain.ts";

const BOUNDS: PlainBounds = { maxDepth: 8, maxNodes: 1_000, maxBytes: 100_000 };

const plain = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, undefined, true, false),
    fc.double(),
    fc.string(),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((name) => name !== "__proto__"),
      tie("value"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;

test("plain data comes out as it went in, and counts what plainBytes says", () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(rebuildPlain(value, BOUNDS)).toEqual({
        kind: "plain",
        value,
        bytes: plainBytes(value),
      });
    }),
  );
});

test("what comes out shares nothing with what went in", () => {
  const value = { list: [new Uint8Array([1, 2])], inner: { a: 1 } };
  const rebuilt = rebuildPlain(value, BOUNDS);
  const copy = (rebuilt as unknown as { value: typeof value }).value;
  expect(copy).toEqual(value);
  expect(copy).not.toBe(value);
  expect(copy.list).not.toBe(value.list);
  expect(copy.list[0]!.buffer).not.toBe(value.list[0]!.buffer);
  expect(copy.inner).not.toBe(value.inner);
});

test("whatever it is given, it answers, and what passes is within its bounds", () => {
  fc.assert(
    fc.property(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withObjectString: true,
        withSet: true,
        withSparseArray: true,
        withTypedArray: true,
      }),
      (value) => {
        const rebuilt = rebuildPlain(value, { maxDepth: 3, maxNodes: 20, maxBytes: 500 });
        expect(rebuilt.kind === "refused" ? rebuilt.why !== "" : rebuilt.bytes <= 500).toBe(true);
      },
    ),
  );
});

class Point {
  x = 1;
}

const cycle: { self?: unknown } = {};
cycle.self = cycle;

const faked = new Float64Array(1);
Object.defineProperty(faked, Symbol.toStringTag, { value: "Uint8Array" });

test.each<{ what: string; value: unknown; why: RegExp }>([
  { what: "a function", value: () => {}, why: /function/ },
  { what: "a symbol", value: Symbol("s"), why: /symbol/ },
  { what: "a bigint", value: 1n, why: /bigint/ },
  { what: "a set", value: new Set(), why: /plain objects/ },
  { what: "a map", value: new Map(), why: /plain objects/ },
  { what: "an error", value: new Error("e"), why: /plain objects/ },
  { what: "an instance", value: new Point(), why: /plain objects/ },
  { what: "an ArrayBuffer", value: new ArrayBuffer(1), why: /plain objects/ },
  { what: "other numbers", value: new Float64Array(1), why: /Uint8Array/ },
  { what: "numbers that say they are bytes", value: faked, why: /Uint8Array/ },
  { what: "a view of data", value: new DataView(new ArrayBuffer(1)), why: /Uint8Array/ },
  { what: "a cycle", value: cycle, why: /deeply/ },
  { what: "__proto__", value: JSON.parse('{"__proto__":{"a":1}}'), why: /__proto__/ },
  {
    what: "a getter",
    value: {
      get a() {
        throw new Error("it ran");
      },
    },
    why: /getter/,
  },
  {
    what: "a getter in an array",
    value: Object.defineProperty([], 0, { get: () => 1, enumerable: true }),
    why: /getter/,
  },
  {
    what: "a trap",
    value: new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("a word of its own");
        },
      },
    ),
    why: /^it cannot be read$/,
  },
  { what: "a long text", value: "x".repeat(50_000), why: /100000 bytes/ },
  { what: "many bytes", value: new Uint8Array(100_000), why: /100000 bytes/ },
  { what: "many values", value: Array.from({ length: 1_001 }, () => 1), why: /1000 values/ },
  { what: "an array that says it is long", value: Array(4_000_000_000), why: /1000 values/ },
  {
    what: "a deep nest",
    value: Array.from({ length: 9 }).reduce<unknown>((inner) => [inner], 1),
    why: /deeply/,
  },
])("$what is refused", ({ value, why }) => {
  expect(rebuildPlain(value, BOUNDS)).toMatchObject({
    kind: "refused",
    why: expect.stringMatching(why),
  });
});

test("at its bounds it still passes", () => {
  const deep = Array.from({ length: 8 }).reduce<unknown>((inner) => [inner], 1);
  expect(rebuildPlain(deep, BOUNDS).kind).toBe("plain");
  const many = Array.from({ length: 999 }, () => 1);
  expect(rebuildPlain(many, BOUNDS).kind).toBe("plain");
  expect(rebuildPlain(new Uint8Array(100_000 - 8), BOUNDS).kind).toBe("plain");
});

test("symbols and hidden properties stay behind", () => {
  const value = Object.defineProperty({ a: 1, [Symbol("s")]: 2 }, "hidden", { value: 3 });
  expect(rebuildPlain(value, BOUNDS)).toMatchObject({ value: { a: 1 } });
});
