/**
 * A `Channel` on an open RTCDataChannel, whoever arranged it: simple-peer in
 * `webrtc-transport.ts`, PeerJS in `gate-client.ts`.
 *
 * It sits on the data channel itself. simple-peer's stream would copy each
 * message into a Buffer and pass it through a queue of Node's stream machinery
 * that has no mark for "drained"; PeerJS buffers without bound.
 *
 * Two things end a connection: the browser says that it is over, or the other
 * side breaks the contract. ICE "disconnected" does not, for it may heal; a
 * silent peer is the business of the link's pings.
 *
 * The easy mistake: a page may construct 500 RTCPeerConnections, and one that
 * is closed counts until nothing refers to it. So the end drops every
 * reference and every listener.
 */
import type { Counters } from "../base/counters.ts";
import type { Clock } from "../env/env.ts";
import {
  type Channel,
  type ChannelEvents,
  LOW_WATER_BYTES,
  MAX_FRAME_BYTES,
} from "../link/channel.ts";
import { fingerprintOf } from "./sdp.ts";

/** Frames kept for `attach`. Its owner attaches as soon as it is told, so more is not honest: a guess. */
const MAX_EARLY_FRAMES = 64;

/** How long our own close may take to get the last frames out, in ms. A guess: a few round trips. */
const FLUSH_LIMIT_MS = 500;

export interface RtcDeps {
  readonly clock: Clock;
  readonly counters: Counters;
}

/** The browser's two objects, and how their owner lets go of them. */
export interface RtcPipe {
  readonly connection: RTCPeerConnection;
  readonly channel: RTCDataChannel;
  /** Closes both, at once. */
  release(): void;
}

/**
 * What both ends can prove; null when our own fingerprint cannot be read.
 *
 * `remote` is the fingerprint in the description that was handed to the browser,
 * which holds the other end to it. Not from `remoteDescription`: a channel may
 * open before the page can see that (Chromium 156, one time in six on a busy machine).
 */
export function bindingOf(
  connection: RTCPeerConnection,
  remote: string,
): Channel["binding"] | null {
  const local = fingerprintOf(connection.localDescription?.sdp ?? "");
  return local === null ? null : { local, remote };
}

export class RtcChannel implements Channel {
  readonly binding: Channel["binding"];
  readonly #deps: RtcDeps;
  /** Undefined after the end. */
  #pipe: RtcPipe | undefined;
  #events: ChannelEvents | undefined;
  #earlyFrames: Uint8Array[] = [];
  #earlyEnd: string | undefined;
  readonly #listeners = new AbortController();

  /** Takes over an open pipe. Frames that come before `attach` are kept for it. */
  constructor(deps: RtcDeps, pipe: RtcPipe, binding: Channel["binding"]) {
    this.#deps = deps;
    this.#pipe = pipe;
    this.binding = binding;
    const { connection, channel } = pipe;
    const { signal } = this.#listeners;
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = LOW_WATER_BYTES;
    channel.addEventListener("message", (event) => this.#receive(event.data), { signal });
    channel.addEventListener("bufferedamountlow", () => this.#events?.drained(), { signal });
    // "closing" is the other side's close; "close" comes a round trip later.
    channel.addEventListener("closing", () => this.end("the other side closed it"), { signal });
    channel.addEventListener("close", () => this.end("the other side closed it"), { signal });
    channel.addEventListener("error", (event) => this.end(`it broke: ${event.error.message}`), {
      signal,
    });
    connection.addEventListener("connectionstatechange", () => this.#watch(connection), { signal });
    // One channel is all a node may have here; a second costs memory and carries nothing of ours.
    connection.addEventListener("datachannel", () => this.#offend("a second data channel"), {
      signal,
    });
  }

  bufferedBytes(): number {
    return this.#pipe?.channel.bufferedAmount ?? 0;
  }

  send(frame: Uint8Array): void {
    if (this.#pipe === undefined) return;
    try {
      if (frame.length === 0 || frame.length > MAX_FRAME_BYTES) throw new RangeError("frame size");
      // The cast: our frames are never on shared memory. The browser copies before it returns.
      this.#pipe.channel.send(frame as Uint8Array<ArrayBuffer>);
    } catch (error) {
      // The browser's own buffer is full, or the channel is closing: a frame is missing, so it cannot go on.
      // Not from within `send`: its caller is in the middle of something.
      this.#deps.clock.soon(() => this.end(`sending failed: ${(error as Error).message}`));
    }
  }

  attach(events: ChannelEvents): void {
    this.#events = events;
    const frames = this.#earlyFrames;
    this.#earlyFrames = [];
    for (const frame of frames) events.message(frame);
    if (this.#earlyEnd !== undefined) events.closed(this.#earlyEnd);
  }

  /** What was sent still goes out, if the other side takes it within FLUSH_LIMIT_MS. */
  close(): void {
    const pipe = this.#drop();
    if (pipe === undefined) return;
    const { channel } = pipe;
    if (channel.readyState === "closed") {
      pipe.release();
      return;
    }
    const cancel = this.#deps.clock.after(FLUSH_LIMIT_MS, () => pipe.release());
    const closed = (): void => {
      cancel();
      pipe.release();
    };
    channel.addEventListener("close", closed, { once: true });
    channel.close();
  }

  /** The pipe is over, and not by our own `close`. Also for who arranged it, when only that one notices. */
  end(why: string): void {
    const pipe = this.#drop();
    if (pipe === undefined) return;
    pipe.release();
    if (this.#events === undefined) this.#earlyEnd = why;
    else this.#events.closed(why);
  }

  #receive(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) return this.#offend("a text instead of a frame");
    if (data.byteLength === 0) return this.#offend("an empty frame");
    if (data.byteLength > MAX_FRAME_BYTES) return this.#offend("a frame that is too long");
    const frame = new Uint8Array(data);
    if (this.#events !== undefined) this.#events.message(frame);
    else if (this.#earlyFrames.length < MAX_EARLY_FRAMES) this.#earlyFrames.push(frame);
    else this.#offend("too many frames before we were ready");
  }

  /** The other side did what no node of ours does. It loses this channel and nothing else. */
  #offend(what: string): void {
    this.#deps.counters.add("channel.offences");
    this.end(`the other side sent ${what}`);
  }

  #watch(connection: RTCPeerConnection): void {
    const state = connection.connectionState;
    if (state === "failed" || state === "closed") this.end(`the connection ${state}`);
  }

  #drop(): RtcPipe | undefined {
    const pipe = this.#pipe;
    this.#pipe = undefined;
    this.#listeners.abort();
    return pipe;
  }
}
