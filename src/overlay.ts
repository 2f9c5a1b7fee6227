/**
 * joinOverlay(): the composition root of the library, and what `import
 * { joinOverlay } from "prost"` gives. It makes every port of the core for a
 * browser tab and plugs the layers together; it decides nothing itself.
 */
import { Counters } from "./base/counters.ts";
import { ProstError } from "./base/errors.ts";
import { DEFAULT_GATES_PARAMS } from "./chord/gates.ts";
import { Membership } from "./chord/membership.ts";
import { ChordNode } from "./chord/node.ts";
import { DEFAULT_PARAMS } from "./chord/params.ts";
import { Dispatcher } from "./kbr/dispatcher.ts";
import type { Link } from "./link/link.ts";
import { InstalledPeerlets } from "./peer/installed-peerlets.ts";
import { PeerletManager } from "./peer/manager.ts";
import { OverlayPeer } from "./peer/overlay-peer.ts";
import type { LinkInfo, Peer, RingSnapshot } from "./peer/peer.ts";
import { browserEnv } from "./platform/browser-env.ts";
import { fetchCode } from "./platform/code-server.ts";
import { FrameSandbox } from "./platform/frame-sandbox.ts";
import { IdbStorage } from "./platform/idb-storage.ts";
import { claimIdentity } from "./platform/identity-pool.ts";
import { missingRequirement } from "./platform/requirements.ts";
import { readServerConfig } from "./platform/server-config.ts";
import { signaturesOf } from "./platform/web-crypto.ts";
import { MAX_NETWORK_BYTES } from "./wire/limits.ts";

export type { Peer } from "./peer/peer.ts";
export { ProstError } from "./base/errors.ts";

export interface JoinOptions {
  /** Addresses of signaling servers, e.g. ["https://example.org"]. Default: where the page came from. */
  readonly signaling?: readonly string[];
  /** Nodes of different networks never link. Default: what the server's configuration says, else "prost". */
  readonly network?: string;
  /** Default: what the server's configuration says, else none: then no third party is contacted. */
  readonly iceServers?: readonly RTCIceServer[];
  /** The folder of the sandbox documents, with a slash at its end. Default: `sandbox/` beside the page. */
  readonly sandboxUrl?: string;
}

/**
 * Makes this tab a node of the overlay. Resolves as soon as there is a peer,
 * which then is still "joining": what is routed meanwhile waits.
 *
 * Rejects with a ProstError when the browser lacks something ("no-webrtc",
 * "insecure-context") or an option is wrong ("bad-parameter"); a server that is
 * away is no error, it is asked again.
 */
