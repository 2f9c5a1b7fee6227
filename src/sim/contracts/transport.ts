/**
 * What every Transport must do: see `link/transport.ts`. Runs anywhere, as the
 * contract of channels does.
 */
import type { Channel } from "../../link/channel.ts";
import { type Dial, MAX_SIGNAL_CHARS, type Transport } from "../../link/transport.ts";
import { type ContractCase, same } from "./check.ts";

/** Two hosts that can reach each other. */
export interface TransportPair {
  readonly near: Transport;
  readonly far: Transport;
  until(what: string, holds: () => boolean): Promise<void>;
  settle(): Promise<void>;
}

/** One attempt, and what it told. */
class Attempted {
  readonly told: string[] = [];
  channel: Channel | null = null;
  signal: string | null = null;

  readonly events = {
    offered: (offer: string) => this.#signalled("offered", offer),
    answered: (answer: string) => this.#signalled("answered", answer),
    opened: (channel: Channel) => {
      this.told.push("opened");
      this.channel = channel;
    },
    failed: (why: string) => {
      this.told.push(typeof why === "string" ? "failed" : "failed without a reason");
    },
  };

  #signalled(what: string, signal: string): void {
    this.told.push(signal.length <= MAX_SIGNAL_CHARS ? what : `${what} too much`);
    this.signal = signal;
  }
}

const HOSTILE = ["", "hello", "{}", "null", "v=0\r\n", "\u0000", "x".repeat(MAX_SIGNAL_CHARS)];

/** Dials; resolves when the offer is there. */
async function offered(pair: TransportPair): Promise<[Attempted, Dial, string]> {
  const near = new Attempted();
  const dial = pair.near.dial(near.events);
  await pair.until("there is an offer", () => near.signal !== null);
  return [near, dial, near.signal!];
}

/** Answers an offer; resolves when the answer is there. */
async function answered(pair: TransportPair, offer: string) {
  const far = new Attempted();
  const attempt = pair.far.answer(offer, far.events);
  await pair.until("there is an answer", () => far.signal !== null);
  return [far, attempt, far.signal!] as const;
}

export function transportContract(
  name: string,
  makePair: () => Promise<TransportPair>,
): ContractCase[] {
  const cases: Record<string, (pair: TransportPair) => Promise<void>> = {
    "an offer and its answer open one channel, whose ends belong together": async (pair) => {
      const [near, dial, offer] = await offered(pair);
      const [far, , answer] = await answered(pair, offer);
      dial.accept(answer);
      await pair.until("both ends are open", () => near.channel !== null && far.channel !== null);
      await pair.settle();
      same("what the dial told", near.told, ["offered", "opened"]);
      same("what the answer told", far.told, ["answered", "opened"]);
      same("the binding", far.channel!.binding.local, near.channel!.binding.remote);
      const heard: number[] = [];
      const events = { drained: () => {}, closed: () => heard.push(-1) };
      far.channel!.attach({ ...events, message: (frame) => heard.push(frame[0]!) });
      near.channel!.attach({ ...events, message: () => {} });
      near.channel!.send(Uint8Array.of(42));
      await pair.until("a frame arrives", () => heard.length > 0);
      same("what was heard", heard, [42]);
      near.channel!.close();
      far.channel!.close();
    },

    "closing an attempt whose channel is open harms nothing": async (pair) => {
      const [near, dial, offer] = await offered(pair);
      const [far, attempt, answer] = await answered(pair, offer);
      dial.accept(answer);
      await pair.until("both ends are open", () => near.channel !== null && far.channel !== null);
      dial.close();
      attempt.close();
      const heard: string[] = [];
      const events = { drained: () => {}, closed: () => heard.push("closed") };
      near.channel!.attach({ ...events, message: () => {} });
      far.channel!.attach({ ...events, message: () => heard.push("a frame") });
      near.channel!.send(Uint8Array.of(1));
      await pair.until("something is heard", () => heard.length > 0);
      await pair.settle();
      same("what was heard", heard, ["a frame"]);
      near.channel!.close();
      far.channel!.close();
    },

    "a dial that is given up at once tells nothing": async (pair) => {
      const near = new Attempted();
      const dial = pair.near.dial(near.events);
      dial.close();
      dial.close();
      await pair.settle();
      same("what it told", near.told, []);
    },

    "a dial that is given up after its offer tells nothing more": async (pair) => {
      const [near, dial] = await offered(pair);
      dial.close();
      await pair.settle();
      same("what it told", near.told, ["offered"]);
    },

    "an answer that is given up at once tells nothing": async (pair) => {
      const [, dial, offer] = await offered(pair);
      const far = new Attempted();
      const attempt = pair.far.answer(offer, far.events);
      attempt.close();
      attempt.close();
      await pair.settle();
      same("what it told", far.told, []);
      dial.close();
    },

    "a hostile offer only fails, later, and once": async (pair) => {
      for (const offer of HOSTILE) {
        const far = new Attempted();
        pair.far.answer(offer, far.events);
        same("what it told at once", far.told, []);
        await pair.until("it failed", () => far.told.length > 0);
        await pair.settle();
        same(`what the offer "${offer.slice(0, 9)}" told`, far.told, ["failed"]);
      }
    },

    "a hostile answer only fails, and once": async (pair) => {
      for (const answer of HOSTILE) {
        const [near, dial] = await offered(pair);
        dial.accept(answer);
        await pair.until("it failed", () => near.told.length > 1);
        await pair.settle();
        same(`what the answer "${answer.slice(0, 9)}" told`, near.told, ["offered", "failed"]);
      }
    },

    "a dial that is given up before its answer comes tells nothing more": async (pair) => {
      const [near, dial, offer] = await offered(pair);
      const [far, attempt, answer] = await answered(pair, offer);
      dial.close();
      dial.accept(answer);
      await pair.settle();
      same("what it told", near.told, ["offered"]);
      same("whether the other end opened", far.channel, null);
      attempt.close();
    },

    "a dial that is given up while the channel opens tells nothing more": async (pair) => {
      const [near, dial, offer] = await offered(pair);
      const [, attempt, answer] = await answered(pair, offer);
      dial.accept(answer);
      dial.close();
      await pair.settle();
      same("what it told", near.told, ["offered"]);
      attempt.close();
    },

    "a second answer changes nothing, whichever was the good one": async (pair) => {
      const [near, dial, offer] = await offered(pair);
      const [far, , answer] = await answered(pair, offer);
      dial.accept(answer);
      dial.accept(answer);
      dial.accept("hello");
      await pair.until("both ends are open", () => near.channel !== null && far.channel !== null);
      await pair.settle();
      same("what the dial told", near.told, ["offered", "opened"]);
      const [other, badDial, otherOffer] = await offered(pair);
      const [, attempt, good] = await answered(pair, otherOffer);
      badDial.accept("hello");
      badDial.accept(good);
      await pair.settle();
      same("what the dial with a bad answer told", other.told, ["offered", "failed"]);
      attempt.close();
    },

    "closing an attempt that has failed harms nothing": async (pair) => {
      const [near, dial] = await offered(pair);
      dial.accept("");
      await pair.until("it failed", () => near.told.length > 1);
      dial.close();
      await pair.settle();
      same("what it told", near.told, ["offered", "failed"]);
    },
  };
  return Object.entries(cases).map(([title, run]) => ({
    title: `${name}: ${title}`,
    run: async () => run(await makePair()),
  }));
}
