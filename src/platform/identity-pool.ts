/**
 * The identities of one browser profile: slot 0, 1, 2, … of a network, each
 * with a secret key of its own.
 *
 * A tab holds the Web Lock of its slot for as long as its page lives, so two
 * tabs are never the same node; all that is done to a slot's key is done under
 * that lock. The tab's sessionStorage remembers the slot, so a reloaded tab
 * takes its own again. A duplicated tab copies that memory, but then the
 * original still holds the lock, and the copy goes on to another slot.
 *
 * What fails here (no IndexedDB, no locks) costs the identity its permanence,
 * and nothing else.
 */
import type { Clock } from "../env/env.ts";
import type { KeyValueStorage } from "./idb-storage.ts";

export interface ClaimedIdentity {
  /** Ed25519 secret key, 32 bytes. */
  readonly secret: Uint8Array;
  /** Null when it lives only as long as this page. */
  readonly slot: number | null;
  /** Lets another tab have it. May be called twice. The page's end does the same. */
  readonly release: () => void;
}

export interface IdentityPoolDeps {
  readonly clock: Clock;
  readonly storage: KeyValueStorage;
  /** `navigator.locks`; undefined where there are none. */
  readonly locks: Pick<LockManager, "request"> | undefined;
  /** The tab's own sessionStorage; undefined where it is refused. */
  readonly session: Pick<Storage, "getItem" | "setItem"> | undefined;
  /** Unpredictable bytes. */
  readonly bytes: (count: number) => Uint8Array;
}

const SECRET_BYTES = 32;

/** More tabs than any browser keeps alive; a tab beyond gets an identity for the day. A guess. */
const MAX_SLOTS = 1_024;

/** How long a reloaded tab waits for its own old page to let go, in ms. A guess; seen: under 50. */
const RELOAD_WAIT_MS = 1_500;

export async function claimIdentity(
  network: string,
  deps: IdentityPoolDeps,
): Promise<ClaimedIdentity> {
  const held = deps.locks === undefined ? null : await holdSlot(network, deps.locks, deps);
  if (held !== null) {
    const secret = await secretOfSlot(network, held.slot, deps);
    if (secret !== null) return { secret, slot: held.slot, release: held.release };
    held.release();
  }
  return { secret: deps.bytes(SECRET_BYTES), slot: null, release: () => {} };
}

interface HeldSlot {
  readonly slot: number;
  readonly release: () => void;
}

async function holdSlot(
  network: string,
  locks: Pick<LockManager, "request">,
  { clock, session }: IdentityPoolDeps,
): Promise<HeldSlot | null> {
  const memory = `prost.slot.${network}`;
  const own = rememberedSlot(memory, session);
  let held: HeldSlot | null = null;
  if (own !== null) {
    const patience = new AbortController();
    const cancel = clock.after(RELOAD_WAIT_MS, () => patience.abort());
    held = await hold(locks, network, own, { signal: patience.signal });
    cancel();
  }
  for (let slot = 0; held === null && slot < MAX_SLOTS; slot += 1) {
    held = await hold(locks, network, slot, { ifAvailable: true });
  }
  if (held !== null) {
    try {
      session?.setItem(memory, String(held.slot));
    } catch {
      // Full or refused: this tab will take the first free slot when it is reloaded.
    }
  }
  return held;
}

/** Null when it is not to be had, now or before the signal. */
function hold(
  locks: Pick<LockManager, "request">,
  network: string,
  slot: number,
  options: LockOptions,
): Promise<HeldSlot | null> {
  return new Promise((resolve) => {
    const ended = locks.request(`prost.identity.${network}.${slot}`, options, (lock) => {
      if (lock === null) {
        resolve(null);
        return undefined;
      }
      // The lock lasts as long as this promise.
      return new Promise<void>((release) => resolve({ slot, release }));
    });
    // Not granted before the signal, or locks are refused to this page.
    ended.catch(() => resolve(null));
  });
}

function rememberedSlot(memory: string, session: IdentityPoolDeps["session"]): number | null {
  try {
    const text = session?.getItem(memory) ?? "";
    return /^\d{1,4}$/.test(text) && Number(text) < MAX_SLOTS ? Number(text) : null;
  } catch {
    return null;
  }
}

/** Only for the holder of the slot. Null when it cannot be kept. */
async function secretOfSlot(
  network: string,
  slot: number,
  { storage, bytes }: IdentityPoolDeps,
): Promise<Uint8Array | null> {
  const key = `${network}/${slot}`;
  const stored = await storage.read(key);
  if (stored.kind === "unavailable") return null;
  if (
    stored.kind === "found" &&
    stored.value instanceof Uint8Array &&
    stored.value.length === SECRET_BYTES
  ) {
    return stored.value;
  }
  const secret = bytes(SECRET_BYTES);
  return (await storage.write(key, secret)) ? secret : null;
}
