/**
 * Peerlets in a simulated ring: arrival on demand, refusal, upgrade, remote
 * calls, what survives.
 */
import { describe, expect, test } from "vitest";
import { keyOf } from "../../id/hash.ts";
import type { Id } from "../../id/id.ts";
import { rootOf } from "../oracle.ts";
import { type MadePackage, PeerletWorld, makePackage, settled } from "../peerlet-world.ts";
import type { SimNode } from "../world.ts";

const COUNTER = `
export default (prost) => {
  // What waited comes at once, and reading and writing are two steps.
  let last = Promise.resolve();
  const add = (key) => {
    const added = last.then(async () => {
      const count = ((await prost.storage.get(key)) ?? 0) + 1;
      await prost.storage.set(key, count);
      prost.emit("count", { key, count });
      return count;
    });
    last = added.catch(() => {});
    return added;
  };
  return {
    deliver: async ({ key }) => void (await add(key)),
    remote: {
      add: (caller, key) => add(key),
      get: async (caller, key) => (await prost.storage.get(key)) ?? 0,
      whoCalls: (caller) => caller,
      long: (caller, count) => "x".repeat(count),
      never: () => new Promise(() => {}),
    },
    local: { get: async (key) => (await prost.storage.get(key)) ?? 0, previous: () => prost.previousVersion },
  };
};`;

/** Each hop adds itself to the data. */
const TRACER = `
export default (prost) => ({
  forward({ data }) {
    const text = [...data].map((byte) => String.fromCharCode(byte)).join("") + prost.self + " ";
    return { data: Uint8Array.from([...text].map((char) => char.charCodeAt(0))) };
  },
  async deliver({ key, data }) {
    await prost.storage.set("last", [...data].map((byte) => String.fromCharCode(byte)).join(""));
  },
  local: { last: () => prost.storage.get("last") },
});`;

const SEED = 5;

function rootNode(world: PeerletWorld, key: Id): SimNode {
  const id = rootOf(key, world.sortedIds());
  return [...world.nodes].find((node) => node.id === id)!;
}

/** A name whose key has its root at another node than these. */
function nameAwayFrom(world: PeerletWorld, nodes: readonly SimNode[], salt = ""): string {
  for (let i = 0; ; i++) {
    const name = `${salt}${i}`;
    if (!nodes.includes(rootNode(world, keyOf(name)))) return name;
  }
}

const where = (world: PeerletWorld, appId: string) =>
  [...world.nodes].filter((node) => world.layer(node).peerlets.get(appId)?.state === "running");

async function ofPeers(count: number, codeServers: readonly string[] = []) {
  const world = await PeerletWorld.ofPeers(count, { seed: SEED, codeServers });
  const [first] = world.nodes;
  return { world, first: first! };
}

async function install(world: PeerletWorld, node: SimNode, made: MadePackage) {
  return world.until(world.layer(node).peerlets.install(made.file));
}

