/**
 * The header of a routed message, byte by byte: with `routed.ts` this is the
 * wire format of version 1. Changing it means changing the version.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { utf8 } from "../base/bytes.ts";
import type { Id } from "../id/id.ts";
import { splitFrame } from "./codec.ts";
import { MAX_DATA_BYTES, MAX_HOPS, MAX_LOCATOR_BYTES, MAX_MESSAGE_BYTES } from "./limits.ts";
import {
  ROUTED_HEADER_BYTES,
  Routed,
  type RoutedFields,
  SYSTEM_APP_ID,
  isAppId,
} from "./routed.ts";

const idOf = (byte: string) => byte.repeat(20) as Id;
const [KEY, SOURCE] = [idOf("aa"), idOf("bb")];
const APP_ID = "cc".repeat(16);
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const plain: RoutedFields = {
  key: KEY,
  source: SOURCE,
  messageId: 2 ** 53 - 2,
  appId: APP_ID,
  perHop: false,
  wantsReceipt: false,
  traced: false,
  exact: false,
  locator: "",
  data: new Uint8Array(0),
};

const traced = () =>
  Routed.make({ ...plain, traced: true, locator: "prost:ü", data: Uint8Array.of(1, 2, 3) })
    .withTraced(idOf("dd"))
    .withTraced(idOf("ee"));

test("the header is laid out as the table says", () => {
  const message = traced();
  message.hopSerial = 0x01020304;
  message.attempt = 7;
  message.countHop();
  message.final = true;
  expect(hexOf(message.bytes)).toBe(
    [
      "10 00007f", // tag, length
      "14", // flags: traced, final
      "01", // hops made
      "3f", // hops left
      "07", // attempt
      "01020304", // hop serial
      "001ffffffffffffe", // message id
      KEY,
      SOURCE,
      APP_ID,
      "08", // bytes of the locator
      "02", // ids in the trace
      "00", // kind
      "00", // refusals
      "70726f73743ac3bc", // locator
      idOf("dd"),
      idOf("ee"),
      "010203", // data
    ]
      .join("")
      .replaceAll(" ", ""),
  );
});

test.each([
  { field: "perHop", flags: 1 },
  { field: "wantsReceipt", flags: 2 },
  { field: "traced", flags: 4 },
  { field: "exact", flags: 8 },
] as const)("$field is flag $flags", ({ field, flags }) => {
  const message = Routed.make({ ...plain, [field]: true });
  expect(message.bytes[4]).toBe(flags);
  expect(message[field]).toBe(true);
  expect(Routed.make(plain)[field]).toBe(false);
});

test("final is flag 16 and may be taken back", () => {
  const message = Routed.make({ ...plain, exact: true });
  expect(message.final).toBe(false);
  message.final = true;
  expect(message.bytes[4]).toBe(24);
  message.final = false;
  expect(message.bytes[4]).toBe(8);
});

const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20 });
const anyId = bytes20.map((bytes) => hexOf(bytes) as Id);
const anyFields: fc.Arbitrary<RoutedFields> = fc.record({
  key: anyId,
  source: anyId,
  messageId: fc.nat(Number.MAX_SAFE_INTEGER),
  appId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(hexOf),
  perHop: fc.boolean(),
  wantsReceipt: fc.boolean(),
  traced: fc.boolean(),
  exact: fc.boolean(),
  locator: fc
    .string({ unit: "grapheme", maxLength: 60 })
    .filter((text) => utf8(text).length <= MAX_LOCATOR_BYTES),
  data: fc.uint8Array({ maxLength: 200 }),
});

test("every field survives the way to bytes, through a frame and back", () => {
  fc.assert(
    fc.property(anyFields, (fields) => {
      const [bytes] = splitFrame(Routed.make(fields).bytes)!;
      const message = Routed.parse(bytes!)!;
      const { key, source, messageId, appId, locator, data } = message;
      const { perHop, wantsReceipt, exact } = message;
      const read = { key, source, messageId, appId, locator, data, perHop, wantsReceipt, exact };
      expect({ ...read, traced: message.traced }).toEqual(fields);
      expect(message.hopsMade).toBe(0);
      expect(message.hopsLeft).toBe(MAX_HOPS);
      expect(message.attempt).toBe(0);
      expect(message.trace).toEqual([]);
      expect(message.final).toBe(false);
      expect(message.isSystem).toBe(fields.appId === SYSTEM_APP_ID);
    }),
  );
});

test("a hop changes its fields in place and nothing else", () => {
  fc.assert(
    fc.property(anyFields, fc.nat(0xffffffff), fc.nat(255), (fields, serial, attempt) => {
      const { bytes } = Routed.make(fields);
      const before = bytes.slice();
      const message = Routed.parse(bytes)!;
      message.countHop();
      message.hopSerial = serial;
      message.attempt = attempt;
      message.final = true;
      expect(message.bytes).toBe(bytes);
      expect([message.hopSerial, message.attempt]).toEqual([serial, attempt]);
      expect([message.hopsMade, message.hopsLeft]).toEqual([1, MAX_HOPS - 1]);
      expect(bytes.subarray(12)).toEqual(before.subarray(12));
      expect(bytes.subarray(0, 4)).toEqual(before.subarray(0, 4));
      message.final = false;
      message.uncountHop();
      expect([message.hopsMade, message.hopsLeft]).toEqual([0, MAX_HOPS]);
      expect(bytes.subarray(0, 7)).toEqual(before.subarray(0, 7));
    }),
  );
});

test("a new key is in the bytes, even after the old one was read", () => {
  const message = Routed.make(plain);
  expect(message.key).toBe(KEY);
  message.key = SOURCE;
  expect(message.key).toBe(SOURCE);
  expect(Routed.parse(message.bytes)!.key).toBe(SOURCE);
});

test("a copy shares no byte with the message", () => {
  const message = Routed.make(plain);
  const copy = message.copy();
  message.countHop();
  expect(copy.hopsMade).toBe(0);
});

test("the data is a view, not a copy", () => {
  const message = Routed.make({ ...plain, data: Uint8Array.of(1) });
  expect(message.data.buffer).toBe(message.bytes.buffer);
});

test("the caller may reuse the data once the message is made", () => {
  const data = Uint8Array.of(1, 2);
  const message = Routed.make({ ...plain, data });
  data.fill(9);
  expect(message.data).toEqual(Uint8Array.of(1, 2));
});

test("each id more in the trace leaves everything else as it was", () => {
  fc.assert(
    fc.property(anyFields, fc.array(anyId, { maxLength: 6 }), (fields, ids) => {
      let message = Routed.make({ ...fields, traced: true });
      const first = message.bytes.slice();
      for (const id of ids) message = message.withTraced(id);
      const parsed = Routed.parse(splitFrame(message.bytes)![0]!)!;
      expect(parsed.trace).toEqual(ids);
      expect(parsed.locator).toBe(fields.locator);
      expect(parsed.data).toEqual(fields.data);
      expect(parsed.bytes.subarray(4, 77)).toEqual(first.subarray(4, 77));
    }),
  );
});

test("other data leaves locator, trace and the rest as they were", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (data) => {
      const before = traced();
      const parsed = Routed.parse(splitFrame(before.withData(data).bytes)![0]!)!;
      expect(parsed.data).toEqual(data);
      expect(parsed.trace).toEqual(before.trace);
      expect(parsed.locator).toBe("prost:ü");
      expect(parsed.bytes.subarray(4, 80)).toEqual(before.bytes.subarray(4, 80));
      expect(before.data).toEqual(Uint8Array.of(1, 2, 3));
    }),
  );
});

/** The bytes of a message with some of them changed: [offset, value] pairs. */
function altered(message: Routed, ...changes: readonly (readonly [number, number])[]): Uint8Array {
  const bytes = message.bytes.slice();
  for (const [at, value] of changes) bytes[at] = value;
  return bytes;
}

