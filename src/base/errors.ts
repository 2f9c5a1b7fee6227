/**
 * The one exception of the project.
 *
 * What a peer can cause is a value; only what a programmer or the page's own
 * caller can cause is thrown, and then as a ProstError. Callers branch on
 * `code`, never on the message.
 */
export type ErrorCode =
  /** A method was called after leave() or close(). The object stays closed. */
  | "closed"
  /** A parameter breaks its documented form or range. Nothing was changed. */
  | "bad-parameter"
  /** This browser has no WebRTC. No peer was made. */
  | "no-webrtc"
  /** The page is not a secure context, so identities cannot be kept apart. No peer was made. */
  | "insecure-context"
  /** A trace did not come back: its message says which receipt came instead. Nothing was changed. */
  | "no-answer"
  /** A package or manifest breaks its form, its bounds, its hash or its signature. Nothing of it ran. */
  | "bad-package"
  /** This node's policy or a quarantine says no. Nothing was changed. */
  | "refused"
  /** Nobody who was asked has this package, or no such peerlet is installed here. */
  | "not-found";

export class ProstError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = "ProstError";
    this.code = code;
  }
}
