import { expect, test } from "vitest";
import { decode, encode, splitFrame, writeHead } from "../wire/codec.ts";
import { MAX_MESSAGE_BYTES } from "../wire/limits.ts";
import { ROUTED_TAG } from "../wire/messages.ts";
import { type Channel, MAX_FRAME_BYTES } from "./channel.ts";
import { Reassembly } from "./reassembly.ts";
import { HIGH_WATER_BYTES, QUEUE_BYTES, SendQueue } from "./send-queue.ts";

/** Keeps what is sent; its buffer empties when it is told to. */
class FakeChannel implements Channel {
  readonly binding = { local: "l", remote: "r" };
  readonly frames: Uint8Array[] = [];
  buffered = 0;
  bufferedBytes(): number {
    return this.buffered;
  }
  send(frame: Uint8Array): void {
    if (frame.length === 0 || frame.length > MAX_FRAME_BYTES) throw new Error("not a frame");
    this.frames.push(frame.slice());
    this.buffered += frame.length;
  }
  attach(): void {}
  close(): void {}
  take(): Uint8Array[] {
    return this.frames.splice(0);
  }
}

const ping = (serial: number) => encode("ping", { serial, stateVersion: 0 });

/** A routed message of so many bytes, all told; `byte` tells it apart. */
function bulk(bytes: number, byte = 0): Uint8Array {
  const message = new Uint8Array(bytes).fill(byte);
  writeHead(message, ROUTED_TAG);
  return message;
}

/** The messages that come out at the other end, in order. */
function received(frames: readonly Uint8Array[]): Uint8Array[] {
  const reassembly = new Reassembly();
  return frames.flatMap((frame) =>
    splitFrame(frame)!.flatMap((bytes) => {
      const message = decode(bytes);
      if (message?.tag !== "chunk") return [bytes];
      const whole = reassembly.take(message.body);
      expect(whole).not.toBe("malformed");
      return whole === null ? [] : [whole as Uint8Array];
    }),
  );
}

test("the messages of one turn share a frame, maintenance in front", () => {
  const [queue, channel] = [new SendQueue(), new FakeChannel()];
  queue.offer(bulk(100, 1), "bulk");
  queue.offer(ping(1), "maintenance");
  queue.offer(bulk(200, 2), "bulk");
  queue.offer(ping(2), "maintenance");
  expect(queue.pump(channel)).toBe(1);
  expect(received(channel.take())).toEqual([ping(1), ping(2), bulk(100, 1), bulk(200, 2)]);
  expect(queue.waitingBytes).toBe(0);
});

test("nothing waiting sends nothing", () => {
  const channel = new FakeChannel();
  expect(new SendQueue().pump(channel)).toBe(0);
  expect(channel.frames).toEqual([]);
});

test("frames are filled up to their bound, and order is kept", () => {
  const [queue, channel] = [new SendQueue(), new FakeChannel()];
  const messages = Array.from({ length: 40 }, (_, i) => bulk(1_000 + i, i));
  for (const message of messages) queue.offer(message, "bulk");
  const frames = queue.pump(channel);
  expect(frames).toBe(3);
  expect(channel.frames.slice(0, 2).every((frame) => frame.length > 15_000)).toBe(true);
  expect(received(channel.take())).toEqual(messages);
});

test.each([
  { bytes: MAX_FRAME_BYTES, frames: 1 },
  { bytes: MAX_FRAME_BYTES + 1, frames: 2 },
  { bytes: 2 * (MAX_FRAME_BYTES - 14), frames: 2 },
  { bytes: 2 * (MAX_FRAME_BYTES - 14) + 1, frames: 3 },
  { bytes: MAX_MESSAGE_BYTES, frames: 17 },
])("a message of $bytes bytes takes $frames frames and comes out whole", ({ bytes, frames }) => {
  const [queue, channel] = [new SendQueue(), new FakeChannel()];
  const message = bulk(bytes).map((_, i) => (i * 31) & 255);
  writeHead(message, ROUTED_TAG);
  queue.offer(message, "bulk");
  let sent = queue.pump(channel);
  channel.buffered = 0;
  sent += queue.pump(channel);
  expect(sent).toBe(frames);
  const [whole, ...more] = received(channel.take());
  // Comparing a quarter of a million numbers one by one takes seconds.
  expect(Buffer.from(message).equals(whole!)).toBe(true);
  expect(more).toEqual([]);
  expect(queue.waitingBytes).toBe(0);
});

