/**
 * Port: how a channel to another node comes about, once somebody carries an
 * offer there and an answer back (the ring does, see `chord/dialer.ts`).
 *
 * Offers and answers are opaque texts of at most MAX_SIGNAL_CHARS. An attempt
 * ends with exactly one of `opened` and `failed`, or with neither after its
 * owner has called `close()`.
 */
import type { Channel } from "./channel.ts";

/** A data-channel-only SDP with candidates is 500 to 3,000 characters; the rest is air for many candidates. */
export const MAX_SIGNAL_CHARS = 12_000;

export interface Transport {
  dial(events: DialEvents): Dial;
  /** Answers an offer from the network: it may be anything, and must only make this attempt fail. */
  answer(offer: string, events: AnswerEvents): Attempt;
}

export interface Attempt {
  /** Gives up. Harmless once the channel is open or the attempt has failed. */
  close(): void;
}

export interface Dial extends Attempt {
  /** The other node's answer, from the network: it may be anything. */
  accept(answer: string): void;
}

export interface AttemptEvents {
  opened(channel: Channel): void;
  failed(why: string): void;
}

export interface DialEvents extends AttemptEvents {
  offered(offer: string): void;
}

export interface AnswerEvents extends AttemptEvents {
  answered(answer: string): void;
}
