/**
 * What every Channel must do, whatever carries it: see `link/channel.ts`.
 *
 * The memory channel runs it in Vitest, the data channel in a real page; so the
 * cases know neither, and wait only through the pair they are given.
 */
import { type Channel, LOW_WATER_BYTES, MAX_FRAME_BYTES } from "../../link/channel.ts";
import { type ContractCase, holds, same } from "./check.ts";

/** Both ends of one open channel. Nobody has attached to either yet. */
export interface ChannelPair {
  readonly near: Channel;
  readonly far: Channel;
  /** Lets time pass until it holds; rejects when it never does. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** Lets time pass in which anything still on its way would have come. */
  settle(): Promise<void>;
}

/** What one end was told, in order; frames by their first byte and their length. */
class Ear {
  readonly heard: string[] = [];
  readonly frames: Uint8Array[] = [];
  /** Bytes that lay in the buffer at each `drained`. */
  readonly drainedAt: number[] = [];

  constructor(channel: Channel) {
    channel.attach({
      message: (frame) => {
        this.frames.push(frame);
        this.heard.push(`${frame[0]}x${frame.length}`);
      },
      drained: () => this.drainedAt.push(channel.bufferedBytes()),
      closed: (why) => {
        holds("the reason is a text", typeof why === "string");
        this.heard.push("closed");
      },
    });
  }
}

const frame = (byte: number, bytes = 1) => new Uint8Array(bytes).fill(byte);

/** More than any channel keeps in its buffer at once, one hopes: 4 MiB. */
const MOST_FRAMES = 256;

