/**
 * To every node of the ring, in about as many messages as there are nodes.
 *
 * Each node that gets a broadcast is responsible for an arc of the ring behind
 * it. It cuts the arc at the nodes that it knows in it, and hands each piece to
 * the node that it begins with. The pieces do not overlap, so every node gets it
 * once. A piece is routed to the *key* where it begins: when that node is gone,
 * the piece comes to the next one, which finds itself in it, or finds it empty.
 *
 * Source: El-Ansary, Alima, Brand, Haridi, "Efficient Broadcast in Structured
 * P2P Networks", IPTPS 2003.
 */
import type { PeerletMessage, Prost } from "prost/sdk";
import {
  BROADCASTS_PER_SECOND,
  BROADCAST_BURST,
  CALL_MS,
  MAX_BROADCASTS,
  MAX_HANDING_ON,
  MOST_HANDING_ON,
} from "./limits.ts";
import { type Data, ROUTED } from "./protocol.ts";
import { readData, readGroup, readRun, readSerial } from "./reading.ts";

export interface Broadcasted {
  /** Its own claim. */
  readonly sender: string;
  readonly serial: number;
  readonly data: Data;
}

interface Part extends Broadcasted {
  readonly run: string;
  /** The arc ends before this key. */
  readonly to: string;
}

/** As many nodes as the ring names at once. */
const MOST_NODES = 1_024;
/** Of the head, in bytes: ids and numbers. */
const MAX_HEAD_BYTES = 512;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Broadcasts {
  readonly counts = { handedOn: 0, came: 0, cameTwice: 0, partsLost: 0 };
  readonly #prost: Prost;
  readonly #run: string;
  readonly #heard: (message: Broadcasted) => void;
  /** By sender, run and serial, in the order in which they came. */
  readonly #seen = new Set<string>();
  #serial = 0;
  #left = BROADCAST_BURST;
  #leftAtMs = 0;

  constructor(prost: Prost, run: string, heard: (message: Broadcasted) => void) {
    this.#prost = prost;
    this.#run = run;
    this.#heard = heard;
  }

  /** Resolves when this node has handed on all parts of the ring: not when every node has it. */
  async send(data: Data): Promise<{ readonly serial: number; readonly parts: number }> {
    const { self } = this.#prost;
    if (!this.#mayTakePart()) throw new Error("too many broadcasts: try again in a second");
    const part = { sender: self, run: this.#run, serial: ++this.#serial, to: self, data };
    this.#note(part);
    this.#heard(part);
    return { serial: part.serial, parts: await this.#handOn(part) };
  }

  /** Whether a routed message is a part of a broadcast. */
  static is({ data }: PeerletMessage): boolean {
    return data[0] === ROUTED.broadcast;
  }

  /** A part for this node, or for one that is gone. */
  take({ key, data }: PeerletMessage): void {
    const part = decode(data);
    if (!inArc(this.#prost.self, key, part.to)) return;
    this.counts.came += 1;
    if (this.#seen.has(nameOf(part))) {
      this.counts.cameTwice += 1;
      return;
    }
    if (!this.#mayTakePart()) throw new Error("too many broadcasts here: try again in a second");
    this.#note(part);
    this.#heard(part);
    void this.#handOn(part);
  }

  async #handOn(part: Part): Promise<number> {
    const starts = await this.#knownIn(part.to);
    const pieces = starts.map((start, at) => ({ start, to: starts[at + 1] ?? part.to }));
    const work = async () => {
      for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
        await this.#handOver(piece.start, { ...part, to: piece.to });
      }
    };
    await Promise.all(Array.from({ length: Math.min(MAX_HANDING_ON, pieces.length) }, work));
    return starts.length;
  }

  async #handOver(start: string, part: Part): Promise<void> {
    for (let tries = 0; tries < MOST_HANDING_ON; tries++) {
      this.counts.handedOn += 1;
      const receipt = await this.#prost.route(start, encode(part), { timeoutMs: 2 * CALL_MS });
      if (receipt.kind === "delivered") return;
    }
    this.counts.partsLost += 1;
  }

  /** The nodes that this one knows behind it, up to a key, in order. */
  async #knownIn(to: string): Promise<string[]> {
    const { self } = this.#prost;
    // All links are nearer to the opposite side of the ring than this node is.
    const [links, neighbours] = await Promise.all([
      this.#prost.localLookup(oppositeOf(self), MOST_NODES, true),
      this.#prost.neighborSet(MOST_NODES),
    ]);
    const linked = this.#inOrder(links, to);
    // A neighbour without a link costs more than a message. Those behind a linked node are that node's to reach.
    const first = linked[0] ?? to;
    return [...this.#inOrder(neighbours, first), ...linked];
  }

  /** Those that lie between this node and a key, clockwise. */
  #inOrder(nodes: readonly { readonly id: string }[], to: string): string[] {
    const { self } = this.#prost;
    const inside = nodes.map(({ id }) => id).filter((id) => id !== self && inArc(id, self, to));
    const sorted = [...new Set(inside)].toSorted();
    return [...sorted.filter((id) => id > self), ...sorted.filter((id) => id < self)];
  }

  #note(part: Part): void {
    this.#seen.add(nameOf(part));
    if (this.#seen.size > MAX_BROADCASTS) this.#seen.delete(this.#seen.keys().next().value!);
  }

  #mayTakePart(): boolean {
    const now = this.#prost.clock.now();
    const filled = ((now - this.#leftAtMs) / 1_000) * BROADCASTS_PER_SECOND;
    this.#left = Math.min(BROADCAST_BURST, this.#left + filled);
    this.#leftAtMs = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

/** Whether a key lies in [from, to); when the two are the same that is the whole ring. */
export function inArc(key: string, from: string, to: string): boolean {
  if (from === to) return true;
  return from < to ? from <= key && key < to : from <= key || key < to;
}

function oppositeOf(id: string): string {
  return ((Number.parseInt(id[0]!, 16) + 8) % 16).toString(16) + id.slice(1);
}

function nameOf({ sender, run, serial }: Part): string {
  return `${sender}:${run}:${serial}`;
}

/** One byte for the kind, two for the length of the head, the head as JSON, the data. */
function encode({ sender, run, serial, to, data }: Part): Uint8Array {
  const isText = typeof data === "string";
  const head = encoder.encode(JSON.stringify([sender, run, serial, to, isText]));
  const body = isText ? encoder.encode(data) : data;
  const bytes = new Uint8Array(3 + head.length + body.length);
  bytes.set([ROUTED.broadcast, head.length >> 8, head.length & 255]);
  bytes.set(head, 3);
  bytes.set(body, 3 + head.length);
  return bytes;
}

/** Throws when a stranger's bytes are no part of a broadcast. */
function decode(bytes: Uint8Array): Part {
  const length = (bytes[1] ?? 0) * 256 + (bytes[2] ?? 0);
  if (length > MAX_HEAD_BYTES) throw new RangeError(`a head has at most ${MAX_HEAD_BYTES} bytes`);
  const head = JSON.parse(decoder.decode(bytes.subarray(3, 3 + length))) as unknown[];
  const [sender, run, serial, to, isText] = head;
  const body = bytes.slice(3 + length);
  return {
    sender: readGroup(sender),
    run: readRun(run),
    serial: readSerial(serial),
    to: readGroup(to),
    data: readData(isText === true ? decoder.decode(body) : body),
  };
}
