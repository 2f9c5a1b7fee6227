/**
 * How a node finds a parent in the tree of a group.
 *
 * Scribe's way: a join is routed towards the group's key, and the first node of
 * the tree that it meets, or the next hop, which becomes a forwarder, ends it
 * there. The receipt names that node, and the joiner calls it: the caller of a
 * remote method is proved, so nobody is made a child, or a forwarder, in another's
 * name. Who is full names some of its children, and so the joiner goes down the tree.
 *
 * When that has failed, and for closed groups, whose tree has no strangers in
 * it, it begins at the root.
 */
import type { Prost } from "prost/sdk";
import { isProof } from "./crypto.ts";
import { CALL_MS, MAX_ASKED, MAX_REPLICAS } from "./limits.ts";
import { type AtNode, type Asking, ROUTED } from "./protocol.ts";
import { readAdoption } from "./reading.ts";
import type { References } from "../replicated/references.ts";

export type Sought =
  | { readonly kind: "parent"; readonly id: string; readonly path: string[] | null }
  /** This node is the root. */
  | { readonly kind: "root" }
  /** The group does not want this node. */
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "none" };

export interface Seeking {
  readonly prost: Prost;
  readonly references: References<AtNode>;
  readonly group: string;
  readonly asking: Asking;
  /** Begin at the root, not at the next node on the way to it. */
  readonly atRoot: boolean;
  /** Of a closed group that this node has the credential of; else "". */
  readonly publicKey: string;
  /** Whether this node has it as its child. */
  isChild(id: string): boolean;
  /** It is about to ask this one: what comes from it is welcome from now on. */
  asks(id: string): void;
}

export async function seekParent(seeking: Seeking): Promise<Sought> {
  const { prost, group } = seeking;
  if (await isRootOf(prost, group)) return { kind: "root" };
  const first = seeking.atRoot ? await findRoot(seeking) : await findOnTheWay(seeking);
  if (first === null) return { kind: "none" };
  // The ring says so, although this node's own lists do not say it yet: they will.
  if (first === prost.self) return { kind: seeking.atRoot ? "root" : "none" };
  return descend(seeking, first);
}

/** Whether this node is the root of a key, by what it knows itself. */
export async function isRootOf(prost: Prost, key: string): Promise<boolean> {
  const [root] = await prost.replicaSet(key, 1);
  return root?.id === prost.self;
}

/** Whether it is the root because those before it refuse the application: messages for them come here. */
export async function isRootInstead(prost: Prost, key: string): Promise<boolean> {
  const replicas = await prost.replicaSet(key, MAX_REPLICAS);
  if (!replicas.some(({ id }) => id === prost.self)) return false;
  const root = await prost.lookupPeerlet(key, { timeoutMs: CALL_MS }).catch(() => null);
  return root?.id === prost.self;
}

async function findRoot({ prost, group }: Seeking): Promise<string> {
  return (await prost.lookupPeerlet(group, { timeoutMs: 2 * CALL_MS })).id;
}

/** The node that ended the join: that is what "refused" means here. */
async function findOnTheWay({ prost, group }: Seeking): Promise<string | null> {
  const data = Uint8Array.of(ROUTED.join);
  const receipt = await prost.route(group, data, { timeoutMs: 2 * CALL_MS });
  if (receipt.kind === "refused") return receipt.by;
  return receipt.kind === "delivered" ? receipt.root : null;
}

/** Depth first: each node that is full names some of its children. */
async function descend(seeking: Seeking, first: string): Promise<Sought> {
  const { prost, references, group, asking } = seeking;
  const toAsk = [first];
  const asked = new Set([prost.self]);
  for (let id = toAsk.shift(); id !== undefined && asked.size < MAX_ASKED; id = toAsk.shift()) {
    if (asked.has(id) || seeking.isChild(id)) continue;
    asked.add(id);
    seeking.asks(id);
    try {
      const said = await references.at(id, (there) => there.adopt(group, asking));
      const answer = readAdoption(said);
      switch (answer.kind) {
        case "adopted": {
          const path = answer.path && [...answer.path];
          const isFit = mayBeParent(seeking, id, path, answer.proof) && !path?.includes(prost.self);
          if (isFit) return { kind: "parent", id, path };
          break;
        }
        case "ask":
          toAsk.unshift(...answer.nodes);
          break;
        case "no":
          // Only the root speaks for the group: a node further down may lie, or be wrong.
          if (answer.isFinal && id === first)
            return { kind: "refused", why: answer.why || "the group refused it" };
          break;
      }
    } catch {
      // Gone, or busy: the next one.
    }
  }
  return { kind: "none" };
}

/** In a closed group whoever is no member is no parent either, but for the root. */
function mayBeParent(
  { publicKey, group }: Seeking,
  id: string,
  path: readonly string[] | null,
  proof: string,
): boolean {
  if (publicKey === "" || path?.[0] === id) return true;
  return isProof(publicKey, group, id, proof);
}
