/**
 * Hostile peerlets and hostile nodes against the overlay itself, in real tabs: what a stranger's code may claim,
 * whose data it sees, and what a flood from outside does.
 */
import type { Tab } from "./fixtures/overlay.ts";
import { expect, test } from "./fixtures/overlay.ts";
import { local } from "./fixtures/peerlets.ts";
import { signedPackage } from "./fixtures/packages.ts";

async function install(tab: Tab, { file }: { readonly file: Uint8Array }): Promise<void> {
  await tab.page.evaluate(
    async (bytes) => void (await prost.peerlets.install(Uint8Array.from(bytes))),
    [...file],
  );
}

/** Notes the longest task of the page from now on. */
async function watchTasks({ page }: Tab): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const longest = { ms: 0 };
    Object.assign(globalThis, { longest });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest.ms = Math.max(longest.ms, duration);
    }).observe({ entryTypes: ["longtask"] });
  });
  return () =>
    page.evaluate(() => (globalThis as unknown as { longest: { ms: number } }).longest.ms);
}

const victim = signedPackage({
  name: "victim",
  salt: "victim",
  code: `export default (prost) => {
    const came = [];
    return {
      deliver: ({ data, source }) => void came.push([new TextDecoder().decode(data), source]),
      remote: { whoami: (caller) => caller, read: () => prost.storage.get("secret") },
      local: { came: () => came, keep: () => prost.storage.set("secret", "mine"), alive: () => true },
    };
  };`,
});

/** Everything that it could say to be somebody else, or some other application. */
const attacker = signedPackage({
  name: "attacker",
  salt: "attacker",
  code: `export default (prost) => {
    const text = new TextEncoder().encode("forged");
    const tried = async (what) => { try { return await what(); } catch (error) { return "refused: " + error.message; } };
    return {
      remote: { whoami: (caller) => caller },
      local: {
        async claim(node, victim, other) {
          const claims = { appId: victim, app: victim, source: other, caller: other, self: other };
          await tried(() => { prost.self = other; });
          await tried(() => { prost.appId = victim; });
          await tried(() => Object.defineProperty(prost, "appId", { value: victim }));
          return {
            self: prost.self,
            appId: prost.appId,
            routed: await tried(() => prost.route(null, text, { hint: node, ...claims })),
            looked: await tried(async () => (await prost.peerletAt(node, claims)).id),
            whoami: await tried(async () => (await prost.peerletAt(node, claims)).whoami(other, claims)),
            caller: await tried(async () => (await prost.peerletAt(node)).whoami(other)),
            service: await tried(() => prost.service("victim").read()),
            told: await tried(() => prost.tell(victim, "x", 1)),
          };
        },
        async read() {
          const keys = await prost.storage.keys();
          return [keys, await tried(() => prost.storage.get("secret")), await tried(() => prost.storage.get("../victim/secret"))];
        },
      },
    };
  };`,
});

test("a peerlet is whom its node knows it to be, whatever it claims, and sees no other's data", async ({
  overlay,
}) => {
  const [first, second] = (await overlay.open(2)) as [Tab, Tab];
  await overlay.waitForMesh();
  for (const tab of [first, second])
    for (const made of [victim, attacker]) await install(tab, made);
  await local(first, victim.appId, "keep");

  const claimed = await local(first, attacker.appId, "claim", second.id, victim.appId, second.id);
  expect(claimed).toMatchObject({
    self: first.id,
    appId: attacker.appId,
    caller: first.id,
    whoami: expect.stringMatching(new RegExp(`^${first.id}$|refused`)),
    service: expect.stringContaining("refused"),
    told: expect.stringContaining("refused"),
  });
  // What it routed went to its own application.
  expect(await local(second, victim.appId, "came")).toEqual([]);
  expect(await local(first, attacker.appId, "read")).toEqual([[], undefined, undefined]);
});

test("a flood from another node is refused at the door: the page and other peerlets go on, and nobody is blamed", async ({
  overlay,
}) => {
  const [flooded, flooding] = (await overlay.open(2)) as [Tab, Tab];
  await overlay.waitForMesh();
  const other = signedPackage({
    name: "other",
    salt: "other",
    code: "export default () => ({ local: { alive: () => true } });",
  });
  for (const made of [victim, other]) await install(flooded, made);
  await install(flooding, victim);
  const longestMs = await watchTasks(flooded);
  const kinds = await flooding.page.evaluate(
    async ([node, appId]) => {
      const counts: Record<string, number> = {};
      const data = new Uint8Array(500);
      for (let round = 0; round < 40; round++) {
        const receipts = await Promise.all(
          Array.from({ length: 250 }, () => prost.route(null, appId, data, { hint: node })),
        );
        for (const { kind } of receipts) counts[kind] = (counts[kind] ?? 0) + 1;
      }
      return counts;
    },
    [flooded.id, victim.appId] as const,
  );
  // Each of them is answered, many of them by a refusal.
  expect(Object.values(kinds).reduce((sum, count) => sum + count, 0)).toBe(10_000);
  expect(kinds["refused"]).toBeGreaterThan(1_000);
  expect(await local(flooded, other.appId, "alive")).toBe(true);
  expect(await local(flooded, victim.appId, "alive")).toBe(true);
  const listed = await flooded.page.evaluate(() => prost.peerlets.list());
  expect(listed).toMatchObject([
    { name: "victim", state: "running", offences: 0 },
    { name: "other", state: "running", offences: 0 },
  ]);
  expect(await longestMs(), "the page's longest task, in ms").toBeLessThan(100);
});
