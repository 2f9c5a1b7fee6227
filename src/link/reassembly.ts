/**
 * Puts the chunks of large messages together again.
 *
 * A link sends one large message at a time and in order, so at most one is
 * unfinished; a sender that starts another has given the first up.
 */
import { MAX_MESSAGE_BYTES } from "../wire/limits.ts";
import type { BodyOf } from "../wire/messages.ts";
import { PIECE_BYTES } from "./channel.ts";

/** Pieces of the largest message, as `send-queue.ts` cuts it. */
const MOST_PIECES = Math.ceil(MAX_MESSAGE_BYTES / PIECE_BYTES);

export class Reassembly {
  #transfer = -1;
  #count = 0;
  #bytes = 0;
  #pieces: Uint8Array[] = [];

  /**
   * The whole message when this was its last piece, `null` while pieces are
   * missing, `"malformed"` when it fits no transfer or grows over the bound.
   */
  take(chunk: BodyOf<"chunk">): Uint8Array | null | "malformed" {
    if (chunk.index === 0 && chunk.count > 0) this.#start(chunk);
    const isNext =
      chunk.transfer === this.#transfer &&
      chunk.index === this.#pieces.length &&
      chunk.count === this.#count;
    this.#bytes += chunk.piece.length;
    // Pieces are views of the frames they came in: few pieces keep few frames alive.
    if (
      !isNext ||
      chunk.count > MOST_PIECES ||
      chunk.piece.length === 0 ||
      this.#bytes > MAX_MESSAGE_BYTES
    ) {
      this.#reset();
      return "malformed";
    }
    this.#pieces.push(chunk.piece);
    if (this.#pieces.length < this.#count) return null;
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#reset();
    return whole;
  }

  #start(chunk: BodyOf<"chunk">): void {
    this.#reset();
    this.#transfer = chunk.transfer;
    this.#count = chunk.count;
  }

  #reset(): void {
    this.#transfer = -1;
    this.#count = 0;
    this.#bytes = 0;
    this.#pieces = [];
  }
}
