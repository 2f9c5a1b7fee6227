import { expect, test } from "vitest";
import type { Grant } from "../peer/grant.ts";
import { MAX_WHY_CHARS, readFromPeerlet } from "./from-peerlet.ts";
import { MAX_METHODS } from "./messages.ts";

const GRANT = { messageBytes: 1_000 } as Grant;

test.each<{ what: string; data: unknown; message: unknown }>([
  {
    what: "a call",
    data: ["call", 1, "storageGet", ["k"]],
    message: ["call", 1, "storageGet", ["k"]],
  },
  {
    what: "a line of its log",
    data: ["call", 0, "log", ["a", 1]],
    message: ["call", 0, "log", ["a", 1]],
  },
  { what: "an answer", data: ["value", 7, { a: 1 }], message: ["value", 7, { a: 1 }] },
  { what: "an error", data: ["error", 7, "failed", "no"], message: ["error", 7, "failed", "no"] },
  { what: "a sign of life", data: ["pong", 3], message: ["pong", 3] },
  { what: "more than a message has", data: ["closed", 1, 2], message: ["closed"] },
  {
    what: "an offer, each name once",
    data: [
      "ready",
      { upcalls: ["deliver", "deliver"], remote: ["a"], local: [], service: [], more: 1 },
    ],
    message: ["ready", { upcalls: ["deliver"], remote: ["a"], local: [], service: [] }],
  },
  { what: "a failure that is no text", data: ["failed", {}], message: ["failed", "(no reason)"] },
])("$what is read", ({ data, message }) => {
  expect(readFromPeerlet(data, GRANT)).toMatchObject({ kind: "message", message });
});

test.each<{ what: string; data: unknown; why: RegExp }>([
  { what: "no list", data: { 0: "pong", 1: 3 }, why: /not a message/ },
  { what: "nothing", data: null, why: /not a message/ },
  { what: "an unknown tag", data: ["constructor", 1], why: /tag/ },
  { what: "a tag that is no text", data: [["call"], 1, "route", []], why: /tag/ },
  { what: "a method that is not there", data: ["call", 1, "eval", []], why: /method/ },
  { what: "a method of every object", data: ["call", 1, "toString", []], why: /method/ },
  { what: "a method that is no text", data: ["call", 1, ["route"], []], why: /method/ },
  { what: "a call without an id", data: ["call", undefined, "route", []], why: /id/ },
  { what: "a call whose id is no number", data: ["call", "1", "route", []], why: /id/ },
  { what: "a call with a broken id", data: ["call", 1.5, "route", []], why: /id/ },
  { what: "a call with a negative id", data: ["call", -1, "route", []], why: /id/ },
  { what: "a call that nobody is to answer", data: ["call", 0, "route", []], why: /id/ },
  { what: "a log line that wants an answer", data: ["call", 1, "log", []], why: /id/ },
  { what: "arguments that are no list", data: ["call", 1, "route", { length: 1 }], why: /list/ },
  { what: "arguments that are not plain", data: ["call", 1, "route", [new Map()]], why: /plain/ },
  { what: "long arguments", data: ["call", 1, "route", ["x".repeat(999)]], why: /larger/ },
  { what: "a long answer", data: ["value", 1, new Uint8Array(2_000)], why: /larger/ },
  { what: "an answer to nobody", data: ["value", null, 1], why: /id/ },
  { what: "an error that is not its to give", data: ["error", 1, "refused", "x"], why: /code/ },
  { what: "an error of no code", data: ["error", 1, "__proto__", "x"], why: /code/ },
  { what: "a sign of life of no number", data: ["pong", "3"], why: /number/ },
  { what: "an offer of nothing", data: ["ready", null], why: /list of names/ },
  {
    what: "an offer of a reserved name",
    data: ["ready", { upcalls: [], remote: ["then"], local: [], service: [] }],
    why: /list of names/,
  },
  {
    what: "an offer of a path",
    data: ["ready", { upcalls: [], remote: [], local: ["a.b"], service: [] }],
    why: /list of names/,
  },
  {
    what: "an offer of an unknown upcall",
    data: ["ready", { upcalls: ["close"], remote: [], local: [], service: [] }],
    why: /list of names/,
  },
  {
    what: "an offer of too much",
    data: [
      "ready",
      {
        upcalls: [],
        remote: [],
        service: [],
        local: Array.from({ length: MAX_METHODS + 1 }, () => "a"),
      },
    ],
    why: /list of names/,
  },
])("$what is refused", ({ data, why }) => {
  expect(readFromPeerlet(data, GRANT)).toEqual({
    kind: "refused",
    why: expect.stringMatching(why),
  });
});

test("reasons are cut", () => {
  const long = "x".repeat(100_000);
  expect(readFromPeerlet(["failed", long], GRANT)).toMatchObject({
    message: ["failed", "x".repeat(MAX_WHY_CHARS)],
  });
  expect(readFromPeerlet(["error", 1, "failed", long], GRANT)).toMatchObject({
    message: ["error", 1, "failed", "x".repeat(MAX_WHY_CHARS)],
  });
});
