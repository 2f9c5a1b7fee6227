import { describe, expect, test } from "vitest";
import type { Id } from "../id/id.ts";
import { readGates, readGatesAnswer, readRefusal, readServerMessage } from "./gate-messages.ts";

const ME = "1".repeat(40) as Id;
const OTHER = "2".repeat(40) as Id;
const PAIRS = Array.from({ length: 32 }, () => "AB").join(":");
const SDP = `v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:sha-256 ${PAIRS}\r\n`;
const CANDIDATE = "candidate:1 1 udp 1 192.0.2.2 9 typ host";

describe("readServerMessage", () => {
  test("an offer is rebuilt, with our serialization and the fingerprint PeerJS carries on", () => {
    const payload = {
      type: "media",
      connectionId: "dc_1",
      serialization: "constructor",
      sdp: { type: "answer", sdp: SDP },
      extra: 1,
    };
    expect(readServerMessage({ type: "OFFER", src: "a-1", payload, dst: "me" })).toEqual({
      type: "OFFER",
      src: "a-1",
      fingerprint: `sha-256 ${PAIRS}`,
      payload: {
        type: "data",
        connectionId: "dc_1",
        sdp: { type: "offer", sdp: SDP },
        label: "dc_1",
        reliable: true,
        serialization: "raw",
        metadata: `sha-256 ${PAIRS}`,
      },
    });
  });

  test("a candidate is rebuilt for the first section", () => {
    const payload = { connectionId: "dc_1", candidate: { candidate: CANDIDATE, sdpMid: "zz" } };
    expect(readServerMessage({ type: "CANDIDATE", src: "a", payload })?.type).toBe("CANDIDATE");
    expect(readServerMessage({ type: "CANDIDATE", src: "a", payload })).toHaveProperty(
      "payload.candidate",
      { candidate: CANDIDATE, sdpMLineIndex: 0 },
    );
  });

  test.each([
    [null],
    [[]],
    ["OPEN"],
    [{ type: "HEARTBEAT" }],
    [{ type: "OFFER" }],
    [{ type: "OFFER", src: "a", payload: 5 }],
    [{ type: "OFFER", src: "a", payload: { connectionId: "dc_1" } }],
    [{ type: "OFFER", src: "a", payload: { connectionId: "dc_1", sdp: { sdp: "v=0" } } }],
    [{ type: "OFFER", src: "a b", payload: { connectionId: "dc_1", sdp: { sdp: SDP } } }],
    [{ type: "OFFER", src: "a", payload: { connectionId: "x".repeat(65), sdp: { sdp: SDP } } }],
    [{ type: "ANSWER", src: "a", payload: { connectionId: 1, sdp: { sdp: SDP } } }],
    [{ type: "CANDIDATE", src: "a", payload: { connectionId: "dc_1", candidate: CANDIDATE } }],
    [{ type: "EXPIRE" }],
    [{ type: "LEAVE", src: "a".repeat(65) }],
  ])("%j does not reach PeerJS", (message) => {
    expect(readServerMessage(message)).toBeNull();
  });

  test("an error of the server keeps one line of what it says", () => {
    const message = { type: "ERROR", payload: { msg: `a\n${"b".repeat(500)}` } };
    const read = readServerMessage(message);
    expect(read).toHaveProperty("payload.msg", `a ${"b".repeat(198)}`);
    expect(readServerMessage({ type: "ID-TAKEN" })).toHaveProperty("payload.msg", "");
  });
});

describe("readGatesAnswer", () => {
  test("this node itself is left out", () => {
    const gates = [
      { id: ME, address: "a" },
      { id: OTHER, address: "b", extra: 1 },
    ];
    expect(readGatesAnswer(JSON.stringify({ kind: "gates", gates, wanted: true }), ME)).toEqual({
      kind: "gates",
      gates: [{ id: OTHER, address: "b" }],
      wanted: true,
    });
  });

  test("the first node is told so", () => {
    expect(readGatesAnswer('{"kind":"first"}', ME)).toEqual({ kind: "first" });
  });

  test.each([
    "",
    "<!doctype html>",
    "null",
    "[]",
    '{"kind":"gates"}',
    '{"kind":"gates","gates":[],"wanted":1}',
    '{"kind":"gates","gates":{},"wanted":true}',
    '{"kind":"gates","gates":[{"id":"x","address":"a"}],"wanted":true}',
    `{"kind":"gates","gates":[{"id":"${OTHER}","address":"a b"}],"wanted":true}`,
    `{"kind":"first","air":"${"x".repeat(20_000)}"}`,
  ])("%s is no answer", (text) => {
    expect(readGatesAnswer(text, ME)).toBeNull();
  });
});

test("a list of 32 gates is read and one of 33 is not", () => {
  const gate = { id: OTHER, address: "a" };
  expect(readGates(Array.from({ length: 32 }, () => gate))).toHaveLength(32);
  expect(readGates(Array.from({ length: 33 }, () => gate))).toBeNull();
});

test.each([
  { text: '{"error":"no\\nroom"}', why: "no room" },
  { text: "Too many requests.", why: "Too many requests." },
  { text: '{"error":7}', why: "" },
])("the refusal $text reads as $why", ({ text, why }) => {
  expect(readRefusal(text)).toBe(why);
});
