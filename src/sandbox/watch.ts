/**
 * Asks a peerlet for signs of life, at times it cannot foresee, and ends it
 * when it gives none or is too busy.
 *
 * The same question goes to a thread that is idle: while that one does not
 * answer, either, the machine is to blame. Waiting is counted in turns of our
 * own timer, so that a machine that slept does not count as a peerlet that hung.
 *
 * Until the first sign of life the browser starts the worker, and our bootstrap
 * in it: none of that is the peerlet's.
 */
import type { Grant } from "../peer/grant.ts";
import { Busyness } from "./busyness.ts";

/** Between two questions, when there was something to see lately, and when not. Guesses. */
const LIVELY_MS = 100;
const QUIET_MS = 250;

/** Lively for this long after something happened. */
const LIVELY_FOR_MS = 2_000;

/** Waiting this long makes it a suspect, should its process die now. */
const BUSY_MS = 50;

/** Waiting this long ends it. Guess: an application that computes longer should do it in steps. */
const HUNG_MS = 3_000;

/** An idle thread that keeps silent for this long is stuck. Guess: less than what ends a view, which is the usual cause. */
const STUCK_MS = 2_000;

/** How much longer an idle thread may keep silent before that is no excuse any more. Guess. */
const EXCUSED_MS = 5_000;

interface WatchDeps {
  readonly grant: Grant;
  ask(token: number): void;
  askIdle(token: number): void;
  busy(isBusy: boolean): void;
  /** The idle thread has not answered for long, or does again. */
  stuck(isStuck: boolean): void;
  end(kind: "hung" | "cpu", why: string): void;
}

interface Question {
  readonly token: number;
  readonly askedAtMs: number;
  /** Once the idle thread has answered. */
  idleMs: number | null;
  waitedMs: number;
  excusedMs: number;
}

export class Watch {
  readonly #deps: WatchDeps;
  readonly #busyness = new Busyness();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isUp = false;
  #question: Question | null = null;
  /** Answered by the peerlet, and not yet by the idle thread. */
  #answer: { readonly question: Question; readonly atMs: number } | null = null;
  /** The question that the idle thread has not answered yet. */
  #idleToken: number | null = null;
  #idleWaitedMs = 0;
  #saidStuck = false;
  #lastTurnMs = 0;
  #longestWaitMs = 0;
  #lastSampleMs = 0;
  #livelyUntilMs = 0;
  #saidBusy = false;

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#lastTurnMs = this.#lastSampleMs = performance.now();
    this.#livelyUntilMs = this.#lastTurnMs + LIVELY_FOR_MS;
    this.#turn();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#question = null;
    this.#answer = null;
  }

  /** It gave a sign of life: what it takes from then on is its own. */
  get isUp(): boolean {
    return this.#isUp;
  }

  share(): number {
    return this.#busyness.share();
  }

  /** It has just been given something to do. */
  lookSoon(): void {
    const nowMs = performance.now();
    const wasLively = this.#livelyUntilMs > nowMs;
    this.#livelyUntilMs = nowMs + LIVELY_FOR_MS;
    if (!wasLively) this.#wait(LIVELY_MS);
  }

  /** False when nobody asked this. */
  answered(token: number): boolean {
    const question = this.#question;
    if (question === null || token !== question.token) return false;
    this.#question = null;
    const nowMs = performance.now();
    if (!this.#isUp) {
      this.#isUp = true;
      this.#lastSampleMs = nowMs;
      return true;
    }
    this.#sayBusy(false);
    // Faster than the idle thread is not busy; how much slower that one is will be known.
    if (question.token === this.#idleToken) this.#answer = { question, atMs: nowMs };
    else this.#judge(nowMs, nowMs - question.askedAtMs, question.idleMs);
    return true;
  }

  /** `idleMs` null: the idle thread was not asked, for it owes an answer to an earlier question. */
  #judge(nowMs: number, tookMs: number, idleMs: number | null): void {
    const spanMs = nowMs - this.#lastSampleMs;
    const isBusy = this.#busyness.add(nowMs, spanMs, tookMs, idleMs ?? tookMs);
    this.#lastSampleMs = nowMs;
    if (isBusy) this.#livelyUntilMs = nowMs + LIVELY_FOR_MS;
    const { cpuShare } = this.#deps.grant;
    if (this.#busyness.exceeds(cpuShare)) {
      const percent = Math.round(this.#busyness.share() * 100);
      this.#deps.end(
        "cpu",
        `it took ${percent} % of a core, ${Math.round(cpuShare * 100)} % are granted`,
      );
    }
  }

  #judgeAnswer(): void {
    if (this.#answer === null) return;
    const { question, atMs } = this.#answer;
    this.#answer = null;
    this.#judge(atMs, atMs - question.askedAtMs, performance.now() - question.askedAtMs);
  }

  idleAnswered(token: number): void {
    if (token !== this.#idleToken) return;
    this.#idleToken = null;
    this.#idleWaitedMs = 0;
    this.#sayStuck(false);
    const question = this.#question;
    if (question?.token === token) question.idleMs = performance.now() - question.askedAtMs;
    this.#judgeAnswer();
  }

  #wait(meanMs: number): void {
    clearTimeout(this.#timer);
    // Half to one and a half times the mean.
    this.#longestWaitMs = 1.5 * meanMs;
    this.#timer = setTimeout(() => this.#turn(), meanMs * (0.5 + Math.random()));
  }

  #turn(): void {
    const nowMs = performance.now();
    // Our own lateness is no fault of theirs.
    const passedMs = Math.min(nowMs - this.#lastTurnMs, this.#longestWaitMs);
    this.#lastTurnMs = nowMs;
    if (this.#idleToken !== null) {
      this.#idleWaitedMs += passedMs;
      if (this.#idleWaitedMs >= STUCK_MS) this.#sayStuck(true);
    }
    if (this.#question === null) this.#ask(nowMs);
    else this.#stillWaiting(this.#question, passedMs);
    const isLively = this.#livelyUntilMs > nowMs || this.#question !== null;
    this.#wait(isLively ? LIVELY_MS : QUIET_MS);
  }

  #ask(nowMs: number): void {
    this.#judgeAnswer();
    const token = crypto.getRandomValues(new Uint32Array(1))[0]!;
    this.#question = { token, askedAtMs: nowMs, idleMs: null, waitedMs: 0, excusedMs: 0 };
    if (this.#idleToken === null) {
      this.#idleToken = token;
      this.#deps.askIdle(token);
    }
    this.#deps.ask(token);
  }

  #stillWaiting(question: Question, passedMs: number): void {
    if (!this.#isUp) return;
    if (question.idleMs === null && question.excusedMs < EXCUSED_MS) {
      question.excusedMs += passedMs;
      return;
    }
    question.waitedMs += passedMs;
    if (question.waitedMs >= BUSY_MS) this.#sayBusy(true);
    if (question.waitedMs < HUNG_MS) return;
    this.#deps.end("hung", `it gave no sign of life for ${HUNG_MS} ms`);
  }

  #sayBusy(isBusy: boolean): void {
    if (isBusy === this.#saidBusy) return;
    this.#saidBusy = isBusy;
    this.#deps.busy(isBusy);
  }

  #sayStuck(isStuck: boolean): void {
    if (isStuck === this.#saidStuck) return;
    this.#saidStuck = isStuck;
    this.#deps.stuck(isStuck);
  }
}
