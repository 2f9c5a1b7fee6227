/**
 * `Transport` over WebRTC: simple-peer makes the offer and the answer, and
 * everything after that is `rtc-channel.ts` on the browser's own data channel.
 *
 * The data channel is *negotiated* (both ends make channel 0): it opens without
 * a further message, and simple-peer, which takes any channel the other side
 * opens for its own, has none to be confused by.
 *
 * The connection and its channel reach us through simple-peer's documented
 * `wrtc` option: it is given a constructor that hands out a connection of ours.
 * The browser build is imported, because the plain entry needs Node's globals.
 */
import SimplePeer from "simple-peer/simplepeer.min.js";
import type {
  AnswerEvents,
  Attempt,
  AttemptEvents,
  Dial,
  DialEvents,
  Transport,
} from "../link/transport.ts";
import { MAX_SIGNAL_CHARS } from "../link/transport.ts";
import { oneLine } from "./one-line.ts";
import { RtcChannel, type RtcDeps, bindingOf } from "./rtc-channel.ts";
import { fingerprintOf, flawInSdp, slimSdp } from "./sdp.ts";

/** An attempt is over after this, in ms. A guess: the ring carries offer and answer in far less. */
const ATTEMPT_LIMIT_MS = 10_000;

/** A STUN server that stays silent holds the description back no longer than this, in ms. A guess. */
const GATHER_LIMIT_MS = 1_500;

/**
 * Without ICE servers there are only the host's own addresses, which come within 2 ms of each other;
 * Chromium then waits 125 ms for nothing that we use (both seen). So long after the first one, in ms,
 * there are no more: the margin is a guess.
 */
const GATHER_HOST_MS = 30;

export class WebRtcTransport implements Transport {
  readonly #deps: RtcDeps;
  readonly #iceServers: readonly RTCIceServer[];

  /** With no ICE servers nobody but the other node is contacted. */
  constructor(deps: RtcDeps, iceServers: readonly RTCIceServer[]) {
    this.#deps = deps;
    this.#iceServers = iceServers;
  }

