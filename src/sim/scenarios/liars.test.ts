/**
 * Members that lie: what they say of themselves and of others must cost them
 * their own links at most, and nobody their keys.
 */
import { expect, test } from "vitest";
import type { Id } from "../../id/id.ts";
import { plus } from "../../id/interval.ts";
import { encodeSystem } from "../../wire/codec.ts";
import { Routed, SYSTEM_APP_ID } from "../../wire/routed.ts";
import { type SimNode, World } from "../world.ts";

function ringOf(count: number, seed: number): { world: World; nodes: SimNode[] } {
  const world = new World({ seed });
  world.grow(count, 500);
  world.run(30_000);
  return { world, nodes: [...world.nodes].toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** Lookups of `key` from every other node: the roots they found. */
function rootsOf(world: World, key: Id, except: SimNode): string[] {
  const roots: string[] = [];
  const askers = [...world.nodes].filter((node) => node !== except);
  for (const asker of askers) {
    world.lookup(asker, key, ({ result: { receipt } }) =>
      roots.push(receipt.kind === "delivered" ? receipt.root : receipt.kind),
    );
  }
  world.run(15_000);
  expect(roots).toHaveLength(askers.length);
  return roots;
}

test.each([1, 2, 3])(
  "a successor that invents nodes does not take away a node's keys (seed %i)",
  (seed) => {
    const { world, nodes } = ringOf(20, seed);
    const [victim, liar] = [nodes[4]!, nodes[5]!];
    const invented = Array.from({ length: 8 }, (_, i) => plus(victim.id, BigInt(-1 - i)));
    liar.node.links.get(victim.id)!.send("state", {
      version: 1_000_000,
      wants: "neighbour",
      member: true,
      predecessors: invented,
      successors: invented,
      links: invented,
    });
    world.run(20_000);
    const roots = rootsOf(world, plus(victim.id, -1_000n), liar);
    expect(new Set(roots)).toEqual(new Set([victim.id]));
  },
);

test("a neighbour that never acknowledges does not stop the messages of others", () => {
  const { world, nodes } = ringOf(10, 4);
  const [victim, liar, other] = [nodes[2]!, nodes[6]!, nodes[8]!];
  const link = liar.node.links.get(victim.id)!;
  for (let i = 0; i < 20_000; i++) {
    const message = Routed.make({
      key: liar.id,
      source: liar.id,
      messageId: i + 1,
      appId: SYSTEM_APP_ID,
      perHop: false,
      wantsReceipt: false,
      traced: false,
      exact: true,
      locator: "",
      data: encodeSystem("find", {}),
    });
    link.sendBulk(message.bytes);
    if (i % 1_000 === 0) world.run(1);
  }
  // From here on it hears nothing, and so acknowledges nothing.
  liar.host.isUp = false;
  world.nodes.delete(liar);
  const kinds: string[] = [];
  for (let i = 0; i < 50; i++) {
    world.lookup(victim, plus(other.id, BigInt(-i)), ({ result }) =>
      kinds.push(result.receipt.kind),
    );
  }
  world.run(10_000);
  expect(kinds).toEqual(Array.from({ length: 50 }, () => "delivered"));
});

test("a thousand invitations make a node ask its server once", () => {
  const { world, nodes } = ringOf(20, 5);
  const resting = nodes.find(({ membership }) => membership.signaling[0]!.state === "resting");
  const asker = nodes.find((node) => node !== resting)!;
  const before = resting!.counters.get("signaling.asked-as-gate");
  for (let i = 0; i < 1_000; i++) asker.node.invite(resting!.id, () => {});
  world.run(2_000);
  expect(resting!.counters.get("signaling.asked-as-gate") - before).toBeLessThanOrEqual(1);
});
