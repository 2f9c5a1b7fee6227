/**
 * Zave's invariant, checked on a world after every event.
 *
 * A member's *best successor* is the nearest entry of its successor list that
 * is live: up, and a member. A member whose list is empty is its own, as
 * Chord's first node is. The *ring* is the members that one comes back to by
 * following best successors; all others are *appendages*. It must hold that:
 *
 * | in her words        | here                                                         |
 * | ------------------- | ------------------------------------------------------------ |
 * | OneLiveSuccessor    | every member has a best successor                            |
 * | AtLeastOneRing      | following them leads round at least one ring                 |
 * | AtMostOneRing       | ... and not more than one                                    |
 * | OrderedRing         | one round of it passes its ids in order, wrapping once       |
 * | ConnectedAppendages | from every member they lead to the ring                      |
 *
 * What it assumes, as she does: a ring exists at the start; a failure or a
 * leave never takes the last live entry of a member's list; and a node that
 * fails is found out in time. One more than she does: whoever knows an id can
 * ask that node in her model, but here only over links, so the members that
 * stay must still be joined by open links. `maySpare` is these two. Her proof
 * also wants more members than a list is long, and rings of 2 to 9 are no such
 * rings: for them it is not proved, only checked. It is *not* expected while
 * two rings merge: then there are two until the merge is done, and a ring that
 * winds twice round in between.
 *
 * Source: Zave, arXiv 1502.06461 and 1610.01140.
 */
import type { Id } from "../id/id.ts";
import { inOpen } from "../id/interval.ts";
import { nameOf } from "./oracle.ts";
import type { SimNode, World } from "./world.ts";

/** What does not hold now, in words; empty when all of it holds. A world without members has nothing to hold. */
export function violations(world: World): string[] {
  const members = new Map(world.members().map((member) => [member.id, member]));
  const found: string[] = [];
  const best = new Map<SimNode, SimNode>();
  for (const member of members.values()) {
    const successor = bestSuccessor(member, members);
    if (successor) best.set(member, successor);
    else found.push(`OneLiveSuccessor: ${nameOf(member)} has none in ${listOf(member)}`);
  }
  const rings = ringsOf(members.values(), best);
  if (members.size > 0 && rings.length === 0) found.push("AtLeastOneRing: there is none");
  if (rings.length > 1) found.push(`AtMostOneRing: ${rings.map(named).join(" and ")}`);
  for (const ring of rings) if (!isOrdered(ring)) found.push(`OrderedRing: ${named(ring)} is not`);
  const inRing = new Set(rings.flat());
  for (const member of members.values()) {
    if (rings.length > 0 && !leadsTo(inRing, member, best)) {
      found.push(`ConnectedAppendages: from ${nameOf(member)} no way leads to the ring`);
    }
  }
  return found;
}

/**
 * The same, after every event, for little: the verdict depends on who is a
 * member and on their successor lists, and a list is never changed, only
 * replaced, so where all of these are the very ones of the last time there is
 * nothing to check.
 */
export class InvariantWatch {
  readonly #world: World;
  #members: SimNode[] = [];
  #lists: (readonly Id[])[] = [];
  #verdict: readonly string[] = [];
  /** How often it really had to look. */
  checks = 0;

  constructor(world: World) {
    this.#world = world;
  }

  check(): readonly string[] {
    if (this.#isSame()) return this.#verdict;
    this.#members = this.#world.members();
    this.#lists = this.#members.map(({ node }) => node.view.successors);
    this.checks += 1;
    return (this.#verdict = violations(this.#world));
  }

  #isSame(): boolean {
    let at = 0;
    for (const simNode of this.#world.nodes) {
      if (!simNode.node.isMember) continue;
      if (this.#members[at] !== simNode) return false;
      if (this.#lists[at] !== simNode.node.view.successors) return false;
      at += 1;
    }
    return at === this.#members.length;
  }
}

/**
 * The assumption: were `leaving` gone now, would every other member still have
 * a live successor, and a way to all others? Not one of `doubtful`: a node that
 * was reloaded is live, but an entry or a link made before that stands for the
 * run of it that failed.
 */
export function maySpare(world: World, leaving: SimNode, doubtful: ReadonlySet<SimNode>): boolean {
  const members = world.members().filter((member) => member !== leaving);
  const sure = members.filter((member) => !doubtful.has(member));
  const sureIds = new Set(sure.map(({ id }) => id));
  const haveSuccessors = members.every(({ node }) => {
    const { successors } = node.view;
    return successors.length === 0 || successors.some((id) => sureIds.has(id));
  });
  return members.length > 0 && haveSuccessors && areJoined(sure);
}

/** Whether open links lead from each of them to each other, through them alone. */
function areJoined(members: readonly SimNode[]): boolean {
  const left = new Map(members.map((member) => [member.id, member]));
  const reached = members.slice(0, 1);
  for (const member of reached) {
    left.delete(member.id);
    for (const { id } of member.node.view.membersClockwise) {
      const next = left.get(id);
      // Both ends must hold it: one that only one end has left open is no way back.
      if (!next?.node.links.get(member.id)?.isMember) continue;
      left.delete(id);
      reached.push(next);
    }
  }
  return left.size === 0;
}

function bestSuccessor(member: SimNode, members: ReadonlyMap<Id, SimNode>): SimNode | undefined {
  const { successors } = member.node.view;
  if (successors.length === 0) return member;
  for (const id of successors) {
    const successor = members.get(id);
    if (successor) return successor;
  }
  return undefined;
}

/** Every circle that following best successors goes round, each once. */
function ringsOf(members: Iterable<SimNode>, best: ReadonlyMap<SimNode, SimNode>): SimNode[][] {
  const rings: SimNode[][] = [];
  const seen = new Set<SimNode>();
  for (const start of members) {
    const way: SimNode[] = [];
    let at: SimNode | undefined = start;
    while (at && !seen.has(at)) {
      seen.add(at);
      way.push(at);
      at = best.get(at);
    }
    const from = at ? way.indexOf(at) : -1;
    if (from >= 0) rings.push(way.slice(from));
  }
  return rings;
}

function isOrdered(ring: readonly SimNode[]): boolean {
  const [first] = ring;
  return ring.every(({ id }, at) => {
    const next = ring[at + 1];
    return next === undefined || (inOpen(next.id, id, first!.id) && next !== first);
  });
}

function leadsTo(
  ring: ReadonlySet<SimNode>,
  from: SimNode,
  best: ReadonlyMap<SimNode, SimNode>,
): boolean {
  const seen = new Set<SimNode>();
  for (let at: SimNode | undefined = from; at && !seen.has(at); at = best.get(at)) {
    if (ring.has(at)) return true;
    seen.add(at);
  }
  return false;
}

function named(ring: readonly SimNode[]): string {
  return `(${ring.map(nameOf).join(" > ")})`;
}

function listOf(member: SimNode): string {
  return `[${member.node.view.successors.map((id) => id.slice(0, 6)).join(", ")}]`;
}
