/** What came: taken once, strangers bounded; and the lists of whom one knows. */
import { expect, test } from "vitest";
import { bytesOfHex, hexOf } from "./bytes.ts";
import { conversationOf } from "./conversations.ts";
import { keysOf } from "./crypto.ts";
import { open, seal } from "./envelope.ts";
import { NOW, ann, annKey, bob, bobKey, bytes, eve, fakeProst, text } from "./fakes.ts";
import { History, type Message } from "./history.ts";
import { Inbox } from "./inbox.ts";
import { MAX_REQUESTS, MAX_REQUEST_MESSAGES, MAX_SEALED_AGE_MS } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import type { Dht } from "./owned.ts";
import { Rates } from "./rates.ts";
import { Roster } from "./roster.ts";

const [NODE, OTHER_NODE] = ["0a".repeat(20), "0b".repeat(20)];

function inboxOf() {
  const { prost, pass } = fakeProst();
  const history = new History(prost);
  const roster = new Roster(prost, {} as Dht, bob);
  const acked: string[] = [];
  const outbox = {
    acknowledge: (_to: string, ids: readonly string[]) => void acked.push(...ids),
    acked: () => {},
  } as unknown as Outbox;
  const shown: Message[] = [];
  const heard: string[] = [];
  const inbox = new Inbox(prost, bobKey, history, roster, outbox, {
    message: (_conversation, each) => void shown.push(each),
    here: (_writer, node) => void heard.push(`here ${node}`),
    tab: async (node) => void heard.push(`tab ${node}`),
    roster: async (entries) => void heard.push(`roster ${entries.length}`),
    seen: () => {},
  });
  let dice = 0;
  const take = (from: typeof ann, body: object, isStraight = true) => {
    const { bytes: letter } = seal(
      from,
      bob.publicKey,
      body as never,
      bytes(32, (++dice % 255) + 1),
    );
    return inbox.take(open(bob, letter)!, isStraight ? NODE : null);
  };
  return { inbox, history, roster, take, shown, acked, heard, pass };
}

test("a message that comes twice is shown once, and acknowledged to a writer who waits", async () => {
  const { roster, take, shown, acked } = inboxOf();
  roster.set(annKey, { name: "Ann", state: "in" });
  await take(ann, text(1), false);
  await take(ann, text(1), true);
  await take(ann, text(1), false);
  expect(shown).toHaveLength(1);
  expect(acked).toEqual([text(1).id, text(1).id]);
});

test("what was sealed too long ago, or says it comes from the future, is not taken", async () => {
  const { roster, take, shown } = inboxOf();
  roster.set(annKey, { name: "Ann", state: "in" });
  await take(ann, text(1, { sealed: NOW - MAX_SEALED_AGE_MS - 1 }));
  await take(ann, text(2, { sealed: NOW + 100_000_000 }));
  expect(shown).toEqual([]);
  await take(ann, text(3, { date: NOW + 50_000_000 }));
  expect(shown[0]!.date).toBe(NOW);
});

test("nobody can write in another's name, nor into another's copies", async () => {
  const { history, roster, take } = inboxOf();
  roster.set(annKey, { name: "Ann", state: "in" });
  await take(eve, text(1, { kind: "copy", to: annKey }));
  await take(ann, text(2, { kind: "copy", to: hexOf(eve.publicKey) }));
  await take(ann, text(3, { kind: "roster" }));
  expect(history.names()).toEqual([]);
  expect(await take(bob, text(4, { kind: "copy", to: annKey }))).toBe("taken");
  expect(history.messages(conversationOf(annKey))).toMatchObject([
    { author: bobKey, isCopy: true },
  ]);
});

test("where somebody is they say themselves, from there", async () => {
  const { roster, take, heard } = inboxOf();
  roster.set(annKey, { name: "Ann", state: "in" });
  await take(ann, text(1, { kind: "here", node: OTHER_NODE }));
  await take(ann, text(2, { kind: "here", node: NODE }), false);
  await take(ann, text(3, { kind: "tab", node: NODE }));
  await take(bob, text(4, { kind: "tab", node: OTHER_NODE }));
  await take(ann, text(5, { kind: "roster", entries: [] }));
  await take(bob, text(6, { kind: "roster", entries: "many" }));
  expect(heard).toEqual([]);
  await take(ann, text(7, { kind: "here", node: NODE }));
  await take(bob, text(8, { kind: "tab", node: NODE }));
  await take(bob, text(9, { kind: "roster", entries: [1, 2] }));
  expect(heard).toEqual([`here ${NODE}`, `tab ${NODE}`, "roster 2"]);
});

test("strangers are requests: a few messages each, a bounded number of them, no word back", async () => {
  const { inbox, roster, take, acked, shown, pass } = inboxOf();
  for (let i = 0; i < MAX_REQUEST_MESSAGES; i++) expect(await take(eve, text(i))).toBe("taken");
  expect(await take(eve, text(99))).toBe("later");
  pass(60_000);
  expect(await take(eve, text(100))).toBe("later");
  for (let i = 0; i < MAX_REQUESTS + 10; i++) await take(keysOf(bytes(32, 10 + i)), text(1));
  expect(inbox.requests()).toHaveLength(MAX_REQUESTS);
  expect(acked).toEqual([]);
  // Contacts have room all the same; blocked people have none.
  roster.set(annKey, { name: "Ann", state: "in" });
  const before = shown.length;
  await take(ann, text(1));
  expect(shown).toHaveLength(before + 1);
  roster.set(annKey, { state: "blocked" });
  await take(ann, text(2));
  expect(shown).toHaveLength(before + 1);
});

test("two machines' lists become one: of each entry the later change holds", async () => {
  const values: { value: Uint8Array; sequence: number; ttlMs: number }[] = [];
  const dht = {
    get: async () => ({ values: values.slice(-1), cursor: null, nodes: [] }),
    putSigned: async (signed: { value: Uint8Array; sequence: number }) =>
      void values.push({ ...signed, ttlMs: 1 }),
  } as unknown as Dht;
  const [one, other] = [fakeProst(), fakeProst()];
  const [first, second] = [new Roster(one.prost, dht, ann), new Roster(other.prost, dht, ann)];
  first.set(bobKey, { name: "Bob", state: "in" });
  first.set("#kitchen", { name: "Kitchen", state: "in" });
  await first.publish();
  await second.look();
  expect(second.contacts()).toEqual(first.contacts());
  expect(second.rooms().map(({ name }) => name)).toEqual(["Kitchen"]);
  other.pass(1_000);
  second.set(bobKey, { state: "out" });
  await second.look();
  await first.look();
  expect(first.contacts()).toEqual([]);
  const stranger = new Roster(fakeProst().prost, dht, eve);
  await stranger.look();
  expect(stranger.rooms()).toEqual([]);
  // Nothing of it can be read without the key.
  expect(new TextDecoder("latin1").decode(values.at(-1)!.value)).not.toContain("Kitchen");
});

test("a bucket gives its burst at once, and then its rate", () => {
  const { prost, pass } = fakeProst();
  const rates = new Rates(prost.clock, 3, 2);
  const taken = () => Array.from({ length: 10 }, () => rates.take("a")).filter(Boolean).length;
  expect(taken()).toBe(3);
  expect(rates.take("b")).toBe(true);
  pass(1_000);
  expect(taken()).toBe(2);
  expect(bytesOfHex("00ff")).toEqual(Uint8Array.of(0, 255));
});
