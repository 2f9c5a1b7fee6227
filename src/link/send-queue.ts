/**
 * What waits to go out on one link: two bounded queues, ring maintenance ahead
 * of bulk, packed into frames of at most MAX_FRAME_BYTES.
 *
 * The messages of one turn of the event loop share a frame (seven times as many
 * small messages per second as one each, measured). A message over one frame
 * goes in chunks, between which maintenance may pass. A full queue says so and
 * never grows.
 */
import { encode } from "../wire/codec.ts";
import { MAX_MESSAGE_BYTES } from "../wire/limits.ts";
import { type Channel, MAX_FRAME_BYTES, PIECE_BYTES } from "./channel.ts";

export type Priority = "maintenance" | "bulk";

/** Bytes that may wait: maintenance is small (a state is 1 KiB); bulk holds four of the largest messages. */
export const QUEUE_BYTES = { maintenance: 262_144, bulk: 4 * MAX_MESSAGE_BYTES } as const;

/** Bytes that may lie in the channel's own buffer before we wait: four times its low water mark (a guess). */
export const HIGH_WATER_BYTES = 262_144;

class Queue {
  readonly #mostBytes: number;
  #messages: Uint8Array[] = [];
  /** Where the front is: shifting an array of thousands at every message is quadratic. */
  #front = 0;
  bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  offer(message: Uint8Array): boolean {
    if (this.bytes + message.length > this.#mostBytes) return false;
    this.#messages.push(message);
    this.bytes += message.length;
    return true;
  }

  first(): Uint8Array | undefined {
    return this.#messages[this.#front];
  }

  shift(): void {
    this.bytes -= this.#messages[this.#front]!.length;
    this.#front += 1;
    if (this.#front === this.#messages.length) {
      this.#messages = [];
      this.#front = 0;
    } else if (this.#front >= 1_024) {
      this.#messages = this.#messages.slice(this.#front);
      this.#front = 0;
    }
  }
}

export class SendQueue {
  readonly #maintenance = new Queue(QUEUE_BYTES.maintenance);
  readonly #bulk = new Queue(QUEUE_BYTES.bulk);
  /** The message at the front of bulk that is going out in chunks. */
  #transfer: { readonly number: number; readonly count: number; next: number } | null = null;
  #transfers = 0;

  /** False when the queue is full; nothing was kept then. The bytes belong to the queue from here on. */
  offer(message: Uint8Array, priority: Priority): boolean {
    if (priority === "bulk") return this.#bulk.offer(message);
    // Only bulk goes in chunks: a larger one would never leave.
    return message.length <= MAX_FRAME_BYTES && this.#maintenance.offer(message);
  }

  get waitingBytes(): number {
    return this.#maintenance.bytes + this.#bulk.bytes;
  }

  /** Sends frames until nothing waits or the channel has enough. Returns the frames sent. */
  pump(channel: Channel): number {
    let frames = 0;
    while (this.waitingBytes > 0 && channel.bufferedBytes() < HIGH_WATER_BYTES) {
      channel.send(this.#nextFrame());
      frames += 1;
    }
    return frames;
  }

  /** Only called while something waits. */
  #nextFrame(): Uint8Array {
    const parts: Uint8Array[] = [];
    const room = { bytes: MAX_FRAME_BYTES };
    this.#fill(parts, room, this.#maintenance);
    if (parts.length === 0) {
      const chunk = this.#nextChunk();
      if (chunk) return chunk;
    }
    this.#fill(parts, room, this.#bulk);
    return parts.length === 1 ? parts[0]! : join(parts, MAX_FRAME_BYTES - room.bytes);
  }

  #fill(parts: Uint8Array[], room: { bytes: number }, queue: Queue): void {
    if (queue === this.#bulk && this.#transfer !== null) return;
    for (let first = queue.first(); first && first.length <= room.bytes; first = queue.first()) {
      parts.push(first);
      room.bytes -= first.length;
      queue.shift();
    }
  }

  /** One piece of the message at the front of bulk, if that is over one frame. */
  #nextChunk(): Uint8Array | null {
    const whole = this.#bulk.first();
    if (whole === undefined || whole.length <= MAX_FRAME_BYTES) return null;
    this.#transfer ??= {
      number: (this.#transfers = (this.#transfers + 1) >>> 0),
      count: Math.ceil(whole.length / PIECE_BYTES),
      next: 0,
    };
    const { number, count, next } = this.#transfer;
    const piece = whole.subarray(next * PIECE_BYTES, (next + 1) * PIECE_BYTES);
    this.#transfer.next += 1;
    if (this.#transfer.next === count) {
      this.#transfer = null;
      this.#bulk.shift();
    }
    return encode("chunk", { transfer: number, index: next, count, piece });
  }
}

function join(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const frame = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}
