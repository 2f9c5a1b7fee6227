import { describe, expect, test } from "vitest";
import type { Storage } from "../env/storage.ts";
import { memoryStores } from "../sim/memory-storage.ts";
import { PeerletData } from "./peerlet-data.ts";

const DONE = { kind: "value", value: undefined };
const FULL = { kind: "error", code: "refused", why: expect.stringContaining("full") as unknown };

/** Storage whose next writes fail, as a full disk's do. */
function setUp(quota = 1_000, stores = memoryStores()) {
  const storage = stores("data");
  const state = { quota, failing: 0 };
  const fails = () => state.failing > 0 && state.failing-- > 0;
  const soft: Storage = {
    entries: () => storage.entries(),
    get: (key) => storage.get(key),
    set: async (key, value) => (fails() ? false : storage.set(key, value)),
    setMany: async (entries) => (fails() ? false : storage.setMany(entries)),
    delete: async (key) => (fails() ? false : storage.delete(key)),
    clear: () => storage.clear(),
  };
  return { stores, state, data: new PeerletData(soft, () => state.quota) };
}

const valueOf = (value: unknown) => ({ kind: "value", value });

test("what is set can be read, listed and deleted", async () => {
  const { data } = setUp();
  expect(await data.set("b", { list: [1, null] })).toEqual(DONE);
  await data.set("a", new Uint8Array(3));
  await data.set("other", undefined);
  expect(await data.get("b")).toEqual(valueOf({ list: [1, null] }));
  expect(await data.keys("")).toEqual(valueOf(["a", "b"]));
  expect(await data.keys("b")).toEqual(valueOf(["b"]));
  expect(await data.delete("b")).toEqual(DONE);
  expect(await data.delete("b")).toEqual(DONE);
  expect([await data.get("b"), await data.keys(7)]).toEqual([valueOf(undefined), valueOf(["a"])]);
});

test.each([[""], ["x".repeat(257)], [7], [null], [undefined], [{ toString: "x" }], [["a"]]])(
  "%j is no key",
  async (key) => {
    const { data } = setUp();
    for (const result of [await data.get(key), await data.set(key, 1), await data.delete(key)]) {
      expect(result).toMatchObject({ kind: "error", code: "bad-parameter" });
    }
    expect(data.usedBytes).toBe(0);
  },
);

test("names of Object's own are keys as others", async () => {
  const { data } = setUp();
  expect(await data.get("constructor")).toEqual(valueOf(undefined));
  await data.set("__proto__", "x");
  expect(await data.get("__proto__")).toEqual(valueOf("x"));
});

describe("the quota", () => {
  test("holds for many writes at once", async () => {
    const { data } = setUp(1_000);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => data.set(`${i}`, new Uint8Array(100))),
    );
    expect(results.filter(({ kind }) => kind === "value").length).toBe(9);
    expect(results.at(-1)).toEqual(FULL);
    expect(data.usedBytes).toBeLessThanOrEqual(1_000);
  });

  test("counts what a value takes after it was replaced, and what is there after a reload", async () => {
    const { data, stores } = setUp(1_000);
    await data.set("a", new Uint8Array(900));
    expect(await data.set("b", new Uint8Array(100))).toEqual(FULL);
    await data.set("a", new Uint8Array(10));
    expect(await data.set("b", new Uint8Array(100))).toEqual(DONE);
    const again = setUp(1_000, stores).data;
    expect(await again.set("c", new Uint8Array(900))).toEqual(FULL);
    expect(again.usedBytes).toBe(data.usedBytes);
    expect(await again.usage()).toEqual(valueOf({ bytes: data.usedBytes, quotaBytes: 1_000 }));
  });

  test("cut below what is there, it lets values become smaller and go", async () => {
    const { data, state } = setUp(1_000);
    await data.set("a", new Uint8Array(500));
    await data.set("b", new Uint8Array(400));
    state.quota = 100;
    expect(await data.set("a", new Uint8Array(501))).toEqual(FULL);
    expect(await data.set("c", 1)).toEqual(FULL);
    expect(await data.set("a", new Uint8Array(300))).toEqual(DONE);
    expect(await data.delete("b")).toEqual(DONE);
  });
});

describe("a disk that fails", () => {
  test("is told, and what was there before still is", async () => {
    const { data, state } = setUp();
    await data.set("a", "before");
    const used = data.usedBytes;
    state.failing = 1;
    expect(await data.set("a", "after and longer")).toMatchObject({
      kind: "error",
      code: "failed",
    });
    expect([await data.get("a"), data.usedBytes]).toEqual([valueOf("before"), used]);
    state.failing = 1;
    expect(await data.delete("a")).toMatchObject({ kind: "error", code: "failed" });
    expect([await data.get("a"), data.usedBytes]).toEqual([valueOf("before"), used]);
  });

  test.each([
    { failing: 1, there: "two" },
    { failing: 2, there: undefined },
  ])(
    "of two writes at once the first $failing fail: $there is there, and counted",
    async ({ failing, there }) => {
      const { data, state, stores } = setUp();
      await data.load();
      state.failing = failing;
      await Promise.all([data.set("a", "one"), data.set("a", "two")]);
      expect(await data.get("a")).toEqual(valueOf(there));
      const again = setUp(1_000, stores).data;
      await again.load();
      expect(data.usedBytes).toBe(again.usedBytes);
    },
  );
});

describe("many at once", () => {
  const many = (...sizes: readonly number[]) =>
    sizes.map((size, i) => [`${i}`, new Uint8Array(size)]);

  test("are all kept, and the later one of two of one key holds", async () => {
    const { data } = setUp();
    expect(await data.setMany([...many(10, 20), ["0", "again"]])).toEqual(DONE);
    expect([await data.get("0"), await data.keys("")]).toEqual([
      valueOf("again"),
      valueOf(["0", "1"]),
    ]);
  });

  test("that are too much together change nothing", async () => {
    const { data } = setUp(1_000);
    await data.setMany(many(400, 300));
    const used = data.usedBytes;
    expect(await data.setMany(many(400, 300, 400))).toEqual(FULL);
    expect([data.usedBytes, await data.keys("")]).toEqual([used, valueOf(["0", "1"])]);
    expect(await data.setMany(many(10, 300, 400))).toEqual(DONE);
  });

  test("of which a disk keeps none are counted as before", async () => {
    const { data, state } = setUp();
    await data.set("0", "before");
    const used = data.usedBytes;
    state.failing = 1;
    expect(await data.setMany(many(10, 20))).toMatchObject({ kind: "error", code: "failed" });
    expect([await data.get("0"), data.usedBytes]).toEqual([valueOf("before"), used]);
  });
});

test("a write and a read that follow each other at once agree", async () => {
  const { data } = setUp();
  void data.set("a", 1);
  void data.set("a", 2);
  expect(await data.get("a")).toEqual(valueOf(2));
  void data.delete("a");
  expect(await data.get("a")).toEqual(valueOf(undefined));
});

test("erased, nothing is left, here or on the disk", async () => {
  const { data, stores } = setUp();
  void data.set("a", 1);
  await data.set("b", 2);
  await data.erase();
  expect([data.usedBytes, await data.keys("")]).toEqual([0, valueOf([])]);
  expect(await stores("data").entries()).toEqual([]);
});
