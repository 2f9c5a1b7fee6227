/** cast, dolr and dht-cache on real tabs: groups open and closed, crashes, broadcast, objects and their endpoints, copies on the way. */
import type { Overlay, Tab } from "./fixtures/overlay.ts";
import { expect, test } from "./fixtures/overlay.ts";
import { install, local, stateOf, where } from "./fixtures/peerlets.ts";

/** Bytes as Playwright brings them. */
type Bytes = Readonly<Record<number, number>>;

interface Place {
  readonly role: "root" | "member" | "forwarder";
  readonly isMember: boolean;
  readonly depth: number | null;
  readonly children: readonly string[];
}

interface Came {
  readonly sender: string;
  readonly data: Record<string, number>;
}

/** On `tabs`, one after the other, so that packages come from nodes that have them. */
async function installAll(tabs: readonly Tab[], name: string): Promise<string> {
  let appId = "";
  for (const tab of tabs) appId = await install(tab, name);
  return appId;
}

/** The texts that came to a member of a group, in their order. */
async function textsAt(tab: Tab, appId: string, group: string): Promise<string[]> {
  return tab.page.evaluate(
    async ([id, of]) => {
      const received = prost.peerlets.local(id)["received"] as (group: string) => Promise<unknown>;
      const came = (await received(of)) as { data: Uint8Array | string }[];
      return came.map(({ data }) =>
        typeof data === "string" ? data : new TextDecoder().decode(data),
      );
    },
    [appId, group] as const,
  );
}

async function expectTexts(
  tabs: readonly Tab[],
  appId: string,
  texts: readonly string[],
  group = "lounge",
) {
  for (const tab of tabs) {
    await expect
      .poll(() => textsAt(tab, appId, group), { timeout: 30_000, intervals: [250] })
      .toEqual(texts);
  }
}

/** The place of a tab in the tree of a group that it works for. */
async function placeOf(tab: Tab, appId: string, key: string): Promise<Place | undefined> {
  const places = (await local(tab, appId, "groups")) as (Place & { readonly key: string })[];
  return places.find((place) => place.key === key);
}

test("cast: every member of a group gets every message once and in order, also when members crash", async ({
  overlay,
}) => {
  await overlay.open(12);
  await overlay.waitForRing();
  const members = overlay.tabs.slice(0, 7);
  const appId = await installAll(members, "cast");
  await Promise.all(members.map((tab) => local(tab, appId, "join", "lounge")));
  const texts: string[] = [];
  const say = async (tab: Tab, text: string) => {
    await local(tab, appId, "multicast", "lounge", text);
    texts.push(text);
  };
  for (let i = 0; i < 10; i++) await say(members[0]!, `message ${i}`);
  await expectTexts(members, appId, texts);

  await Promise.all([members[2]!, members[5]!].map((tab) => overlay.crash(tab)));
  const left = members.filter((_, i) => i !== 2 && i !== 5);
  for (let i = 0; i < 5; i++) await say(left[1]!, `after the crash ${i}`);
  await expectTexts(left, appId, texts);

  await local(left[3]!, appId, "leave", "lounge");
  await say(left[0]!, "the last");
  await expectTexts(left.slice(0, 3), appId, texts);
});

test("cast: a closed group takes who has its credential, and tells the others why it does not take them", async ({
  overlay,
}) => {
  await overlay.open(6);
  await overlay.waitForRing();
  const appId = await installAll(overlay.tabs, "cast");
  const [owner, friend, other, stranger, root] = overlay.tabs as [Tab, Tab, Tab, Tab, Tab];
  const members = [owner, friend, other];
  // A key: the tab that has it as its id is the root.
  const group = root.id;
  const { credential } = (await local(owner, appId, "create", group, { closed: true })) as {
    credential: string;
  };
  expect(credential).toMatch(/^[0-9a-f]{64}$/);
  for (const tab of members) await local(tab, appId, "join", group, { credential });

  const forged = { credential: "5".repeat(64) };
  // That a tab is the root gives it no right to be a member.
  for (const tab of [stranger, root]) {
    await expect(local(tab, appId, "join", group)).rejects.toThrow(
      "the group is closed: join it with its credential",
    );
    await expect(local(tab, appId, "join", group, forged)).rejects.toThrow(
      "the group is closed, and this is not its credential",
    );
    await expect(local(tab, appId, "multicast", group, "let me in")).rejects.toThrow(
      "the group is closed: join it with its credential",
    );
    await expect(local(tab, appId, "anycast", group, "let me in")).rejects.toThrow(
      "no other member of this group was found",
    );
  }
  await expect(local(stranger, appId, "create", group, { closed: true })).rejects.toThrow(
    "a group of this name was created before",
  );
  // Who is a member stays one, whatever it says when it comes again.
  await expect(local(friend, appId, "join", group, forged)).rejects.toThrow(
    "the group is closed, and this is not its credential",
  );
  await local(friend, appId, "join", group);

  const textsOf = (from: number) => Array.from({ length: 8 }, (_, i) => `${from}: ${i}`);
  const sends = members.flatMap((tab, from) =>
    textsOf(from).map((text) => local(tab, appId, "multicast", group, text)),
  );
  await Promise.all(sends);
  for (const tab of members) {
    const bySender = async () => {
      const texts = await textsAt(tab, appId, group);
      return members.map((_, from) => texts.filter((text) => text.startsWith(`${from}:`)));
    };
    await expect
      .poll(bySender, { timeout: 30_000, intervals: [250] })
      .toEqual(members.map((_, from) => textsOf(from)));
  }
  for (const tab of [stranger, root]) expect(await textsAt(tab, appId, group)).toEqual([]);
});

