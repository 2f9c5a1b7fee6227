/**
 * How many messages may be unacknowledged on one link at once: as many as the
 * next hop takes without making them wait long.
 *
 * Source: LEDBAT (RFC 6817), counted in messages: the window grows while the
 * acknowledgements come about as fast as they ever did, shrinks when they come
 * more than TARGET_MS later, and halves when one does not come. What waits at
 * its source can still go another way; what waits in a busy node's buffers is
 * only sent twice.
 */

/** Before anything is known of the link. A guess: a burst of a page's own questions. */
const FIRST = 12;
/**
 * Never fewer. RFC 6817 has 2, for packets of which each costs the same. Here messages share frames, and the
 * fewer may go, the more frames they take: with 2, twenty tabs whose links were still few starved each other.
 */
const LEAST = 12;
/** Delay beyond the shortest, in ms, that is aimed at: well below the shortest hop time-out. RFC 6817 has 100 ms, for others' calls on the same line. */
const TARGET_MS = 400;
/** The shortest delay is that of this span and the one before, in ms: ways change. RFC 6817: minutes. */
const SPAN_MS = 120_000;

export class SendWindow {
  #size = FIRST;
  #shortestMs = Number.POSITIVE_INFINITY;
  #shortestBeforeMs = Number.POSITIVE_INFINITY;
  #spanBeganMs = 0;
  /** Doubling each round trip, until the first delay: RFC 5681's slow start. */
  #isStarting = true;
  #halvedAtMs = Number.NEGATIVE_INFINITY;

  /** True when one more may go while so many are unacknowledged. */
  hasRoom(unacknowledged: number): boolean {
    return unacknowledged < Math.floor(this.#size);
  }

  /** An acknowledgement came after `tookMs`, when `unacknowledged` messages, its own counted, were on their way. */
  acknowledged(nowMs: number, tookMs: number, unacknowledged: number): void {
    if (nowMs - this.#spanBeganMs >= SPAN_MS) {
      this.#spanBeganMs = nowMs;
      this.#shortestBeforeMs = this.#shortestMs;
      this.#shortestMs = tookMs;
    }
    this.#shortestMs = Math.min(this.#shortestMs, tookMs);
    const delayMs = tookMs - Math.min(this.#shortestMs, this.#shortestBeforeMs);
    const offTarget = Math.max(-1, 1 - delayMs / TARGET_MS);
    if (offTarget < 0) this.#isStarting = false;
    // A window that is not used says nothing of what the link would bear.
    if (offTarget > 0 && unacknowledged < this.#size / 2) return;
    this.#size += this.#isStarting ? offTarget : offTarget / this.#size;
    this.#size = Math.max(LEAST, this.#size);
  }

  /** One was not acknowledged in time. What is late with it was sent under the same window, so it halves once in `timeoutMs`. */
  missed(nowMs: number, timeoutMs: number): void {
    this.#isStarting = false;
    if (nowMs - this.#halvedAtMs < timeoutMs) return;
    this.#halvedAtMs = nowMs;
    this.#size = Math.max(LEAST, this.#size / 2);
  }
}
