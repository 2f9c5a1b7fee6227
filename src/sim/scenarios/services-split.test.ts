/** The network is split for a minute, and what was done on either side is there when it is whole again. */
import { expect, test } from "vitest";
import { type Dht, dhtOf, dhtPackage, installOn, ringWithDht, textOf } from "./dht-world.ts";
import { splitForAMinute } from "./split-network.ts";
import { keyOf, sha256 } from "../../id/hash.ts";

const EACH = 10;

test.each([
  { nodes: 6, apart: 1, seed: 1 },
  { nodes: 6, apart: 3, seed: 1 },
  { nodes: 30, apart: 1, seed: 1 },
  { nodes: 30, apart: 1, seed: 2 },
  { nodes: 30, apart: 15, seed: 1 },
  { nodes: 30, apart: 15, seed: 2 },
])(
  "dht: $apart of $nodes nodes are apart; what either side wrote is read on both (seed $seed)",
  async ({ nodes, apart, seed }) => {
    const made = await dhtPackage();
    const { world, first: one } = await ringWithDht(nodes, seed, made);
    const other = [...world.nodes].at(-1)!;
    await installOn(world, other, made);
    const [here, there] = [dhtOf(world, one, made), dhtOf(world, other, made)];
    const owner = sha256(new TextEncoder().encode("owner"));
    const put = (dht: Dht, side: string) =>
      Promise.all(
        Array.from({ length: EACH }, (_, i) => dht.put(keyOf(`${side} ${i}`), `${side} ${i}`)),
      );
    const sign = async (dht: Dht, name: string, sequence: number) =>
      (await dht.putSigned(await dht.sign(owner, name, sequence, `${name} ${sequence}`))).key;
    const signed = await world.until(sign(here, "moves", 1));
    await world.until(put(here, "before"));
    for (let i = 0; i < EACH; i++) {
      await world.until(here.put(keyOf(`gone ${i}`), "gone", { secret: `secret ${i}` }));
    }

    // What the other side had a copy of.
    const removed: string[] = [];
    const others = world.sample(nodes).filter((node) => node !== one);
    await splitForAMinute(world, new Set([one, ...others].slice(0, apart)), async () => {
      await world.until(put(here, "here"), 60_000);
      await world.until(put(there, "there"), 60_000);
      await world.until(sign(here, "moves", 2));
      await world.until(sign(there, "moves", 3));
      for (let i = 0; i < EACH; i++) {
        const removing = there.remove(keyOf(`gone ${i}`), `secret ${i}`);
        if ((await world.until(removing, 60_000)).removed > 0) removed.push(`gone ${i}`);
      }
    });
    // Time to repair what it keeps.
    await world.pass(10_000);

    expect(removed.length).toBeGreaterThan(0);
    for (const dht of [here, there]) {
      for (const side of ["before", "here", "there"]) {
        for (let i = 0; i < EACH; i++) {
          const { values } = await world.until(dht.get(keyOf(`${side} ${i}`)));
          expect(values.map(({ value }) => textOf(value))).toEqual([`${side} ${i}`]);
        }
      }
      const { values } = await world.until(dht.get(signed));
      expect(values.map(({ value }) => textOf(value))).toEqual(["moves 3"]);
      for (const name of removed) {
        expect((await world.until(dht.get(keyOf(name)))).values).toEqual([]);
      }
    }
  },
);
