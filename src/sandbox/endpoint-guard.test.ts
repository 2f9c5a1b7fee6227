import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readCall } from "./endpoint-guard.ts";

const METHODS = new Set(["say"]);
const BOUNDS = { maxDepth: 4, maxNodes: 50, maxBytes: 1_000 };

const raw = (value: unknown) => ({ type: "RAW", value });
const call = (changes: object) => ({
  id: "a-1",
  type: "APPLY",
  path: ["say"],
  argumentList: [raw(1)],
  ...changes,
});

test("a call of a listed method passes, rebuilt, without anything else", () => {
  const read = readCall(
    call({ argumentList: [raw({ a: [1] }), raw("x")], value: 1 }),
    METHODS,
    BOUNDS,
  );
  expect(read).toMatchObject({
    kind: "call",
    call: {
      id: "a-1",
      type: "APPLY",
      path: ["say"],
      argumentList: [raw({ a: [1] }), raw("x")],
    },
  });
  expect(Object.keys((read as { call: object }).call)).toEqual([
    "id",
    "type",
    "path",
    "argumentList",
  ]);
});

test.each<{ what: string; data: unknown; why: RegExp }>([
  { what: "nothing", data: null, why: /not a message/ },
  { what: "a text", data: "APPLY", why: /not a message/ },
  { what: "no id", data: call({ id: undefined }), why: /id/ },
  { what: "an empty id", data: call({ id: "" }), why: /id/ },
  { what: "an id that is no text", data: call({ id: ["a"] }), why: /id/ },
  { what: "a long id", data: call({ id: "a".repeat(65) }), why: /id/ },
  ...["GET", "SET", "CONSTRUCT", "ENDPOINT", "RELEASE", "apply", ["APPLY"]].map((type) => ({
    what: `a message of type ${String(type)}`,
    data: call({ type }),
    why: /not a call/,
  })),
  { what: "no path", data: call({ path: [] }), why: /one step/ },
  { what: "a path of two steps", data: call({ path: ["say", "constructor"] }), why: /one step/ },
  {
    what: "a path that is no list",
    data: call({ path: { 0: "say", length: 1 } }),
    why: /one step/,
  },
  { what: "a name that is no text", data: call({ path: [["say"]] }), why: /not offered/ },
  ...["constructor", "__proto__", "toString", "bind", "then", ""].map((name) => ({
    what: `the name "${name}"`,
    data: call({ path: [name] }),
    why: /not offered/,
  })),
  { what: "arguments that are no list", data: call({ argumentList: { length: 1 } }), why: /list/ },
  {
    what: "many arguments",
    data: call({ argumentList: Array.from({ length: 33 }, () => raw(1)) }),
    why: /list/,
  },
  {
    what: "an argument to be revived",
    data: call({ argumentList: [{ type: "HANDLER", name: "proxy", value: {} }] }),
    why: /as it is/,
  },
  { what: "an argument without its type", data: call({ argumentList: [1] }), why: /as it is/ },
  {
    what: "an argument that is not plain",
    data: call({ argumentList: [raw(new Map())] }),
    why: /plain/,
  },
  {
    what: "an argument that is long",
    data: call({ argumentList: [raw("x".repeat(999))] }),
    why: /larger/,
  },
  {
    what: "a type that is inherited",
    data: Object.assign(Object.create({ type: "APPLY" }) as object, { id: "a", path: ["say"] }),
    why: /not a call/,
  },
  {
    what: "a type that is computed",
    data: Object.defineProperty(call({}), "type", { get: () => "APPLY" }),
    why: /not a call/,
  },
])("$what is refused", ({ data, why }) => {
  expect(readCall(data, METHODS, BOUNDS)).toEqual({
    kind: "refused",
    why: expect.stringMatching(why),
  });
});

test("whatever it is given, what passes is a call of a listed method", () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          id: fc.anything(),
          type: fc.oneof(fc.constant("APPLY"), fc.anything()),
          path: fc.oneof(fc.array(fc.oneof(fc.constant("say"), fc.string())), fc.anything()),
          argumentList: fc.oneof(fc.array(fc.anything()), fc.anything()),
        },
        { requiredKeys: [] },
      ),
      (data) => {
        const read = readCall(data, METHODS, BOUNDS);
        expect(read.kind === "call" ? read.call.path : ["say"]).toEqual(["say"]);
      },
    ),
  );
});