  dial(events: DialEvents): Dial {
    const negotiation = new Negotiation(this.#deps, events, (offer) => events.offered(offer));
    negotiation.start(this.#iceServers, true);
    return negotiation;
  }

  answer(offer: string, events: AnswerEvents): Attempt {
    const negotiation = new Negotiation(this.#deps, events, (answer) => events.answered(answer));
    const flaw = flawInSdp(offer);
    if (flaw === null) {
      negotiation.start(this.#iceServers, false);
      negotiation.hear("offer", offer);
    } else {
      this.#deps.counters.add("webrtc.bad-signals");
      negotiation.failSoon(`bad offer: ${flaw}`);
    }
    return negotiation;
  }
}

type State =
  | { readonly kind: "pending" }
  | { readonly kind: "open"; readonly channel: RtcChannel }
  /** Failed, or given up by its owner. */
  | { readonly kind: "over" };

/** One attempt, from either side. */
class Negotiation implements Dial {
  readonly #deps: RtcDeps;
  readonly #events: AttemptEvents;
  readonly #say: (description: string) => void;
  #state: State = { kind: "pending" };
  #peer: SimplePeer | undefined;
  #cancelLimit: () => void = () => {};
  #gathering = false;
  /** The other side's fingerprint, from its description; null until that came. */
  #heard: string | null = null;

  constructor(deps: RtcDeps, events: AttemptEvents, say: (description: string) => void) {
    this.#deps = deps;
    this.#events = events;
    this.#say = say;
  }

  start(iceServers: readonly RTCIceServer[], initiator: boolean): void {
    let connection: RTCPeerConnection;
    try {
      connection = new RTCPeerConnection({ iceServers: [...iceServers] });
    } catch (error) {
      // Chromium: the page has made 500 already. Or an ICE server of the configuration is malformed.
      this.#deps.counters.add("webrtc.refused-by-browser");
      this.failSoon(`the browser refused a connection: ${(error as Error).message}`);
      return;
    }
    answerStatsCheaply(connection);
    const channels = listenForChannels(connection);
    const peer = new SimplePeer({
      initiator,
      // We read the whole description off the connection when we hold it to be complete.
      trickle: true,
      objectMode: true,
      channelConfig: { ordered: true, negotiated: true, id: 0 },
      wrtc: { RTCPeerConnection: handingOut(connection), RTCSessionDescription, RTCIceCandidate },
    });
    this.#peer = peer;
    peer.on("error", (error) => this.#fail(error.message));
    peer.on("close", () => this.#fail("the connection was closed"));
    peer.on("signal", ({ type }) => {
      if (type === "offer" || type === "answer") this.#gather(connection, iceServers.length > 0);
    });
    const channel = channels[0];
    if (channel === undefined) {
      this.failSoon("the browser made no data channel");
      return;
    }
    // Else simple-peer would keep every message in a stream nobody reads.
    Object.assign(channel, { onmessage: null });
    channel.addEventListener("open", () => this.#open(connection, channel), { once: true });
    this.#cancelLimit = this.#deps.clock.after(ATTEMPT_LIMIT_MS, () =>
      this.#fail(
        this.#heard !== null ? "no connection came about in time" : "no answer came in time",
      ),
    );
  }

  accept(answer: string): void {
    if (this.#heard !== null || this.#state.kind !== "pending") return;
    const flaw = flawInSdp(answer);
    if (flaw === null) {
      this.hear("answer", answer);
    } else {
      this.#deps.counters.add("webrtc.bad-signals");
      this.#fail(`bad answer: ${flaw}`);
    }
  }

  /** Hands the other side's description to the browser, which refuses it later with an "error". */
  hear(type: "offer" | "answer", sdp: string): void {
    this.#heard = fingerprintOf(sdp);
    if (this.#peer === undefined || this.#peer.destroyed) return;
    this.#peer.signal({ type, sdp });
  }

  close(): void {
    if (this.#state.kind !== "pending") return;
    this.#state = { kind: "over" };
    this.#release();
  }

  /** A failure known before the owner holds this attempt: told once it does. */
  failSoon(why: string): void {
    this.#deps.clock.soon(() => this.#fail(why));
  }

  /** Waits until the description has all the addresses it will get, and tells it. */
  #gather(connection: RTCPeerConnection, hasServers: boolean): void {
    // simple-peer also asks for renegotiation by this event. We never renegotiate.
    if (this.#gathering) return;
    this.#gathering = true;
    const { clock } = this.#deps;
    const cancelMost = clock.after(GATHER_LIMIT_MS, () => complete());
    let cancelHost = () => {};
    const complete = () => {
      cancelMost();
      cancelHost();
      connection.removeEventListener("icecandidate", look);
      this.#describe(connection);
    };
    const look = () => {
      if (connection.iceGatheringState === "complete") return complete();
      const hasAddress = connection.localDescription?.sdp.includes("a=candidate:") === true;
      if (hasServers || !hasAddress) return;
      connection.removeEventListener("icecandidate", look);
      cancelHost = clock.after(GATHER_HOST_MS, complete);
    };
    connection.addEventListener("icecandidate", look);
    look();
  }

  #describe(connection: RTCPeerConnection): void {
    const sdp = connection.localDescription?.sdp;
    if (sdp === undefined || this.#state.kind !== "pending") return;
    const slim = slimSdp(sdp);
    if (slim.length > MAX_SIGNAL_CHARS) this.#fail("our own description is too long");
    else this.#say(slim);
  }

  #open(connection: RTCPeerConnection, channel: RTCDataChannel): void {
    if (this.#state.kind !== "pending") return;
    const binding = this.#heard === null ? null : bindingOf(connection, this.#heard);
    if (binding === null) {
      this.#fail("the browser shows no clear fingerprint");
      return;
    }
    this.#cancelLimit();
    const pipe = { connection, channel, release: () => this.#release() };
    const open = new RtcChannel(this.#deps, pipe, binding);
    this.#state = { kind: "open", channel: open };
    this.#events.opened(open);
  }

  #fail(why: string): void {
    const state = this.#state;
    this.#state = { kind: "over" };
    this.#release();
    // What the browser says about a description quotes it, and a stranger wrote that.
    const line = oneLine(why);
    if (state.kind === "open") state.channel.end(line);
    else if (state.kind === "pending") this.#events.failed(line);
  }

  #release(): void {
    this.#cancelLimit();
    const peer = this.#peer;
    this.#peer = undefined;
    peer?.destroy();
  }
}

/**
 * simple-peer asks every new connection for its statistics, to learn addresses
 * that nobody here reads: 5 ms of the browser's time at each end of each link.
 * It is told of one pair without addresses instead, which is enough for it.
 */
function answerStatsCheaply(connection: RTCPeerConnection): void {
  const pair = { id: "pair", type: "candidate-pair", selected: true };
  const reports = new Map([[pair.id, pair]]);
  connection.getStats = () => Promise.resolve(reports as unknown as RTCStatsReport);
}

/** Lists the channels that are made on a connection, as they are made. */
function listenForChannels(connection: RTCPeerConnection): RTCDataChannel[] {
  const channels: RTCDataChannel[] = [];
  const create = connection.createDataChannel.bind(connection);
  connection.createDataChannel = (label, init) => {
    const channel = create(label, init);
    channels.push(channel);
    return channel;
  };
  return channels;
}

/** A constructor that "makes" a connection we have made, with our configuration instead of simple-peer's. */
function handingOut(connection: RTCPeerConnection): new () => RTCPeerConnection {
  let unclaimed: RTCPeerConnection | undefined = connection;
  return function () {
    const claimed = unclaimed;
    // simple-peer keeps this constructor for longer than its connection.
    unclaimed = undefined;
    return claimed;
  } as unknown as new () => RTCPeerConnection;
}
