/**
 * The peer's situation in words: one place, so that the page never says two things at once. Pure.
 */
import { ProstError } from "../base/errors.ts";
import type { PeerState, RingSnapshot, SignalingStatus } from "../peer/peer.ts";
import { plural } from "./format.ts";

/** The states of a peer, "joined" taken apart, and the two without a peer. */
export type Standing = PeerState | "starting" | "alone" | "failed";

export function standingOf(state: PeerState, ring: RingSnapshot): Standing {
  if (state !== "joined") return state;
  return ring.predecessor === null && ring.successors.length === 0 ? "alone" : "joined";
}

export const STANDING_WORDS: Readonly<Record<Standing, string>> = {
  starting: "Starting",
  joining: "Looking for the ring",
  joined: "In the ring",
  alone: "Alone in the ring",
  rejoining: "Lost the ring, looking for it again",
  left: "Left the ring",
  failed: "Cannot start",
};

export const SIGNALING_WORDS: Readonly<Record<SignalingStatus["state"], string>> = {
  asking: "asking",
  gate: "connected, this node is a gate",
  resting: "reachable, not needed now",
  away: "away",
};

/** What stands in the middle of the ring while there is nothing to draw there. */
export interface CentreText {
  readonly title: string;
  readonly text: string;
  readonly action: "open-tab" | "join-again" | null;
}

export function centreText(
  standing: Standing,
  signaling: readonly SignalingStatus[],
): CentreText | null {
  switch (standing) {
    case "starting":
    case "joining":
      return { title: "Looking for the ring", text: joiningText(signaling), action: null };
    case "alone":
      return {
        title: "You are the first node",
        text: "A ring of one: every key is yours. Open this address in another tab, and it becomes your neighbour.",
        action: "open-tab",
      };
    case "rejoining":
      return {
        title: "Looking for the ring again",
        text: "Every link was lost. Until it is found, this node answers for every key alone.",
        action: null,
      };
    case "left":
      return {
        title: "You left the ring",
        text: "The other nodes were told, and closed the gap.",
        action: "join-again",
      };
    case "joined":
    case "failed":
      return null;
  }
}

function joiningText(signaling: readonly SignalingStatus[]): string {
  if (signaling.length > 0 && signaling.every((server) => server.state === "away")) {
    return "No signaling server answers yet. This tab keeps trying.";
  }
  return "Asking the signaling server for a way in.";
}

export interface Notice {
  readonly title: string;
  readonly text: string;
  /** What a person can look at, in the order worth trying. */
  readonly checks: readonly string[];
}

/** What to say about signaling servers that are away; null when there is nothing to say. */
export function signalingNotice(
  standing: Standing,
  signaling: readonly SignalingStatus[],
): Notice | null {
  const away = signaling.filter((server) => server.state === "away");
  if (away.length === 0 || standing === "left" || standing === "failed") return null;
  const names = away.map((server) => hostOf(server.url)).join(", ");
  if (away.length < signaling.length) {
    return {
      title: `${plural(away.length, "signaling server")} of ${signaling.length} away`,
      text: `${names} cannot be reached. The others are enough.`,
      checks: [],
    };
  }
  const title =
    away.length === 1 ? "The signaling server is away" : "All signaling servers are away";
  switch (standing) {
    case "joined":
      return {
        title,
        text:
          "The ring lives on without it: links, routing and repairs need no server. " +
          "Newcomers cannot enter this way until it is back. This tab keeps asking.",
        checks: [],
      };
    case "alone":
      return {
        title,
        text: "Nobody can find this node until it is back. This tab keeps asking, there is nothing to reload.",
        checks: CHECKS,
      };
    case "starting":
    case "joining":
    case "rejoining":
      return {
        title,
        text: "This tab needs it once, to meet a first node. It keeps trying by itself, there is nothing to reload.",
        checks: CHECKS,
      };
  }
}

const CHECKS: readonly string[] = [
  "Is the server running? (npm start prints its address.)",
  "Is the address right, and is this device online?",
  "Does a firewall or an extension block WebSockets?",
];

/** Why no peer could be made, and what to do. */
export function failureNotice(error: unknown): Notice {
  const code = error instanceof ProstError ? error.code : null;
  if (code === "no-webrtc") {
    return {
      title: "This browser has no WebRTC",
      text: "Nodes of the ring talk to one another over WebRTC, and this browser does not offer it to this page.",
      checks: [
        "Use a current Firefox, Chrome, Edge or Safari.",
        "If WebRTC was switched off by a setting or an extension, allow it here and reload.",
        "Some private or hardened modes remove it: try an ordinary window.",
      ],
    };
  }
  if (code === "insecure-context") {
    return {
      title: "This address is not secure",
      text: "A node keeps a secret key, and the browser lets a page do that only over https or on this machine.",
      checks: [
        "Open the page with https:// instead of http://.",
        "On the machine that runs the server, use http://localhost with the same port.",
      ],
    };
  }
  return {
    title: "This node could not start",
    text: error instanceof Error ? error.message : String(error),
    checks: ["Check the address of this page, then reload."],
  };
}

/** A server as a person calls it: "localhost:8080". */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host || url : url;
}
