import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  entryCategory,
  fold,
  isNormalCategory,
  keyOfCategory,
  lineOf,
  normalCategory,
  textProblem,
  tidy,
} from "./names.ts";

function normalOrNull(typed: string): string | null {
  try {
    return normalCategory(typed);
  } catch {
    return null;
  }
}

describe("a category", () => {
  test.each([
    { typed: "Plumbers", is: "plumbers" },
    { typed: "  Food /  Wedding   cakes/ ", is: "food/wedding cakes" },
    { typed: "BÄCKER", is: "bäcker" },
    { typed: "Ba\u0308cker", is: "bäcker" },
    { typed: "Straße", is: "strasse" },
    { typed: "ΟΔΟΣ", is: "οδος" },
    { typed: "/", is: "" },
    { typed: "x".repeat(64), is: "x".repeat(64) },
    { typed: "a/b/c/d/e/f", is: "a/b/c/d/e/f" },
  ])("that is typed $typed is $is", ({ typed, is }) => {
    expect(normalCategory(typed)).toBe(is);
  });

  test.each([
    { typed: "x".repeat(65), why: /1 to 64 characters, not 65/ },
    { typed: "x".repeat(100_000), why: /1 to 64 characters/ },
    { typed: "a/b/c/d/e/f/g", why: /at most 6 deep, not 7/ },
    { typed: "a\u202eb", why: /control characters/ },
    { typed: "a\u0000b", why: /control characters/ },
    { typed: "\ud800", why: /control characters/ },
    { typed: 7, why: /1 to 64 characters/ },
  ])("is refused: $why", ({ typed, why }) => {
    expect(() => normalCategory(typed)).toThrow(why);
    expect(isNormalCategory(typed)).toBe(false);
  });

  test("for entries is not the top", () => {
    expect(() => entryCategory(" / ")).toThrow(/1 to 64/);
  });

  test("is spelt one way: what is normal stays as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (typed) => {
        const normal = normalOrNull(typed);
        fc.pre(normal !== null);
        expect(normalCategory(normal)).toBe(normal);
        expect(isNormalCategory(normal)).toBe(true);
      }),
    );
  });

  test("is under its parent, and so up to the top", () => {
    expect(lineOf("a/b/c")).toEqual([
      { parent: "a/b", name: "c" },
      { parent: "a", name: "b" },
      { parent: "", name: "a" },
    ]);
  });

  test("has the key that keyOf makes of its name after directory/", () => {
    expect(keyOfCategory("food/bakers")).toBe("e309240f7d769ffb9eeb1b2f990639edacd34e16");
  });
});

test("folding settles", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      expect(fold(fold(text))).toBe(fold(text));
    }),
  );
});

test.each([
  { text: "Ada", problem: null },
  { text: "", problem: "a name has 1 to 10 characters" },
  { text: "x".repeat(11), problem: "a name has 1 to 10 characters" },
  { text: " Ada", problem: "a name is in composed form (NFC), without spaces around it" },
  { text: "A\u0308", problem: "a name is in composed form (NFC), without spaces around it" },
  { text: "A\nda", problem: "a name has no control characters" },
  { text: "A\u202eda", problem: "a name has no control characters" },
  { text: "\ud800", problem: "a name has no control characters" },
  { text: 1, problem: "a name has 1 to 10 characters" },
])("a text is in order or not: $problem", ({ text, problem }) => {
  expect(textProblem("name", text, 1, 10)).toBe(problem);
});

test("what was typed is made as it has to be", () => {
  expect(tidy(" A\u0308\r\nb ")).toBe("Ä\nb");
});
