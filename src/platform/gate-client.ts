/**
 * `Signaling` with one server: PeerJS for the connections, fetch for the list.
 *
 * PeerJS only arranges. As soon as a connection is open it is taken out of
 * PeerJS' hands (`half-open.ts`), because a Peer closes every connection it knows
 * of when it is destroyed, and those to one node when the server says LEAVE.
 * So the end of a socket, or of the server, ends no channel.
 *
 * Each connection to the server has a fresh address: PeerServer holds on to an
 * old one after a reload and calls it taken. PeerJS' own ICE servers (Google's
 * and its own) are never used: no third party is contacted.
 *
 * What PeerJS does, here and in comments below, was read in peerjs 1.5.5.
 */
import { type DataConnection, Peer } from "peerjs";
import type { Log } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { Channel } from "../link/channel.ts";
import { Rate } from "../base/rate.ts";
import type { Gate, Role, Signaling, SignalingAnswer, SignalingEvents } from "../link/signaling.ts";
import type { Attempt } from "../link/transport.ts";
import { GateList } from "./gate-list.ts";
import { type NodeMessage, type ServerMessage, readServerMessage } from "./gate-messages.ts";
import { HalfOpen, type HalfOpenEvents } from "./half-open.ts";
import { oneLine } from "./one-line.ts";
import { RememberedGates } from "./remembered-gates.ts";
import type { RtcDeps } from "./rtc-channel.ts";

/** The port allows 10 s; ours are a little shorter, so that the answer is on time. */
const ASK_LIMIT_MS = 9_500;
const CONNECT_LIMIT_MS = 9_500;

/** Knocks in the making at one time; each holds an RTCPeerConnection. A guess: each takes some 50 ms. */
const MAX_KNOCKS = 16;

/** Of these, from one address: an honest one has one, and a second when it tries again. */
const MAX_KNOCKS_OF_ONE = 2;

/** Knocks in quick succession, and how fast that allowance comes back. Guesses: a class opens the page at once. */
const KNOCK_BURST = 64;
const KNOCKS_PER_SECOND = 8;

export interface GateClientParams {
  /** The server's address, e.g. "https://example.org" or "https://example.org/prost". */
  readonly url: string;
  readonly network: string;
  readonly nodeId: Id;
  /** As the server's configuration says. With none, nobody but the other node is contacted. */
  readonly iceServers: readonly RTCIceServer[];
}

export interface GateClientDeps extends RtcDeps {
  readonly log: Log;
  /** localStorage; undefined where it is refused. */
  readonly storage: Pick<Storage, "getItem" | "setItem"> | undefined;
}

/** Our connection to the PeerServer. */
interface Session {
  readonly peer: Peer;
  readonly address: string;
  isOpen: boolean;
  /** What PeerJS said last, for people. */
  lastError: string;
  /** Told once, when it is open (null) or will never be (why). */
  readonly waiting: ((why: string | null) => void)[];
}

export class GateClient implements Signaling {
  readonly url: string;
  readonly #params: GateClientParams;
  readonly #deps: GateClientDeps;
  readonly #list: GateList;
  #events: SignalingEvents | undefined;
  #session: Session | undefined;
  readonly #rounds = new Set<(why: string) => void>();
  readonly #halfOpen = new Map<string, HalfOpen>();
  readonly #knockRate: Rate;
  #closed = false;

  constructor(params: GateClientParams, deps: GateClientDeps) {
    this.url = params.url.replace(/\/+$/, "");
    this.#params = params;
    this.#deps = deps;
    const remembered = new RememberedGates(deps.storage, params.network, this.url);
    this.#list = new GateList(this.url, params.network, params.nodeId, remembered);
    this.#knockRate = new Rate(KNOCK_BURST, KNOCKS_PER_SECOND, deps.clock.now());
  }

  attach(events: SignalingEvents): void {
    this.#events = events;
  }

