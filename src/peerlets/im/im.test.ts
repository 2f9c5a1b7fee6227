/** The parts of instant messaging that can be shown without a ring: letters, names, history, lists, strangers. */
import type { Plain, Prost } from "prost/sdk";
import { expect, test } from "vitest";
import { readBody } from "./bodies.ts";
import { bytesOfHex, hexOf, joined } from "./bytes.ts";
import { conversationOf } from "./conversations.ts";
import { agree, boxKeyOf, derive, isPublicKey, keysOf, lock, unlock } from "./crypto.ts";
import { open, seal } from "./envelope.ts";
import { History, type Message } from "./history.ts";
import { Inbox } from "./inbox.ts";
import {
  MAX_MESSAGES,
  MAX_REQUESTS,
  MAX_REQUEST_MESSAGES,
  MAX_SEALED_AGE_MS,
  MAX_SEALED_BYTES,
  MAX_TEXT_CHARS,
} from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import type { Dht } from "./owned.ts";
import { exported, fingerprintOf, imported } from "./person.ts";
import { Rates } from "./rates.ts";
import { Roster } from "./roster.ts";
import { keyOfRoom } from "./rooms.ts";
import { checkName, checkText, isName, sameName } from "./texts.ts";

const bytes = (count: number, fill: number) => new Uint8Array(count).fill(fill);
const [ann, bob, eve] = [keysOf(bytes(32, 1)), keysOf(bytes(32, 2)), keysOf(bytes(32, 3))];
const [annKey, bobKey] = [hexOf(ann.publicKey), hexOf(bob.publicKey)];
const NOW = 1_000_000_000;

/** As much of `prost` as these parts use. */
function fakeProst(storageBytes = 8_388_608) {
  const stored = new Map<string, Plain>();
  let nowMs = 0;
  let dice = 0;
  const storage = {
    get: async (key: string) => structuredClone(stored.get(key)),
    set: async (key: string, value: Plain) => void stored.set(key, structuredClone(value)),
    delete: async (key: string) => void stored.delete(key),
    keys: async (prefix = "") =>
      [...stored.keys()].filter((key) => key.startsWith(prefix)).toSorted(),
  };
  const prost = {
    grant: { storageBytes },
    storage,
    clock: { now: () => nowMs, date: () => NOW + nowMs, after: () => () => {} },
    random: { next: () => 0.5, bytes: (count: number) => bytes(count, ++dice % 256) },
    log: () => {},
  } as unknown as Prost;
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { prost, stored, pass };
}

const text = (id: number, more: object = {}) => ({
  kind: "text",
  id: id.toString(16).padStart(32, "0"),
  text: "hello",
  date: NOW,
  sealed: NOW,
  name: "Ann",
  ...more,
});

const message = (id: number, more: Partial<Message> = {}): Message => ({
  id: id.toString(16).padStart(32, "0"),
  author: annKey,
  name: "Ann",
  text: "hello",
  date: NOW + id,
  sealed: NOW + id,
  mark: "new",
  stored: 0,
  isCopy: false,
  ...more,
});

test("a letter is read by its reader, who knows who wrote it, and by nobody else", () => {
  const { bytes: letter, removal } = seal(ann, bob.publicKey, text(1), bytes(32, 9));
  const opened = open(bob, letter);
  expect(opened).toMatchObject({ body: text(1), removal });
  expect(hexOf(opened!.writer)).toBe(annKey);
  expect(open(ann, letter)).toBeNull();
  expect(open(eve, letter)).toBeNull();
});

test("a letter with any byte changed, cut or added is none", () => {
  const { bytes: letter } = seal(ann, bob.publicKey, text(1), bytes(32, 9));
  for (let at = 0; at < letter.length; at += 7) {
    const changed = letter.slice();
    changed[at]! ^= 0x40;
    expect(open(bob, changed)).toBeNull();
  }
  expect(open(bob, letter.subarray(1))).toBeNull();
  expect(open(bob, joined(letter, bytes(1, 0)))).toBeNull();
  for (const junk of [null, "text", new Uint8Array(), bytes(MAX_SEALED_BYTES + 1, 1)]) {
    expect(open(bob, junk)).toBeNull();
  }
});

test("a reader cannot put what was written to them into an envelope for somebody else", () => {
  const dice = bytes(32, 9);
  const { bytes: letter } = seal(ann, bob.publicKey, text(1), dice);
  const header = letter.slice(0, 33);
  const secretsOf = (shared: Uint8Array, to: Uint8Array) => {
    const associated = joined(new TextEncoder().encode("prost-im letter"), header, to);
    const all = derive(shared, associated, "prost-im letter", 88);
    return { associated, key: all.subarray(0, 32), nonce: all.subarray(32, 56) };
  };
  const forBob = secretsOf(agree(bob.boxSecret, header.subarray(1)), bob.publicKey);
  const inside = unlock(forBob.key, forBob.nonce, letter.subarray(33), forBob.associated)!;
  const relocked = (secrets: typeof forBob) =>
    joined(header, lock(secrets.key, secrets.nonce, inside, secrets.associated));
  expect(open(bob, relocked(forBob))).not.toBeNull();
  const forEve = secretsOf(agree(dice, boxKeyOf(eve.publicKey)), eve.publicKey);
  const forged = relocked(forEve);
  expect(open(eve, forged)).toBeNull();
});

