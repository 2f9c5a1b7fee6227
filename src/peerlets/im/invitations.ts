/**
 * Invitations: brings this application to nodes where nobody has installed it.
 *
 * A message that is routed to a node's own id is enough: the node fetches the
 * code for it, as its policy allows. It asks nobody for anything else, so what
 * arrives is not looked at.
 */
import type { Prost } from "prost/sdk";
import { keyAfter } from "../replicated/arcs.ts";

export interface Invited {
  /** Nodes that have the application now. */
  readonly nodes: readonly string[];
  /** Nodes that would not, with their reasons. */
  readonly refused: readonly { readonly node: string; readonly why: string }[];
}

/** At once; a guess: a room full of people. */
export const MOST_INVITED = 64;
/** To fetch and start it there, in ms. A guess. */
const INVITE_MS = 20_000;

const NOTHING = new Uint8Array(0);

/** Invites the next nodes clockwise, one after the other, until all the ring is invited or it is enough. */
export async function invite(prost: Prost, count: number): Promise<Invited> {
  if (!Number.isInteger(count) || count < 1 || count > MOST_INVITED) {
    throw new TypeError(`1 to ${MOST_INVITED} nodes are invited at once`);
  }
  const nodes: string[] = [];
  const refused: { node: string; why: string }[] = [];
  let last = prost.self;
  while (nodes.length + refused.length < count) {
    const key = keyAfter(last);
    const receipt = await prost.route(key, NOTHING, { timeoutMs: INVITE_MS });
    // A root that refuses passes the message on: then the next one has it, and is said to be the root.
    const node =
      receipt.kind === "delivered" ? receipt.root : receipt.kind === "refused" ? receipt.by : null;
    if (node === null) break;
    if (node === prost.self || nodes.includes(node)) break;
    if (receipt.kind === "delivered") nodes.push(node);
    else if (receipt.kind === "refused") refused.push({ node, why: receipt.why });
    last = node;
  }
  return { nodes, refused };
}
