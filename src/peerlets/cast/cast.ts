/**
 * What a client of this node can do: the operations of CAST in the common API,
 * with `create` and credentials. The page calls them as `local` methods, other
 * applications through a service; each has groups of its own.
 */
import type { Prost, RemotePeerlet } from "prost/sdk";
import { anycast } from "./anycast.ts";
import type { Clients, Received } from "./clients.ts";
import { hexOf, publicKeyOf } from "./crypto.ts";
import type { Groups } from "./groups.ts";
import { CALL_MS, GIVE_UP_MS, RETRY_MS } from "./limits.ts";
import type { Memberships } from "./memberships.ts";
import type { AtNode } from "./protocol.ts";
import { CREDENTIAL_BYTES, readCreating, readJoining, readReceiving } from "./options.ts";
import { readData, readSubmitted } from "./reading.ts";

export interface Created {
  readonly key: string;
  /** 64 hex digits, of a closed group: whoever has it may join. "" for an open one. */
  readonly credential: string;
}

/** This node in one group. */
export interface Place {
  readonly key: string;
  /** As this client calls it; null for a group that this node only works for. */
  readonly name: string | null;
  readonly role: "root" | "member" | "forwarder";
  readonly isMember: boolean;
  readonly parent: string | null;
  readonly children: readonly string[];
  /** Parent and children that are members themselves, as far as they have said so. */
  readonly near: readonly string[];
  /** Steps to the root; null while there is no way to it. */
  readonly depth: number | null;
}

export class Cast {
  readonly #prost: Prost;
  readonly #groups: Groups;
  readonly #clients: Clients;
  readonly #memberships: Memberships;

  constructor(prost: Prost, groups: Groups, clients: Clients, memberships: Memberships) {
    this.#prost = prost;
    this.#memberships = memberships;
    this.#groups = groups;
    this.#clients = clients;
  }

  /** Makes this node the group's creator. Only closed groups need it; an open one comes to be with its first member. */
  async create(client: string, name: unknown, options: unknown): Promise<Created> {
    const { isClosed, credential: given } = readCreating(options);
    const key = this.#clients.keyOf(client, name);
    const drawn = () => hexOf(this.#prost.random.bytes(CREDENTIAL_BYTES));
    const credential = isClosed ? given || drawn() : "";
    const publicKey = isClosed ? publicKeyOf(credential) : "";
    await this.#atRoot(key, (there) => there.create(key, publicKey));
    return { key, credential };
  }

  /** Resolves when this node is in the tree: every message that is sent from then on comes. */
  async join(client: string, name: unknown, options: unknown): Promise<{ readonly key: string }> {
    const credential = readJoining(options);
    const key = this.#clients.keyOf(client, name);
    const undo = this.#clients.join(client, key, name as string);
    try {
      await this.#groups.join(key, credential);
    } catch (error) {
      if (undo?.()) this.#groups.left(key);
      throw error;
    }
    const joined = this.#clients.nameOf(client, key);
    if (joined === null) throw new Error("this node left the group");
    // Who is in it and comes again without the credential has not lost it.
    if (undo || credential !== "") this.#memberships.add({ client, name: joined, credential });
    return { key };
  }

  leave(client: string, name: unknown): void {
    const key = this.#clients.keyOf(client, name);
    this.#memberships.remove(client, this.#clients.nameOf(client, key) ?? (name as string));
    this.#clients.leave(client, key);
    this.#groups.left(key);
  }

  /** Resolves when the root has it, and a copy is made. Members or not may send to an open group. */
  multicast(client: string, name: unknown, data: unknown): Promise<{ readonly serial: number }> {
    return this.#groups.send(this.#clients.keyOf(client, name), readData(data));
  }

  /** To one other node that is a member, a near one. */
  anycast(client: string, name: unknown, data: unknown) {
    return anycast(this.#prost, this.#groups, this.#clients.keyOf(client, name), readData(data));
  }

  /** The groups of this client, and those that this node works for. */
  places(client: string): Place[] {
    return this.#groups.all
      .filter(({ group }) => this.#clients.isIn(client, group) || !this.#clients.has(group))
      .map((node) => {
        const isMember = this.#clients.has(node.group);
        const role = isMember ? "member" : "forwarder";
        return {
          key: node.group,
          name: this.#clients.nameOf(client, node.group),
          role: node.root.isHere ? "root" : role,
          isMember,
          parent: node.parent.id,
          children: node.children.ids,
          near: node.near,
          depth: node.path && node.path.length - 1,
        };
      });
  }

  received(client: string, name: unknown, options: unknown): Received[] {
    const after = readReceiving(options);
    return this.#clients.received(client, this.#clients.keyOf(client, name), after);
  }

  /** An application is not here any more. */
  leaveAll(client: string): void {
    for (const name of this.#clients.namesOf(client)) this.leave(client, name);
  }

  async #atRoot(key: string, work: (there: RootOf) => Promise<unknown>): Promise<void> {
    const { clock, random } = this.#prost;
    const untilMs = clock.now() + GIVE_UP_MS;
    let waitMs: number = RETRY_MS.first;
    while (clock.now() < untilMs) {
      try {
        const there = await this.#prost.lookupPeerlet<AtNode>(key, { timeoutMs: 2 * CALL_MS });
        const answer = readSubmitted(await work(there));
        if (answer.kind === "taken") return;
        if (answer.kind === "no") throw new Refusal(answer.why || "the root refused it");
      } catch (error) {
        if (error instanceof Refusal) throw error;
      }
      const pauseMs = waitMs * (0.5 + random.next());
      await new Promise<void>((resolve) => {
        clock.after(pauseMs, resolve);
      });
      waitMs = Math.min(RETRY_MS.most, 2 * waitMs);
    }
    throw new Error("the root of the group did not answer: try again");
  }
}

type RootOf = RemotePeerlet<AtNode>;

class Refusal extends Error {}
