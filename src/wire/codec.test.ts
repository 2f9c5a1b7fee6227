/**
 * Every message and its exact bytes: with `messages.ts` this is the wire format
 * of version 2. Changing a row means changing the version.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { equalBytes, utf8 } from "../base/bytes.ts";
import type { Id } from "../id/id.ts";
import {
  MESSAGE_HEAD_BYTES,
  decode,
  decodeSystem,
  encode,
  encodeSystem,
  isRouted,
  splitFrame,
  writeHead,
} from "./codec.ts";
import {
  MAX_ACKS,
  MAX_ANSWER_BYTES,
  MAX_BODY_BYTES,
  MAX_DATA_BYTES,
  MAX_HOPS,
  MAX_LINKS,
  MAX_MESSAGE_BYTES,
  MAX_NEIGHBOURS,
  MAX_NETWORK_BYTES,
  MAX_WHY_BYTES,
  WIRE_VERSION,
} from "./limits.ts";
import {
  type BodyOf,
  type Message,
  type SystemBodyOf,
  type SystemMessage,
  type SystemTag,
  type Tag,
  MAX_RELAYED_BYTES,
  NONCE_BYTES,
  ROUTED_TAG,
  bodies,
  systemBodies,
  systemNumbers,
  tagNumbers,
} from "./messages.ts";

const idOf = (byte: string) => byte.repeat(20) as Id;
const [A, B, C] = [idOf("aa"), idOf("bb"), idOf("cc")];
const filled = (count: number, byte: number) => new Uint8Array(count).fill(byte);

/** Bytes of hex digits; spaces are for the reader. */
function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

interface Row<T> {
  readonly tag: T;
  readonly body: unknown;
  readonly hex: string;
}

function row<T extends Tag>(tag: T, body: BodyOf<T>, hex: string): Row<Tag> {
  return { tag, body, hex: hex.replaceAll(" ", "") };
}

function systemRow<T extends SystemTag>(
  tag: T,
  body: SystemBodyOf<T>,
  hex: string,
): Row<SystemTag> {
  return { tag, body, hex: hex.replaceAll(" ", "") };
}

/** As `encode`, where the compiler cannot know that tag and body belong together. */
const encodeAny = (tag: Tag, body: unknown) => encode(tag, body as never);
const encodeAnySystem = (tag: SystemTag, body: unknown) => encodeSystem(tag, body as never);

const ROWS = [
  row(
    "hello",
    {
      version: 2,
      network: "prost",
      publicKey: filled(32, 0x11),
      nonce: filled(32, 0x22),
      instance: 2 ** 53 - 1,
    },
    `01 000051 0002 0005 70726f7374 ${"11".repeat(32)} ${"22".repeat(32)} 001fffffffffffff`,
  ),
  row("proof", { signature: filled(64, 0x33) }, `02 000040 ${"33".repeat(64)}`),
  row(
    "goodbye",
    { why: "bye", leaving: true, predecessors: [A], successors: [B, C] },
    `03 000044 0003 627965 01 01 ${A} 02 ${B} ${C}`,
  ),
  row(
    "goodbye",
    { why: "", leaving: false, predecessors: [], successors: [] },
    "03 000005 0000 00 00 00",
  ),
  row("ping", { serial: 1, stateVersion: 2 }, "04 000008 00000001 00000002"),
  row("pong", { serial: 0xffffffff, stateVersion: 0 }, "05 000008 ffffffff 00000000"),
  row("ack", { hopSerials: [1, 0xfffffffe] }, "06 000009 02 00000001 fffffffe"),
  row("ack", { hopSerials: [] }, "06 000001 00"),
  row(
    "state",
    {
      version: 7,
      wants: "neighbour",
      member: true,
      predecessors: [A],
      successors: [B],
      links: [A, B, C],
    },
    `07 00006d 00000007 02 01 01 ${A} 01 ${B} 03 ${A} ${B} ${C}`,
  ),
  row(
    "state",
    { version: 0, wants: "nothing", member: false, predecessors: [], successors: [], links: [] },
    "07 000009 00000000 00 00 00 00 00",
  ),
  row("ask-state", {}, "08 000000"),
  row(
    "receipt",
    {
      messageId: 2 ** 32 + 5,
      source: A,
      outcome: "refused",
      by: B,
      hops: 3,
      why: "ü",
      trace: [A, C],
      body: Uint8Array.of(1, 2),
    },
    `09 000065 0000000100000005 ${A} 01 ${B} 03 0002 c3bc 02 ${A} ${C} 00000002 0102`,
  ),
  row(
    "receipt",
    {
      messageId: 0,
      source: A,
      outcome: "delivered",
      by: B,
      hops: 0,
      why: "",
      trace: [],
      body: new Uint8Array(0),
    },
    `09 000039 0000000000000000 ${A} 00 ${B} 00 0000 00 00000000`,
  ),
  row(
    "relay",
    { from: A, to: B, kind: "frame", channel: 9, frame: Uint8Array.of(4, 5, 6) },
    `0a 000032 ${A} ${B} 01 00000009 0003 040506`,
  ),
  row(
    "chunk",
    { transfer: 1, index: 2, count: 3, piece: Uint8Array.of(7) },
    "0b 00000b 00000001 0002 0003 0001 07",
  ),
];