test("the longest text fits into a letter, and letters of short texts have one length", () => {
  const longest = { ...text(1), text: "字".repeat(MAX_TEXT_CHARS), name: "字".repeat(32) };
  const { bytes: letter } = seal(ann, bob.publicKey, longest, bytes(32, 9));
  expect(letter.length).toBeLessThanOrEqual(MAX_SEALED_BYTES);
  expect(open(bob, letter)!.body).toEqual(longest);
  const lengthOf = (short: string) =>
    seal(ann, bob.publicKey, { ...text(1), text: short }, bytes(32, 9)).bytes.length;
  expect(lengthOf("a")).toBe(lengthOf("a somewhat longer text, of some words"));
});

test.each([
  { what: "an unknown kind", fields: text(1, { kind: "poll" }) },
  { what: "no date of sealing", fields: text(1, { sealed: "now" }) },
  { what: "an id that is none", fields: text(1, { id: "1" }) },
  { what: "a text that is too long", fields: text(1, { text: "a".repeat(MAX_TEXT_CHARS + 1) }) },
  { what: "a text that turns its surroundings", fields: text(1, { text: "a\u202eb" }) },
  { what: "an empty text", fields: text(1, { text: " \n " }) },
  { what: "an invisible name", fields: text(1, { name: "A\u200bnn" }) },
  {
    what: "too many ids",
    fields: { kind: "ack", sealed: 1, delivered: Array(101).fill(text(1).id), read: [] },
  },
  { what: "ids that are none", fields: { kind: "ack", sealed: 1, delivered: [7], read: [] } },
  { what: "a copy for nobody", fields: text(1, { kind: "copy", to: "x" }) },
])("a body with $what is none", ({ fields }) => {
  expect(readBody(fields)).toBeNull();
});

test("keys that need no secret, or are none, are no person's", () => {
  expect(isPublicKey(ann.publicKey)).toBe(true);
  const identity = bytes(32, 0);
  identity[0] = 1;
  for (const key of [identity, bytes(32, 0), bytes(32, 0xff), bytes(31, 1), "ann"]) {
    expect(isPublicKey(key)).toBe(false);
  }
  expect(() => agree(ann.boxSecret, bytes(32, 0))).toThrow();
});

test("a person can be taken along as a text, and a slip of the pen is noticed", () => {
  const written = exported(ann);
  expect(hexOf(imported(` ${written}\n`).publicKey)).toBe(annKey);
  const slip = written.replace(" 01", " 11");
  expect(() => imported(slip)).toThrow("a character is wrong");
  expect(() => imported("hello")).toThrow("the whole text");
  expect(fingerprintOf(annKey)).toMatch(/^(\d{5} ){4}\d{5}$/);
  expect(fingerprintOf(annKey)).not.toBe(fingerprintOf(bobKey));
});

test("names are tidied, bounded and compared as a hasty reader would", () => {
  expect(checkName("  Ann   Lee ", "a name")).toBe("Ann Lee");
  expect(() => checkName("a".repeat(33), "a name")).toThrow("1 to 32 characters");
  expect(() => checkName(" ", "a name")).toThrow("a name has");
  expect(isName("Ann\u202e")).toBe(false);
  expect(sameName("ANN")).toBe(sameName("ann"));
  expect(sameName("\uff21nn")).toBe("ann");
  expect(keyOfRoom("The  Kitchen")).toBe(keyOfRoom("the kitchen"));
  expect(checkText(" a\r\nb ")).toBe("a\nb");
  expect(() => checkText("a".repeat(MAX_TEXT_CHARS + 1))).toThrow("send it in parts");
});

test("history is there again, takes a message once, and its marks do not go back", async () => {
  const { prost } = fakeProst();
  const history = new History(prost);
  await history.load();
  for (let i = 1; i <= 70; i++) expect(history.add("p:x", message(i))).toBe(true);
  expect(history.add("p:x", message(5))).toBe(false);
  history.add("p:x", message(100, { mark: "waiting" }));
  const id = message(100).id;
  expect(history.change("p:x", annKey, id, { mark: "read" })?.mark).toBe("read");
  expect(history.change("p:x", annKey, id, { mark: "delivered" })).toBeNull();
  await history.saved();
  const again = new History(prost);
  await again.load();
  expect(again.messages("p:x")).toEqual(history.messages("p:x"));
  expect(again.add("p:x", message(5))).toBe(false);
});

test("the oldest messages go first, and what went does not come back", async () => {
  const { prost } = fakeProst();
  const history = new History(prost);
  for (let i = 1; i <= MAX_MESSAGES + 100; i++) history.add("p:x", message(i));
  const kept = history.messages("p:x");
  expect(kept.length).toBeLessThanOrEqual(MAX_MESSAGES);
  expect(kept.at(-1)!.id).toBe(message(MAX_MESSAGES + 100).id);
  expect(history.add("p:x", message(1))).toBe(false);
  await history.saved();
  const again = new History(prost);
  await again.load();
  expect(again.add("p:x", message(1))).toBe(false);
});

test("one who writes much does not put out the others' messages", () => {
  const { prost } = fakeProst(200_000);
  const history = new History(prost);
  for (let i = 1; i <= 20; i++) history.add("p:quiet", message(i));
  for (let i = 1; i <= 300; i++) history.add("p:loud", message(i, { text: "x".repeat(500) }));
  expect(history.messages("p:quiet")).toHaveLength(20);
  expect(history.stats().historyBytes).toBeLessThanOrEqual(140_000);
});

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
  const inbox = new Inbox(prost, bobKey, history, roster, outbox, {
    message: (_conversation, each) => void shown.push(each),
    here: () => {},
    roster: () => {},
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
    return inbox.take(open(bob, letter)!, isStraight);
  };
  return { inbox, history, roster, take, shown, acked, pass };
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
