/**
 * Messages to bytes and back. Malformed bytes stop here: reading returns null,
 * for the caller to count and drop.
 *
 * A message on a link is `tag (1) | length (3) | body`; a frame is one or more
 * of them. `splitFrame` only looks at the four bytes in front, so a routed
 * message passes through a hop without being decoded.
 */
import { Malformed, Reader, Writer } from "../base/bytes.ts";
import type { Field } from "./fields.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import {
  type BodyOf,
  type Message,
  type SystemBodyOf,
  type SystemMessage,
  type SystemTag,
  type Tag,
  ROUTED_TAG,
  bodies,
  systemBodies,
  systemNumbers,
  tagNumbers,
} from "./messages.ts";

/** Bytes in front of every message: tag and length. */
export const MESSAGE_HEAD_BYTES = 4;

const tagsByNumber = new Map(
  Object.entries(tagNumbers).map(([tag, number]) => [number as number, tag as Tag]),
);
const systemTagsByNumber = new Map(
  Object.entries(systemNumbers).map(([tag, number]) => [number as number, tag as SystemTag]),
);

/** Every message is written here and then copied: most memory that a message takes is memory a writer outgrew. */
const scratch = new Writer(4_096);

/** One message with its head. Throws a RangeError when our own side breaks a bound. */
export function encode<T extends Tag>(tag: T, body: BodyOf<T>): Uint8Array {
  scratch.clear();
  scratch.uint32(0);
  (bodies[tag] as Field<unknown>).write(scratch, body);
  const message = scratch.copy();
  writeHead(message, tagNumbers[tag]);
  return message;
}

/** Fills in the four bytes in front of a message that is otherwise ready. */
export function writeHead(message: Uint8Array, tagNumber: number): void {
  const length = message.length - MESSAGE_HEAD_BYTES;
  message[0] = tagNumber;
  message[1] = length >> 16;
  message[2] = length >> 8;
  message[3] = length;
}

/**
 * Cuts a frame into messages, heads included, without copying. Null when the
 * lengths do not add up or one is over `MAX_MESSAGE_BYTES`.
 *
 * Where the frame is one message it is handed on as it is: V8 keeps up to 64
 * bytes in its own heap, until somebody wants a view of them.
 */
export function splitFrame(frame: Uint8Array): Uint8Array[] | null {
  const messages: Uint8Array[] = [];
  let at = 0;
  while (at < frame.length) {
    if (frame.length - at < MESSAGE_HEAD_BYTES) return null;
    const length = (frame[at + 1]! << 16) | (frame[at + 2]! << 8) | frame[at + 3]!;
    const end = at + MESSAGE_HEAD_BYTES + length;
    if (end > frame.length || length > MAX_MESSAGE_BYTES) return null;
    messages.push(end - at === frame.length ? frame : frame.subarray(at, end));
    at = end;
  }
  return messages.length > 0 ? messages : null;
}

export function isRouted(message: Uint8Array): boolean {
  return message[0] === ROUTED_TAG;
}

/** Reads one message that `splitFrame` cut. Null when it is unknown, mistyped, truncated or too long. */
export function decode(message: Uint8Array): Message | null {
  const tag = tagsByNumber.get(message[0]!);
  if (tag === undefined) return null;
  const body = read(bodies[tag], message, MESSAGE_HEAD_BYTES);
  return body === null ? null : ({ tag, body } as Message);
}

export function encodeSystem<T extends SystemTag>(tag: T, body: SystemBodyOf<T>): Uint8Array {
  scratch.clear();
  scratch.uint8(systemNumbers[tag]);
  (systemBodies[tag] as Field<unknown>).write(scratch, body);
  return scratch.copy();
}

export function decodeSystem(data: Uint8Array): SystemMessage | null {
  const tag = systemTagsByNumber.get(data[0] ?? 0);
  if (tag === undefined) return null;
  const body = read(systemBodies[tag], data, 1);
  return body === null ? null : ({ tag, body } as SystemMessage);
}

/** The whole of `bytes`, from `at` on, as one field, or null; bytes left over are an error too. */
function read(field: Field<unknown>, bytes: Uint8Array, at: number): unknown {
  const reader = new Reader(bytes, at);
  try {
    const value: unknown = field.read(reader);
    return reader.left === 0 ? value : null;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}