const SYSTEM_ROWS = [
  systemRow("find", {}, "01"),
  systemRow("found", { predecessors: [A, B], successors: [C] }, `02 02 ${A} ${B} 01 ${C}`),
  systemRow("found", { predecessors: [], successors: [] }, "02 00 00"),
  systemRow("offer", { sdp: "v=0" }, "03 0003 763d30"),
  systemRow("answer", { sdp: "" }, "04 0000"),
  systemRow("invite", {}, "05"),
  systemRow("return", { receipt: Uint8Array.of(1, 2, 3) }, "06 00000003 010203"),
];

test("the table is that of wire version 2 and leaves no message out", () => {
  expect(WIRE_VERSION).toBe(2);
  expect(new Set(ROWS.map(({ tag }) => tag))).toEqual(new Set(Object.keys(bodies)));
  expect(new Set(SYSTEM_ROWS.map(({ tag }) => tag))).toEqual(new Set(Object.keys(systemBodies)));
  const numbers = Object.values<number>(tagNumbers);
  expect(new Set([...numbers, ROUTED_TAG]).size).toBe(numbers.length + 1);
  expect(new Set(Object.values(systemNumbers)).size).toBe(Object.keys(systemBodies).length);
});

test.each(ROWS)("$tag is $hex", ({ tag, body, hex }) => {
  expect(hexOf(encodeAny(tag, body))).toBe(hex);
  expect(decode(bytesOf(hex))).toEqual({ tag, body });
});

test.each(SYSTEM_ROWS)("$tag of the overlay itself is $hex", ({ tag, body, hex }) => {
  expect(hexOf(encodeAnySystem(tag, body))).toBe(hex);
  expect(decodeSystem(bytesOf(hex))).toEqual({ tag, body });
});

test.each(ROWS)("$tag cut short anywhere, or one byte longer, is nothing ($hex)", ({ hex }) => {
  const whole = bytesOf(hex);
  for (let length = 0; length < whole.length; length++) {
    // A message with an empty body is whole as soon as its head is.
    if (whole.length === MESSAGE_HEAD_BYTES && length > 0) continue;
    expect(decode(whole.subarray(0, length)), `${length} bytes`).toBeNull();
    expect(splitFrame(whole.subarray(0, length)), `${length} bytes`).toBeNull();
  }
  expect(decode(Uint8Array.of(...whole, 0))).toBeNull();
});

test.each(SYSTEM_ROWS)("the overlay's $tag cut short, or longer, is nothing ($hex)", ({ hex }) => {
  const whole = bytesOf(hex);
  for (let length = 0; length < whole.length; length++) {
    expect(decodeSystem(whole.subarray(0, length)), `${length} bytes`).toBeNull();
  }
  expect(decodeSystem(Uint8Array.of(...whole, 0))).toBeNull();
});

/** A message with this body, whatever it is. */
function withHead(tag: Tag, hex: string): Uint8Array {
  const message = bytesOf(`00000000${hex}`);
  writeHead(message, tagNumbers[tag]);
  return message;
}

const KEYS = `${"11".repeat(32)} ${"22".repeat(32)}`;
const hex8 = (value: number) => value.toString(16).padStart(2, "0");
const hex32 = (value: number) => value.toString(16).padStart(8, "0");
const hex16 = (value: number) => value.toString(16).padStart(4, "0");
const receiptUpTo = (trace: string, body: string) =>
  `0000000000000000 ${A} 00 ${B} 00 0000 ${trace} ${body}`;

