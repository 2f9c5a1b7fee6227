import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, readJson } from "./canonical-json.ts";

const float64 = (hex: string) => Buffer.from(hex, "hex").readDoubleBE(0);

/** RFC 8785, appendix B. */
test.each([
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["8000000000000001", "-5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["ffefffffffffffff", "-1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["c340000000000000", "-9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af5", "9.999999999999997e+22"],
  ["44b52d02c7e14af6", "1e+23"],
  ["44b52d02c7e14af7", "1.0000000000000001e+23"],
  ["444b1ae4d6e2ef4e", "999999999999999700000"],
  ["444b1ae4d6e2ef4f", "999999999999999900000"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555553", "333333333.3333332"],
  ["41b3de4355555554", "333333333.33333325"],
  ["41b3de4355555555", "333333333.3333333"],
  ["41b3de4355555556", "333333333.3333334"],
  ["41b3de4355555557", "333333333.33333343"],
  ["becbf647612f3696", "-0.0000033333333333333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
])("the float64 %s is written %s", (hex, text) => {
  expect(canonicalJson(float64(hex))).toBe(text);
});

test.each(["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])(
  "the float64 %s cannot be written",
  (hex) => expect(() => canonicalJson(float64(hex))).toThrow(/no way to write/),
);

test("the example of RFC 8785, section 3.2.2, comes out as in 3.2.4", () => {
  const read = readJson(String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`);
  expect(canonicalJson((read as { value: unknown }).value)).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
});

test("names are ordered by UTF-16 code units, as in RFC 8785, section 3.2.3", () => {
  const read = readJson(String.raw`{
    "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis"
  }`);
  const values = [...canonicalJson((read as { value: unknown }).value).matchAll(/:"([^"]*)"/g)];
  expect(values.map((match) => match[1])).toEqual([
    "Carriage Return",
    "One",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
});

test.each([
  { value: "\ud800", what: "half a pair" },
  { value: { "\udc00": 1 }, what: "half a pair in a name" },
  { value: [undefined], what: "undefined" },
  { value: { f: () => {} }, what: "a function" },
  { value: 1n, what: "a bigint" },
])("$what cannot be written", ({ value }) => {
  expect(() => canonicalJson(value)).toThrow(/no way to write/);
});

test.each([
  { text: "", why: "a value is expected here (line 1, column 1)" },
  { text: "{}x", why: "more after the end of the JSON (line 1, column 3)" },
  { text: '{"a":1,\n "a":2}', why: 'the field "a" comes twice (line 2, column 2)' },
  { text: '{"a":1,"\\u0061":2}', why: 'the field "a" comes twice' },
  { text: '{"__proto__":1,"__proto__":2}', why: "comes twice" },
  { text: '{"a":1,}', why: "a field's name in quotes is expected (line 1, column 8)" },
  { text: "{a:1}", why: "a field's name in quotes" },
  { text: '{"a" 1}', why: '":" is expected after "a"' },
  { text: '{"a":1', why: '"," or "}" is expected' },
  { text: "[1 2]", why: '"," or "]" is expected' },
  { text: "[1,]", why: "a value is expected" },
  { text: "01", why: "more after the end" },
  { text: "1.", why: "more after the end" },
  { text: "+1", why: "a value is expected" },
  { text: "NaN", why: "a value is expected" },
  { text: "1e999", why: "the number is too large (line 1, column 1)" },
  { text: '"a', why: "does not end" },
  { text: '"\t"', why: "is broken" },
  { text: '"\\x"', why: "is broken" },
  { text: '"\\ud800"', why: "half of a surrogate pair" },
  { text: "// no\n1", why: "a value is expected" },
  { text: "[".repeat(17) + "]".repeat(17), why: "nested more than 16 deep" },
  { text: "[".repeat(100_000), why: "nested more than 16 deep" },
])("$text is refused: $why", ({ text, why }) => {
  expect(readJson(text)).toEqual({ kind: "bad", why: expect.stringContaining(why) });
});

test("__proto__ is a name like any other", () => {
  const read = readJson('{"__proto__":{"x":1}}') as { value: Record<string, unknown> };
  expect(read.value["x"]).toBeUndefined();
  expect(canonicalJson(read.value)).toBe('{"__proto__":{"x":1}}');
});

test("what JSON.parse reads without twins is read the same, and written so that it reads the same", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.nat(4), (text, indent) => {
      const value: unknown = JSON.parse(text);
      const read = readJson(JSON.stringify(value, null, indent));
      fc.pre(canIncludeInJson(value));
      expect(read.kind).toBe("json");
      const canonical = canonicalJson((read as { value: unknown }).value);
      expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson((readJson(canonical) as { value: unknown }).value)).toBe(canonical);
    }),
  );
});

/** JSON.stringify writes half pairs and passes on `__proto__`; both are refused or differ here on purpose. */
function canIncludeInJson(value: unknown): boolean {
  const text = JSON.stringify(value);
  return !/\\ud[89a-f]|__proto__/i.test(text);
}

test("no text makes the reader throw", () => {
  const pieces = fc.constantFrom(
    ...Array.from('{}[]":,\\u0e-+.1 \n'),
    "true",
    "null",
    '"a"',
    "\ud800",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((parts) => parts.join("")),
      ),
      (text) => {
        const read = readJson(text);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        const isRight =
          read.kind === "json"
            ? isJson
            : !isJson || /comes twice|too large|surrogate|nested/.test(read.why);
        expect(isRight).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
