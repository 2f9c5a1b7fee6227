/**
 * What one hop costs: a node between two others takes routed messages of 1 KiB
 * from one link, decides, and hands them to the other, acknowledgements
 * included. In Node, on one core, with nothing below the channel.
 *
 * The floor does what no hop can do without: it takes the same frames, copies
 * each message once, and hands it on without looking at it.
 */
import { Counters } from "../src/base/counters.ts";
import { ChordNode } from "../src/chord/node.ts";
import { DEFAULT_PARAMS } from "../src/chord/params.ts";
import type { Id } from "../src/id/id.ts";
import { identityFromSecret, verifyEd25519 } from "../src/id/identity.ts";
import { plus } from "../src/id/interval.ts";
import { Dispatcher, refuseUnknown } from "../src/kbr/dispatcher.ts";
import type { Channel, ChannelEvents } from "../src/link/channel.ts";
import { SeededRandom } from "../src/sim/seeded-random.ts";
import { VirtualClock } from "../src/sim/virtual-clock.ts";
import { encode, splitFrame } from "../src/wire/codec.ts";
import { Routed } from "../src/wire/routed.ts";
import type { Row } from "./table.ts";

const DATA_BYTES = 1_024;
/** What fits a frame of 16 KiB with its headers. */
const PER_FRAME = 14;
const FRAMES = 15_000;
const ROUNDS = 5;

/** Hands frames straight to the other end; a muted end only looks at what it gets. */
class DirectChannel implements Channel {
  readonly binding = { local: "", remote: "" };
  other!: DirectChannel;
  events: ChannelEvents | null = null;
  tap: ((frame: Uint8Array) => void) | null = null;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  bufferedBytes(): number {
    return 0;
  }

  attach(events: ChannelEvents): void {
    this.events = events;
  }

  send(frame: Uint8Array): void {
    if (this.other.tap) return this.other.tap(frame);
    const copy = frame.slice();
    this.#clock.after(1, () => this.other.events?.message(copy));
  }

  close(): void {}
}

function pairOf(clock: VirtualClock): [DirectChannel, DirectChannel] {
  const ends: [DirectChannel, DirectChannel] = [new DirectChannel(clock), new DirectChannel(clock)];
  [ends[0].other, ends[1].other] = [ends[1], ends[0]];
  return ends;
}

function nodeOf(clock: VirtualClock, name: string): ChordNode {
  const random = new SeededRandom(7, name.length);
  const env = { clock, random, log: { debug: () => {} } };
  const counters = new Counters();
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i + name.charCodeAt(0));
  const noDial = {
    dial: () => ({ accept: () => {}, close: () => {} }),
    answer: () => ({ close: () => {} }),
  };
  return new ChordNode({
    env,
    identity: identityFromSecret(secret),
    verify: verifyEd25519,
    network: "bench",
    transport: noDial,
    counters,
    params: DEFAULT_PARAMS,
    upcalls: new Dispatcher(env, counters, refuseUnknown, () => {}),
  });
}

/** Three nodes in a row: source, hop and root, with the channel ends at the hop's two neighbours. */
function row() {
  const clock = new VirtualClock();
  const nodes = ["a", "b", "c"]
    .map((name) => nodeOf(clock, name))
    .toSorted((x, y) => (x.id < y.id ? -1 : 1));
  const [source, hop, root] = nodes as [ChordNode, ChordNode, ChordNode];
  const link = (a: ChordNode, b: ChordNode) => {
    const [near, far] = pairOf(clock);
    a.admit(near, { role: "initiator", expected: b.id });
    b.admit(far, { role: "responder", expected: a.id });
    return { near, far };
  };
  for (const node of nodes) node.found();
  const left = link(source, hop);
  const right = link(hop, root);
  clock.advance(1_000);
  return { clock, source, hop, root, fromSource: left.far, toRoot: right.far };
}

/** Frames of messages from `source` to a key of `root`'s, each message with an id of its own. */
function frameOf(source: Id, key: Id): Uint8Array {
  const messages = Array.from({ length: PER_FRAME }, () => {
    const data = new Uint8Array(DATA_BYTES);
    const appId = "0123456789abcdef".repeat(2);
    const fields = { key, source, messageId: 0, appId, perHop: false, wantsReceipt: true };
    return Routed.make({ ...fields, traced: false, exact: false, locator: "", data }).bytes;
  });
  const frame = new Uint8Array(messages.reduce((sum, { length }) => sum + length, 0));
  messages.reduce((at, bytes) => {
    frame.set(bytes, at);
    return at + bytes.length;
  }, 0);
  return frame;
}

const MESSAGE_ID_AT = 16;
const HOP_SERIAL_AT = 8;

function stamped(template: Uint8Array, serial: number): Uint8Array {
  const frame = template.slice();
  const bytes = frame.length / PER_FRAME;
  const view = new DataView(frame.buffer);
  for (let i = 0; i < PER_FRAME; i++) {
    view.setUint32(i * bytes + MESSAGE_ID_AT, serial * PER_FRAME + i + 1);
  }
  return frame;
}

export function measureHop(): Row[] {
  const world = row();
  const template = frameOf(world.source.id, plus(world.root.id, -1n));
  let forwarded = 0;
  let checksum = 0;
  world.toRoot.tap = (frame) => {
    const hopSerials: number[] = [];
    for (const message of splitFrame(frame) ?? []) {
      if (message[0] !== 16) continue;
      forwarded += 1;
      const view = new DataView(message.buffer, message.byteOffset);
      hopSerials.push(view.getUint32(HOP_SERIAL_AT));
    }
    if (hopSerials.length > 0) world.toRoot.other.events!.message(encode("ack", { hopSerials }));
  };
  world.fromSource.other.tap = () => {};

  let serial = 0;
  const hops: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const startMs = performance.now();
    for (let i = 0; i < FRAMES; i++) {
      world.fromSource.events!.message(stamped(template, serial++));
      world.clock.advance(0);
    }
    const hopMs = performance.now() - startMs;
    for (let i = 0; i < FRAMES; i++) {
      const frame = stamped(template, serial);
      for (const message of splitFrame(frame)!) checksum += message.slice()[HOP_SERIAL_AT]!;
    }
    const floorMs = performance.now() - startMs - hopMs;
    // The first round warms up.
    if (round > 0) {
      hops.push((FRAMES * PER_FRAME * 1_000) / hopMs);
      floors.push((FRAMES * PER_FRAME * 1_000) / floorMs);
    }
  }
  const expected = FRAMES * PER_FRAME * (ROUNDS + 1);
  if (forwarded !== expected || checksum !== 0) {
    throw new Error(`the hop forwarded ${forwarded} of ${expected} messages`);
  }
  const [hop, floor] = [median(hops), median(floors)];
  return [
    {
      what: "a hop's work, 1 KiB routed message, Node, one core",
      value: hop,
      unit: "messages/s",
      floor,
      floorIs: "copying them once",
    },
  ];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