/** `at(n)` is the body with n where the bound is. */
const BOUNDS: { tag: Tag; field: string; most: number; at: (count: number) => string }[] = [
  {
    tag: "hello",
    field: "bytes of the network's name",
    most: MAX_NETWORK_BYTES,
    at: (n) => `0002 ${hex16(n)} ${"61".repeat(n)} ${KEYS} 0000000000000000`,
  },
  {
    tag: "goodbye",
    field: "bytes of the reason",
    most: MAX_WHY_BYTES,
    at: (n) => `${hex16(n)} ${"61".repeat(n)} 00 00 00`,
  },
  {
    tag: "goodbye",
    field: "predecessors",
    most: MAX_NEIGHBOURS,
    at: (n) => `0000 00 ${hex8(n)} ${A.repeat(n)} 00`,
  },
  {
    tag: "goodbye",
    field: "successors",
    most: MAX_NEIGHBOURS,
    at: (n) => `0000 00 00 ${hex8(n)} ${A.repeat(n)}`,
  },
  {
    tag: "state",
    field: "predecessors",
    most: MAX_NEIGHBOURS,
    at: (n) => `00000000 00 00 ${hex8(n)} ${A.repeat(n)} 00 00`,
  },
  {
    tag: "state",
    field: "successors",
    most: MAX_NEIGHBOURS,
    at: (n) => `00000000 00 00 00 ${hex8(n)} ${A.repeat(n)} 00`,
  },
  {
    tag: "state",
    field: "links",
    most: MAX_LINKS,
    at: (n) => `00000000 00 00 00 00 ${hex8(n)} ${A.repeat(n)}`,
  },
  {
    tag: "receipt",
    field: "bytes of the reason",
    most: MAX_WHY_BYTES,
    at: (n) => `0000000000000000 ${A} 00 ${B} 00 ${hex16(n)} ${"61".repeat(n)} 00 00000000`,
  },
  {
    tag: "receipt",
    field: "ids in the trace",
    most: MAX_HOPS + 1,
    at: (n) => receiptUpTo(`${hex8(n)} ${A.repeat(n)}`, "00000000"),
  },
  {
    tag: "receipt",
    field: "bytes of the body",
    most: MAX_ANSWER_BYTES,
    at: (n) => receiptUpTo("00", `${hex32(n)} ${"00".repeat(n)}`),
  },
  {
    tag: "relay",
    field: "bytes of the frame",
    most: MAX_RELAYED_BYTES,
    at: (n) => `${A} ${B} 01 00000000 ${hex16(n)} ${"00".repeat(n)}`,
  },
  {
    tag: "chunk",
    field: "bytes of the piece",
    most: 16_384,
    at: (n) => `00000000 0000 0001 ${hex16(n)} ${"00".repeat(n)}`,
  },
];

test.each(BOUNDS)("$tag may have $most $field, and not one more", ({ tag, most, at }) => {
  expect(decode(withHead(tag, at(most)))?.tag).toBe(tag);
  expect(decode(withHead(tag, at(most + 1)))).toBeNull();
});

test("an ack names as many hops as its count can say", () => {
  expect(MAX_ACKS).toBe(255);
  expect(decode(withHead("ack", `ff ${"00000001".repeat(255)}`))?.tag).toBe("ack");
});

test.each([
  { tag: "offer" as const, number: "03", most: MAX_BODY_BYTES - 16, hex: hex16 },
  { tag: "answer" as const, number: "04", most: MAX_BODY_BYTES - 16, hex: hex16 },
  { tag: "return" as const, number: "06", most: MAX_DATA_BYTES - 16, hex: hex32 },
])("the overlay's $tag carries $most bytes, and not one more", ({ tag, number, most, hex }) => {
  const at = (n: number) => bytesOf(`${number} ${hex(n)} ${"61".repeat(n)}`);
  expect(decodeSystem(at(most))?.tag).toBe(tag);
  expect(decodeSystem(at(most + 1))).toBeNull();
});

test("the largest answer still fits into the body of a receipt", () => {
  const answer = encodeSystem("answer", { sdp: "a".repeat(MAX_BODY_BYTES - 16) });
  expect(answer.length).toBeLessThanOrEqual(MAX_BODY_BYTES);
});

test("the largest receipt still fits into a return, and any frame into a relayed message", () => {
  const receipt = encode("receipt", {
    messageId: 1,
    source: A,
    outcome: "unreachable",
    by: B,
    hops: 255,
    why: "w".repeat(MAX_WHY_BYTES),
    trace: Array.from({ length: MAX_HOPS + 1 }, () => C),
    body: filled(MAX_ANSWER_BYTES, 1),
  });
  const wrapped = encodeSystem("return", { receipt });
  const unwrapped = decodeSystem(wrapped);
  // Not toEqual: it takes seconds over so many bytes.
  expect(unwrapped?.tag === "return" && equalBytes(unwrapped.body.receipt, receipt)).toBe(true);
  const frame = filled(16_384, 1);
  const relay = encode("relay", { from: A, to: B, kind: "frame", channel: 1, frame });
  expect(decode(relay)?.tag).toBe("relay");
});

