import { expect, test } from "vitest";
import { parseAsk } from "./ask.ts";

const good = { network: "prost", nodeId: "0f".repeat(20), address: "a-1", role: "gate" };

test.each([
  { change: {}, because: "nothing is wrong" },
  { change: { role: "visitor", address: undefined }, because: "a visitor needs no address" },
  { change: { network: "n".repeat(64), address: "a".repeat(64) }, because: "64 is the longest" },
  { change: { more: "fields" }, because: "later versions may send more" },
])("accepts $change, because $because", ({ change }) => {
  expect(parseAsk(JSON.stringify({ ...good, ...change })).kind).toBe("ask");
});

test.each([
  { change: { network: "" }, says: "network" },
  { change: { network: "n".repeat(65) }, says: "network" },
  { change: { network: 'x"} 1\n' }, says: "network" },
  { change: { nodeId: "0F".repeat(20) }, says: "nodeId" },
  { change: { nodeId: "0f" }, says: "nodeId" },
  { change: { nodeId: ["0f".repeat(20)] }, says: "nodeId" },
  { change: { address: "a".repeat(65) }, says: "address" },
  { change: { address: "a b" }, says: "address" },
  { change: { address: undefined }, says: "address" },
  { change: { role: "visitor", address: 7 }, says: "address" },
  { change: { role: "king" }, says: "role" },
  { change: { role: "toString" }, says: "role" },
])("refuses $change and speaks of $says", ({ change, says }) => {
  const parsed = parseAsk(JSON.stringify({ ...good, ...change }));
  expect(parsed.kind === "bad" && parsed.why).toMatch(new RegExp(`^${says}:`));
});

test.each(["", "{", "null", "7", '"text"', "[]"])("refuses %j as no ask at all", (body) => {
  expect(parseAsk(body).kind).toBe("bad");
});
