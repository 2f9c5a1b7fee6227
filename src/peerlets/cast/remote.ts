/** What peerlets of other nodes may call here. The caller is proved; what it brings is read before anything else. */
import type { Prost } from "prost/sdk";
import { pageOf } from "./copies.ts";
import { isProof } from "./crypto.ts";
import type { GroupNode } from "./group-node.ts";
import type { Groups } from "./groups.ts";
import { BATCH_MESSAGES, MAX_GROUPS_OF_ONE, MIRRORS } from "./limits.ts";
import type {
  Adoption,
  AnycastAnswer,
  AtNode,
  CopyPage,
  Descriptor,
  Polled,
  Shown,
  Submitted,
} from "./protocol.ts";
import {
  readAsking,
  readCopy,
  readData,
  readGroup,
  readHex,
  readList,
  readMessages,
  readPath,
  readPlace,
  readRun,
  readSerial,
  readShown,
  readWhy,
} from "./reading.ts";

type Remote = {
  readonly [Name in keyof AtNode]: (caller: string, ...args: unknown[]) => unknown;
};

export function remoteOf(prost: Prost, groups: Groups): Remote {
  return {
    create: async (caller, group, publicKey): Promise<Submitted> => {
      const [key, hex] = [readGroup(group), readHex(publicKey, 32)];
      const node = await groups.rootNode(key, caller);
      return node ? describe(groups, node, { creator: caller, publicKey: hex }) : { kind: "later" };
    },
    adopt: async (caller, group, asking): Promise<Adoption> => {
      const [key, read] = [readGroup(group), readAsking(asking)];
      const why = groups.whyRefused(key);
      if (why !== null) return { kind: "no", why, isFinal: true };
      const node = await groups.nodeFor(key, caller);
      if (!node) return { kind: "no", why: "this node is in too many groups", isFinal: false };
      await learn(groups, node, caller, read);
      const answer = node.adopt(caller, read);
      node.parent.seek();
      return answer;
    },
    poll: (caller, group, isMember): Polled =>
      groups.get(readGroup(group))?.poll(caller, isMember === true) ?? { kind: "stranger" },
    deliver: async (caller, group, path, messages, isCaughtUp): Promise<boolean> => {
      const node = groups.get(readGroup(group));
      const [way, batch] = [readPath(path), readMessages(messages)];
      return (await node?.deliver(caller, way, batch, isCaughtUp === true)) ?? false;
    },
    part: (caller, group, why): void => groups.get(readGroup(group))?.part(caller, readWhy(why)),
    submit: async (caller, group, run, messages, proof, after, publicKey): Promise<Submitted> => {
      const list = readList(messages, BATCH_MESSAGES).map((each) => {
        const [serial, data] = readList(each, 2);
        return { serial: readSerial(serial), data: readData(data) };
      });
      const [key, shown] = [readGroup(group), readShown(proof, publicKey)];
      const batch = { sender: caller, run: readRun(run), messages: list, after: readPlace(after) };
      const node = await groups.rootNode(key, caller);
      if (!node) return { kind: "later" };
      await learn(groups, node, caller, shown);
      return node.root.submit(batch, shown);
    },
    mirror: async (caller, group, copy): Promise<boolean> => {
      const key = readGroup(group);
      const read = readCopy(copy);
      if (!(await groups.copies.keep(caller, key, read))) return false;
      const node = groups.get(key);
      // Another node was the root for a while, or still is: what it took is for the members of this one, too.
      if (node?.root.isHere) node.root.merge(read);
      // Or the old root gives way to this one.
      else void groups.copied(key).catch(() => {});
      return true;
    },
    copyOf: async (caller, group, from): Promise<CopyPage | null> => {
      const [key, place] = [readGroup(group), readPlace(from)];
      const replicas = await prost.replicaSet(key, 1 + MIRRORS);
      // It may have come just now, and is known here in a moment: then it asks again.
      if (!replicas.some(({ id }) => id === caller)) {
        throw new Error("as far as this node knows, you are no replica of this group");
      }
      const node = groups.get(key);
      return node?.root.isHere ? pageOf(node, place) : groups.copies.page(key, place);
    },
    anycast: (caller, group, data, proof): AnycastAnswer => {
      const [key, read] = [readGroup(group), readData(data)];
      const node = groups.get(key);
      const shown = readShown(proof, node?.publicKey);
      if (node?.refusalOf(caller, shown) !== "") return { isTaken: false, next: [] };
      if (groups.takeAnycast(key, caller, read)) return { isTaken: true, next: [] };
      return { isTaken: false, next: node.neighbours };
    },
  };
}

/**
 * Nobody told this root what the group is, and nobody is in it: the first who shows
 * a credential makes it a closed one, as `create` does. So a closed group stays one
 * though all that knew of it have crashed, and a credential never leads into an open one.
 */
async function learn(groups: Groups, node: GroupNode, caller: string, shown: Shown): Promise<void> {
  const { proof, publicKey } = shown;
  if (!node.root.isHere || node.descriptor !== null || publicKey === "") return;
  if (!isProof(publicKey, node.group, caller, proof)) return;
  await describe(groups, node, { creator: caller, publicKey });
}

/** The group has an owner now, or it is said why not. */
async function describe(groups: Groups, node: GroupNode, wanted: Descriptor): Promise<Submitted> {
  const { creator, publicKey } = wanted;
  const known = node.descriptor;
  if (known) {
    const isOwn = known.creator === creator || publicKey !== "";
    const isSame = isOwn && known.publicKey === publicKey;
    return isSame
      ? { kind: "taken" }
      : { kind: "no", why: "a group of this name was created before" };
  }
  const isUsed = node.children.count > 0 || groups.hasMembers(node.group);
  if (isUsed && publicKey !== "") {
    return { kind: "no", why: "an open group of this name is in use: take another name" };
  }
  const own = groups.all.filter((each) => each.descriptor?.creator === creator);
  if (own.length >= MAX_GROUPS_OF_ONE) {
    return { kind: "no", why: `this root keeps ${MAX_GROUPS_OF_ONE} groups of this node already` };
  }
  node.descriptor = wanted;
  await node.root.describe();
  return { kind: "taken" };
}