/** Each case makes a pair of its own. `makePair` gives one whose frames take some time to leave. */
export function channelContract(
  name: string,
  makePair: () => Promise<ChannelPair>,
): ContractCase[] {
  const cases: Record<string, (pair: ChannelPair) => Promise<void>> = {
    "what one end calls local the other calls remote": async ({ near, far }) => {
      same("the far end's local", far.binding.local, near.binding.remote);
      same("the far end's remote", far.binding.remote, near.binding.local);
      holds("the two ends differ", near.binding.local !== near.binding.remote);
      holds("both say something", near.binding.local !== "" && near.binding.remote !== "");
    },

    "frames arrive whole and in order, in both directions": async (pair) => {
      const [near, far] = [new Ear(pair.near), new Ear(pair.far)];
      const sizes = [1, MAX_FRAME_BYTES, 2, 5_000, 1, MAX_FRAME_BYTES, MAX_FRAME_BYTES, 3];
      sizes.forEach((bytes, i) => {
        pair.near.send(frame(i, bytes));
        pair.far.send(frame(100 + i, bytes));
      });
      await pair.until("all frames are there", () =>
        [near, far].every(({ frames }) => frames.length === sizes.length),
      );
      same(
        "what the far end heard",
        far.heard,
        sizes.map((bytes, i) => `${i}x${bytes}`),
      );
      same(
        "what the near end heard",
        near.heard,
        sizes.map((bytes, i) => `${100 + i}x${bytes}`),
      );
    },

    "every byte of a frame arrives as it was sent": async (pair) => {
      const far = new Ear(pair.far);
      const sent = Uint8Array.from(
        { length: MAX_FRAME_BYTES },
        (_, i) => (i * 31 + (i >> 8)) & 255,
      );
      pair.near.send(sent);
      await pair.until("the frame is there", () => far.frames.length === 1);
      const got = far.frames[0]!;
      holds("no byte is another", got.length === sent.length && got.every((b, i) => b === sent[i]));
    },

    "a part of a buffer is sent as that part alone": async (pair) => {
      const far = new Ear(pair.far);
      pair.near.send(Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 3));
      await pair.until("the frame is there", () => far.frames.length === 1);
      same("the frame", [...far.frames[0]!], [2, 3]);
    },

    "the sender may reuse its buffer at once": async (pair) => {
      const far = new Ear(pair.far);
      const buffer = frame(7, 3);
      pair.near.send(buffer);
      buffer.fill(9);
      pair.near.send(buffer);
      buffer.fill(0);
      await pair.until("both frames are there", () => far.frames.length === 2);
      same("what was heard", far.heard, ["7x3", "9x3"]);
    },

    "the receiver owns the bytes: no frame shares them with another": async (pair) => {
      const far = new Ear(pair.far);
      const buffer = frame(7, 3);
      pair.near.send(buffer);
      pair.near.send(buffer);
      await pair.until("both frames are there", () => far.frames.length === 2);
      far.frames[0]!.fill(1);
      same("the second frame", [...far.frames[1]!], [7, 7, 7]);
      same("the sender's buffer", [...buffer], [7, 7, 7]);
    },

    "what arrives before attach is handed over then, the end included": async (pair) => {
      const near = new Ear(pair.near);
      pair.near.send(frame(1));
      pair.near.send(frame(2, 2));
      pair.near.close();
      await pair.settle();
      const far = new Ear(pair.far);
      await pair.until("the end is heard", () => far.heard.length === 3);
      same("what the far end heard", far.heard, ["1x1", "2x2", "closed"]);
      same("what the near end heard", near.heard, []);
    },

    "the buffer is empty when all has left, and drained is told once on the way down": async (
      pair,
    ) => {
      const [near, far] = [new Ear(pair.near), new Ear(pair.far)];
      same("the buffer at first", pair.near.bufferedBytes(), 0);
      for (let round = 1; round <= 2; round++) {
        let sent = 0;
        while (pair.near.bufferedBytes() <= 2 * LOW_WATER_BYTES && sent < MOST_FRAMES) {
          pair.near.send(frame(sent & 255, MAX_FRAME_BYTES));
          sent += 1;
        }
        holds("frames wait in the buffer", pair.near.bufferedBytes() > LOW_WATER_BYTES);
        same("how often drained was told before", near.drainedAt.length, round - 1);
        await pair.until("the buffer is empty", () => pair.near.bufferedBytes() === 0);
        await pair.settle();
        same("how often drained was told", near.drainedAt.length, round);
        holds(
          "it was told below the mark",
          near.drainedAt.every((at) => at <= LOW_WATER_BYTES),
        );
      }
      same("how often the receiver was told", far.drainedAt.length, 0);
    },

    "a buffer that never was above the mark tells of no draining": async (pair) => {
      const near = new Ear(pair.near);
      // One frame less than would fill it: a channel may put headers of its own around each.
      for (let i = 1; i < LOW_WATER_BYTES / MAX_FRAME_BYTES; i++) {
        pair.near.send(frame(i, MAX_FRAME_BYTES));
      }
      await pair.until("the buffer is empty", () => pair.near.bufferedBytes() === 0);
      await pair.settle();
      same("how often drained was told", near.drainedAt.length, 0);
    },

    "frames sent before the end arrive before it, and the end comes once": async (pair) => {
      const [near, far] = [new Ear(pair.near), new Ear(pair.far)];
      for (let i = 0; i < 4; i++) pair.near.send(frame(i));
      pair.near.close();
      await pair.until("the end is heard", () => far.heard.includes("closed"));
      await pair.settle();
      same("what the far end heard", far.heard, ["0x1", "1x1", "2x1", "3x1", "closed"]);
      same("what the near end heard of its own end", near.heard, []);
    },

    "closing twice, at one end or at both, does nothing more": async (pair) => {
      const [near, far] = [new Ear(pair.near), new Ear(pair.far)];
      pair.near.close();
      pair.near.close();
      await pair.until("the end is heard", () => far.heard.length === 1);
      pair.far.close();
      pair.far.close();
      await pair.settle();
      same("what the far end heard", far.heard, ["closed"]);
      same("what the near end heard", near.heard, []);
    },

    "when both ends close at once neither is told": async (pair) => {
      const [near, far] = [new Ear(pair.near), new Ear(pair.far)];
      pair.near.close();
      pair.far.close();
      await pair.settle();
      same("what the two ends heard", [near.heard, far.heard], [[], []]);
    },

    "sending after the end does nothing, whoever ended it": async (pair) => {
      const [near, far] = [new Ear(pair.near), new Ear(pair.far)];
      pair.near.close();
      pair.near.send(frame(1));
      await pair.until("the end is heard", () => far.heard.length === 1);
      pair.far.send(frame(2));
      await pair.settle();
      same("what the far end heard", far.heard, ["closed"]);
      same("what the near end heard", near.heard, []);
    },

    "nothing is heard after the own end, though it was on its way": async (pair) => {
      const near = new Ear(pair.near);
      const far = new Ear(pair.far);
      pair.far.send(frame(1));
      pair.near.close();
      await pair.until("the end is heard", () => far.heard.length === 1);
      await pair.settle();
      same("what the near end heard", near.heard, []);
    },
  };
  return Object.entries(cases).map(([title, run]) => ({
    title: `${name}: ${title}`,
    run: async () => run(await makePair()),
  }));
}
