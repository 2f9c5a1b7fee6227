/**
 * What a signaling server may send us, over HTTP and over PeerJS' WebSocket.
 *
 * PeerJS believes what it reads: an offer makes it construct a connection at
 * once, a message for nobody is stored for ever, an unknown serialization
 * throws. Any stranger can send those through the server. So each message is
 * rebuilt here from the fields we know, and what is not in this table does not
 * reach PeerJS.
 *
 * | type                            | from           | meaning to us                                |
 * | ------------------------------- | -------------- | -------------------------------------------- |
 * | `OPEN`                          | the server     | we are connected under our address           |
 * | `ERROR` `ID-TAKEN` `INVALID-KEY`| the server     | we are not                                   |
 * | `EXPIRE`                        | the server     | nobody of that address is connected          |
 * | `LEAVE`                         | server, a node | that node's socket is dead; or it refuses us |
 * | `OFFER` `ANSWER` `CANDIDATE`    | a node         | WebRTC                                       |
 *
 * Source: peerjs 1.5.5 and peer 1.0.2, as installed.
 */
import { isId } from "../id/id.ts";
import type { Id } from "../id/id.ts";
import type { Gate, SignalingAnswer } from "../link/signaling.ts";
import { oneLine } from "./one-line.ts";
import { fingerprintOf, flawInCandidate, flawInSdp } from "./sdp.ts";

/** A server lists about 16; twice that is room for another policy. */
const MAX_GATES = 32;

/** The list is at most MAX_GATES entries of about 130 characters. */
const MAX_ANSWER_CHARS = 16_384;

const ADDRESS = /^[A-Za-z0-9-]{1,64}$/;

/** PeerJS makes "dc_" and about 11 characters. */
const CONNECTION_ID = /^[A-Za-z0-9_]{1,64}$/;

export type ServerMessage =
  | { readonly type: "OPEN" }
  | {
      readonly type: "ERROR" | "ID-TAKEN" | "INVALID-KEY";
      readonly payload: { readonly msg: string };
    }
  | { readonly type: "EXPIRE" | "LEAVE"; readonly src: string }
  | NodeMessage;

export interface NodeMessage {
  readonly type: "OFFER" | "ANSWER" | "CANDIDATE";
  readonly src: string;
  /** Of an offer or answer. */
  readonly fingerprint: string | null;
  readonly payload: { readonly connectionId: string; readonly [field: string]: unknown };
}

/** Null for anything that is not in the table, or out of its bounds. */
export function readServerMessage(data: unknown): ServerMessage | null {
  if (!isRecord(data)) return null;
  const { type, src } = data;
  switch (type) {
    case "OPEN":
      return { type };
    case "ERROR":
    case "ID-TAKEN":
    case "INVALID-KEY":
      return {
        type,
        payload: { msg: isRecord(data["payload"]) ? oneLine(data["payload"]["msg"]) : "" },
      };
    case "EXPIRE":
    case "LEAVE":
      return isAddress(src) ? { type, src } : null;
    case "OFFER":
    case "ANSWER":
    case "CANDIDATE":
      return isAddress(src) ? readNodeMessage(type, src, data["payload"]) : null;
    default:
      return null;
  }
}

function readNodeMessage(
  type: NodeMessage["type"],
  src: string,
  payload: unknown,
): NodeMessage | null {
  if (!isRecord(payload)) return null;
  const { connectionId, sdp, candidate } = payload;
  if (typeof connectionId !== "string" || !CONNECTION_ID.test(connectionId)) return null;
  if (type === "CANDIDATE") {
    if (!isRecord(candidate) || flawInCandidate(candidate["candidate"]) !== null) return null;
    // Data channels are the first and only section, whatever its name is called.
    const fields = { candidate: candidate["candidate"], sdpMLineIndex: 0 };
    const rebuilt = { type: "data", connectionId, candidate: fields };
    return { type, src, fingerprint: null, payload: rebuilt };
  }
  const text = isRecord(sdp) ? sdp["sdp"] : undefined;
  if (typeof text !== "string" || flawInSdp(text) !== null) return null;
  const fingerprint = fingerprintOf(text);
  const rebuilt = {
    type: "data",
    connectionId,
    sdp: { type: type.toLowerCase(), sdp: text },
    label: connectionId,
    reliable: true,
    serialization: "raw",
    // PeerJS hands this on to the connection that it makes of an offer.
    metadata: fingerprint,
  };
  return { type, src, fingerprint, payload: rebuilt };
}

/** The server's answer to `POST /gates`; null when it is not one. We ourselves are left out of the list. */
export function readGatesAnswer(text: string, self: Id): SignalingAnswer | null {
  const body = readJson(text);
  if (!isRecord(body)) return null;
  if (body["kind"] === "first") return { kind: "first" };
  const { kind, gates, wanted } = body;
  if (kind !== "gates" || typeof wanted !== "boolean" || !Array.isArray(gates)) return null;
  const read = readGates(gates);
  return read === null ? null : { kind, gates: read.filter((gate) => gate.id !== self), wanted };
}

/** What the server says when it refuses, for people: `{"error": "…"}` or plain text. */
export function readRefusal(text: string): string {
  const body = readJson(text);
  return isRecord(body) ? oneLine(body["error"]) : oneLine(text);
}

/** Null when one entry is wrong: a server, or a storage, that writes nonsense is not half right. */
export function readGates(list: unknown): Gate[] | null {
  if (!Array.isArray(list) || list.length > MAX_GATES) return null;
  const gates: Gate[] = [];
  for (const entry of list) {
    if (!isRecord(entry)) return null;
    const { id, address } = entry;
    if (!isId(id) || !isAddress(address)) return null;
    gates.push({ id, address });
  }
  return gates;
}

function isAddress(text: unknown): text is string {
  return typeof text === "string" && ADDRESS.test(text);
}

function readJson(text: string): unknown {
  if (text.length > MAX_ANSWER_CHARS) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