export async function joinOverlay(options: JoinOptions = {}): Promise<Peer> {
  const missing = missingRequirement();
  if (missing) throw missing;
  // Not before that: PeerJS reaches for WebRTC when it is loaded, and fails without.
  const [{ GateClient }, { WebRtcTransport }] = await Promise.all([
    import("./platform/gate-client.ts"),
    import("./platform/webrtc-transport.ts"),
  ]);
  const servers = (options.signaling ?? [new URL(".", location.href).href]).map(checkServer);
  if (servers.length === 0) throw bad("name at least one signaling server");
  const env = browserEnv();
  const counters = new Counters();
  const local = storageOrNothing(() => localStorage);
  const config = await readServerConfig(servers[0]!, local);
  const network = checkNetwork(options.network ?? config.network);
  const iceServers = options.iceServers ?? config.iceServers;

  const claimed = await claimIdentity(network, {
    clock: env.clock,
    storage: new IdbStorage("prost"),
    locks: navigator.locks,
    session: storageOrNothing(() => sessionStorage),
    bytes: (count) => env.random.bytes(count),
  });
  const { identity, verify } = await signaturesOf(claimed.secret);
  const rtc = { clock: env.clock, counters };
  const sandbox = new FrameSandbox({
    baseUrl: options.sandboxUrl ?? new URL("sandbox/", location.href).href,
    clock: env.clock,
    counters,
  });
  const manager = new PeerletManager({
    env,
    counters,
    identity,
    verify,
    sandbox,
    openStorage: (name) => new IdbStorage(`prost-${network}-${identity.id}-${name}`),
    fetchCode,
    codeServers: [...new Set(servers.map((url) => new URL(url).origin))],
    kbr: () => node,
    emit: (event, detail) => peer.emit(event, detail),
  });
  const peerlets = new InstalledPeerlets({
    verify,
    fetchCode,
    sandbox,
    manager,
    self: identity.id,
    // "./x" and "/x" and "x/y"; anything else is no path, and said to be wrong.
    resolveUrl: (address) =>
      /^[\w.-]*\//.test(address) ? new URL(address, location.href).href : null,
  });
  const dispatcher = new Dispatcher(env, counters, manager, (id, joined) => {
    manager.update(id, joined);
    peer.emit("update", { id, joined });
  });
  const node = new ChordNode({
    env,
    identity,
    verify,
    network,
    transport: new WebRtcTransport(rtc, iceServers),
    counters,
    params: DEFAULT_PARAMS,
    upcalls: dispatcher,
  });
  const gateClients = servers.map(
    (url) =>
      new GateClient(
        { url, network, nodeId: node.id, iceServers },
        { ...rtc, log: env.log, storage: local },
      ),
  );
  const membership = new Membership(env, counters, node, gateClients, DEFAULT_GATES_PARAMS);
  const peer = new OverlayPeer({
    clock: env.clock,
    counters,
    network,
    kbr: node,
    dispatcher,
    peerlets,
    policy: manager.policy,
    installed: (appId) => manager.installed(appId),
    ring: () => snapshotOf(node, env.clock.now()),
    signaling: () => membership.signaling,
    leave: () => {
      manager.close();
      membership.leave();
      claimed.release();
    },
  });
  peer.on("peerlet", ({ appId, state, why }) => {
    if (state !== "running") peerlets.peerletChanged(appId, why);
  });
  membership.events.on("state", (state) => peer.become(state));
  membership.events.on("signaling", (status) => peer.emit("signaling", status));
  node.events.on("link", (event) => peer.emit("link", event));
  membership.start();
  return peer;
}

function snapshotOf(node: ChordNode, nowMs: number): RingSnapshot {
  const { predecessors, successors } = node.view;
  const [predecessor] = predecessors;
  return {
    predecessor: predecessor === undefined ? null : { id: predecessor },
    successors: successors.map((id) => ({ id })),
    links: [...node.links.all()].map((link) => infoOf(link, nowMs)),
    estimatedSize: Math.round(node.view.estimatedSize()),
  };
}

function infoOf(link: Link, nowMs: number): LinkInfo {
  return {
    id: link.id,
    role: link.wants === "nothing" ? "other" : link.wants,
    path: link.path,
    member: link.isMember,
    rttMs: link.rtt.smoothedMs,
    ageMs: nowMs - link.openedAtMs,
    sentBytes: link.sentBytes,
    receivedBytes: link.receivedBytes,
    linkedTo: [...(link.state?.links ?? [])],
  };
}

function checkServer(address: string): string {
  // URL.parse would do without the try, but older browsers lack it.
  try {
    const { protocol, href } = new URL(address);
    if (protocol === "http:" || protocol === "https:") return href.replace(/\/$/, "");
  } catch {
    // Said below.
  }
  throw bad(`a signaling server is an http: or https: address, not "${address}"`);
}

function checkNetwork(name: string): string {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes >= 1 && bytes <= MAX_NETWORK_BYTES) return name;
  throw bad(`a network's name has 1 to ${MAX_NETWORK_BYTES} bytes of UTF-8`);
}

/** Reaching for storage that the browser refuses throws. */
function storageOrNothing(reach: () => Storage): Storage | undefined {
  try {
    return reach();
  } catch {
    return undefined;
  }
}

function bad(message: string): ProstError {
  return new ProstError("bad-parameter", message);
}