test("maintenance passes between the chunks of a large message", () => {
  const [queue, channel] = [new SendQueue(), new FakeChannel()];
  queue.offer(bulk(100_000), "bulk");
  channel.buffered = HIGH_WATER_BYTES - 1;
  expect(queue.pump(channel)).toBe(1);
  queue.offer(ping(1), "maintenance");
  channel.buffered = 0;
  queue.pump(channel);
  const frames = channel.take();
  expect(decode(splitFrame(frames[0]!)![0]!)?.tag).toBe("chunk");
  expect(splitFrame(frames[1]!)).toEqual([ping(1)]);
  expect(received(frames).map(({ length }) => length)).toEqual([12, 100_000]);
});

test("small bulk does not overtake the large message in front of it", () => {
  const [queue, channel] = [new SendQueue(), new FakeChannel()];
  const messages = [bulk(10, 1), bulk(40_000, 2), bulk(20, 3), bulk(20_000, 4), bulk(30, 5)];
  for (const message of messages) queue.offer(message, "bulk");
  for (let turn = 0; turn < 20; turn++) {
    // Two frames a turn, the first begun by maintenance: the room behind that is not taken out of turn.
    queue.offer(ping(turn), "maintenance");
    channel.buffered = HIGH_WATER_BYTES - 13;
    queue.pump(channel);
  }
  const routed = received(channel.take()).filter((message) => message[0] === ROUTED_TAG);
  expect(routed.map(({ length }) => length)).toEqual(messages.map(({ length }) => length));
});

test.each(["maintenance", "bulk"] as const)(
  "a full queue of %s says so and keeps nothing",
  (what) => {
    const queue = new SendQueue();
    const message = bulk(4_096);
    const most = Math.floor(QUEUE_BYTES[what] / message.length);
    for (let i = 0; i < most; i++) expect(queue.offer(message, what)).toBe(true);
    const { waitingBytes } = queue;
    expect(queue.offer(message, what)).toBe(false);
    expect(queue.waitingBytes).toBe(waitingBytes);
    const other = what === "bulk" ? "maintenance" : "bulk";
    expect(queue.offer(message, other)).toBe(true);
  },
);

test("a full queue takes messages again once some have left", () => {
  const [queue, channel] = [new SendQueue(), new FakeChannel()];
  while (queue.offer(bulk(16_000), "bulk"));
  queue.pump(channel);
  expect(queue.offer(bulk(16_000), "bulk")).toBe(true);
});

test("a channel with enough in its buffer gets no more until that has left", () => {
  const [queue, channel] = [new SendQueue(), new FakeChannel()];
  for (let i = 0; i < 100; i++) queue.offer(bulk(MAX_FRAME_BYTES, i), "bulk");
  expect(queue.pump(channel)).toBe(HIGH_WATER_BYTES / MAX_FRAME_BYTES);
  expect(queue.pump(channel)).toBe(0);
  channel.buffered -= 1;
  expect(queue.pump(channel)).toBe(1);
  channel.buffered = 0;
  expect(queue.pump(channel)).toBe(HIGH_WATER_BYTES / MAX_FRAME_BYTES);
});

test("thousands of messages leave in order", () => {
  const [queue, channel] = [new SendQueue(), new FakeChannel()];
  const sent = Array.from({ length: 5_000 }, (_, i) => ping(i));
  sent.forEach((message, i) => {
    queue.offer(message, "maintenance");
    // Some leave on the way, so that the queue's front moves.
    if (i % 700 === 699) queue.pump(channel);
  });
  queue.pump(channel);
  expect(received(channel.take())).toEqual(sent);
});