describe("arrival", () => {
  test("a message for an unknown application deploys it at its root, without its view, and nowhere else", async () => {
    const { world, first } = await ofPeers(20);
    const made = makePackage({ name: "counter", code: COUNTER, view: "export default () => {}" });
    const installed = await install(world, first, made);
    expect(installed).toMatchObject({
      state: "running",
      name: "counter",
      installedBy: "hand",
      viewFetched: true,
    });

    const key = keyOf(nameAwayFrom(world, [first]));
    const receipt = await world.route(first, key, made.appId);

    const root = rootNode(world, key);
    expect(receipt).toMatchObject({ kind: "delivered", root: root.id });
    expect(where(world, made.appId)).toEqual([first, root]);
    expect(world.layer(root).peerlets.get(made.appId)).toMatchObject({
      installedBy: "message",
      hasView: true,
      viewFetched: false,
    });
    const local = world.layer(root).peerlets.local(made.appId);
    const get = local["get"] as (key: string) => Promise<unknown>;
    expect(await world.until(get(key))).toBe(1);
  });

  test("a per-hop application is deployed at every hop, and each sees the message", async () => {
    const { world, first } = await ofPeers(60);
    const made = makePackage({ name: "tracer", appType: "per-hop", code: TRACER });
    await install(world, first, made);

    const name = Array.from({ length: 200 }, (_, i) => `far ${i}`).find((candidate) => {
      const root = rootNode(world, keyOf(candidate));
      return root !== first && !first.node.links.get(root.id);
    })!;
    const root = rootNode(world, keyOf(name));
    const receipt = await world.route(first, keyOf(name), made.appId);
    expect(receipt.kind).toBe("delivered");
    const { peerlets } = world.layer(root);
    const last = peerlets.local(made.appId)["last"] as () => Promise<string>;
    const hops = (await world.until(last())).trim().split(" ");
    expect(hops[0]).toBe(first.id);
    expect(hops.at(-1)).toBe(root.id);
    expect(hops.length).toBeGreaterThan(2);
    expect(
      where(world, made.appId)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(hops.toSorted());
  });

  test("a hop that denies it is passed, and the message arrives", async () => {
    const { world, first } = await ofPeers(60);
    const made = makePackage({ name: "tracer", appType: "per-hop", code: TRACER });
    await install(world, first, made);
    const name = Array.from({ length: 200 }, (_, i) => `far ${i}`).find((candidate) => {
      const root = rootNode(world, keyOf(candidate));
      return root !== first && !first.node.links.get(root.id);
    })!;
    const trace = await new Promise<readonly Id[]>((resolve) => {
      first.node.trace(keyOf(name), 5_000, (result) => resolve(result.trace));
      world.run(3_000);
    });
    const hop = [...world.nodes].find(({ id }) => id === trace[1])!;
    world.layer(hop).manager.policy.deny(made.appId);

    const receipt = await world.route(first, keyOf(name), made.appId);

    expect(receipt).toMatchObject({ kind: "delivered", root: trace.at(-1) });
    expect(world.layer(hop).peerlets.get(made.appId)).toMatchObject({
      state: "refused",
      why: expect.stringContaining("denied") as unknown,
    });
  });

  test("many messages at once wait for the code, and all arrive in one instance", async () => {
    const { world, first } = await ofPeers(10);
    const made = makePackage({ name: "counter", code: COUNTER });
    await install(world, first, made);
    const key = keyOf(nameAwayFrom(world, [first]));
    const receipts = await world.until(
      Promise.all(Array.from({ length: 50 }, () => world.route(first, key, made.appId))),
    );
    expect(receipts.filter(({ kind }) => kind === "delivered")).toHaveLength(50);
    expect(world.layer(rootNode(world, key)).manager.entries).toHaveLength(1);
  });

  test("code of the largest size comes from node to node, in pieces", async () => {
    const { world, first } = await ofPeers(6);
    const made = makePackage({ code: `${COUNTER}\n//${"x".repeat(500_000)}` });
    await install(world, first, made);
    const key = keyOf(nameAwayFrom(world, [first]));
    expect(await world.route(first, key, made.appId)).toMatchObject({ kind: "delivered" });
  });

  test("nobody has the code: the sender is refused, with the reason", async () => {
    const { world, first } = await ofPeers(8);
    const made = makePackage({ code: COUNTER });
    const key = keyOf(nameAwayFrom(world, [first]));
    const receipt = await world.route(first, key, made.appId, "", {
      locator: `prost:${made.hash}`,
    });
    expect(receipt).toMatchObject({
      kind: "refused",
      why: expect.stringContaining("could not be had") as unknown,
    });
  });

  test("a code server is contacted only when the policy allows its origin", async () => {
    const { world, first } = await ofPeers(8, ["https://good.example"]);
    const made = makePackage({ code: COUNTER });
    for (const host of ["good.example", "evil.example"]) {
      world.served.set(`https://${host}/counter/manifest.json`, made.parts.manifest);
      world.served.set(`https://${host}/counter/peerlet.js`, made.parts.code);
    }
    const key = keyOf(nameAwayFrom(world, [first]));
    const locator = "https://evil.example/counter/manifest.json";
    expect((await world.route(first, key, made.appId, "", { locator })).kind).toBe("refused");
    expect(world.fetched).toEqual([]);

    await world.pass(6_000);
    const good = "https://good.example/counter/manifest.json";
    expect((await world.route(first, key, made.appId, "", { locator: good })).kind).toBe(
      "delivered",
    );
    expect(world.fetched).toEqual([good, expect.stringContaining("peerlet.js?sha256=")]);
  });

  test("when its source and its code server are gone, the nodes responsible for the hash have it", async () => {
    const { world, first } = await ofPeers(30);
    const made = makePackage({ code: COUNTER, view: "export default () => {}" });
    await install(world, first, made);
    await world.pass(3_000);
    world.crash(first);
    await world.pass(10_000);
    const [other] = world.nodes;
    const key = keyOf(nameAwayFrom(world, [other!]));
    const receipt = await world.route(other!, key, made.appId, "", {
      locator: `prost:${made.hash}`,
    });
    expect(receipt.kind).toBe("delivered");
    // By hand, from the overlay alone; with its view.
    const installed = await world.until(world.layer(other!).peerlets.install(`prost:${made.hash}`));
    expect(installed.state).toBe("running");
    const view = await world.until(world.layer(other!).peerlets.openView(made.appId, {}));
    expect(view.isOpen).toBe(true);
  });
});

describe("refusal", () => {
  test("a root that denies counts as failed: the next replica answers", async () => {
    const { world, first } = await ofPeers(12);
    const made = makePackage({ code: COUNTER });
    await install(world, first, made);
    const key = keyOf(nameAwayFrom(world, [first]));
    const root = rootNode(world, key);
    world.layer(root).manager.policy.deny(made.manifest.publisher);
    const [, second] = root.node.replicaSet(key, 2);

    const receipt = await world.route(first, key, made.appId);

    expect(receipt).toMatchObject({ kind: "delivered", root: second });
    expect(where(world, made.appId).map(({ id }) => id)).not.toContain(root.id);
  });

  test.each([
    { count: 3, because: "the first node is the last replica", outcome: { kind: "delivered" } },
    {
      count: 12,
      because: "all replicas deny",
      outcome: { kind: "refused", why: expect.stringContaining("denied") as unknown },
    },
  ])(
    "in a ring of $count, where only the first node allows it, $because",
    async ({ count, outcome }) => {
      const { world, first } = await ofPeers(count);
      const made = makePackage({ code: COUNTER });
      await install(world, first, made);
      for (const node of world.nodes) {
        if (node !== first) world.layer(node).manager.policy.deny(made.appId);
      }
      const ids = world.sortedIds();
      const key = ids[(ids.indexOf(first.id) + 1) % ids.length]!;
      expect(await world.route(first, key, made.appId)).toMatchObject(outcome);
    },
  );

  test("ask: refused until the person allows it, and the question says what it is", async () => {
    const { world, first } = await ofPeers(6);
    const made = makePackage({ name: "counter", code: COUNTER });
    await install(world, first, made);
    for (const node of world.nodes) world.layer(node).manager.policy.setDefault("ask");
    expect(world.layer(first).peerlets.get(made.appId)!.state).toBe("running");
    const key = keyOf(nameAwayFrom(world, [first]));
    const root = rootNode(world, key);

    await world.route(first, key, made.appId);
    await world.route(first, key, made.appId);

    const { events, manager, peerlets } = world.layer(root);
    const asked = events.filter(({ event }) => event === "ask");
    expect(asked).toHaveLength(1);
    expect(asked[0]!.detail).toMatchObject({
      appId: made.appId,
      name: "counter",
      source: first.id,
    });
    expect(peerlets.get(made.appId)!.state).toBe("refused");

    manager.policy.allow(made.appId);
    expect(await world.passUntil(() => peerlets.get(made.appId)!.state === "running")).toBe(true);
    expect(await world.route(first, key, made.appId)).toMatchObject({
      kind: "delivered",
      root: root.id,
    });
  });
});

describe("upgrade", () => {
  const v1 = makePackage({ code: COUNTER, version: "1.0.0" });
  const v2 = makePackage({ code: `${COUNTER}\n// better`, version: "1.1.0" });

  test("a higher version spreads with its messages, and finds the state of the lower", async () => {
    const { world, first } = await ofPeers(10);
    await install(world, first, v1);
    const key = keyOf(nameAwayFrom(world, [first]));
    const root = rootNode(world, key);
    await world.route(first, key, v1.appId);
    await install(world, first, v2);
    await world.route(first, key, v1.appId);
    const { peerlets } = world.layer(root);
    expect(await world.passUntil(() => peerlets.get(v1.appId)!.version === "1.1.0")).toBe(true);
    const local = peerlets.local(v1.appId) as Record<
      string,
      (...args: string[]) => Promise<unknown>
    >;
    expect(await world.until(local["get"]!(key))).toBe(2);
    expect(await world.until(local["previous"]!())).toBe("1.0.0");
  });

  test("never back: neither by a message nor by hand", async () => {
    const { world, first } = await ofPeers(6);
    await install(world, first, v2);
    await expect(install(world, first, v1)).rejects.toThrow(/older than 1\.1\.0/);
    const key = keyOf(nameAwayFrom(world, [first]));
    const root = rootNode(world, key);
    await world.route(first, key, v1.appId);
    expect(world.layer(root).peerlets.get(v1.appId)!.version).toBe("1.1.0");
    const other = [...world.nodes].find((node) => node !== first && node !== root)!;
    await install(world, other, v1);
    await world.route(other, key, v1.appId);
    await world.pass(2_000);
    expect(world.layer(root).peerlets.get(v1.appId)!.version).toBe("1.1.0");
  });

  test("the same version with other code is refused", async () => {
    const { world, first } = await ofPeers(3);
    await install(world, first, v1);
    const changed = makePackage({ code: `${COUNTER}// changed`, version: "1.0.0" });
    await expect(install(world, first, changed)).rejects.toThrow(/needs a higher version/);
  });
});

describe("what survives", () => {
  test("every node that had it has it again after a reload, with its state", async () => {
    const { world, first } = await ofPeers(10);
    const made = makePackage({ code: COUNTER });
    await install(world, first, made);
    const key = keyOf(nameAwayFrom(world, [first]));
    const root = rootNode(world, key);
    await world.route(first, key, made.appId);

    const again = world.restart(root);
    expect(
      await world.passUntil(() => world.layer(again).peerlets.get(made.appId)?.state === "running"),
    ).toBe(true);
    const local = world.layer(again).peerlets.local(made.appId)["get"] as (
      key: string,
    ) => Promise<unknown>;
    expect(await world.until(local(key))).toBe(1);
  });

  test("uninstalled it is gone, and with forget its data, too", async () => {
    const { world, first } = await ofPeers(3);
    const made = makePackage({ code: COUNTER });
    const { peerlets } = world.layer(first);
    await install(world, first, made);
    const add = () =>
      world.until(
        peerlets
          .lookup(made.appId, first.id)
          .then((remote) => (remote["add"] as (key: string) => Promise<unknown>)("k")),
      );
    expect(await add()).toBe(1);
    await world.until(peerlets.uninstall(made.appId));
    expect(peerlets.list()).toEqual([]);
    await install(world, first, made);
    expect(await add()).toBe(2);
    await world.until(peerlets.uninstall(made.appId, { forget: true }));
    await install(world, first, made);
    expect(await add()).toBe(1);
  });
});

describe("remote references", () => {
  test("lookup installs the peerlet at the root; its methods get the verified caller", async () => {
    const { world, first } = await ofPeers(12);
    const made = makePackage({ code: COUNTER });
    await install(world, first, made);
    const key = keyOf(nameAwayFrom(world, [first]));
    const root = rootNode(world, key);
    const remote = await world.until(world.layer(first).peerlets.lookup(made.appId, key));
    expect(remote.id).toBe(root.id);
    expect(Object.keys(remote).toSorted()).toEqual([
      "add",
      "get",
      "id",
      "long",
      "never",
      "whoCalls",
    ]);
    const call = (method: string, ...args: string[]) =>
      world.until((remote[method] as (...args: string[]) => Promise<unknown>)(...args));
    expect(await call("whoCalls")).toBe(first.id);
    expect(await call("add", key)).toBe(1);
    expect(await call("get", key)).toBe(1);
    // More than one frame holds, and more than any message may.
    const long = (count: number) =>
      world.until((remote["long"] as (count: number) => Promise<string>)(count));
    expect(await long(150_000)).toHaveLength(150_000);
    await expect(long(170_000)).rejects.toMatchObject({ code: "bad-parameter" });
  });

  test.each(["leave", "crash"] as const)(
    "a call that waits ends when the node goes (%s)",
    async (how) => {
      const { world, first } = await ofPeers(12);
      const made = makePackage({ code: COUNTER });
      await install(world, first, made);
      const key = keyOf(nameAwayFrom(world, [first]));
      const remote = await world.until(world.layer(first).peerlets.lookup(made.appId, key));
      const waiting = (remote["never"] as () => Promise<unknown>)();
      waiting.catch(() => {});
      await world.pass(500);
      const startMs = world.clock.now();
      world[how](rootNode(world, key));
      await expect(world.until(waiting)).rejects.toMatchObject({ code: "gone" });
      expect(world.clock.now() - startMs).toBeLessThan(how === "leave" ? 200 : 6_000);
    },
  );

  test("a call is answered gone when the peerlet is stopped there", async () => {
    const { world, first } = await ofPeers(5);
    const made = makePackage({ code: COUNTER });
    await install(world, first, made);
    const key = keyOf(nameAwayFrom(world, [first]));
    const remote = await world.until(world.layer(first).peerlets.lookup(made.appId, key));
    const waiting = (remote["never"] as () => Promise<unknown>)();
    waiting.catch(() => {});
    await world.pass(500);
    await world.until(world.layer(rootNode(world, key)).peerlets.uninstall(made.appId));
    await expect(world.until(waiting)).rejects.toMatchObject({ code: "gone" });
  });
});

describe("offences", () => {
  test("the offender is stopped with the reason, started by the next message, and quarantined at the third", async () => {
    const { world, first } = await ofPeers(3);
    const made = makePackage({ code: COUNTER });
    await install(world, first, made);
    const { peerlets, sandbox } = world.layer(first);
    const get = () => (peerlets.local(made.appId)["get"] as (key: string) => Promise<unknown>)("k");
    const offend = async () => {
      await world.until(get());
      sandbox.running
        .get(made.appId)!
        .end({ kind: "cpu", why: "it took 90 % of a core", isOffence: true });
    };
    await offend();
    expect(peerlets.get(made.appId)).toMatchObject({
      state: "idle",
      why: "stopped: it took 90 % of a core",
      offences: 1,
    });
    await offend();
    await offend();
    expect(peerlets.get(made.appId)!.state).toBe("quarantined");
    await expect(world.until(get())).rejects.toMatchObject({ code: "refused" });
    // Kept across a reload, for the code and not for the name.
    const again = world.restart(first);
    await world.until(world.layer(again).manager.loaded);
    await settled();
    expect(world.layer(again).peerlets.get(made.appId)!.state).toBe("quarantined");
  });

  test("one whose process died of another is started again", async () => {
    const { world, first } = await ofPeers(3);
    const made = makePackage({ code: COUNTER });
    await install(world, first, made);
    const { peerlets, sandbox } = world.layer(first);
    sandbox.running
      .get(made.appId)!
      .end({ kind: "lost", why: "its process ended", isOffence: false });
    expect(await world.passUntil(() => peerlets.get(made.appId)!.state === "running")).toBe(true);
    expect(peerlets.get(made.appId)!.offences).toBe(0);
  });
});

describe("while things change", () => {
  const slow = (version: string) =>
    makePackage({ code: `${COUNTER}\n// ${version} ${"long ".repeat(40_000)}`, version });

  test("messages that come while a version is replaced by another all get an answer, and none is counted twice", async () => {
    const { world, first } = await ofPeers(6);
    const [v1, v2] = [slow("1.0.0"), slow("2.0.0")];
    await install(world, first, v1);
    const key = keyOf(nameAwayFrom(world, [first]));
    const root = rootNode(world, key);
    await world.route(first, key, v1.appId);
    const receipts: Promise<{ readonly kind: string }>[] = [];
    for (let i = 0; i < 40; i++) {
      if (i === 10) receipts.push(install(world, first, v2).then(() => ({ kind: "installed" })));
      receipts.push(world.route(first, key, v1.appId));
      await world.pass(20);
    }
    const kinds = (await world.until(Promise.all(receipts))).map(({ kind }) => kind);
    const delivered = kinds.filter((kind) => kind === "delivered").length;
    expect(kinds.filter((kind) => kind === "delivered" || kind === "refused")).toHaveLength(40);
    expect(delivered).toBeGreaterThan(30);
    const { peerlets } = world.layer(root);
    expect(await world.passUntil(() => peerlets.get(v1.appId)!.version === "2.0.0")).toBe(true);
    const get = peerlets.local(v1.appId)["get"] as (key: string) => Promise<number>;
    // What was refused may have run all the same; what was delivered has.
    expect(await world.until(get(key))).toBeGreaterThanOrEqual(delivered + 1);
    expect(await world.until(get(key))).toBeLessThanOrEqual(41);
  });

  test.each(["leave", "crash"] as const)(
    "the root goes while it fetches the code (%s): the sender is told, or the next root has it",
    async (how) => {
      const { world, first } = await ofPeers(8);
      const made = slow("1.0.0");
      await install(world, first, made);
      const key = keyOf(nameAwayFrom(world, [first]));
      const receipt = world.route(first, key, made.appId);
      await world.pass(60);
      const root = rootNode(world, key);
      expect(world.layer(root).peerlets.get(made.appId)?.state).toBe("installing");
      world[how](root);
      expect(["delivered", "refused", "unreachable", "timed-out"]).toContain(
        (await world.until(receipt)).kind,
      );
      await world.pass(5_000);
      expect(await world.route(first, key, made.appId)).toMatchObject({ kind: "delivered" });
    },
  );

  test("a hop that never answers for code holds nobody up: the source is asked in time", async () => {
    const { world, first } = await ofPeers(30);
    const made = makePackage({ code: COUNTER });
    await install(world, first, made);
    await world.pass(3_000);
    for (const node of world.nodes) {
      if (node === first) continue;
      const { codeStore } = world.layer(node).manager;
      codeStore.serve = () => {};
    }
    const key = keyOf(
      Array.from({ length: 300 }, (_, i) => `far ${i}`).find((name) => {
        const root = rootNode(world, keyOf(name));
        return root !== first && !first.node.links.get(root.id);
      })!,
    );
    expect(await world.route(first, key, made.appId)).toMatchObject({ kind: "delivered" });
  });

  test("when every member of a replica set denies it, the last says who and why", async () => {
    const { world, first } = await ofPeers(12);
    const made = makePackage({ code: COUNTER });
    await install(world, first, made);
    const key = keyOf(nameAwayFrom(world, [first]));
    const replicas = rootNode(world, key).node.replicaSet(key, 4);
    for (const node of world.nodes) world.layer(node).manager.policy.deny(made.appId);
    const receipt = await world.route(first, key, made.appId, "", {
      locator: `prost:${made.hash}`,
    });
    expect(receipt).toMatchObject({
      kind: "refused",
      by: replicas.at(-1),
      why: expect.stringContaining("does not allow this application") as unknown,
    });
  });

  test("a root that cannot get the code passes the message on to one that has it", async () => {
    const { world, first } = await ofPeers(12);
    const made = makePackage({ code: COUNTER });
    const key = keyOf("somewhere");
    const root = rootNode(world, key);
    const [, second] = root.node.replicaSet(key, 2);
    const has = [...world.nodes].find(({ id }) => id === second)!;
    await install(world, has, made);
    for (const node of world.nodes)
      world.layer(node).manager.codeStore.serve = (_message, done) =>
        done({ kind: "refused", why: "not here", isOfNode: true });
    const receipt = await world.route(first, key, made.appId, "", {
      locator: `prost:${made.hash}`,
    });
    expect(receipt).toMatchObject({ kind: "delivered", root: second });
  });

  test("the same seed gives the same run", async () => {
    const run = async () => {
      const { world, first } = await ofPeers(12);
      const lines: string[] = [];
      world.heard = ({ atMs, what }) => lines.push(`${atMs} ${what}`);
      // Loaded for the first time in the first run, and known in the second.
      const made = makePackage({ code: `${COUNTER}\n// the same seed` });
      await install(world, first, made);
      for (let i = 0; i < 5; i++) {
        const receipt = await world.route(first, keyOf(`name ${i}`), made.appId);
        lines.push(`${world.clock.now()} ${JSON.stringify(receipt)}`);
      }
      world.crash([...world.nodes][3]!);
      await world.pass(5_000);
      for (const node of world.nodes) {
        lines.push(JSON.stringify([node.id, node.counters.snapshot()]));
        for (const { event, detail } of world.layer(node).events)
          lines.push(JSON.stringify([event, detail]));
      }
      return lines;
    };
    const first = await run();
    expect(await run()).toEqual(first);
  });
});