test.each([
  { what: "another tag", bytes: altered(Routed.make(plain), [0, 11]) },
  { what: "a flag nobody knows", bytes: altered(Routed.make(plain), [4, 32]) },
  { what: "all flags", bytes: altered(Routed.make(plain), [4, 255]) },
  { what: "more hops made than there may be", bytes: altered(Routed.make(plain), [5, 65]) },
  { what: "more hops left than there may be", bytes: altered(Routed.make(plain), [6, 65]) },
  { what: "a message id of 2^53", bytes: altered(Routed.make(plain), [13, 32]) },
  { what: "a message id of 2^56", bytes: altered(Routed.make(plain), [12, 1], [13, 0]) },
  { what: "a kind that there is not", bytes: altered(Routed.make(plain), [78, 3]) },
  { what: "more refusals than replicas", bytes: altered(Routed.make(plain), [79, 4]) },
  { what: "a locator that is not there", bytes: altered(Routed.make(plain), [76, 1]) },
  { what: "a trace that is not there", bytes: altered(traced(), [77, 3]) },
  { what: "a trace without the flag", bytes: altered(traced(), [4, 0]) },
  { what: "hops made and left over the limit", bytes: altered(Routed.make(plain), [5, 1]) },
  { what: "a length that is not its own", bytes: altered(Routed.make(plain), [3, 77]) },
  { what: "no bytes", bytes: new Uint8Array(0) },
  { what: "a header a byte short", bytes: Routed.make(plain).bytes.slice(0, -1) },
])("a header with $what does not hold together", ({ bytes }) => {
  expect(Routed.parse(bytes)).toBeNull();
});

