/**
 * What a tab may ask of the list of gates: the body of POST /gates. Everything
 * in it has a form and a bound, and what breaks one is told how to mend it.
 */
import type { Asker } from "./gates.ts";

const ROLES = ["visitor", "newcomer", "gate", "rest"] as const;
export type Role = (typeof ROLES)[number];

export interface Ask extends Asker {
  readonly role: Role;
}

/** The four fields at their longest are 220 bytes; the rest is air. */
export const MAX_BODY_BYTES = 2048;

/** Names of networks also end up in the metrics, so they are plain. 64 is plenty. */
const NETWORK = /^[A-Za-z0-9._-]{1,64}$/;
const NODE_ID = /^[0-9a-f]{40}$/;
/** PeerJS ids; tabs choose random UUIDs. */
export const ADDRESS = /^[A-Za-z0-9-]{1,64}$/;

export type ParsedAsk =
  | { readonly kind: "ask"; readonly ask: Ask }
  /** `why` says what to do. */
  | { readonly kind: "bad"; readonly why: string };

export function parseAsk(body: string): ParsedAsk {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return bad("Send a JSON object.");
  }
  if (typeof value !== "object" || value === null) return bad("Send a JSON object.");

  const { network, nodeId, address, role } = value as Record<string, unknown>;
  if (!matches(network, NETWORK)) {
    return bad("network: send 1 to 64 characters of A-Z a-z 0-9 . _ -");
  }
  if (!matches(nodeId, NODE_ID)) return bad("nodeId: send 40 lowercase hex digits.");
  if (!isRole(role)) return bad(`role: send one of ${ROLES.join(", ")}.`);
  // A visitor has no connection, so it may have no address either.
  const needsAddress = role !== "visitor" || (address !== undefined && address !== "");
  if (needsAddress && !matches(address, ADDRESS)) {
    return bad("address: send your PeerJS id, 1 to 64 characters of A-Z a-z 0-9 -");
  }
  return {
    kind: "ask",
    ask: { network, nodeId, role, address: typeof address === "string" ? address : "" },
  };
}

function matches(value: unknown, form: RegExp): value is string {
  return typeof value === "string" && form.test(value);
}

function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}

function bad(why: string): ParsedAsk {
  return { kind: "bad", why };
}
