/** Reads what came from another node, and throws when it makes no sense. Every length has a bound. */
import { BATCH_MESSAGES, LOG_MESSAGES, MAX_CHILDREN, MAX_DATA_BYTES, MAX_DEPTH } from "./limits.ts";
import type {
  Adoption,
  AnycastAnswer,
  Asking,
  Copy,
  CopyPage,
  Data,
  Descriptor,
  MessageId,
  Polled,
  Shown,
  Submitted,
  WireMessage,
} from "./protocol.ts";

const ID = /^[0-9a-f]{40}$/;
const RUN = /^[0-9a-f]{16}$/;
const encoder = new TextEncoder();

export function isId(value: unknown): value is string {
  return typeof value === "string" && ID.test(value);
}

export function readGroup(value: unknown): string {
  if (isId(value)) return value;
  throw new TypeError("a group's key is 40 hex digits");
}

export function bytesOf(data: Data): number {
  // A text has no more bytes in UTF-8 than three for each unit; only a long one is worth the exact answer.
  if (typeof data !== "string") return data.length;
  return data.length * 3 <= MAX_DATA_BYTES ? data.length : encoder.encode(data).length;
}

export function readData(value: unknown): Data {
  if (typeof value !== "string" && !(value instanceof Uint8Array)) {
    throw new TypeError("a message is a text or a Uint8Array");
  }
  const bytes =
    typeof value === "string" && value.length > MAX_DATA_BYTES ? Infinity : bytesOf(value);
  if (bytes > MAX_DATA_BYTES) {
    throw new RangeError(`a message has at most ${MAX_DATA_BYTES} bytes: send it in parts`);
  }
  return value;
}

export function readRun(value: unknown): string {
  if (typeof value === "string" && RUN.test(value)) return value;
  throw new TypeError("a run is 16 hex digits");
}

export function readSerial(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new TypeError("a serial is a whole number from 1");
}

/** A serial, or a place in a log; 0 is none, or the beginning. */
export function readPlace(value: unknown): number {
  return value === 0 ? 0 : readSerial(value);
}

/** A proof or a public key; "" is none. */
export function readHex(value: unknown, bytes: number): string {
  if (value === "") return "";
  const isSound =
    typeof value === "string" && value.length === 2 * bytes && /^[0-9a-f]+$/.test(value);
  if (isSound) return value;
  throw new TypeError(`${bytes} bytes as hex digits, or ""`);
}

export function readList(value: unknown, most: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= most) return value as readonly unknown[];
  throw new TypeError(`a list of at most ${most}`);
}

export function readMessages(value: unknown): WireMessage[] {
  return readList(value, BATCH_MESSAGES).map((each) => {
    const [sender, run, serial, data, isOld] = readList(each, 5);
    return [readGroup(sender), readRun(run), readSerial(serial), readData(data), isOld === true];
  });
}

export function readAsking(value: unknown): Asking {
  const { has, proof, publicKey, isMember } = fieldsOf(value);
  const known = has === null ? null : readList(has, LOG_MESSAGES).map(readMessageId);
  return { has: known, ...readShown(proof, publicKey), isMember: isMember === true };
}

/** An earlier version did not say whose proof it is. */
export function readShown(proof: unknown, publicKey: unknown = ""): Shown {
  return { proof: readHex(proof, 64), publicKey: readHex(publicKey, 32) };
}

function readMessageId(value: unknown): MessageId {
  const [sender, run, serial] = readList(value, 3);
  return [readGroup(sender), readRun(run), readSerial(serial)];
}

/** A path that makes no sense is none. */
export function readPath(value: unknown): string[] | null {
  const isSound = Array.isArray(value) && value.length <= MAX_DEPTH && value.every(isId);
  return isSound ? value : null;
}

export function readNodes(value: unknown, most: number): string[] {
  return Array.isArray(value) ? value.slice(0, most).filter(isId) : [];
}

export function readCopy(value: unknown): Copy {
  const { descriptor, messages } = fieldsOf(value);
  return { descriptor: readDescriptor(descriptor), messages: readMessages(messages) };
}

export function readCopyPage(value: unknown): CopyPage {
  const { next } = fieldsOf(value);
  return { ...readCopy(value), next: next === null ? null : readPlace(next) };
}

function readDescriptor(value: unknown): Descriptor | null {
  if (value === null) return null;
  const { creator, publicKey } = fieldsOf(value);
  return { creator: readGroup(creator), publicKey: readHex(publicKey, 32) };
}

/** Of reasons that others give, in characters: what a person reads. A guess. */
const MAX_WHY_CHARS = 200;

export function readWhy(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_WHY_CHARS) : "";
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

export function readAdoption(value: unknown): Adoption {
  const { kind, path, proof, nodes, why, isFinal } = fieldsOf(value);
  if (kind === "adopted") return { kind, path: readPath(path), proof: readHex(proof, 64) };
  if (kind === "ask") return { kind, nodes: readNodes(nodes, MAX_CHILDREN) };
  return { kind: "no", why: readWhy(why), isFinal: kind === "no" && isFinal === true };
}

export function readPolled(value: unknown): Polled {
  const { kind, path, isMember } = fieldsOf(value);
  if (kind !== "child") return { kind: "stranger" };
  return { kind, path: readPath(path), isMember: isMember === true };
}

export function readSubmitted(value: unknown): Submitted {
  const { kind, why } = fieldsOf(value);
  if (kind === "taken" || kind === "behind") return { kind };
  return kind === "no" ? { kind, why: readWhy(why) } : { kind: "later" };
}

export function readAnycastAnswer(value: unknown): AnycastAnswer {
  const { isTaken, next } = fieldsOf(value);
  return { isTaken: isTaken === true, next: readNodes(next, MAX_CHILDREN + 1) };
}
