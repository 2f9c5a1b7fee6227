import { expect, test } from "vitest";
import { readOptions } from "./options.ts";

interface Options {
  readonly limit: number;
  readonly cursor: string | null;
}

const read = (options: unknown) => readOptions<Options>(options, ["limit", "cursor"]);

test("none, some and all are as they were given", () => {
  expect([read(undefined), read(null)]).toEqual([{}, {}]);
  expect(read({ limit: 3 })).toEqual({ limit: 3 });
  expect(read({ limit: 3, cursor: null })).toEqual({ limit: 3, cursor: null });
});

test.each([[5], ["x"], [true], [[]]])("%j is no object with options", (options) => {
  expect(() => read(options)).toThrow("options are an object, with some of limit, cursor");
});

test("a name that is none is named, with those that are", () => {
  expect(() => read({ limt: 3 })).toThrow('there is no option "limt", but limit, cursor');
});
