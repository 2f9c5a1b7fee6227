import { expect, test } from "vitest";
import type { Clock } from "../env/env.ts";
import type { KeyValueStorage, Stored } from "./idb-storage.ts";
import { type IdentityPoolDeps, claimIdentity } from "./identity-pool.ts";

/** Web Locks as far as the pool uses them: exclusive, in order of asking. */
class MemoryLocks {
  readonly #queues = new Map<string, (() => void)[]>();

  request(
    name: string,
    options: LockOptions,
    run: (lock: Lock | null) => unknown,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const held = this.#queues.get(name);
      if (held !== undefined && options.ifAvailable === true) return resolve(run(null));
      const start = (): void => {
        options.signal?.removeEventListener("abort", give);
        const work = Promise.resolve(run({ name, mode: "exclusive" }));
        void work.then(resolve).then(() => this.#next(name));
      };
      const give = (): void => {
        held?.splice(held.indexOf(start), 1);
        reject(new Error("aborted"));
      };
      options.signal?.addEventListener("abort", give);
      if (held === undefined) {
        this.#queues.set(name, []);
        start();
      } else held.push(start);
    });
  }

  #next(name: string): void {
    const next = this.#queues.get(name)?.shift();
    if (next === undefined) this.#queues.delete(name);
    else next();
  }
}

class MemoryKeyValues implements KeyValueStorage {
  readonly values = new Map<string, unknown>();
  async read(key: string): Promise<Stored> {
    const value = this.values.get(key);
    return value === undefined ? { kind: "missing" } : { kind: "found", value };
  }
  async write(key: string, value: unknown): Promise<boolean> {
    this.values.set(key, value);
    return true;
  }
}

class Session {
  slot: string | null = null;
  getItem(): string | null {
    return this.slot;
  }
  setItem(_key: string, value: string): void {
    this.slot = value;
  }
}

class ManualClock implements Clock {
  readonly #tasks = new Set<() => void>();
  now(): number {
    return 0;
  }
  after(_delayMs: number, task: () => void): () => void {
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }
  soon(task: () => void): void {
    queueMicrotask(task);
  }
  runAll(): void {
    for (const task of this.#tasks) task();
  }
}

/** One turn of the event loop settles every chain of promises here. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

interface Profile {
  readonly tab: (session?: Session) => IdentityPoolDeps;
  readonly storage: MemoryKeyValues;
  readonly clock: ManualClock;
}

function profile(): Profile {
  const clock = new ManualClock();
  const locks = new MemoryLocks() as unknown as Pick<LockManager, "request">;
  const storage = new MemoryKeyValues();
  let drawn = 0;
  const bytes = (count: number): Uint8Array => {
    drawn += 1;
    return new Uint8Array(count).fill(drawn);
  };
  const tab = (session = new Session()): IdentityPoolDeps => ({
    clock,
    storage,
    locks,
    session,
    bytes,
  });
  return { tab, storage, clock };
}

test("64 tabs that open at once have 64 identities", async () => {
  const { tab } = profile();
  const claims = await Promise.all(Array.from({ length: 64 }, () => claimIdentity("net", tab())));
  expect(new Set(claims.map((claim) => claim.secret.join())).size).toBe(64);
  expect(new Set(claims.map((claim) => claim.slot)).size).toBe(64);
});

test("the next tab takes the first identity that is free", async () => {
  const { tab } = profile();
  const first = await claimIdentity("net", tab());
  await claimIdentity("net", tab());
  first.release();
  await settle();
  const next = await claimIdentity("net", tab());
  expect(next.slot).toBe(0);
  expect(next.secret).toEqual(first.secret);
});

test("a reloaded tab waits for its own slot, though a lower one is free", async () => {
  const { tab } = profile();
  const session = new Session();
  const low = await claimIdentity("net", tab());
  const before = await claimIdentity("net", tab(session));
  low.release();
  const claim = claimIdentity("net", tab(session));
  await settle();
  before.release();
  const after = await claim;
  expect(after.slot).toBe(1);
  expect(after.secret).toEqual(before.secret);
});

test("a duplicated tab ends with another identity", async () => {
  const { tab, clock } = profile();
  const session = new Session();
  const original = await claimIdentity("net", tab(session));
  const copy = new Session();
  copy.slot = session.slot;
  const claim = claimIdentity("net", tab(copy));
  await settle();
  clock.runAll();
  const duplicate = await claim;
  expect(duplicate.slot).toBe(1);
  expect(duplicate.secret).not.toEqual(original.secret);
  expect(copy.slot).toBe("1");
});

test("networks do not share identities", async () => {
  const { tab } = profile();
  const one = await claimIdentity("one", tab());
  const other = await claimIdentity("other", tab());
  expect([one.slot, other.slot]).toEqual([0, 0]);
  expect(one.secret).not.toEqual(other.secret);
});

test.each(["", "-1", "1e3", "99999", "0x1"])(
  "the remembered slot %j is not believed",
  async (slot) => {
    const { tab } = profile();
    const session = new Session();
    session.slot = slot;
    expect((await claimIdentity("net", tab(session))).slot).toBe(0);
  },
);

test("a key that is not 32 bytes is made anew", async () => {
  const { tab, storage } = profile();
  storage.values.set("net/0", new Uint8Array(5));
  const claim = await claimIdentity("net", tab());
  expect(claim.secret).toHaveLength(32);
  expect(storage.values.get("net/0")).toEqual(claim.secret);
});

test("without a database the identity lasts as long as the page, and the slot is let go", async () => {
  const { tab } = profile();
  const none: KeyValueStorage = {
    read: async () => ({ kind: "unavailable" }),
    write: async () => false,
  };
  const claim = await claimIdentity("net", { ...tab(), storage: none });
  expect(claim.slot).toBeNull();
  expect(claim.secret).toHaveLength(32);
  await settle();
  expect((await claimIdentity("net", tab())).slot).toBe(0);
});

test("without locks the identity lasts as long as the page", async () => {
  const { tab } = profile();
  expect((await claimIdentity("net", { ...tab(), locks: undefined })).slot).toBeNull();
});
