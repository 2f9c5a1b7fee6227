/**
 * Every message one PROST node may send another over a link. Wire version 2.
 *
 * Bytes on a link: `tag (8 bits) | length of the body (24 bits) | body`, and a
 * frame is one or more of these, back to back.
 *
 * | tag         | sent when                                         | answered by |
 * | ----------- | ------------------------------------------------- | ----------- |
 * | `hello`     | the channel opened                                | `proof`     |
 * | `proof`     | the other's hello was read                        | nothing     |
 * | `goodbye`   | this end closes the link                          | nothing     |
 * | `ping`      | a link was quiet, or is doubted                   | `pong`      |
 * | `pong`      | in answer, at once                                | nothing     |
 * | `ack`       | routed messages were taken from this link         | nothing     |
 * | `state`     | who this node's neighbours and links are changed  | nothing     |
 * | `ask-state` | a ping told of a state that never came            | `state`     |
 * | `receipt`   | a routed message ended, back along its way        | nothing     |
 * | `relay`     | a frame for a node that both ends are linked to   | nothing     |
 * | `chunk`     | a message over one frame, in pieces               | nothing     |
 * | `routed`    | a routed message; its layout is in `routed.ts`    | `ack`       |
 *
 * This table is the protocol: what is not in it does not exist. A changed body
 * is a new version.
 */
import {
  type Field,
  type ValueOf,
  bytes,
  fixedBytes,
  flag,
  id,
  list,
  longBytes,
  oneOf,
  record,
  text,
  uint16,
  uint32,
  uint53,
  uint8,
} from "./fields.ts";
import {
  MAX_ACKS,
  MAX_ANSWER_BYTES,
  MAX_BODY_BYTES,
  MAX_DATA_BYTES,
  MAX_HOPS,
  MAX_LINKS,
  MAX_NEIGHBOURS,
  MAX_NETWORK_BYTES,
  MAX_WHY_BYTES,
} from "./limits.ts";

const neighbours = list(id, MAX_NEIGHBOURS);

/** Nonces are 32 bytes so that none is ever drawn twice. */
export const NONCE_BYTES = 32;

/** A frame of a channel through a third node: as large as any other (MAX_FRAME_BYTES). */
export const MAX_RELAYED_BYTES = 16_384;

export const bodies = {
  hello: record({
    version: uint16,
    network: text(MAX_NETWORK_BYTES),
    publicKey: fixedBytes(32),
    nonce: fixedBytes(NONCE_BYTES),
    /** Drawn once per run of a peer: the same node with another instance has been reloaded. */
    instance: uint53,
  }),
  proof: record({ signature: fixedBytes(64) }),
  goodbye: record({
    why: text(MAX_WHY_BYTES),
    /** True when the node leaves the ring; false when only this link ends. */
    leaving: flag,
    predecessors: neighbours,
    successors: neighbours,
  }),
  /** `stateVersion`: of the last `state` sent on this link. */
  ping: record({ serial: uint32, stateVersion: uint32 }),
  pong: record({ serial: uint32, stateVersion: uint32 }),
  ack: record({ hopSerials: list(uint32, MAX_ACKS) }),
  state: record({
    version: uint32,
    /** What this link is to its sender. */
    wants: oneOf("nothing", "long", "neighbour"),
    member: flag,
    /** Nearest first. */
    predecessors: neighbours,
    successors: neighbours,
    links: list(id, MAX_LINKS),
  }),
  "ask-state": record({}),
  receipt: record({
    messageId: uint53,
    /** Who asked: where to route this when a hop has forgotten the way back. */
    source: id,
    outcome: oneOf("delivered", "refused", "unreachable"),
    /** Who says so. */
    by: id,
    hops: uint8,
    why: text(MAX_WHY_BYTES),
    trace: list(id, MAX_HOPS + 1),
    body: longBytes(MAX_ANSWER_BYTES),
  }),
  relay: record({
    from: id,
    to: id,
    kind: oneOf("open", "frame", "close"),
    /** Drawn by the one who opened it. */
    channel: uint32,
    frame: bytes(MAX_RELAYED_BYTES),
  }),
  chunk: record({
    transfer: uint32,
    index: uint16,
    count: uint16,
    piece: bytes(16_384),
  }),
} satisfies Record<string, Field<unknown>>;

/** Sealed here, not by the order above: a number once given keeps its meaning. */
export const tagNumbers = {
  hello: 1,
  proof: 2,
  goodbye: 3,
  ping: 4,
  pong: 5,
  ack: 6,
  state: 7,
  "ask-state": 8,
  receipt: 9,
  relay: 10,
  chunk: 11,
} as const satisfies Record<keyof typeof bodies, number>;

/** The tag of a routed message, whose body is not decoded by a hop. */
export const ROUTED_TAG = 16;

export type Tag = keyof typeof bodies;
export type BodyOf<T extends Tag> = ValueOf<(typeof bodies)[T]>;
export type Message = { [T in Tag]: { readonly tag: T; readonly body: BodyOf<T> } }[Tag];

/**
 * What the overlay itself sends through the ring, as the data of a routed
 * message with the system's app id (all zeros): one tag byte, then the body.
 *
 * | tag      | meaning at the root, or at the node addressed        | body of the receipt      |
 * | -------- | ---------------------------------------------------- | ------------------------ |
 * | `find`   | who is responsible for this key?                     | `found`                  |
 * | `offer`  | open a link to me                                    | `answer`                 |
 * | `invite` | take my place as a gate                              | nothing                  |
 * | `return` | a receipt whose way back was lost                    | nothing (asks for none)  |
 */
export const systemBodies = {
  find: record({}),
  found: record({ predecessors: neighbours, successors: neighbours }),
  offer: record({ sdp: text(MAX_BODY_BYTES - 16) }),
  answer: record({ sdp: text(MAX_BODY_BYTES - 16) }),
  invite: record({}),
  return: record({ receipt: longBytes(MAX_DATA_BYTES - 16) }),
} satisfies Record<string, Field<unknown>>;

export const systemNumbers = {
  find: 1,
  found: 2,
  offer: 3,
  answer: 4,
  invite: 5,
  return: 6,
} as const satisfies Record<keyof typeof systemBodies, number>;

export type SystemTag = keyof typeof systemBodies;
export type SystemBodyOf<T extends SystemTag> = ValueOf<(typeof systemBodies)[T]>;
export type SystemMessage = {
  [T in SystemTag]: { readonly tag: T; readonly body: SystemBodyOf<T> };
}[SystemTag];
