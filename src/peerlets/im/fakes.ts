/** For tests: three people, what they write, and as much of `prost` as the parts use. */
import type { Plain, Prost } from "prost/sdk";
import { hexOf } from "./bytes.ts";
import { keysOf } from "./crypto.ts";
import type { Message } from "./history.ts";

export const bytes = (count: number, fill: number) => new Uint8Array(count).fill(fill);
export const [ann, bob, eve] = [keysOf(bytes(32, 1)), keysOf(bytes(32, 2)), keysOf(bytes(32, 3))];
export const [annKey, bobKey] = [hexOf(ann.publicKey), hexOf(bob.publicKey)];
export const NOW = 1_000_000_000;

export function fakeProst(storageBytes = 8_388_608) {
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

export const text = (id: number, more: object = {}) => ({
  kind: "text",
  id: id.toString(16).padStart(32, "0"),
  text: "hello",
  date: NOW,
  sealed: NOW,
  name: "Ann",
  ...more,
});

export const message = (id: number, more: Partial<Message> = {}): Message => ({
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
