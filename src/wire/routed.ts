/**
 * A routed message: the paper's Figure 3 (dst key, app id, app type, peerlet
 * code locator, application data) and what routing needs, as one fixed header.
 *
 * | offset | bytes | field                                                        |
 * | ------ | ----- | ------------------------------------------------------------ |
 * | 0      | 4     | tag and length, as every message on a link                   |
 * | 4      | 1     | flags, see below                                             |
 * | 5      | 1     | hops made                                                    |
 * | 6      | 1     | hops left                                                    |
 * | 7      | 1     | attempt: 16 for each time the source sent it again, 1 a detour |
 * | 8      | 4     | hop serial, which the next node acknowledges                 |
 * | 12     | 8     | message id: below 2^53, drawn by the source                  |
 * | 20     | 20    | dst key                                                      |
 * | 40     | 20    | source                                                       |
 * | 60     | 16    | app id                                                       |
 * | 76     | 1     | bytes of the locator (l)                                     |
 * | 77     | 1     | ids in the trace (t)                                         |
 * | 78     | 1     | kind: 0 a message, 1 a lookup, 2 a call                      |
 * | 79     | 1     | members of the key's replica set that refused it             |
 * | 80     | l     | peerlet code locator, UTF-8                                  |
 * | 80 + l | 20·t  | trace: the nodes passed, the source first                    |
 * | …      |       | application data                                             |
 *
 * A hop reads the key, changes bytes 4 to 11 in place and sends the same bytes
 * on; only a trace makes it copy.
 */
import { NO_BYTES, textOfUtf8, utf8 } from "../base/bytes.ts";
import { type Id, ID_BYTES, hexOf, readId, writeHex } from "../id/id.ts";
import { MESSAGE_HEAD_BYTES, writeHead } from "./codec.ts";
import { MAX_DATA_BYTES, MAX_HOPS, MAX_LOCATOR_BYTES, MAX_REPLICAS } from "./limits.ts";
import { ROUTED_TAG } from "./messages.ts";

export const ROUTED_HEADER_BYTES = 80;

const AT = { flags: 4, made: 5, left: 6, attempt: 7, serial: 8, messageId: 12 } as const;
const AT_KEY = 20;
const AT_SOURCE = 40;
const AT_APP_ID = 60;
const AT_LOCATOR_BYTES = 76;
const AT_TRACE_IDS = 77;
const AT_KIND = 78;
const AT_REFUSALS = 79;

/** What the application's layer is to make of it: a lookup finds a peerlet, a call is one of a remote method. */
export type RoutedKind = "message" | "lookup" | "call";
const KINDS: readonly RoutedKind[] = ["message", "lookup", "call"];

const PER_HOP = 1;
const WANTS_RECEIPT = 2;
const TRACED = 4;
/** The key is a node's id and only that node may take it. */
const EXACT = 8;
/** The last step: the sender holds the receiver to be the root, see `chord/routing.ts`. */
const FINAL = 16;
const ALL_FLAGS = 31;

export type AppId = string;

/** The overlay's own messages: see `systemBodies`. */
export const SYSTEM_APP_ID: AppId = "0".repeat(32);

/** How packages travel: the code store of `peer/`. */
export const CODE_APP_ID: AppId = `${"0".repeat(31)}1`;

/** App ids that begin so are the overlay's own; nobody can make a hash that long to order. */
const RESERVED = "0".repeat(30);

export function isReservedAppId(appId: AppId): boolean {
  return appId.startsWith(RESERVED);
}

const APP_ID_TEXT = /^[0-9a-f]{32}$/;

export function isAppId(text: unknown): text is AppId {
  return typeof text === "string" && APP_ID_TEXT.test(text);
}

export interface RoutedFields {
  readonly key: Id;
  readonly source: Id;
  readonly messageId: number;
  readonly appId: AppId;
  readonly perHop: boolean;
  readonly wantsReceipt: boolean;
  readonly traced: boolean;
  readonly exact: boolean;
  readonly locator: string;
  readonly data: Uint8Array;
  readonly kind?: RoutedKind;
}

