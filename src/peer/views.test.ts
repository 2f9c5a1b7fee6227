/** Views of a node's own peerlets: they live no longer than their peerlet. */
import { describe, expect, test } from "vitest";
import { PeerletWorld, makePackage } from "../sim/peerlet-world.ts";
import type { View } from "./peer.ts";
import type { ViewHost } from "./sandbox.ts";

const CODE = `export default (prost) => ({ local: { say: (what) => prost.emit("said", what) } });`;
const VIEW = "export default () => {}";
const V1 = makePackage({ name: "viewed", code: CODE, view: VIEW });
const V2 = makePackage({ name: "viewed", code: `${CODE} // 2`, view: VIEW, version: "2.0.0" });
const OTHER_VIEW = makePackage({
  name: "viewed",
  code: `${CODE} // 3`,
  view: `${VIEW} // 3`,
  version: "3.0.0",
});

/** Two nodes; the first has the peerlet without the view's code, which a code server has. */
async function setUp() {
  const world = await PeerletWorld.ofPeers(1, { seed: 4 });
  const [node] = world.nodes;
  const { peerlets, manager, sandbox } = world.layer(node!);
  const url = "https://host.example/manifest.json";
  world.served.set(url, V1.parts.manifest);
  world.served.set("https://host.example/peerlet.js", V1.parts.code);
  const install = async () => {
    await world.until(peerlets.install(url));
    expect(peerlets.get(V1.appId)!.viewFetched).toBe(false);
    world.served.set("https://host.example/view.js", V1.parts.view!);
  };
  const open = () => world.until(peerlets.openView(V1.appId, {}));
  const closed = async (view: View) => {
    await world.passUntil(() => !view.isOpen, 1_000);
    return world.until(view.closed);
  };
  return { world, peerlets, manager, sandbox, install, open, closed };
}

test("its code is fetched when it is opened first, and then no more", async () => {
  const { world, peerlets, install, open } = await setUp();
  await install();
  const fetches = () => world.fetched.filter((url) => url.includes("view.js")).length;
  expect(fetches()).toBe(0);
  const [first, second] = [await open(), await open()];
  expect([first.isOpen, second.isOpen, fetches()]).toEqual([true, true, 1]);
  expect(peerlets.get(V1.appId)!.viewFetched).toBe(true);
});

describe("closes with its peerlet", () => {
  test("that is uninstalled", async () => {
    const { world, peerlets, install, open, closed } = await setUp();
    await install();
    const view = await open();
    await world.until(peerlets.uninstall(V1.appId));
    expect(await closed(view)).toMatch(/uninstalled/);
    view.close();
  });

  test("that is upgraded", async () => {
    const { world, peerlets, install, open, closed } = await setUp();
    await install();
    const view = await open();
    await world.until(peerlets.install(V2.file));
    expect(await closed(view)).toMatch(/upgrading to 2\.0\.0/);
  });

  test("that is denied", async () => {
    const { manager, install, open, closed } = await setUp();
    await install();
    const view = await open();
    manager.policy.deny(V1.appId);
    expect(await closed(view)).toMatch(/denied/);
  });

  test("that breaks a rule", async () => {
    const { sandbox, install, open, closed } = await setUp();
    await install();
    const view = await open();
    sandbox.running.get(V1.appId)!.end({ kind: "cpu", why: "too busy", isOffence: true });
    expect(await closed(view)).toMatch(/too busy/);
  });

  test("and nothing is left that keeps it from being made idle", async () => {
    const { world, manager, install, open, closed } = await setUp();
    await install();
    const view = await open();
    expect(manager.emitters.size).toBe(1);
    await world.pass(100);
    view.close();
    expect(await closed(view)).toBe("closed");
    expect(manager.emitters.size).toBe(0);
  });
});

