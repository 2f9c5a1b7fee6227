import { describe, expect, test } from "vitest";
import { readCreating, readJoining, readReceiving } from "./options.ts";

const SECRET = "5".repeat(64);

describe("who creates a group", () => {
  test.each([
    { options: undefined, isClosed: false, credential: "" },
    { options: null, isClosed: false, credential: "" },
    { options: {}, isClosed: false, credential: "" },
    { options: { closed: false }, isClosed: false, credential: "" },
    { options: { closed: true }, isClosed: true, credential: "" },
    { options: { closed: true, credential: SECRET }, isClosed: true, credential: SECRET },
    { options: { credential: SECRET }, isClosed: true, credential: SECRET },
    { options: { closed: undefined, credential: undefined }, isClosed: false, credential: "" },
  ])("may say $options", ({ options, isClosed, credential }) => {
    expect(readCreating(options)).toEqual({ isClosed, credential });
  });

  test.each([
    { options: { closed: "yes" }, why: /closed is true or false/ },
    { options: { closed: 1 }, why: /closed is true or false/ },
    { options: { closed: null }, why: /closed is true or false/ },
    { options: { close: true }, why: /there is no option "close", but closed, credential/ },
    { options: { closed: false, credential: SECRET }, why: /open group has no credential/ },
    { options: { closed: true, credential: "" }, why: /leave it out to have one drawn/ },
    { options: { credential: "secret" }, why: /64 hex digits/ },
    { options: { credential: null }, why: /64 hex digits/ },
    { options: "closed", why: /are an object/ },
    { options: [], why: /are an object/ },
  ])("may not say $options", ({ options, why }) => {
    expect(() => readCreating(options)).toThrow(why);
  });
});

describe("who joins", () => {
  test.each([
    { options: undefined, credential: "" },
    { options: { credential: "" }, credential: "" },
    { options: { credential: SECRET }, credential: SECRET },
  ])("may say $options", ({ options, credential }) => {
    expect(readJoining(options)).toBe(credential);
  });

  test.each([
    { options: { credential: 7 }, why: /64 hex digits/ },
    { options: { key: SECRET }, why: /there is no option "key", but credential/ },
    { options: SECRET, why: /are an object/ },
  ])("may not say $options", ({ options, why }) => {
    expect(() => readJoining(options)).toThrow(why);
  });
});

describe("who looks what came", () => {
  test.each([
    { options: undefined, after: 0 },
    { options: { after: 0 }, after: 0 },
    { options: { after: 12 }, after: 12 },
  ])("may say $options", ({ options, after }) => {
    expect(readReceiving(options)).toBe(after);
  });

  test.each([
    { options: { after: "x" }, why: /a whole number from 0/ },
    { options: { after: -1 }, why: /a whole number from 0/ },
    { options: { after: 1.5 }, why: /a whole number from 0/ },
    { options: { since: 1 }, why: /there is no option "since"/ },
    { options: 12, why: /are an object/ },
  ])("may not say $options", ({ options, why }) => {
    expect(() => readReceiving(options)).toThrow(why);
  });
});
