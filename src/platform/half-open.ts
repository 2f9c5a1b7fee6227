/**
 * A connection that PeerJS is making, until it is open and ours.
 *
 * Knows PeerJS only by the few public members it uses (`Arranged`), so that
 * the library itself is named in `gate-client.ts` alone.
 */
import type { Channel } from "../link/channel.ts";
import type { NodeMessage } from "./gate-messages.ts";
import { oneLine } from "./one-line.ts";
import { RtcChannel, type RtcDeps, bindingOf } from "./rtc-channel.ts";
import { MAX_CANDIDATES } from "./sdp.ts";

/** What is used of PeerJS' DataConnection. */
export interface Arranged {
  /** The other end's address. */
  readonly peer: string;
  readonly connectionId: string;
  readonly peerConnection: RTCPeerConnection;
  readonly dataChannel: RTCDataChannel;
  /** Of a knock: the other end's fingerprint, from `gate-messages.ts`. */
  readonly metadata: unknown;
  on(event: "open" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeAllListeners(): unknown;
  close(): void;
}

export interface HalfOpenEvents {
  opened(channel: Channel): void;
  failed(why: string): void;
}

/** Ends with `opened` or `failed`, or by `abandon`. */
export class HalfOpen {
  /** Somebody came to us, not we to them. */
  readonly isKnock: boolean;
  readonly address: string;
  readonly #connection: Arranged;
  readonly #deps: RtcDeps;
  readonly #events: HalfOpenEvents;
  readonly #forget: () => void;
  /** The other end's, from its offer or answer; null until that came. */
  #fingerprint: string | null = null;
  #isOver = false;
  #candidates = 0;

  /** `forget` is called at the end, whichever it is. */
  constructor(
    connection: Arranged,
    isKnock: boolean,
    deps: RtcDeps,
    events: HalfOpenEvents,
    forget: () => void,
  ) {
    this.#connection = connection;
    this.isKnock = isKnock;
    this.address = connection.peer;
    if (isKnock && typeof connection.metadata === "string") this.#fingerprint = connection.metadata;
    this.#deps = deps;
    this.#events = events;
    this.#forget = forget;
  }

  start(): void {
    this.#connection.on("open", () => this.#open());
    this.#connection.on("error", (error) => this.fail(oneLine(error.message)));
    this.#connection.on("close", () => this.fail("the connection was closed"));
  }

  /** One answer, to an offer of ours, and a bounded number of candidates. */
  admits(message: NodeMessage): boolean {
    if (message.type === "CANDIDATE") {
      this.#candidates += 1;
      return this.#candidates <= MAX_CANDIDATES;
    }
    if (this.#fingerprint !== null) return false;
    this.#fingerprint = message.fingerprint;
    return true;
  }

  fail(why: string): void {
    if (this.#isOver) return;
    this.abandon();
    this.#events.failed(why);
  }

  abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#forget();
    this.#connection.removeAllListeners();
    this.#connection.close();
  }

  #open(): void {
    if (this.#isOver) return;
    const remote = this.#fingerprint;
    const binding = remote === null ? null : bindingOf(this.#connection.peerConnection, remote);
    if (binding === null) {
      this.fail("the browser shows no clear fingerprint");
      return;
    }
    this.#isOver = true;
    this.#forget();
    const { connection, channel } = takeOver(this.#connection);
    const release = (): void => {
      channel.close();
      connection.close();
    };
    this.#events.opened(new RtcChannel(this.#deps, { connection, channel, release }, binding));
  }
}

/**
 * Takes an open connection out of PeerJS' hands.
 *
 * Its `close()` closes the RTCPeerConnection only while its public field holds
 * one; without, all it does is to leave its Peer's list. (PeerJS 1.5.5)
 */
function takeOver(from: Arranged): { connection: RTCPeerConnection; channel: RTCDataChannel } {
  const { peerConnection: connection, dataChannel: channel } = from;
  Object.assign(connection, {
    onicecandidate: null,
    oniceconnectionstatechange: null,
    ondatachannel: null,
    ontrack: null,
  });
  Object.assign(channel, { onopen: null, onmessage: null, onclose: null });
  Object.assign(from, { peerConnection: null, dataChannel: null });
  from.removeAllListeners();
  from.close();
  return { connection, channel };
}
