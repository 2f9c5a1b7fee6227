import { describe, expect, test } from "vitest";
import { MAX_SIGNAL_CHARS } from "../link/transport.ts";
import { MAX_CANDIDATES, fingerprintOf, flawInCandidate, flawInSdp, slimSdp } from "./sdp.ts";

const PAIRS = Array.from({ length: 32 }, () => "AB").join(":");
const OTHER_PAIRS = Array.from({ length: 32 }, () => "CD").join(":");
const FINGERPRINT = `a=fingerprint:sha-256 ${PAIRS}`;
const HOST = "a=candidate:1 1 udp 2113937151 192.0.2.2 37415 typ host";

/** As Chromium 156 writes it. */
function sdp(...extra: readonly string[]): string {
  const lines = [
    "v=0",
    "o=- 4440233683196433677 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    ...extra,
    "a=ice-ufrag:weMe",
    "a=setup:actpass",
    "a=mid:0",
  ];
  return `${lines.join("\r\n")}\r\n`;
}

describe("flawInSdp", () => {
  test("an honest description passes", () => {
    const mdns = "a=candidate:2 1 udp 1 7ecda0c9-b639-4326-b251-b42369e8cdd6.local 9 typ host";
    const ipv6 = "a=candidate:3 1 udp 1 2001:db8::1 9 typ srflx raddr :: rport 0";
    expect(flawInSdp(sdp(FINGERPRINT, HOST, mdns, ipv6, "a=end-of-candidates"))).toBeNull();
  });

  test.each([
    { what: "a number", value: 7, flaw: "not a text" },
    { what: "null", value: null, flaw: "not a text" },
    { what: "nothing", value: "", flaw: "not a session description" },
    { what: "prose", value: "hello", flaw: "not a session description" },
    { what: "too much", value: `v=0\r\n${"a".repeat(MAX_SIGNAL_CHARS)}`, flaw: "too long" },
    { what: "a lone carriage return", value: sdp(`${FINGERPRINT}\ra=x`), flaw: "odd characters" },
    { what: "a zero byte", value: sdp(`${FINGERPRINT}\0`), flaw: "odd characters" },
    { what: "no section", value: `v=0\r\n${FINGERPRINT}\r\n`, flaw: "no data channel" },
    {
      what: "sound as well",
      value: sdp(FINGERPRINT, "m=audio 9 UDP/TLS/RTP/SAVPF 111"),
      flaw: "more than a data channel",
    },
    { what: "no fingerprint", value: sdp(), flaw: "no clear fingerprint" },
    {
      what: "two fingerprints",
      value: sdp(FINGERPRINT, `a=fingerprint:sha-256 ${OTHER_PAIRS}`),
      flaw: "no clear fingerprint",
    },
    {
      what: "a weak fingerprint",
      value: sdp(`a=fingerprint:sha-1 ${PAIRS.slice(0, 59)}`),
      flaw: "no clear fingerprint",
    },
    {
      what: "a host to be looked up",
      value: sdp(FINGERPRINT, HOST.replace("192.0.2.2", "stranger.example")),
      flaw: "candidate names a host",
    },
    { what: "a cut candidate", value: sdp(FINGERPRINT, "a=candidate:1 1"), flaw: "odd candidate" },
    {
      what: "too many candidates",
      value: sdp(FINGERPRINT, ...Array.from({ length: MAX_CANDIDATES + 1 }, () => HOST)),
      flaw: "too many candidates",
    },
  ])("$what is refused: $flaw", ({ value, flaw }) => {
    expect(flawInSdp(value)).toBe(flaw);
  });

  test("as many candidates as are allowed pass", () => {
    const all = Array.from({ length: MAX_CANDIDATES }, () => HOST);
    expect(flawInSdp(sdp(FINGERPRINT, ...all))).toBeNull();
  });
});

test.each([
  { candidate: "candidate:1 1 udp 1 10.0.0.1 9 typ host", flaw: null },
  { candidate: "candidate:1 1 udp 1 fe80::1 9 typ host", flaw: null },
  { candidate: "candidate:1 1 udp 1 printer.local 9 typ host", flaw: "candidate names a host" },
  { candidate: "candidate:1 1 udp 1 example.org 9 typ host", flaw: "candidate names a host" },
  { candidate: "", flaw: "odd candidate" },
  { candidate: "candidate:".padEnd(600, "1"), flaw: "candidate too long" },
  { candidate: {}, flaw: "not a text" },
])("of the candidate $candidate it says $flaw", ({ candidate, flaw }) => {
  expect(flawInCandidate(candidate)).toBe(flaw);
});

test("a fingerprint is the same whatever its case", () => {
  expect(fingerprintOf(sdp(`a=fingerprint:SHA-256 ${PAIRS.toLowerCase()}`))).toBe(
    `sha-256 ${PAIRS}`,
  );
});

test("our own description travels without TCP and within the bound", () => {
  const tcp = "a=candidate:9 1 tcp 1 192.0.2.2 9 typ host tcptype active";
  const many = Array.from({ length: MAX_CANDIDATES + 5 }, () => HOST);
  const slim = slimSdp(sdp(FINGERPRINT, tcp, ...many));
  expect(slim).not.toContain(" tcp ");
  expect(flawInSdp(slim)).toBeNull();
});