  ask(role: Role, done: (answer: SignalingAnswer) => void): void {
    const aborter = new AbortController();
    const end = (answer: SignalingAnswer): void => {
      if (!this.#rounds.delete(giveUp)) return;
      cancelLimit();
      aborter.abort();
      done(answer);
    };
    const giveUp = (why: string): void => end({ kind: "away", why });
    this.#rounds.add(giveUp);
    const cancelLimit = this.#deps.clock.after(ASK_LIMIT_MS, () =>
      giveUp("the server did not answer in time"),
    );
    const askList = async (session: Session | null): Promise<void> => {
      if (aborter.signal.aborted) return;
      const answer = await this.#list.ask(role, session?.address ?? null, aborter.signal);
      if (answer.kind !== "unconnected") return end(answer);
      // The next round connects anew.
      if (session !== null) this.#drop(session, "the server has lost our connection");
      giveUp(answer.why);
    };
    if (role === "visitor" && !this.#closed) void askList(null);
    else {
      this.#withSession((session, why) => {
        if (session === null) giveUp(why);
        else void askList(session);
      });
    }
  }

  connect(
    gate: Gate,
    events: { opened(channel: Channel): void; failed(why: string): void },
  ): Attempt {
    let halfOpen: HalfOpen | undefined;
    let isOver = false;
    const fail = (why: string): void => {
      if (isOver) return;
      isOver = true;
      cancelLimit();
      halfOpen?.abandon();
      events.failed(why);
    };
    const opened = (channel: Channel): void => {
      isOver = true;
      cancelLimit();
      events.opened(channel);
    };
    const cancelLimit = this.#deps.clock.after(CONNECT_LIMIT_MS, () =>
      fail("the gate did not answer in time"),
    );
    this.#withSession((session, why) => {
      if (isOver) return;
      if (session === null) return fail(why);
      try {
        const connection = session.peer.connect(gate.address, {
          serialization: "raw",
          reliable: true,
        });
        halfOpen = this.#track(connection, { opened, failed: fail });
      } catch (error) {
        // The browser's limit of connections; or the socket was lost just now.
        fail(`no connection could be made: ${(error as Error).message}`);
      }
    });
    return {
      close: () => {
        if (isOver) return;
        isOver = true;
        cancelLimit();
        halfOpen?.abandon();
      },
    };
  }

  rest(): void {
    for (const giveUp of [...this.#rounds]) giveUp("resting");
    const session = this.#session;
    // No request is needed: the server forgets a gate whose socket ends.
    if (session !== undefined) this.#drop(session, "resting");
  }

  close(): void {
    this.#closed = true;
    this.rest();
    for (const halfOpen of [...this.#halfOpen.values()]) halfOpen.fail("closed");
  }

  // ---- The connection to the server --------------------------------------------------

  /** Gives the open session, or null and why there is none. Never before it returns. */
  #withSession(then: (session: Session | null, why: string) => void): void {
    const soon = (task: () => void): void => this.#deps.clock.soon(task);
    if (this.#closed) return soon(() => then(null, "closed"));
    let session: Session;
    try {
      session = this.#session ?? this.#openSession();
    } catch (error) {
      // A page that came by https may not open ws://.
      return soon(() => then(null, `the browser refused: ${(error as Error).message}`));
    }
    const settle = (why: string | null): void =>
      why === null ? then(session, "") : then(null, why);
    if (!session.isOpen) session.waiting.push(settle);
    else soon(() => settle(session === this.#session ? null : session.lastError));
  }

  #openSession(): Session {
    const { hostname, port, pathname, protocol } = new URL(this.url);
    const secure = protocol === "https:";
    const address = crypto.randomUUID();
    const peer = new Peer(address, {
      host: hostname,
      port: port === "" ? (secure ? 443 : 80) : Number(port),
      path: `${pathname.replace(/\/$/, "")}/peer`,
      secure,
      key: "peerjs",
      config: { iceServers: [...this.#params.iceServers] },
    });
    const session: Session = { peer, address, isOpen: false, lastError: "", waiting: [] };
    this.#session = session;
    this.#guard(session);
    peer.on("open", () => {
      session.isOpen = true;
      for (const tell of session.waiting.splice(0)) tell(null);
    });
    peer.on("connection", (connection) => this.#knocked(connection));
    peer.on("error", (error) => {
      session.lastError =
        session.isOpen || error.type !== "network" ? oneLine(error.message) : UNREACHABLE;
      this.#deps.log.debug("peerjs error", { type: error.type, message: session.lastError });
    });
    // All that ends the socket comes by here: refused, lost, thrown out by the server.
    peer.on("disconnected", () =>
      this.#drop(session, session.lastError || "the connection to the server ended"),
    );
    return session;
  }

  /**
   * Ends our side of a session. Connections in the making go on: some need the
   * server no more. Never `destroy()`, which would close them.
   */
  #drop(session: Session, why: string): void {
    if (session !== this.#session) return;
    this.#session = undefined;
    session.lastError = why;
    const wasOpen = session.isOpen;
    session.isOpen = false;
    session.peer.disconnect();
    for (const tell of session.waiting.splice(0)) tell(why);
    if (wasOpen && why !== "resting") this.#events?.lost(why);
  }

  /** Puts our own reader between the socket and PeerJS. */
  #guard(session: Session): void {
    const { socket } = session.peer;
    const toPeerJs = socket.listeners("message");
    socket.removeAllListeners("message");
    socket.on("message", (data: unknown) => {
      const message = readServerMessage(data);
      if (message === null) this.#deps.counters.add("signaling.bad-messages");
      if (message === null || !this.#admits(message, session)) return;
      try {
        for (const listener of toPeerJs) listener(message);
      } catch (error) {
        // The browser's limit of connections, met by an offer.
        this.#deps.counters.add("signaling.refused-by-browser");
        this.#deps.log.debug("peerjs threw", { message: oneLine((error as Error).message) });
      }
    });
  }

  #admits(message: ServerMessage, session: Session): boolean {
    switch (message.type) {
      case "OPEN":
      case "ERROR":
      case "ID-TAKEN":
      case "INVALID-KEY":
        return true;
      case "EXPIRE":
      case "LEAVE":
        this.#failAllTo(
          message.src,
          message.type === "EXPIRE" ? "the gate is gone" : "the gate refused or left",
        );
        return false;
      case "OFFER":
        return this.#admitsKnock(message, session);
      case "ANSWER":
      case "CANDIDATE":
        return (
          this.#halfOpen.get(keyOf(message.src, message.payload.connectionId))?.admits(message) ??
          false
        );
    }
  }

  #failAllTo(address: string, why: string): void {
    for (const halfOpen of [...this.#halfOpen.values()]) {
      if (halfOpen.address === address) halfOpen.fail(why);
    }
  }

  // ---- Connections in the making -----------------------------------------------------

  #admitsKnock(offer: NodeMessage, session: Session): boolean {
    const isKnown = this.#halfOpen.has(keyOf(offer.src, offer.payload.connectionId));
    const knocks = [...this.#halfOpen.values()].filter((halfOpen) => halfOpen.isKnock);
    const ofThisOne = knocks.filter((knock) => knock.address === offer.src);
    const isAdmitted =
      !isKnown && knocks.length < MAX_KNOCKS && ofThisOne.length < MAX_KNOCKS_OF_ONE;
    if (isAdmitted && this.#knockRate.allows(this.#deps.clock.now())) return true;
    this.#deps.counters.add("signaling.knocks-refused");
    // So that an honest newcomer need not wait for its time limit.
    session.peer.socket.send({ type: "LEAVE", dst: offer.src });
    return false;
  }

  #knocked(connection: DataConnection): void {
    const cancelLimit = this.#deps.clock.after(CONNECT_LIMIT_MS, () => halfOpen.fail("too slow"));
    const halfOpen = this.#track(
      connection,
      {
        opened: (channel) => {
          cancelLimit();
          if (this.#events === undefined) channel.close();
          else this.#events.knocked(channel);
        },
        failed: (why) => {
          cancelLimit();
          this.#deps.log.debug("knock failed", { why });
        },
      },
      true,
    );
  }

  #track(connection: DataConnection, events: HalfOpenEvents, isKnock = false): HalfOpen {
    const key = keyOf(connection.peer, connection.connectionId);
    const halfOpen = new HalfOpen(connection, isKnock, this.#deps, events, () =>
      this.#halfOpen.delete(key),
    );
    this.#halfOpen.set(key, halfOpen);
    halfOpen.start();
    return halfOpen;
  }
}

/** PeerJS speaks of a lost connection even when there never was one. */
const UNREACHABLE = "the server cannot be reached";

function keyOf(address: string, connectionId: string): string {
  return `${address} ${connectionId}`;
}