test.each([
  { what: "a flag of 2", message: withHead("goodbye", "0000 02 00 00") },
  { what: "an unknown wish", message: withHead("state", "00000000 03 00 00 00 00") },
  {
    what: "an unknown outcome",
    message: withHead("receipt", ROWS[11]!.hex.slice(8).replace(`${A}01`, `${A}03`)),
  },
  {
    what: "a number over 53 bits",
    message: withHead("receipt", ROWS[11]!.hex.slice(8).replace("00000001", "00200000")),
  },
  { what: "a reason that is not UTF-8", message: withHead("goodbye", "0002 c328 00 00 00") },
  {
    what: "a key that is a byte short",
    message: withHead("hello", `0002 0000 ${KEYS.slice(2)} 0000000000000000`),
  },
  { what: "a signature that is a byte long", message: withHead("proof", "33".repeat(65)) },
  { what: "the tag of a routed message", message: bytesOf("10 000000") },
  { what: "no bytes at all", message: bytesOf("") },
])("a message with $what is nothing", ({ message }) => {
  expect(decode(message)).toBeNull();
});

test("a tag that is not in the table is nothing", () => {
  const known = new Set<number>(Object.values(tagNumbers));
  const unknown = Array.from({ length: 256 }, (_, tag) => tag).filter((tag) => !known.has(tag));
  expect(unknown.filter((tag) => decode(Uint8Array.of(tag, 0, 0, 0)) !== null)).toEqual([]);
  const knownSystem = new Set<number>(Object.values(systemNumbers));
  const system = Array.from({ length: 256 }, (_, tag) => tag).filter(
    (tag) => !knownSystem.has(tag),
  );
  expect(system.filter((tag) => decodeSystem(Uint8Array.of(tag)) !== null)).toEqual([]);
});

test.each([
  {
    what: "65 bytes of a network's name",
    run: () =>
      encode("hello", {
        version: 1,
        network: "a".repeat(65),
        publicKey: filled(32, 0),
        nonce: filled(NONCE_BYTES, 0),
        instance: 0,
      }),
  },
  { what: "a short signature", run: () => encode("proof", { signature: filled(63, 0) }) },
  {
    what: "256 acks",
    run: () => encode("ack", { hopSerials: Array.from({ length: 256 }, () => 1) }),
  },
  {
    what: "an SDP over its bound",
    run: () => encodeSystem("offer", { sdp: "a".repeat(MAX_BODY_BYTES) }),
  },
])("our own side cannot send $what", ({ run }) => {
  expect(run).toThrow(RangeError);
});

// From here on: what must hold of any message and of any bytes.

const anyIdentifier = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => hexOf(bytes) as Id);
const few = (most: number) => fc.array(anyIdentifier, { maxLength: most });
const uint32 = fc.nat(0xffffffff);
const uint53 = fc.nat(Number.MAX_SAFE_INTEGER);
const anyBytes = (most: number) => fc.uint8Array({ maxLength: most });
const reason = fc
  .string({ unit: "grapheme", maxLength: 40 })
  .filter((text) => utf8(text).length <= MAX_WHY_BYTES);

const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    tag: fc.constant("goodbye" as const),
    body: fc.record({
      why: reason,
      leaving: fc.boolean(),
      predecessors: few(MAX_NEIGHBOURS),
      successors: few(MAX_NEIGHBOURS),
    }),
  }),
  fc.record({
    tag: fc.constant("ack" as const),
    body: fc.record({ hopSerials: fc.array(uint32, { maxLength: MAX_ACKS }) }),
  }),
  fc.record({
    tag: fc.constant("state" as const),
    body: fc.record({
      version: uint32,
      wants: fc.constantFrom("nothing" as const, "long" as const, "neighbour" as const),
      member: fc.boolean(),
      predecessors: few(MAX_NEIGHBOURS),
      successors: few(MAX_NEIGHBOURS),
      links: few(MAX_LINKS),
    }),
  }),
  fc.record({
    tag: fc.constant("receipt" as const),
    body: fc.record({
      messageId: uint53,
      source: anyIdentifier,
      outcome: fc.constantFrom("delivered" as const, "refused" as const, "unreachable" as const),
      by: anyIdentifier,
      hops: fc.nat(255),
      why: reason,
      trace: few(MAX_HOPS + 1),
      body: anyBytes(300),
    }),
  }),
  fc.record({
    tag: fc.constant("relay" as const),
    body: fc.record({
      from: anyIdentifier,
      to: anyIdentifier,
      kind: fc.constantFrom("open" as const, "frame" as const, "close" as const),
      channel: uint32,
      frame: anyBytes(300),
    }),
  }),
);