test("cast: an anycast comes to one other member, and says when there is none", async ({
  overlay,
}) => {
  await overlay.open(6);
  await overlay.waitForRing();
  const appId = await installAll(overlay.tabs, "cast");
  const [first, second, third, sender] = overlay.tabs as [Tab, Tab, Tab, Tab];
  const members = [first, second, third];
  const toOne = async (tab: Tab, text: string): Promise<string> => {
    const { node } = (await local(tab, appId, "anycast", "lounge", text)) as { node: string };
    return node;
  };
  const nobody = "no other member of this group was found";
  await expect(toOne(sender, "is anybody there?")).rejects.toThrow(nobody);
  await local(first, appId, "join", "lounge");
  await expect(toOne(first, "only me?")).rejects.toThrow(nobody);

  for (const tab of [second, third]) await local(tab, appId, "join", "lounge");
  const took = new Map<string, string[]>(members.map(({ id }) => [id, []]));
  for (const [i, tab] of [sender, first, sender, second, sender, third].entries()) {
    const node = await toOne(tab, `to one ${i}`);
    expect(node, "a member takes it, and not the one that asks").not.toBe(tab.id);
    took.get(node)!.push(`to one ${i}`);
  }
  // Who took it has it when the call resolves, and nobody else ever has.
  for (const tab of members) expect(await textsAt(tab, appId, "lounge")).toEqual(took.get(tab.id));

  for (const tab of [second, third]) await local(tab, appId, "leave", "lounge");
  await expect(toOne(first, "all gone?")).rejects.toThrow(nobody);
  expect(await toOne(sender, "the last one")).toBe(first.id);
});

test("cast: when a member that forwards crashes, and then the root, those that remain get every message once", async ({
  overlay,
}) => {
  test.setTimeout(180_000);
  // A node has eight children at most, so that two of ten members are below others.
  await overlay.open(11);
  await overlay.waitForRing();
  const [root, ...members] = overlay.tabs as [Tab, ...Tab[]];
  const appId = await installAll(overlay.tabs, "cast");
  const group = root.id;
  for (const tab of members) await local(tab, appId, "join", group);
  const texts: string[] = [];
  const say = async (tab: Tab, text: string) => {
    await local(tab, appId, "multicast", group, text);
    texts.push(text);
  };
  await say(members[0]!, "all are there");
  await expectTexts(members, appId, texts, group);

  const places = await Promise.all(members.map((tab) => placeOf(tab, appId, group)));
  const forwarder = members.find((_, at) => places[at]!.children.length > 0)!;
  await overlay.crash(forwarder);
  const left = members.filter((tab) => tab !== forwarder);
  for (let i = 0; i < 5; i++) await say(left[0]!, `after the forwarder ${i}`);
  await expectTexts(left, appId, texts, group);

  await overlay.crash(root);
  for (let i = 0; i < 5; i++) await say(left[1]!, `after the root ${i}`);
  await expectTexts(left, appId, texts, group);
  // One tree again, of those that are there.
  const roots = async () => {
    const all = await Promise.all(left.map((tab) => placeOf(tab, appId, group)));
    return all.filter((place) => place?.role === "root").length;
  };
  await expect.poll(roots, { timeout: 30_000, intervals: [250] }).toBe(1);
});

