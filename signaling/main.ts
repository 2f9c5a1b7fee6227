/**
 * Composition root of the signaling server and the code server: one process,
 * one port. Only here are a clock and dice made.
 *
 * A ring needs this server to take newcomers in, and packages that no node has
 * yet come from it; it needs it for nothing else.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { CodeServer } from "./code-server.ts";
import { Gates } from "./gates.ts";
import { createRequestListener } from "./http.ts";
import type { IceServer } from "./ice.ts";
import { Metrics } from "./metrics.ts";
import { PeerServerMount } from "./peer-server.ts";
import { RateLimit } from "./rate-limit.ts";
import { readStaticFiles } from "./static-files.ts";

export { parseIceServers } from "./ice.ts";

export interface ServerOptions {
  /** 0 takes any that is free. */
  readonly port: number;
  /** The interface to listen at; all of them when absent. */
  readonly host?: string;
  /** The network that tabs of this server join unless told otherwise. */
  readonly network: string;
  readonly iceServers: readonly IceServer[];
  readonly version: string;
  /** Where the built app is. */
  readonly appFolder: string;
  /** The packages that the build made: their publisher is vouched for. */
  readonly builtPeerlets?: string;
  /** A folder of packages to serve in addition, whoever published them; looked at while the server runs. */
  readonly ownPeerlets?: string;
  /** Takes a line for the operator, now and then. */
  readonly warn?: (line: string) => void;
}

export interface SignalingServer {
  readonly port: number;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

/** 64 tabs that all load the app and join at once make about 1,000 requests. Guess. */
const REQUESTS = { burst: 2000, perSecond: 100, maxAddresses: 10_000 };
/** Slow clients hold a connection; this long is enough for any body of ours. */
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 10_000;

/** Rejects with an error for people when the port cannot be had. */
export async function startServer(options: ServerOptions): Promise<SignalingServer> {
  const now = (): number => performance.now();
  const gates = new Gates(now, Math.random);
  const metrics = new Metrics();
  const rateLimit = new RateLimit(REQUESTS, now);
  const admits = (remoteAddress: string): boolean => rateLimit.take(remoteAddress);

  const server = createServer({
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  const peerServer = new PeerServerMount(
    server,
    {
      admits,
      disconnected: (address) => gates.drop(address),
      failed: () => metrics.countPeerServerError(),
    },
    now,
  );
  const startedAtMs = now();
  const { network, iceServers, version, builtPeerlets, ownPeerlets } = options;
  const folders = [builtPeerlets, ownPeerlets].filter((folder) => folder !== undefined);
  const listener = createRequestListener({
    gates,
    metrics,
    files: readStaticFiles(options.appFolder),
    codeServer: new CodeServer(folders, now, options.warn ?? (() => {})),
    config: { network, iceServers, version, publishers: readPublishers(builtPeerlets) },
    peerServer: peerServer.handle,
    isConnected: (address) => peerServer.isConnected(address),
    admits,
    metricsText: () =>
      metrics.text({
        clients: peerServer.clients,
        gatesByNetwork: gates.counts(),
        uptimeSeconds: Math.round((now() - startedAtMs) / 1000),
      }),
  });
  server.on("request", listener);

  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, options.port)));
    server.listen(
      { port: options.port, ...(options.host !== undefined && { host: options.host }) },
      resolve,
    );
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        peerServer.close();
        server.closeAllConnections();
      }),
  };
}

/** The build leaves its public key beside its packages. */
function readPublishers(folder: string | undefined): string[] {
  if (folder === undefined) return [];
  try {
    const text = readFileSync(join(folder, "publisher.txt"), "utf8");
    return text.match(/^[0-9a-f]{64}$/gm) ?? [];
  } catch {
    return []; // Nothing was built.
  }
}

function explain(error: NodeJS.ErrnoException, port: number): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new Error(`Port ${port} is in use. Stop what uses it, or take another with --port.`);
    case "EACCES":
      return new Error(`Port ${port} needs more rights. Take one above 1023 with --port.`);
    default:
      return new Error(`Cannot listen on port ${port}: ${error.message}`);
  }
}
