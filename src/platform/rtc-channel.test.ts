import { expect, test } from "vitest";
import { Counters } from "../base/counters.ts";
import type { Clock } from "../env/env.ts";
import { MAX_FRAME_BYTES } from "../link/channel.ts";
import { RtcChannel } from "./rtc-channel.ts";

/** Stands in for RTCDataChannel; the real one is tried in e2e. */
class FakeDataChannel extends EventTarget {
  readyState = "open";
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  binaryType = "blob";
  sent: unknown[] = [];
  refuses = false;
  send(data: unknown): void {
    if (this.refuses) throw new Error("send queue is full");
    this.sent.push(data);
  }
  close(): void {
    this.readyState = "closing";
  }
  receive(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

class ManualClock implements Clock {
  readonly tasks: (() => void)[] = [];
  now(): number {
    return 0;
  }
  after(_delayMs: number, task: () => void): () => void {
    this.tasks.push(task);
    return () => this.tasks.splice(this.tasks.indexOf(task), 1);
  }
  soon(task: () => void): void {
    this.tasks.push(task);
  }
  runAll(): void {
    for (const task of this.tasks.splice(0)) task();
  }
}

function setUp() {
  const clock = new ManualClock();
  const counters = new Counters();
  const channel = new FakeDataChannel();
  const connection = Object.assign(new EventTarget(), { connectionState: "connected" });
  const seen: string[] = [];
  const pipe = {
    channel: channel as unknown as RTCDataChannel,
    connection: connection as unknown as RTCPeerConnection,
    release: () => seen.push("released"),
  };
  const rtc = new RtcChannel({ clock, counters }, pipe, { local: "l", remote: "r" });
  const attach = (): void =>
    rtc.attach({
      message: (frame) => seen.push(`frame ${frame.join()}`),
      drained: () => seen.push("drained"),
      closed: (why) => seen.push(`closed: ${why}`),
    });
  return { rtc, channel, connection, clock, counters, seen, attach };
}

function bytes(...values: readonly number[]): ArrayBuffer {
  return new Uint8Array(values).buffer;
}

test("what came before attach is handed over then, the end included", () => {
  const { channel, attach, seen } = setUp();
  channel.receive(bytes(1));
  channel.receive(bytes(2, 3));
  channel.dispatchEvent(new Event("close"));
  expect(seen).toEqual(["released"]);
  attach();
  expect(seen).toEqual(["released", "frame 1", "frame 2,3", "closed: the other side closed it"]);
});

test.each([
  { what: "a text", data: "hello" },
  { what: "an empty frame", data: new ArrayBuffer(0) },
  { what: "a frame one byte too long", data: new ArrayBuffer(MAX_FRAME_BYTES + 1) },
])("$what ends the channel, once, and is counted", ({ data }) => {
  const { channel, attach, seen, counters } = setUp();
  attach();
  channel.receive(data);
  channel.receive(bytes(1));
  expect(seen).toEqual(["released", expect.stringMatching(/^closed: the other side sent /)]);
  expect(counters.get("channel.offences")).toBe(1);
});

test("a flood before attach ends the channel", () => {
  const { channel, counters, seen } = setUp();
  for (let i = 0; i < 64; i += 1) channel.receive(bytes(i));
  expect(seen).toEqual([]);
  channel.receive(bytes(64));
  expect(seen).toEqual(["released"]);
  expect(counters.get("channel.offences")).toBe(1);
});

test("a second data channel on the connection ends it", () => {
  const { connection, attach, seen } = setUp();
  attach();
  connection.dispatchEvent(new Event("datachannel"));
  expect(seen).toEqual(["released", "closed: the other side sent a second data channel"]);
});

test.each([
  { state: "disconnected", ends: false },
  { state: "failed", ends: true },
  { state: "closed", ends: true },
])("a connection that is $state ends the channel: $ends", ({ state, ends }) => {
  const { connection, attach, seen } = setUp();
  attach();
  connection.connectionState = state;
  connection.dispatchEvent(new Event("connectionstatechange"));
  expect(seen.length > 0).toBe(ends);
});

test("our own close tells us nothing, may be repeated, and releases after the other side agrees", () => {
  const { rtc, channel, attach, seen } = setUp();
  attach();
  rtc.close();
  rtc.close();
  rtc.send(new Uint8Array(1));
  expect(seen).toEqual([]);
  channel.dispatchEvent(new Event("close"));
  expect(seen).toEqual(["released"]);
  expect(channel.sent).toEqual([]);
});

test("our own close releases in time when the other side is silent", () => {
  const { rtc, clock, attach, seen } = setUp();
  attach();
  rtc.close();
  clock.runAll();
  expect(seen).toEqual(["released"]);
});

test("a send that the browser refuses ends the channel, but not from within send", () => {
  const { rtc, channel, clock, attach, seen } = setUp();
  attach();
  channel.refuses = true;
  rtc.send(new Uint8Array(1));
  expect(seen).toEqual([]);
  clock.runAll();
  expect(seen).toEqual(["released", "closed: sending failed: send queue is full"]);
});

test("drained is passed on", () => {
  const { channel, attach, seen } = setUp();
  attach();
  channel.dispatchEvent(new Event("bufferedamountlow"));
  expect(seen).toEqual(["drained"]);
  expect(channel.bufferedAmountLowThreshold).toBe(65_536);
});
