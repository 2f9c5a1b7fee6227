import { expect, test } from "vitest";
import { ProstError } from "../base/errors.ts";
import type { RingSnapshot, SignalingStatus } from "../peer/peer.ts";
import {
  type Standing,
  centreText,
  failureNotice,
  hostOf,
  signalingNotice,
  standingOf,
} from "./status-words.ts";

const EMPTY: RingSnapshot = { predecessor: null, successors: [], links: [], estimatedSize: 1 };
const OTHER = { id: "a".repeat(40) };

function server(state: SignalingStatus["state"], url = "http://localhost:8080"): SignalingStatus {
  return { url, state, why: "" };
}

test("a member without neighbours is alone, with them it is in the ring", () => {
  expect(standingOf("joined", EMPTY)).toBe("alone");
  expect(standingOf("joined", { ...EMPTY, predecessor: OTHER, successors: [OTHER] })).toBe(
    "joined",
  );
  expect(standingOf("rejoining", EMPTY)).toBe("rejoining");
});

test.each<[Standing, RegExp, number]>([
  ["joined", /ring lives on/, 0],
  ["alone", /Nobody can find this node/, 3],
  ["joining", /keeps trying/, 3],
  ["rejoining", /keeps trying/, 3],
])("with the server away and standing %s the notice fits", (standing, words, checks) => {
  const notice = signalingNotice(standing, [server("away")]);
  expect(notice?.text).toMatch(words);
  expect(notice?.checks).toHaveLength(checks);
});

test("nothing is said while every server answers, nor after leaving", () => {
  expect(signalingNotice("joined", [server("resting"), server("gate")])).toBeNull();
  expect(signalingNotice("left", [server("away")])).toBeNull();
});

test("one server of two away is named, and no alarm", () => {
  const notice = signalingNotice("joining", [
    server("asking"),
    server("away", "https://b.example/x"),
  ]);
  expect(notice?.title).toBe("1 signaling server of 2 away");
  expect(notice?.text).toContain("b.example");
});

test("the middle of the ring is free for links once there are some", () => {
  expect(centreText("joined", [])).toBeNull();
  expect(centreText("alone", [])?.action).toBe("open-tab");
  expect(centreText("left", [])?.action).toBe("join-again");
  expect(centreText("joining", [server("away")])?.text).toMatch(/keeps trying/);
});

test("why a peer could not be made is said with what to do", () => {
  expect(failureNotice(new ProstError("no-webrtc", "x")).title).toMatch(/no WebRTC/);
  expect(failureNotice(new ProstError("insecure-context", "x")).checks[0]).toMatch(/https/);
  expect(failureNotice(new Error("bad address")).text).toBe("bad address");
});

test("a server is called by its host, or by what was given", () => {
  expect(hostOf("https://example.org/path")).toBe("example.org");
  expect(hostOf("nonsense")).toBe("nonsense");
});