describe("while its code is fetched", () => {
  /** The code server answers when the test says so. */
  function hold(world: PeerletWorld): () => void {
    const { served } = world;
    const get = served.get.bind(served);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    served.get = (url: string) => {
      const found = get(url);
      if (!url.endsWith("view.js")) return found;
      return held.then(() => found) as unknown as Uint8Array;
    };
    return release;
  }

  test.each<{
    what: string;
    change: (setup: Awaited<ReturnType<typeof setUp>>) => unknown;
    code: string;
  }>([
    {
      what: "uninstalled",
      change: ({ world, peerlets }) => world.until(peerlets.uninstall(V1.appId)),
      code: "not-found",
    },
    {
      what: "upgraded",
      change: ({ world, peerlets }) => world.until(peerlets.install(OTHER_VIEW.file)),
      code: "refused",
    },
    { what: "denied", change: ({ manager }) => manager.policy.deny(V1.appId), code: "refused" },
  ])("the peerlet is $what: the view does not open", async ({ change, code }) => {
    const setup = await setUp();
    const { world, peerlets, manager, install } = setup;
    await install();
    const release = hold(world);
    const opening = peerlets.openView(V1.appId, {});
    opening.catch(() => {});
    await world.pass(100);
    await change(setup);
    release();
    await expect(world.until(opening)).rejects.toMatchObject({ code });
    expect(manager.emitters.size).toBe(0);
  });

  test("the peerlet is uninstalled and installed again: the view is the new one's", async () => {
    const { world, peerlets, sandbox, install, closed } = await setUp();
    await install();
    const release = hold(world);
    const opening = peerlets.openView(V1.appId, {});
    await world.pass(100);
    await world.until(peerlets.uninstall(V1.appId));
    await world.until(peerlets.install(V1.file));
    release();
    const view = await world.until(opening);
    expect(view.isOpen).toBe(true);
    sandbox.running.get(V1.appId)!.end({ kind: "failed", why: "over", isOffence: false });
    expect(await closed(view)).toMatch(/over/);
  });

  test("the peerlet is made idle: it is started for the view", async () => {
    const { world, peerlets, manager, install } = await setUp();
    await install();
    const release = hold(world);
    const opening = peerlets.openView(V1.appId, {});
    await world.pass(100);
    manager.get(V1.appId)!.peerlet.stop("idle", "the test says so");
    release();
    expect((await world.until(opening)).isOpen).toBe(true);
    expect(peerlets.get(V1.appId)!.state).toBe("running");
  });
});

test("an idle peerlet is started for its view", async () => {
  const { world, peerlets, manager, install, open } = await setUp();
  await install();
  manager.get(V1.appId)!.peerlet.stop("idle", "the test says so");
  await world.pass(100);
  expect((await open()).isOpen).toBe(true);
  expect(peerlets.get(V1.appId)!.state).toBe("running");
});

test("a peerlet with an open view is not made idle for others, nor for not being used", async () => {
  const { world, peerlets, manager, install, open } = await setUp();
  await install();
  const view = await open();
  manager.policy.setBudgets({ running: 1 });
  const other = makePackage({ code: CODE, publisher: "other" });
  await expect(world.until(peerlets.install(other.file))).rejects.toMatchObject({
    code: "refused",
  });
  world.run(700_000);
  await world.pass(100);
  expect([view.isOpen, peerlets.get(V1.appId)!.state]).toEqual([true, "running"]);
  view.close();
  world.run(700_000);
  await world.pass(100);
  expect(peerlets.get(V1.appId)!.state).toBe("idle");
});

test.each([
  { what: "an application that is not here", appId: "ab".repeat(16), element: {} },
  { what: "no element", appId: V1.appId, element: null },
  { what: "a text for an element", appId: V1.appId, element: "body" },
  { what: "an element that is not in the page", appId: V1.appId, element: { isConnected: false } },
])("$what has no view", async ({ appId, element }) => {
  const { world, peerlets, install } = await setUp();
  await install();
  await expect(world.until(peerlets.openView(appId, element as object))).rejects.toThrow(/\w/);
});

test("it is open when its frame is in the element, and when it ended before that", async () => {
  const { world, peerlets, sandbox, install } = await setUp();
  await install();
  const hosts: ViewHost[] = [];
  sandbox.openView = (_request, host) => {
    hosts.push(host);
    return { emit: () => {}, close: () => {} };
  };
  const opened: View[] = [];
  const opening = [1, 2].map(async () => {
    opened.push(await peerlets.openView(V1.appId, {}));
  });
  await world.pass(1_000);
  expect([hosts.length, opened]).toEqual([2, []]);
  hosts[0]!.shown();
  hosts[1]!.stopped({ kind: "lost", why: "its process died", isOffence: false });
  await world.until(Promise.all(opening));
  expect(opened.filter(({ isOpen }) => isOpen)).toHaveLength(1);
});

test("nobody has its code: that is said, and nothing is open", async () => {
  const { world, manager, install, open } = await setUp();
  await install();
  world.served.set("https://host.example/view.js", new Uint8Array(5));
  await expect(open()).rejects.toMatchObject({ code: "not-found" });
  expect(manager.emitters.size).toBe(0);
});
