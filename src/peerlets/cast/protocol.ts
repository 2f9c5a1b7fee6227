/**
 * What the peerlets of a tree say to each other: remote methods, whose caller is
 * proved, and three kinds of routed messages, whose source is not.
 *
 * Whatever comes in is read here: strangers may send anything.
 */
import { BATCH_MESSAGES, MAX_DATA_BYTES, MAX_DEPTH } from "./limits.ts";

/** Text or bytes. */
export type Data = string | Uint8Array;

/** A message of a group, as the tree carries it. */
export interface CastMessage {
  /** The node that sent it, as the root saw it: proved to the root, and from there on what the tree says. */
  readonly sender: string;
  /** Tells visits of the same node apart: its serials begin anew with each. */
  readonly run: string;
  /** From 1, one more for each message of this sender. */
  readonly serial: number;
  readonly data: Data;
}

/** Which message; `null` when there was none yet. */
export type MessageId = readonly [sender: string, run: string, serial: number];

/** On the wire; `isOld`: it was sent before the child came, who shall keep it only for its own children. */
export type WireMessage = readonly [
  sender: string,
  run: string,
  serial: number,
  data: Data,
  isOld: boolean,
];

/** What a root keeps of a group, and its replicas. Null for a group that just came to be: an open one. */
export interface Descriptor {
  readonly creator: string;
  /** 64 hex digits; "" for an open group. */
  readonly publicKey: string;
}

/** A child asks to be one. */
export interface Asking {
  /** The last message that it has; null when it has never been in the tree. */
  readonly last: MessageId | "start" | null;
  /** Of a closed group: the signature that shows it may. */
  readonly proof: string;
}

export type Adoption =
  | { readonly kind: "adopted"; readonly path: readonly string[] | null; readonly proof: string }
  /** Full: these are its children. */
  | { readonly kind: "ask"; readonly nodes: readonly string[] }
  | { readonly kind: "no"; readonly why: string; readonly isFinal: boolean };

export type Polled =
  /** `path`: from the root to the parent; null while the parent itself has none. */
  | { readonly kind: "child"; readonly path: readonly string[] | null }
  | { readonly kind: "stranger" };

export type Submitted =
  | { readonly kind: "taken" }
  /** It is not the root, or cannot say yet: look the key up again. */
  | { readonly kind: "later" }
  | { readonly kind: "no"; readonly why: string };

export interface Copy {
  readonly descriptor: Descriptor | null;
  readonly messages: readonly WireMessage[];
}

export interface AnycastAnswer {
  readonly isTaken: boolean;
  /** Who else to ask, the nearest first. */
  readonly next: readonly string[];
}

export interface AtNode {
  create(caller: string, group: string, publicKey: string): Promise<Submitted>;
  adopt(caller: string, group: string, asking: Asking): Promise<Adoption>;
  poll(caller: string, group: string): Polled;
  /**
   * True when the caller is the parent; false: this node is not its child. `path` as in `poll`; null when it
   * is as before. `isCaughtUp`: what was sent before the child came has all been told.
   */
  deliver(
    caller: string,
    group: string,
    path: readonly string[] | null,
    messages: readonly WireMessage[],
    isCaughtUp: boolean,
  ): boolean;
  /** The caller, parent or child, goes; or with `why`, the group does not want this node. */
  part(caller: string, group: string, why: string): void;
  submit(
    caller: string,
    group: string,
    run: string,
    messages: readonly (readonly [serial: number, data: Data])[],
    proof: string,
  ): Promise<Submitted>;
  mirror(caller: string, group: string, copy: Copy): Promise<boolean>;
  copyOf(caller: string, group: string): Promise<Copy | null>;
  anycast(caller: string, group: string, data: Data, proof: string): AnycastAnswer;
}

/** The first byte of a routed message. */
export const ROUTED = { join: 1, find: 2, broadcast: 3 } as const;

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
  if (bytes > MAX_DATA_BYTES) throw new RangeError(`a message has at most ${MAX_DATA_BYTES} bytes`);
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
  const { last, proof } = (value ?? {}) as { readonly last?: unknown; readonly proof?: unknown };
  return { last: readLast(last), proof: readHex(proof, 64) };
}

function readLast(value: unknown): Asking["last"] {
  if (value === null || value === "start") return value;
  const [sender, run, serial] = readList(value, 3);
  return [readGroup(sender), readRun(run), readSerial(serial)];
}

/** A path that makes no sense is none. */
export function readPath(value: unknown): string[] | null {
  const isSound = Array.isArray(value) && value.length <= MAX_DEPTH && value.every(isId);
  return isSound ? (value as string[]) : null;
}

export function readNodes(value: unknown, most: number): string[] {
  return Array.isArray(value) ? value.slice(0, most).filter(isId) : [];
}

export function readCopy(value: unknown): Copy {
  const { descriptor, messages } = (value ?? {}) as Partial<Copy>;
  return { descriptor: readDescriptor(descriptor), messages: readMessages(messages) };
}

function readDescriptor(value: unknown): Descriptor | null {
  if (value === null) return null;
  const { creator, publicKey } = (value ?? {}) as Partial<Descriptor>;
  return { creator: readGroup(creator), publicKey: readHex(publicKey, 32) };
}
