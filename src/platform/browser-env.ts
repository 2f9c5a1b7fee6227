/**
 * `Env` of a tab.
 *
 * `performance.now()` stands still while the machine sleeps (Chromium on Linux
 * and macOS), and then nobody would notice the sleep. So the clock also goes
 * forward when the wall clock has jumped ahead of it; it never goes back.
 */
import type { Clock, Env, Log, Random } from "../env/env.ts";

/** The wall clock must be this far ahead before it counts as a sleep, in ms. A guess: NTP slews by less. */
const SLEEP_MS = 5_000;

/** setTimeout takes 32 bits; a longer delay would fire at once. */
const MAX_DELAY_MS = 2_147_483_647;

/** The browser's limit for one call of getRandomValues. */
const MAX_CSPRNG_BYTES = 65_536;

/** Where the tab's time comes from; a test passes its own. */
export interface TimeSource {
  /** Ms, steady while awake. */
  steadyMs(): number;
  /** Ms since the epoch, as the machine believes. */
  wallMs(): number;
}

const tabTime: TimeSource = { steadyMs: () => performance.now(), wallMs: () => Date.now() };

export function browserEnv(): Env {
  return { clock: new BrowserClock(tabTime), random: new BrowserRandom(), log: browserLog() };
}

export class BrowserClock implements Clock {
  readonly #time: TimeSource;
  #sleptMs = 0;
  #lastMs = 0;
  /** Wall clock minus steady clock, as last seen. */
  #skewMs: number;

  constructor(time: TimeSource) {
    this.#time = time;
    this.#skewMs = time.wallMs() - time.steadyMs();
  }

  now(): number {
    const steadyMs = this.#time.steadyMs();
    const skewMs = this.#time.wallMs() - steadyMs;
    const aheadMs = skewMs - this.#skewMs;
    if (aheadMs > SLEEP_MS) this.#sleptMs += aheadMs;
    this.#skewMs = skewMs;
    this.#lastMs = Math.max(this.#lastMs, steadyMs + this.#sleptMs);
    return this.#lastMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = setTimeout(task, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS));
    return () => clearTimeout(timer);
  }

  soon(task: () => void): void {
    queueMicrotask(task);
  }
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded by the CSPRNG: fast, good enough for jitter and sampling. */
export class BrowserRandom implements Random {
  readonly #state = crypto.getRandomValues(new Int32Array(4));

  next(): number {
    const s = this.#state;
    const sum = (s[0]! + s[1]! + s[3]!) | 0;
    s[3] = s[3]! + 1;
    s[0] = s[1]! ^ (s[1]! >>> 9);
    s[1] = s[2]! + (s[2]! << 3);
    s[2] = ((s[2]! << 21) | (s[2]! >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += MAX_CSPRNG_BYTES) {
      crypto.getRandomValues(bytes.subarray(at, Math.min(at + MAX_CSPRNG_BYTES, count)));
    }
    return bytes;
  }

  /** Seeded anew: in a tab nothing is replayed, so the label is not needed. */
  fork(_label: string): Random {
    return new BrowserRandom();
  }
}

/** Silent unless the address has `?debug` or localStorage has a `prost.debug`. */
function browserLog(): Log {
  if (!wantsDebug()) return { debug: () => {} };
  return { debug: (what, detail) => console.debug(`prost: ${what}`, detail ?? "") };
}

function wantsDebug(): boolean {
  try {
    return (
      new URLSearchParams(location.search).has("debug") ||
      localStorage.getItem("prost.debug") !== null
    );
  } catch {
    // Storage is refused to this page.
    return false;
  }
}
