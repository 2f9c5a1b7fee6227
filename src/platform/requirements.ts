/**
 * What this browser lacks, before anything is started: said in words that tell
 * a person what to do.
 */
import { ProstError } from "../base/errors.ts";

/** The globals this looks at; a test passes its own. */
export interface BrowserScope {
  readonly isSecureContext?: boolean;
  readonly RTCPeerConnection?: unknown;
}

/** Null when a peer can be made here. */
export function missingRequirement(scope: BrowserScope = globalThis): ProstError | null {
  // First, because an insecure page may hide WebRTC as well, and https is the cure for both.
  if (scope.isSecureContext !== true) {
    return new ProstError(
      "insecure-context",
      "This page was not loaded securely. Open it over https://, or on this machine as http://localhost.",
    );
  }
  if (typeof scope.RTCPeerConnection !== "function") {
    return new ProstError(
      "no-webrtc",
      "This browser has no WebRTC, or an extension or setting turned it off. " +
        "Turn it on, or use a current Chrome, Edge, Firefox or Safari.",
    );
  }
  return null;
}