test("a message of any length is written whole: no byte is lost where the writer grows", () => {
  for (let bytes = 0; bytes <= MAX_WHY_BYTES; bytes++) {
    const body = { why: "w".repeat(bytes), leaving: true, predecessors: [A, B], successors: [C] };
    expect(decode(encode("goodbye", body)), `${bytes} bytes`).toEqual({ tag: "goodbye", body });
  }
});

test("a frame of any messages is cut into the same messages, without copying", () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { minLength: 1, maxLength: 5 }), (messages) => {
      const frame = new Uint8Array(
        Buffer.concat(messages.map(({ tag, body }) => encodeAny(tag, body))),
      );
      const cut = splitFrame(frame)!;
      expect(cut.map(decode)).toEqual(messages);
      expect(cut.every((message) => message.buffer === frame.buffer)).toBe(true);
      expect(cut.some(isRouted)).toBe(false);
      expect(splitFrame(frame.subarray(0, -1))).toBeNull();
    }),
  );
});

test.each([
  { what: "nothing", frame: bytesOf(""), count: null },
  { what: "less than a head", frame: bytesOf("04 0000"), count: null },
  { what: "a message and less than a head", frame: bytesOf("08 000000 08 0000"), count: null },
  { what: "a length beyond the frame", frame: bytesOf("08 000001"), count: null },
  { what: "a length of 16 MiB", frame: bytesOf("08 ffffff"), count: null },
  { what: "two empty messages", frame: bytesOf("08 000000 08 000000"), count: 2 },
  { what: "a message of an unknown tag", frame: bytesOf("ff 000001 00"), count: 1 },
])("a frame of $what is cut into: $count", ({ frame, count }) => {
  expect(splitFrame(frame)?.length ?? null).toBe(count);
});

test("a message in a frame is never over its bound", () => {
  const frame = new Uint8Array(MESSAGE_HEAD_BYTES + MAX_MESSAGE_BYTES + 1);
  writeHead(frame, ROUTED_TAG);
  expect(splitFrame(frame)).toBeNull();
  const largest = frame.subarray(0, -1);
  writeHead(largest, ROUTED_TAG);
  expect(splitFrame(largest)).toHaveLength(1);
});

test("no bytes make reading throw", () => {
  const tag = fc.constantFrom(...Object.values<number>(tagNumbers), 0, ROUTED_TAG, 255);
  fc.assert(
    fc.property(fc.option(tag), anyBytes(200), fc.boolean(), (number, bytes, isHeadRight) => {
      if (number !== null && bytes.length > 0) bytes[0] = number;
      if (isHeadRight && number !== null && bytes.length >= MESSAGE_HEAD_BYTES) {
        writeHead(bytes, number);
      }
      const read = () => {
        splitFrame(bytes)?.map(decode);
        decode(bytes);
        decodeSystem(bytes);
      };
      expect(read).not.toThrow();
    }),
    { numRuns: 3_000 },
  );
});

test("a message with one byte changed is another message or nothing, and goes out as it came in", () => {
  const rows = fc.constantFrom(...ROWS);
  fc.assert(
    fc.property(rows, fc.nat(), fc.nat(255), ({ hex }, at, value) => {
      const bytes = bytesOf(hex);
      bytes[MESSAGE_HEAD_BYTES + (at % Math.max(1, bytes.length - MESSAGE_HEAD_BYTES))] = value;
      const message: Message | null = decode(bytes);
      if (message === null) return;
      // There is one way to write a message: what was read is written the same.
      expect(hexOf(encodeAny(message.tag, message.body))).toBe(hexOf(bytes));
    }),
    { numRuns: 2_000 },
  );
});

test("a system message with one byte changed goes out as it came in, or is nothing", () => {
  fc.assert(
    fc.property(fc.constantFrom(...SYSTEM_ROWS), fc.nat(), fc.nat(255), ({ hex }, at, value) => {
      const bytes = bytesOf(hex);
      bytes[at % bytes.length] = value;
      const message: SystemMessage | null = decodeSystem(bytes);
      if (message === null) return;
      const again = encodeAnySystem(message.tag, message.body);
      expect(hexOf(again)).toBe(hexOf(bytes));
    }),
    { numRuns: 1_000 },
  );
});
