/**
 * What we read in a session description, and what we refuse in one.
 *
 * A description comes from a stranger and goes to the browser's own parser.
 * Two things in it matter to us: the DTLS fingerprint, which the handshake
 * signs, and the addresses, which the browser will contact. So a description
 * passes only when both can be read without doubt: one data section, one
 * fingerprint, addresses that are numbers or mDNS names (anything else would
 * make the browser look a stranger's name up in the DNS).
 *
 * Sources: RFC 8866 (SDP), RFC 8122 (fingerprint), RFC 8839 (candidate).
 */
import { MAX_SIGNAL_CHARS } from "../link/transport.ts";

/** Candidates taken from one node. An honest one has two per network interface; a host of containers has many. */
export const MAX_CANDIDATES = 64;

/** A candidate is about 100 characters; with extensions 250. */
const MAX_CANDIDATE_CHARS = 512;

const FINGERPRINT =
  /^a=fingerprint:(sha-256|sha-384|sha-512) ([0-9A-F]{2}(?::[0-9A-F]{2}){31,63})$/i;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV6 = /^(?=.*:)[0-9a-f:.]{2,45}$/i;
/** RFC 8828 names: a random UUID, resolved on the local network only. */
const MDNS = /^[0-9a-f-]{36}\.local$/i;

/** Why a description from the network is not handed to the browser; null when it may be. */
export function flawInSdp(sdp: unknown): string | null {
  if (typeof sdp !== "string") return "not a text";
  if (sdp.length > MAX_SIGNAL_CHARS) return "too long";
  if (!/^v=0\r?\n/.test(sdp)) return "not a session description";
  if (/[^\x20-\x7e\r\n]|\r(?!\n)/.test(sdp)) return "odd characters";
  let sections = 0;
  let candidates = 0;
  for (const line of sdp.split(/\r?\n/)) {
    if (/^\s*m/i.test(line)) {
      sections += 1;
      if (!line.startsWith("m=application ")) return "more than a data channel";
    } else if (/candidate/i.test(line) && line !== "a=end-of-candidates") {
      candidates += 1;
      const flaw = line.startsWith("a=") ? flawInCandidate(line.slice(2)) : "odd candidate";
      if (flaw !== null) return flaw;
    }
  }
  if (sections !== 1) return "no data channel";
  if (candidates > MAX_CANDIDATES) return "too many candidates";
  return fingerprintOf(sdp) === null ? "no clear fingerprint" : null;
}

/** Why an ICE candidate ("candidate:…") from the network is not handed to the browser; null when it may be. */
export function flawInCandidate(candidate: unknown): string | null {
  if (typeof candidate !== "string") return "not a text";
  if (candidate.length > MAX_CANDIDATE_CHARS) return "candidate too long";
  const fields = candidate.split(" ");
  const address = fields[4];
  if (!fields[0]!.startsWith("candidate:") || address === undefined) return "odd candidate";
  const known = IPV4.test(address) || IPV6.test(address) || MDNS.test(address);
  return known ? null : "candidate names a host";
}

/**
 * "sha-256 AB:CD:…", the form the handshake signs; null when there is none or
 * when two lines differ, because then nobody knows which one the browser takes.
 */
export function fingerprintOf(sdp: string): string | null {
  let found: string | null = null;
  for (const line of sdp.split(/\r?\n/)) {
    if (!/fingerprint/i.test(line)) continue;
    const match = FINGERPRINT.exec(line);
    if (match === null) return null;
    const fingerprint = `${match[1]!.toLowerCase()} ${match[2]!.toUpperCase()}`;
    if (found !== null && found !== fingerprint) return null;
    found = fingerprint;
  }
  return found;
}

/**
 * Our own description as it travels: without TCP candidates, which two
 * browsers cannot use between them (both only dial), and within the bounds.
 */
export function slimSdp(sdp: string): string {
  let candidates = 0;
  return sdp
    .split("\r\n")
    .filter((line) => {
      if (!line.startsWith("a=candidate:")) return true;
      if (/^a=candidate:\S+ \d+ tcp /i.test(line)) return false;
      candidates += 1;
      return candidates <= MAX_CANDIDATES;
    })
    .join("\r\n");
}
