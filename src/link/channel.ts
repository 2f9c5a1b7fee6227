/**
 * Port: one open, ordered, message-keeping pipe to another node, not yet
 * authenticated. A WebRTC data channel in a tab, a queue in the simulation.
 *
 * The contract is `sim/contracts/channel.ts`; every implementation runs it.
 */

/** The largest frame a channel carries: 16 KiB is what every browser takes (RFC 8831, section 6.6). */
export const MAX_FRAME_BYTES = 16_384;

/** What a chunk carries: a frame less its head (4), the three numbers (8) and the length (2). */
export const PIECE_BYTES = MAX_FRAME_BYTES - 14;

export interface Channel {
  /**
   * What the two ends of the encrypted pipe can prove about it: their DTLS
   * certificate fingerprints ("sha-256 AB:CD:…", as in SDP). Our `local` is the
   * other end's `remote`. The handshake signs both, so nobody sits in between.
   */
  readonly binding: { readonly local: string; readonly remote: string };
  /** Bytes handed to `send` that have not left this machine. */
  bufferedBytes(): number;
  /**
   * Sends one frame of 1 to MAX_FRAME_BYTES bytes. Never throws; after the end
   * it does nothing. The bytes may be reused by the caller once it returns.
   */
  send(frame: Uint8Array): void;
  /** Takes the events. Called exactly once; what arrived before is handed over then. */
  attach(events: ChannelEvents): void;
  /** Ends the channel. May be called twice. `closed` is not called for our own close. */
  close(): void;
}

export interface ChannelEvents {
  /** One frame, whole. The receiver owns the bytes from here on. */
  message(frame: Uint8Array): void;
  /** `bufferedBytes()` has fallen to LOW_WATER_BYTES or below after being above it. */
  drained(): void;
  /** The other side ended it, or it broke. Nothing comes after this. */
  closed(why: string): void;
}

/** Below this a sender may go on: simple-peer's own mark is the same 64 KiB. */
export const LOW_WATER_BYTES = 65_536;
