/**
 * Asks the sandboxes of a page for signs of life, and when some die judges
 * who is to blame.
 *
 * Frames of opaque origin share a process of their own: one that eats all its
 * memory takes the others with it. Whoever was busy last is the culprit; the
 * others are lost, and may be started again.
 */
import type { Clock } from "../env/env.ts";
import type { Stopped } from "../peer/sandbox.ts";

export interface Patient {
  /** How likely it is to blame when its process dies; 0 when there is no sign. */
  readonly suspicion: number;
  /** The thread of its frame does not answer: a view in the same process hangs, or hung when it was removed. */
  readonly isStuck: boolean;
  /** It may be what makes the others stuck, and will be judged for that. */
  readonly holdsThread: boolean;
  /** Rises with each sign of life. */
  readonly pongs: number;
  ping(): void;
  end(stopped: Stopped): void;
}

export interface PatientEvents {
  /** Its process or frame is gone, though nobody here took it away. */
  readonly died: () => void;
  readonly stuck: () => void;
  readonly over: () => void;
}

const PING_MS = 1_000;

/** A thread that was held may need a moment when it is let go. Guess. */
const RECOVERY_MS = 500;

/** No sign of life for this many turns: it is dead. Guess: a machine under load may be slow for some seconds. */
const MAX_SILENT_TURNS = 6;

/** And for who has not given any yet: twenty tabs that start at once on two cores take some seconds. Guess. */
const MAX_UNBORN_TURNS = 12;

/** Those who die of one cause do so within this time. Guess. */
const GATHER_MS = 100;

/** Below this, busyness is noise. Guess. */
const LEAST_SUSPICION = 0.02;

export class SandboxWatch {
  readonly #clock: Clock;
  readonly #silentByPatient = new Map<Patient, { pongs: number; turns: number }>();
  readonly #dead = new Set<Patient>();
  #cancelTurn: (() => void) | null = null;
  #isJudging = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(patient: Patient): void {
    this.#silentByPatient.set(patient, { pongs: patient.pongs, turns: 0 });
    this.#cancelTurn ??= this.#clock.after(PING_MS, () => this.#turn());
  }

  remove(patient: Patient): void {
    this.#silentByPatient.delete(patient);
    if (this.#silentByPatient.size > 0) {
      this.#clock.after(RECOVERY_MS, () => this.stuck());
      return;
    }
    this.#cancelTurn?.();
    this.#cancelTurn = null;
  }

  /**
   * A view that hung when it was removed still holds the thread of its process, where no frame can
   * start any more. The process ends with its last frame, so all that are stuck there go.
   */
  stuck(): void {
    const patients = [...this.#silentByPatient.keys()];
    if (patients.some((patient) => patient.holdsThread)) return;
    if (!patients.some(({ isStuck }) => isStuck)) return;
    // Who has not started yet waits for the same thread.
    for (const patient of patients) if (patient.isStuck || patient.pongs === 0) patient.end(STUCK);
  }

  /**
   * A view hung. Views share one thread: when several hold it, nobody can say which of them does,
   * so all of them go and none is to blame.
   */
  hung(view: Patient, stopped: Stopped): void {
    const holding = [...this.#silentByPatient.keys()].filter((patient) => patient.holdsThread);
    if (holding.length <= 1) return view.end(stopped);
    for (const patient of holding) patient.end(HUNG_TOGETHER);
  }

  /** The browser says that its process or frame is gone, though nobody here took it away. */
  died(patient: Patient): void {
    if (!this.#silentByPatient.has(patient)) return;
    this.#dead.add(patient);
    if (this.#isJudging) return;
    this.#isJudging = true;
    this.#clock.after(GATHER_MS, () => this.#judge());
  }

  #turn(): void {
    this.#cancelTurn = this.#clock.after(PING_MS, () => this.#turn());
    for (const [patient, silent] of this.#silentByPatient) {
      silent.turns = patient.pongs === silent.pongs ? silent.turns + 1 : 0;
      silent.pongs = patient.pongs;
      const most = patient.pongs === 0 ? MAX_UNBORN_TURNS : MAX_SILENT_TURNS;
      if (silent.turns > most) this.died(patient);
      else patient.ping();
    }
  }

  #judge(): void {
    this.#isJudging = false;
    const dead = [...this.#dead].filter((patient) => this.#silentByPatient.has(patient));
    this.#dead.clear();
    const [first] = dead.toSorted((a, b) => b.suspicion - a.suspicion);
    // Alone in its process, it has nobody else to blame.
    const hasCulprit =
      first !== undefined && (dead.length === 1 || first.suspicion > LEAST_SUSPICION);
    for (const patient of dead) {
      // Never heard of: nothing of it ran, so it can have done nothing.
      if (patient.pongs === 0) patient.end(UNBORN);
      else patient.end(hasCulprit && patient === first ? CULPRIT : LOST);
    }
  }
}

const CULPRIT: Stopped = {
  kind: "memory",
  why: "its process died, most likely because it ran out of memory",
  isOffence: true,
};

const LOST: Stopped = {
  kind: "lost",
  why: "the process it ran in died, most likely because of another peerlet",
  isOffence: false,
};

const STUCK: Stopped = {
  kind: "lost",
  why: "the thread of its frame is stuck, most likely because of a view",
  isOffence: false,
};

const UNBORN: Stopped = { kind: "lost", why: "its frame did not start", isOffence: false };

const HUNG_TOGETHER: Stopped = {
  kind: "hung",
  why: "it gave no sign of life, and neither did another view, which may be the cause",
  isOffence: false,
};
