import { expect, test } from "vitest";
import type { LinkInfo, RingSnapshot } from "../peer/peer.ts";
import { describeNode, ringModel } from "./ring-model.ts";

const idFrom = (head: string) => head.padEnd(40, "0");
const SELF = idFrom("5");

function link(head: string, role: LinkInfo["role"], linkedTo: string[] = []): LinkInfo {
  return {
    id: idFrom(head),
    role,
    path: "direct",
    member: true,
    rttMs: 12,
    ageMs: 1000,
    sentBytes: 0,
    receivedBytes: 0,
    linkedTo: linkedTo.map(idFrom),
  };
}

function ring(links: LinkInfo[], successors: string[] = [], predecessor?: string): RingSnapshot {
  return {
    predecessor: predecessor === undefined ? null : { id: idFrom(predecessor) },
    successors: successors.map((head) => ({ id: idFrom(head) })),
    links,
    estimatedSize: 9,
  };
}

test("a node alone sees itself only", () => {
  const model = ringModel(SELF, ring([]));
  expect(model.nodes.map(({ id, kind }) => [id, kind])).toEqual([[SELF, "self"]]);
  expect(model.predecessorId).toBeNull();
});

test("nodes come clockwise from this one, and each is known as well as it is known", () => {
  const snapshot = ring(
    [link("7", "neighbour", ["5", "9"]), link("d", "long"), link("1", "other")],
    ["7", "8"],
    "4",
  );
  const model = ringModel(SELF, snapshot, [idFrom("e"), idFrom("d")]);
  expect(model.nodes.map(({ id, kind }) => [id[0], kind])).toEqual([
    ["5", "self"],
    ["7", "neighbour"],
    ["8", "heard"],
    ["9", "heard"],
    ["d", "long"],
    ["e", "passed"],
    ["1", "other"],
    ["4", "heard"],
  ]);
});

test("a link between others is drawn once, whoever tells of it, and an own link never as hearsay", () => {
  const model = ringModel(
    SELF,
    ring([link("7", "neighbour", ["5", "9", "7"]), link("9", "neighbour", ["7", "7", "5", "c"])]),
  );
  expect(model.heardLinks).toEqual([
    [idFrom("7"), idFrom("9")],
    [idFrom("9"), idFrom("c")],
  ]);
  expect([...model.byId.get(idFrom("9"))!.linkedTo].toSorted()).toEqual(
    [SELF, idFrom("7"), idFrom("c")].toSorted(),
  );
});

test("a link to oneself, which nobody honest reports, is not drawn", () => {
  expect(ringModel(SELF, ring([link("5", "long", ["7"])])).nodes).toHaveLength(1);
});

test.each([
  ["5", "this node · 2 links"],
  ["7", "successor · neighbour link, 12 ms away, linked to 2 nodes that we know"],
  ["8", "2nd successor · not linked"],
  ["9", "not linked, heard of from 1 node"],
  ["4", "predecessor · neighbour link, 12 ms away, linked to 1 node that we know"],
  ["e", "passed by the trace, not linked"],
])("node %s is described as: %s", (head, words) => {
  const snapshot = ring([link("7", "neighbour", ["9"]), link("4", "neighbour")], ["7", "8"], "4");
  const model = ringModel(SELF, snapshot, [idFrom("e")]);
  expect(describeNode(model.byId.get(idFrom(head))!)).toBe(words);
});

test("in a ring of two the other is both successor and predecessor", () => {
  const model = ringModel(SELF, ring([link("9", "neighbour")], ["9"], "9"));
  expect(describeNode(model.byId.get(idFrom("9"))!)).toMatch(/^successor and predecessor/);
});
