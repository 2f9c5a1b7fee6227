/**
 * The PeerServer, under /peer: it carries the offers and answers by which a
 * newcomer and a gate connect. Here it gets the bounds it lacks, and tells who
 * is connected.
 */
import type { IncomingMessage, RequestListener, Server } from "node:http";
import express from "express";
import { ExpressPeerServer, type IClient } from "peer";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { ADDRESS } from "./ask.ts";
import { RateLimit } from "./rate-limit.ts";

export interface PeerServerEvents {
  /** May this remote address open one more connection now? */
  admits(remoteAddress: string): boolean;
  disconnected(address: string): void;
  failed(): void;
}

/** peerjs beats every 5 s, but a hidden tab's timers may run only once a minute; a tab that ends closes its socket anyway. */
const ALIVE_TIMEOUT_MS = 70_000;
/** A message for somebody who is not there is given up after this, so that a newcomer tries the next gate. A guess. */
const EXPIRE_MS = 1_000;
/** How often that is looked for. */
const EXPIRE_CHECK_MS = 250;
/** Gates and newcomers only, so few even for a large ring. PeerServer's own default. */
const MAX_CLIENTS = 5000;
/** An offer is 500 to 3,000 bytes; ws would take 100 MiB. */
const MAX_MESSAGE_BYTES = 16 * 1024;
/** Messages of one client: 64 newcomers at one gate take about ten each. Guess. */
const MESSAGES = { burst: 1000, perSecond: 100, maxAddresses: 1 };
const TOKEN = /^[\x21-\x7e]{1,64}$/;

export class PeerServerMount {
  /** Answers what comes below /peer over HTTP. */
  readonly handle: RequestListener;
  readonly #clients = new Map<string, IClient>();
  readonly #events: PeerServerEvents;
  #sockets: WebSocketServer | null = null;

  constructor(server: Server, events: PeerServerEvents, now: () => number) {
    this.#events = events;
    const peerServer = ExpressPeerServer(server, {
      path: "/",
      alive_timeout: ALIVE_TIMEOUT_MS,
      expire_timeout: EXPIRE_MS,
      cleanup_out_msgs: EXPIRE_CHECK_MS,
      concurrent_limit: MAX_CLIENTS,
      allow_discovery: false,
      createWebSocketServer: (options) => this.#createSockets(options, now),
    });
    peerServer.on("connection", (client) => this.#clients.set(client.getId(), client));
    peerServer.on("disconnect", (client) => this.#forget(client));
    // Without a listener the first broken message would end the process.
    peerServer.on("error", () => events.failed());

    const app = express();
    // Else errors are answered with a stack trace.
    app.set("env", "production");
    app.disable("x-powered-by");
    app.use("/peer", peerServer);
    this.handle = app;
  }

  get clients(): number {
    return this.#clients.size;
  }

  isConnected(address: string): boolean {
    return this.#clients.has(address);
  }

  /** Ends every connection at once. PeerServer's own two timers cannot be stopped from outside. */
  close(): void {
    for (const socket of this.#sockets?.clients ?? []) socket.terminate();
    this.#sockets?.close();
  }

  #createSockets(options: ServerOptions, now: () => number): WebSocketServer {
    const sockets = new WebSocketServer({
      ...options,
      maxPayload: MAX_MESSAGE_BYTES,
      verifyClient: ({ req }, verdict) => {
        if (!this.#events.admits(req.socket.remoteAddress ?? "")) verdict(false, 429);
        else if (!isWellFormed(req)) verdict(false, 400, "id or token missing or malformed");
        else verdict(true);
      },
    });
    // Before PeerServer's own listener, so that no message of a flood gets through to it.
    sockets.on("connection", (socket) => limitMessages(socket, now));
    this.#sockets = sockets;
    return sockets;
  }

  /** A client that came back under its old name may still be heard leaving under it. */
  #forget(client: IClient): void {
    if (this.#clients.get(client.getId()) !== client) return;
    this.#clients.delete(client.getId());
    this.#events.disconnected(client.getId());
  }
}

function isWellFormed(request: IncomingMessage): boolean {
  const query = new URLSearchParams((request.url ?? "").split("?")[1]);
  return ADDRESS.test(query.get("id") ?? "") && TOKEN.test(query.get("token") ?? "");
}

function limitMessages(socket: WebSocket, now: () => number): void {
  const limit = new RateLimit(MESSAGES, now);
  socket.on("message", () => {
    // Not close(): that would go on reading until the other side agrees.
    if (!limit.take("")) socket.terminate();
  });
}
