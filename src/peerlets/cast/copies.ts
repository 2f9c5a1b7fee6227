/** Copies of groups whose root is another node: this one may be root after it. */
import type { Prost } from "prost/sdk";
import { MAX_GROUPS, MIRROR_MS, NEAR } from "./limits.ts";
import { type Logged, MessageLog, senderOf } from "./log.ts";
import type { Copy, CopyPage, Descriptor, WireMessage } from "./protocol.ts";

interface Kept {
  descriptor: Descriptor | null;
  readonly log: MessageLog;
  atMs: number;
}

export class Copies {
  readonly #prost: Prost;
  readonly #byGroup = new Map<string, Kept>();

  constructor(prost: Prost) {
    this.#prost = prost;
  }

  get groups(): IterableIterator<string> {
    return this.#byGroup.keys();
  }

  /** Keeps what a root sent. False when the caller cannot be one, nor this node a replica; or there is no room. */
  async keep(caller: string, group: string, copy: Copy): Promise<boolean> {
    const replicas = await this.#prost.replicaSet(group, NEAR);
    const ids = new Set(replicas.map(({ id }) => id));
    if (!ids.has(caller) || !ids.has(this.#prost.self)) return false;
    const known = this.#byGroup.get(group);
    if (!known && this.#byGroup.size >= MAX_GROUPS) return false;
    const kept = known ?? { descriptor: null, log: new MessageLog(), atMs: 0 };
    kept.descriptor ??= copy.descriptor;
    kept.atMs = this.#prost.clock.now();
    for (const [sender, run, serial, data] of copy.messages) {
      kept.log.add({ sender, run, serial, data, isOld: true });
    }
    this.#byGroup.set(group, kept);
    return true;
  }

  /** All that is kept of a group. */
  all(group: string): Copy | null {
    const kept = this.#byGroup.get(group);
    return kept ? copyOf(kept, kept.log.all()) : null;
  }

  /** As much as an answer carries. */
  page(group: string, from: number): CopyPage | null {
    const kept = this.#byGroup.get(group);
    return kept ? pageOf(kept, from) : null;
  }

  /** A root that nobody uses need not be replaced before somebody does. */
  isWorthARoot(group: string): boolean {
    const kept = this.#byGroup.get(group);
    return kept !== undefined && (kept.descriptor !== null || kept.log.head > 0);
  }

  sweep(): void {
    const sinceMs = this.#prost.clock.now() - MIRROR_MS;
    for (const [group, { atMs }] of this.#byGroup) {
      if (atMs < sinceMs) this.#byGroup.delete(group);
    }
  }
}

/** What one that becomes the root gets, as much as an answer carries. */
export function pageOf(
  from: { readonly descriptor: Descriptor | null; readonly log: MessageLog },
  place: number,
): CopyPage {
  const { messages, next } = from.log.from(place);
  return { ...copyOf(from, messages), next: next < from.log.head ? next : null };
}

/**
 * What several nodes have of a group, as one: each message once. A log takes none of a
 * sender that comes after a later one, so those of each sender are put in order,
 * into the places that they have together.
 */
export function joined(copies: readonly Copy[]): Copy {
  const bySender = new Map<string, Map<number, WireMessage>>();
  const senders: string[] = [];
  for (const message of copies.flatMap(({ messages }) => messages)) {
    const [sender, run, serial] = message;
    const key = senderOf({ sender, run });
    const known = bySender.get(key) ?? new Map<number, WireMessage>();
    if (known.has(serial)) continue;
    bySender.set(key, known.set(serial, message));
    senders.push(key);
  }
  const inOrder = new Map(
    [...bySender].map(([key, messages]) => [
      key,
      [...messages.values()].toSorted((a, b) => a[2] - b[2]).values(),
    ]),
  );
  const messages = senders.map((key): WireMessage => inOrder.get(key)!.next().value!);
  const descriptor = copies.find((copy) => copy.descriptor !== null)?.descriptor ?? null;
  return { descriptor, messages };
}

function copyOf(
  { descriptor }: { readonly descriptor: Descriptor | null },
  messages: readonly Logged[],
): Copy {
  const wire = messages.map(({ sender, run, serial, data }): WireMessage => [
    sender,
    run,
    serial,
    data,
    true,
  ]);
  return { descriptor, messages: wire };
}
