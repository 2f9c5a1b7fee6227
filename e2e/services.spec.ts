/** cast, dolr and dht-cache on real tabs: groups with crashes, broadcast, objects and their endpoints, copies on the way. */
import type { Overlay, Tab } from "./fixtures/overlay.ts";
import { expect, test } from "./fixtures/overlay.ts";
import { install, local, where } from "./fixtures/peerlets.ts";

/** Bytes as Playwright brings them. */
type Bytes = Readonly<Record<number, number>>;

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

async function expectTexts(tabs: readonly Tab[], appId: string, texts: readonly string[]) {
  for (const tab of tabs) {
    await expect
      .poll(() => textsAt(tab, appId, "lounge"), { timeout: 30_000, intervals: [250] })
      .toEqual(texts);
  }
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