test("what can be parsed can be parsed after another hop", () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), (made, left) => {
      const message = Routed.parse(altered(Routed.make(plain), [5, made], [6, left]));
      if (message === null || message.hopsLeft === 0) return;
      message.countHop();
      expect(Routed.parse(message.bytes)).not.toBeNull();
    }),
    { numRuns: 2_000 },
  );
});

test("a trace may name 64 nodes, and not one more", () => {
  let message = Routed.make({ ...plain, traced: true });
  for (let i = 0; i < MAX_HOPS; i++) message = message.withTraced(SOURCE);
  expect(Routed.parse(message.bytes)?.trace).toHaveLength(MAX_HOPS);
  expect(Routed.parse(message.withTraced(SOURCE).bytes)).toBeNull();
});

test("the largest message that can be made can be read, and fits its bound", () => {
  const data = new Uint8Array(MAX_DATA_BYTES).fill(7);
  let message = Routed.make({ ...plain, traced: true, locator: "l".repeat(255), data });
  for (let i = 0; i < MAX_HOPS; i++) message = message.withTraced(SOURCE);
  expect(message.bytes.length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
  expect(splitFrame(message.bytes)).toHaveLength(1);
  expect(Buffer.from(Routed.parse(message.bytes)!.data).equals(data)).toBe(true);
  expect(Routed.parse(new Uint8Array(message.bytes.buffer, 0, 79))).toBeNull();
});

test("data over its bound is not read", () => {
  const message = Routed.make({ ...plain, data: new Uint8Array(MAX_DATA_BYTES) });
  expect(Routed.parse(message.bytes)).not.toBeNull();
  expect(Routed.parse(message.withData(new Uint8Array(MAX_DATA_BYTES + 1)).bytes)).toBeNull();
});

test.each([
  { what: "data", fields: { data: new Uint8Array(MAX_DATA_BYTES + 1) } },
  { what: "a locator", fields: { locator: "l".repeat(MAX_LOCATOR_BYTES + 1) } },
  { what: "a locator in UTF-8", fields: { locator: "ü".repeat(128) } },
])("our own side cannot make a message with $what over the bound", ({ fields }) => {
  expect(() => Routed.make({ ...plain, ...fields })).toThrow(RangeError);
});

test("a locator that is not UTF-8 reads as none", () => {
  const message = Routed.make({ ...plain, locator: "ab" });
  message.bytes.set([0xc3, 0x28], ROUTED_HEADER_BYTES);
  expect(Routed.parse(message.bytes)!.locator).toBe("");
});

test("no bytes make parsing throw, and what was parsed can be read", () => {
  const changes = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), changes, fc.boolean(), (junk, some, isJunk) => {
      const bytes = isJunk ? junk : altered(traced(), ...some);
      if (isJunk && junk.length > 0) junk[0] = 16;
      const message = Routed.parse(bytes);
      if (message === null) return;
      expect(message.messageId).toBeLessThan(2 ** 53);
      expect(message.key).toMatch(/^[0-9a-f]{40}$/);
      expect(message.source).toMatch(/^[0-9a-f]{40}$/);
      expect(isAppId(message.appId)).toBe(true);
      expect(message.trace.length).toBeLessThanOrEqual(MAX_HOPS);
      expect(typeof message.locator).toBe("string");
      expect(message.data.length).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  { value: SYSTEM_APP_ID, is: true },
  { value: "0123456789abcdef0123456789abcdef", is: true },
  { value: "0123456789ABCDEF0123456789abcdef", is: false },
  { value: "0".repeat(31), is: false },
  { value: "0".repeat(33), is: false },
  { value: null, is: false },
  { value: 0, is: false },
])("$value is an app id: $is", ({ value, is }) => {
  expect(isAppId(value)).toBe(is);
});