test("cast: a member whose tab is reloaded is one again, also when it is far from the root", async ({
  overlay,
}) => {
  // Only the root and five after it have to do with what a root knows.
  await overlay.open(9);
  await overlay.waitForMesh();
  const ids = overlay.tabs.map(({ id }) => id).toSorted();
  const [root, far, sender] = [0, 7, 3].map((rank) =>
    overlay.tabs.find(({ id }) => id === ids[rank])!,
  ) as [Tab, Tab, Tab];
  const appId = await installAll([root, far, sender], "cast");
  const group = root.id;
  for (const tab of [far, sender]) await local(tab, appId, "join", group);
  await local(sender, appId, "multicast", group, "before");
  await expectTexts([far], appId, ["before"], group);

  const again = await overlay.reload(far);
  await overlay.waitForRing();
  const place = async () => {
    const state = await stateOf(again, appId);
    return state === "running" ? placeOf(again, appId, group) : null;
  };
  await expect
    .poll(place, { timeout: 30_000, intervals: [250] })
    .toMatchObject({ role: "member", isMember: true, depth: expect.any(Number) });
  await local(sender, appId, "multicast", group, "welcome back");
  await expectTexts([again], appId, ["welcome back"], group);
});

test("cast: a broadcast comes to every tab once", async ({ overlay }) => {
  await overlay.open(10);
  await overlay.waitForMesh();
  const first = overlay.tabs[0]!;
  const appId = await install(first, "cast");
  await local(first, appId, "broadcast", "to everybody");
  await expect
    .poll(() => where(overlay, appId), { timeout: 30_000 })
    .toEqual(overlay.tabs.map(({ id }) => id).toSorted());
  for (const tab of overlay.tabs) {
    await expect
      .poll(async () => ((await local(tab, appId, "broadcasts")) as Came[]).length, {
        timeout: 15_000,
      })
      .toBe(1);
  }
});

test("dolr: a message finds the nearest endpoints of an object; not those that crashed or withdrew", async ({
  overlay,
}) => {
  await overlay.open(12);
  await overlay.waitForRing();
  const [publishers, sender] = [overlay.tabs.slice(0, 3), overlay.tabs[11]!];
  const appId = await installAll([...publishers, sender], "dolr");
  for (const tab of publishers) await local(tab, appId, "publish", "printer");
  const reached = async (count: number): Promise<string[]> => {
    const { endpoints } = (await local(sender, appId, "sendToObj", "hello", "printer", count)) as {
      endpoints: { node: string }[];
    };
    return endpoints.map(({ node }) => node).toSorted();
  };
  const idsOf = (tabs: readonly Tab[]) => tabs.map(({ id }) => id).toSorted();
  expect(await reached(3)).toEqual(idsOf(publishers));
  expect(await reached(1)).toHaveLength(1);
  await local(publishers[0]!, appId, "unpublish", "printer");
  expect(await reached(3)).toEqual(idsOf(publishers.slice(1)));
  await crashAndRepair(overlay, publishers[1]!);
  await expect.poll(() => reached(3), { timeout: 60_000 }).toEqual([publishers[2]!.id]);
});

test("dht-cache: it comes with the table, answers from copies, and outlives the root of what it has", async ({
  overlay,
}) => {
  await overlay.open(10);
  await overlay.waitForMesh();
  const [writer, reader, other] = overlay.tabs as [Tab, Tab, Tab];
  const appId = await install(writer, "dht-cache");
  const dht = await appIdOf(writer, "dht");
  const { key } = (await local(writer, dht, "putHash", "read by many")) as { key: string };
  await Promise.all([reader, other].map((tab) => install(tab, "dht-cache")));
  const read = async (tab: Tab) => {
    const got = (await local(tab, appId, "get", key)) as { value: Bytes; by: string };
    return {
      text: new TextDecoder().decode(Uint8Array.from(Object.values(got.value))),
      by: got.by,
    };
  };
  expect((await read(reader)).text).toBe("read by many");
  expect(await read(reader)).toEqual({ text: "read by many", by: "own" });
  expect(await local(reader, appId, "get", "ab".repeat(20))).toBeNull();

  const root = await writer.page.evaluate((of) => prost.trace(of).then((way) => way.root), key);
  const crashed = overlay.tabs.find(({ id }) => id === root)!;
  if (![writer, reader, other].includes(crashed)) await crashAndRepair(overlay, crashed);
  expect((await read(other)).text).toBe("read by many");
});

async function appIdOf(tab: Tab, name: string): Promise<string> {
  return tab.page.evaluate(
    (of) => prost.peerlets.list().find((each) => each.name === of)!.appId,
    name,
  );
}

async function crashAndRepair(overlay: Overlay, tab: Tab): Promise<void> {
  await overlay.crash(tab);
  await overlay.waitForRing();
}
