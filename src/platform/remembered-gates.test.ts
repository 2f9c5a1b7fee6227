import { expect, test } from "vitest";
import type { Id } from "../id/id.ts";
import { RememberedGates } from "./remembered-gates.ts";

class MemoryStorage {
  readonly #values = new Map<string, string>();
  getItem(key: string): string | null {
    return this.#values.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#values.set(key, value);
  }
}

function gate(n: number, address = `a${n}`): { id: Id; address: string } {
  return { id: String(n).padStart(40, "0") as Id, address };
}

test("a node is remembered once, at its latest address, and the newest come first", () => {
  const remembered = new RememberedGates(new MemoryStorage(), "net", "http://s");
  remembered.add([gate(1), gate(2)]);
  remembered.add([gate(3), gate(1, "new")]);
  expect(remembered.all()).toEqual([gate(3), gate(1, "new"), gate(2)]);
  expect(remembered.missingFrom([gate(3)])).toEqual([gate(1, "new"), gate(2)]);
});

test("no more than 16 are kept", () => {
  const remembered = new RememberedGates(new MemoryStorage(), "net", "http://s");
  remembered.add(Array.from({ length: 30 }, (_, n) => gate(n)));
  expect(remembered.all()).toHaveLength(16);
});

test("servers and networks have memories of their own", () => {
  const storage = new MemoryStorage();
  new RememberedGates(storage, "net", "http://s").add([gate(1)]);
  expect(new RememberedGates(storage, "net", "http://t").all()).toEqual([]);
  expect(new RememberedGates(storage, "other", "http://s").all()).toEqual([]);
});

test.each(["{", "7", '[{"id":1}]', "null"])("%s in the storage is an empty memory", (text) => {
  const storage = { getItem: () => text, setItem: () => {} };
  expect(new RememberedGates(storage, "net", "http://s").all()).toEqual([]);
});

test("a storage that throws is an empty memory", () => {
  const refuse = (): never => {
    throw new Error("refused");
  };
  const remembered = new RememberedGates({ getItem: refuse, setItem: refuse }, "net", "http://s");
  remembered.add([gate(1)]);
  expect(remembered.all()).toEqual([]);
  expect(new RememberedGates(undefined, "net", "http://s").all()).toEqual([]);
});
