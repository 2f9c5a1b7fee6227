/**
 * How busy a worker is, judged from outside: it is asked for a sign of life at
 * times it cannot foresee, and the share of the time that it kept us waiting is
 * an estimate of the share of a core that it takes.
 *
 * A machine that is busy with other things delays the answers, too. So each
 * question is asked of a thread that does nothing as well, and what that one
 * took is no fault of the worker's. Such a machine keeps now the one waiting,
 * now the other: as often as the idle thread alone was late, a worker that does
 * nothing was late as well, so that much is taken off. And it does so in
 * fits: so does what was late by no more than the slowest of the last idle answers.
 */

/** The share is that of this long a window. Guess: short enough to stop a hog, long enough to forgive one computation. */
export const WINDOW_MS = 10_000;

/** What an idle worker may take for an answer. Guess; 0.1 to 0.5 ms were seen. */
const IDLE_ANSWER_MS = 2;

/** Twice the standard deviation of a share of one half from 100 samples. */
const ERROR_SHARE = 0.1;

/**
 * What the idle thread's delays may excuse at most. Guess: a view of the same publisher can make
 * that thread late, and this is all that its peerlet gains.
 */
const MOST_EXCUSED_SHARE = 0.25;

/** One look stands for no more time than this, unless the wait itself was longer: we are late on a busy machine, too. Guess. */
const MOST_SPAN_MS = 500;

interface Sample {
  readonly atMs: number;
  readonly busyMs: number;
  /** The idle thread was late: alone, or a moment ago. */
  readonly excusedMs: number;
}

/** So many idle answers, this one's counted, tell how slow the machine is now. Guess: one or two seconds of them. */
const IDLE_ANSWERS = 4;

export class Busyness {
  #samples: Sample[] = [];
  /** What the idle thread took the last times, the latest last. */
  #idleMs: number[] = [];

  /**
   * An answer that took `tookMs`, when an idle thread took `idleMs`; `spanMs` has passed since the
   * sample before. True when it found the worker busy.
   */
  add(nowMs: number, spanMs: number, tookMs: number, idleMs: number): boolean {
    this.#idleMs = [...this.#idleMs, idleMs].slice(-IDLE_ANSWERS);
    const isBusy = isLate(tookMs, idleMs);
    const isExcused =
      isLate(idleMs, tookMs) || (isBusy && !isLate(tookMs, Math.max(...this.#idleMs)));
    // Found busy once stands for all the time since the last look; a long wait is busy for certain.
    const stoodForMs = Math.min(spanMs, Math.max(MOST_SPAN_MS, tookMs));
    this.#samples.push({
      atMs: nowMs,
      busyMs: isBusy ? stoodForMs : 0,
      excusedMs: isExcused ? stoodForMs : 0,
    });
    const oldest = this.#samples.findIndex(({ atMs }) => atMs > nowMs - WINDOW_MS);
    if (oldest > 0) this.#samples.splice(0, oldest);
    return isBusy;
  }

  /** 0 to 1, over the last window; a worker of which little is known yet has done little. */
  share(): number {
    const busyMs = this.#samples.reduce((sum, sample) => sum + sample.busyMs, 0);
    const excusedMs = this.#samples.reduce((sum, sample) => sum + sample.excusedMs, 0);
    const share = busyMs / WINDOW_MS - Math.min(MOST_EXCUSED_SHARE, excusedMs / WINDOW_MS);
    return Math.min(1, Math.max(0, share));
  }

  /** Too busy for its grant, beyond what the few samples of a window may err. Never so with a whole core granted. */
  exceeds(cpuShare: number): boolean {
    return this.share() > cpuShare * 1.25 + ERROR_SHARE;
  }
}

function isLate(tookMs: number, besideMs: number): boolean {
  return tookMs > IDLE_ANSWER_MS + 2 * besideMs;
}
