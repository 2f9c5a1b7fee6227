/**
 * Everything the core may ask of the outside world, apart from its network.
 *
 * Two files make these: `overlay.ts` for a tab, `sim/world.ts` for the
 * simulation. The core never makes them itself and has no defaults for them.
 */
export interface Env {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Clock {
  /** Milliseconds on a clock that never runs backwards. Not a date. */
  now(): number;
  /** Runs `task` once, `delayMs` from now, unless the returned function is called first. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` when the current turn of the event loop is over, before anything else happens. */
  soon(task: () => void): void;
}

export interface Random {
  /** A float in [0, 1). For jitter and sampling. */
  next(): number;
  /** Unpredictable bytes, for nonces and message ids: the platform's CSPRNG in a tab. */
  bytes(count: number): Uint8Array;
  /** A stream of its own, so that one node's draws never shift another's. */
  fork(label: string): Random;
}

export interface Log {
  /** One line for a person who debugs. `what` is a fixed phrase, `detail` whatever belongs to it. */
  debug(what: string, detail?: Readonly<Record<string, string | number | boolean>>): void;
}
