import { expect, test } from "vitest";
import { type Asker, Gates, LEASE_MS, MAX_GATES, MAX_NETWORKS, WANTED_GATES } from "./gates.ts";

function asker(n: number, network = "prost"): Asker {
  return { network, nodeId: n.toString(16).padStart(40, "0"), address: `address-${n}` };
}

function gateOf({ nodeId, address }: Asker): { id: string; address: string } {
  return { id: nodeId, address };
}

function createGates(): { gates: Gates; clock: { nowMs: number } } {
  const clock = { nowMs: 0 };
  return { gates: new Gates(() => clock.nowMs, Math.random), clock };
}

function idsOf(answer: ReturnType<Gates["visit"]>): string[] {
  if (answer.kind !== "gates") throw new Error(`expected gates, got ${answer.kind}`);
  return answer.gates.map((gate) => gate.id).toSorted();
}

test("of ten newcomers at once, one is the first and the others are sent to it", () => {
  const { gates } = createGates();
  const answers = Array.from({ length: 10 }, (_, i) => gates.join(asker(i)));
  expect(answers[0]).toEqual({ kind: "first" });
  for (const answer of answers.slice(1)) {
    expect(answer).toEqual({ kind: "gates", gates: [gateOf(asker(0))], wanted: true });
  }
});

test("a visitor leaves no trace", () => {
  const { gates } = createGates();
  expect(gates.visit(asker(1))).toEqual({ kind: "gates", gates: [], wanted: true });
  expect(gates.counts().size).toBe(0);
  expect(gates.join(asker(2))).toEqual({ kind: "first" });
});

test("networks do not see one another's gates", () => {
  const { gates } = createGates();
  gates.stand(asker(1, "one"));
  expect(gates.join(asker(2, "two"))).toEqual({ kind: "first" });
});

test("nobody is told of itself", () => {
  const { gates } = createGates();
  gates.stand(asker(1));
  gates.stand(asker(2));
  expect(idsOf(gates.stand(asker(1)))).toEqual([asker(2).nodeId]);
});

test("a reloaded tab is not sent to its own old address, and replaces it", () => {
  const { gates } = createGates();
  const old = asker(1);
  const reloaded = { ...old, address: "reloaded" };
  gates.join(old);
  expect(gates.join(reloaded)).toEqual({ kind: "first" });
  gates.drop(old.address); // The old connection is heard of only now.
  expect(gates.visit(asker(2))).toMatchObject({ gates: [{ id: old.nodeId, address: "reloaded" }] });
});

test("a gate is gone with its connection, and its network with the last gate", () => {
  const { gates } = createGates();
  gates.stand(asker(1));
  gates.drop(asker(1).address);
  gates.drop(asker(1).address);
  expect(gates.counts().size).toBe(0);
});

test("a lease ends, unless it is renewed", () => {
  const { gates, clock } = createGates();
  gates.stand(asker(1));
  gates.stand(asker(2));
  clock.nowMs = LEASE_MS - 1;
  gates.stand(asker(2));
  clock.nowMs = LEASE_MS;
  expect(idsOf(gates.visit(asker(3)))).toEqual([asker(2).nodeId]);
  expect(gates.counts()).toEqual(new Map([["prost", 1]]));
});

test("a gate rests only under the address and the name it stands by", () => {
  const { gates } = createGates();
  gates.stand(asker(1));
  expect(gates.rest({ ...asker(1), address: "another" })).toEqual({ kind: "rested" });
  gates.rest({ ...asker(1), nodeId: asker(2).nodeId });
  expect(gates.counts().get("prost")).toBe(1);
  gates.rest(asker(1));
  expect(gates.counts().size).toBe(0);
});

test("an address is one gate at most", () => {
  const { gates } = createGates();
  gates.stand(asker(1));
  gates.stand({ ...asker(2, "elsewhere"), address: asker(1).address });
  expect(gates.counts()).toEqual(new Map([["elsewhere", 1]]));
});

test(`more gates are wanted up to ${WANTED_GATES}; all that stand are listed, so that they see when they are too many`, () => {
  const { gates } = createGates();
  for (let n = 0; n < WANTED_GATES - 1; n++) {
    expect(gates.stand(asker(n))).toMatchObject({ wanted: true });
  }
  expect(gates.stand(asker(100))).toMatchObject({ wanted: false });
  gates.stand(asker(101));
  expect(idsOf(gates.visit(asker(102)))).toHaveLength(WANTED_GATES + 1);
});

test(`gate ${MAX_GATES + 1} is not listed, but the others may renew`, () => {
  const { gates } = createGates();
  for (let n = 0; n < MAX_GATES; n++) gates.stand(asker(n));
  expect(gates.stand(asker(99))).toMatchObject({ kind: "gates", wanted: false });
  expect(gates.counts().get("prost")).toBe(MAX_GATES);
  gates.stand({ ...asker(0), address: "reloaded" });
  gates.drop("reloaded");
  expect(gates.counts().get("prost")).toBe(MAX_GATES - 1);
});

test(`network ${MAX_NETWORKS + 1} is refused until a lease ends`, () => {
  const { gates, clock } = createGates();
  for (let n = 0; n < MAX_NETWORKS; n++) gates.join(asker(n, `network-${n}`));
  const late = asker(5000, "late");
  expect(gates.join(late)).toEqual({ kind: "full" });
  expect(gates.stand(late)).toEqual({ kind: "full" });
  expect(gates.join({ ...late, network: "network-0" })).toMatchObject({ kind: "gates" });
  clock.nowMs = LEASE_MS;
  expect(gates.join(late)).toEqual({ kind: "first" });
});

test("every gate is somebody's first, so the list is in random order", () => {
  const { gates } = createGates();
  for (let n = 0; n < 4; n++) gates.stand(asker(n));
  const firsts = new Set<string | undefined>();
  for (let i = 0; i < 500; i++) {
    const answer = gates.visit(asker(9));
    firsts.add(answer.kind === "gates" ? answer.gates[0]?.id : undefined);
  }
  expect(firsts.size).toBe(4);
});
