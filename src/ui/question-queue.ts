/**
 * The questions that wait for a person, in the order they came, each application once. Pure.
 */
import type { Policy, Question } from "../peer/peer.ts";
import { holdingRule } from "./rules.ts";

/** Strangers cause questions. What is not asked stays refused, and stands in the list. A guess. */
const MOST_QUESTIONS = 20;

export class QuestionQueue {
  #waiting: readonly Question[] = [];

  /** The one to answer now. */
  get first(): Question | null {
    return this.#waiting[0] ?? null;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(question: Question): void {
    // A newer version asks again: its question takes the place of the older one.
    const index = this.#waiting.findIndex(({ appId }) => appId === question.appId);
    if (index >= 0) this.#waiting = this.#waiting.with(index, question);
    else if (this.#waiting.length < MOST_QUESTIONS) this.#waiting = [...this.#waiting, question];
  }

  drop(appId: string): void {
    this.#waiting = this.#waiting.filter((question) => question.appId !== appId);
  }

  /** Forgets what the policy answers by now, whoever changed it. */
  settle(policy: Pick<Policy, "rules" | "default">): void {
    this.#waiting = this.#waiting.filter(
      ({ appId, publisher }) => holdingRule(policy, appId, publisher).rule === "ask",
    );
  }

  clear(): void {
    this.#waiting = [];
  }
}
