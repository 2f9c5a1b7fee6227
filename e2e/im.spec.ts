/** Instant messaging on real tabs: who was away has what was said meanwhile, whoever else comes and goes. */
import type { Tab } from "./fixtures/overlay.ts";
import { expect, test } from "./fixtures/overlay.ts";
import { install, local } from "./fixtures/peerlets.ts";

interface Message {
  readonly text: string;
  readonly mark: string;
}

interface Person {
  readonly tab: Tab;
  readonly key: string;
}

test("who was away has all that was said meanwhile when back, in the same tab and with the key in another", async ({
  overlay,
}) => {
  test.setTimeout(240_000);
  await overlay.open(8);
  await overlay.waitForRing();
  let im = "";
  const personOn = async (tab: Tab, name: string): Promise<Person> => {
    im = await install(tab, "im");
    const { publicKey } = (await local(tab, im, "setName", name)) as { publicKey: string };
    return { tab, key: publicKey };
  };
  const messages = async (tab: Tab, of: string) =>
    (await local(tab, im, "messages", of)) as Message[];
  const expectTexts = (tab: Tab, of: string, texts: readonly string[]) =>
    expect
      .poll(async () => (await messages(tab, of)).map(({ text }) => text), { timeout: 60_000 })
      .toEqual(texts);
  const ann = await personOn(overlay.tabs[0]!, "Ann");
  const bob = await personOn(overlay.tabs[1]!, "Bob");
  await local(ann.tab, im, "addContact", bob.key);
  await local(bob.tab, im, "addContact", ann.key);
  await local(ann.tab, im, "joinRoom", "lounge");
  await local(bob.tab, im, "joinRoom", "lounge");
  await local(ann.tab, im, "send", bob.key, "before");
  await expectTexts(bob.tab, ann.key, ["before"]);
  // Bob tells that he has it, which takes a moment: he must not be gone by then.
  const marks = async (tab: Tab) => (await messages(tab, bob.key)).map(({ mark }) => mark);
  await expect.poll(() => marks(ann.tab), { timeout: 60_000 }).toEqual(["delivered"]);
  const secret = (await local(bob.tab, im, "exportKey")) as string;

  // Away: another page in the same tab. Meanwhile another node crashes, and Ann herself reloads.
  await bob.tab.page.goto("about:blank");
  const others = overlay.tabs.filter((tab) => tab !== bob.tab);
  await overlay.waitForRing(others);
  await local(ann.tab, im, "send", bob.key, "are you there?");
  await local(ann.tab, im, "send", bob.key, "never mind");
  await local(ann.tab, im, "sendRoom", "lounge", "Bob is away");
  await expect.poll(() => marks(ann.tab)).toEqual(["delivered", "sent", "sent"]);
  await overlay.crash(overlay.tabs[4]!);
  const anns = await overlay.reload(ann.tab);
  await overlay.waitForRing(overlay.tabs.filter((tab) => tab !== bob.tab));

  await bob.tab.page.goBack();
  await bob.tab.page.waitForFunction(() => globalThis.prost?.state === "joined");
  expect(await bob.tab.page.evaluate(() => prost.id)).toBe(bob.tab.id);
  const said = ["before", "are you there?", "never mind"];
  await expectTexts(bob.tab, ann.key, said);
  await expectTexts(bob.tab, "lounge", ["Bob is away"]);
  await expectTexts(anns, bob.key, said);
  await expect
    .poll(() => marks(anns), { timeout: 60_000 })
    .toEqual(["delivered", "delivered", "delivered"]);

  // Gone for good: the tab crashes. With the key he is there in another one.
  await overlay.crash(bob.tab);
  await local(anns, im, "send", bob.key, "once more");
  const [next] = overlay.tabs.filter((tab) => tab !== anns).slice(-1) as [Tab];
  await install(next, "im");
  await local(next, im, "importKey", secret);
  await expectTexts(next, ann.key, [...said, "once more"]);
});