/** A view of a routed message. Setting a field changes the bytes; nothing is decoded before it is asked for. */
export class Routed {
  readonly bytes: Uint8Array;
  #key: Id | undefined;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Takes the bytes of a message that `splitFrame` cut. Null when the header does not hold together. */
  static parse(bytes: Uint8Array): Routed | null {
    if (bytes.length < ROUTED_HEADER_BYTES || bytes[0] !== ROUTED_TAG) return null;
    const trace = bytes[AT_TRACE_IDS]!;
    const message = new Routed(bytes);
    const dataBytes = bytes.length - message.#dataAt;
    const isSound =
      ((bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) === bytes.length - MESSAGE_HEAD_BYTES &&
      bytes[AT.flags]! <= ALL_FLAGS &&
      bytes[AT.messageId] === 0 &&
      bytes[AT.messageId + 1]! < 32 &&
      bytes[AT_KIND]! < KINDS.length &&
      bytes[AT_REFUSALS]! < MAX_REPLICAS &&
      // Together, so that what is sound here is sound at every further hop.
      bytes[AT.made]! + bytes[AT.left]! <= MAX_HOPS &&
      trace <= MAX_HOPS &&
      (message.traced || trace === 0) &&
      dataBytes >= 0 &&
      dataBytes <= MAX_DATA_BYTES;
    return isSound ? message : null;
  }

  /** Throws a RangeError when the locator or the data are too long: the caller has checked them. */
  static make(fields: RoutedFields): Routed {
    const locator = fields.locator === "" ? NO_BYTES : utf8(fields.locator);
    if (locator.length > MAX_LOCATOR_BYTES || fields.data.length > MAX_DATA_BYTES) {
      throw new RangeError("locator or data too long");
    }
    const bytes = new Uint8Array(ROUTED_HEADER_BYTES + locator.length + fields.data.length);
    writeHead(bytes, ROUTED_TAG);
    bytes[AT.flags] =
      (fields.perHop ? PER_HOP : 0) |
      (fields.wantsReceipt ? WANTS_RECEIPT : 0) |
      (fields.traced ? TRACED : 0) |
      (fields.exact ? EXACT : 0);
    bytes[AT.left] = MAX_HOPS;
    writeUint32(bytes, AT.messageId, Math.floor(fields.messageId / 2 ** 32));
    writeUint32(bytes, AT.messageId + 4, fields.messageId >>> 0);
    writeHex(fields.key, bytes, AT_KEY);
    writeHex(fields.source, bytes, AT_SOURCE);
    writeHex(fields.appId, bytes, AT_APP_ID);
    bytes[AT_LOCATOR_BYTES] = locator.length;
    bytes[AT_KIND] = KINDS.indexOf(fields.kind ?? "message");
    bytes.set(locator, ROUTED_HEADER_BYTES);
    bytes.set(fields.data, ROUTED_HEADER_BYTES + locator.length);
    return new Routed(bytes);
  }

  get key(): Id {
    return (this.#key ??= readId(this.bytes, AT_KEY));
  }

  set key(key: Id) {
    writeHex(key, this.bytes, AT_KEY);
    this.#key = key;
  }

  get source(): Id {
    return readId(this.bytes, AT_SOURCE);
  }

  get messageId(): number {
    return (
      readUint32(this.bytes, AT.messageId) * 2 ** 32 + readUint32(this.bytes, AT.messageId + 4)
    );
  }

  get appId(): AppId {
    return hexOf(this.bytes, AT_APP_ID, 16);
  }

  get hopsMade(): number {
    return this.bytes[AT.made]!;
  }

  get hopsLeft(): number {
    return this.bytes[AT.left]!;
  }

  /** Counts one hop more. The caller has looked at `hopsLeft`. */
  countHop(): void {
    this.bytes[AT.made]! += 1;
    this.bytes[AT.left]! -= 1;
  }

  /** Takes back a hop that did not happen. */
  uncountHop(): void {
    this.bytes[AT.made]! -= 1;
    this.bytes[AT.left]! += 1;
  }

  get attempt(): number {
    return this.bytes[AT.attempt]!;
  }

  set attempt(attempt: number) {
    this.bytes[AT.attempt] = attempt;
  }

  get hopSerial(): number {
    return readUint32(this.bytes, AT.serial);
  }

  set hopSerial(serial: number) {
    writeUint32(this.bytes, AT.serial, serial);
  }

  get perHop(): boolean {
    return this.#has(PER_HOP);
  }

  get wantsReceipt(): boolean {
    return this.#has(WANTS_RECEIPT);
  }

  get traced(): boolean {
    return this.#has(TRACED);
  }

  get exact(): boolean {
    return this.#has(EXACT);
  }

  get final(): boolean {
    return this.#has(FINAL);
  }

  set final(on: boolean) {
    if (on) this.bytes[AT.flags]! |= FINAL;
    else this.bytes[AT.flags]! &= ~FINAL;
  }

  get kind(): RoutedKind {
    return KINDS[this.bytes[AT_KIND]!]!;
  }

  get refusals(): number {
    return this.bytes[AT_REFUSALS]!;
  }

  set refusals(count: number) {
    this.bytes[AT_REFUSALS] = count;
  }

  get isSystem(): boolean {
    for (let at = AT_APP_ID; at < AT_APP_ID + 16; at++) if (this.bytes[at] !== 0) return false;
    return true;
  }

  /** "" when there is none, or when it is not UTF-8. */
  get locator(): string {
    const length = this.bytes[AT_LOCATOR_BYTES]!;
    try {
      return textOfUtf8(this.bytes.subarray(ROUTED_HEADER_BYTES, ROUTED_HEADER_BYTES + length));
    } catch {
      return "";
    }
  }

  get trace(): Id[] {
    const from = this.#dataAt - this.#traceBytes;
    return Array.from({ length: this.bytes[AT_TRACE_IDS]! }, (_, i) =>
      readId(this.bytes, from + i * ID_BYTES),
    );
  }

  /** A view, not a copy. */
  get data(): Uint8Array {
    return this.bytes.subarray(this.#dataAt);
  }

  /** A copy with one id more in its trace. */
  withTraced(id: Id): Routed {
    const at = this.#dataAt;
    const bytes = new Uint8Array(this.bytes.length + ID_BYTES);
    bytes.set(this.bytes.subarray(0, at));
    writeHex(id, bytes, at);
    bytes.set(this.bytes.subarray(at), at + ID_BYTES);
    bytes[AT_TRACE_IDS]! += 1;
    writeHead(bytes, ROUTED_TAG);
    return new Routed(bytes);
  }

  /** A copy with other data. */
  withData(data: Uint8Array): Routed {
    const at = this.#dataAt;
    const bytes = new Uint8Array(at + data.length);
    bytes.set(this.bytes.subarray(0, at));
    bytes.set(data, at);
    writeHead(bytes, ROUTED_TAG);
    return new Routed(bytes);
  }

  /** A copy whose bytes nobody else holds. */
  copy(): Routed {
    return new Routed(this.bytes.slice());
  }

  #has(flag: number): boolean {
    return (this.bytes[AT.flags]! & flag) !== 0;
  }

  get #traceBytes(): number {
    return this.bytes[AT_TRACE_IDS]! * ID_BYTES;
  }

  get #dataAt(): number {
    return ROUTED_HEADER_BYTES + this.bytes[AT_LOCATOR_BYTES]! + this.#traceBytes;
  }
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 2 ** 24 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
}
