/**
 * The papers' evaluation, repeated: instant messaging and yellow pages on 20
 * tabs at the same time, from one drop each.
 */
import type { Tab } from "./fixtures/overlay.ts";
import { expect, test } from "./fixtures/overlay.ts";
import { install, local, stateOf, where } from "./fixtures/peerlets.ts";

interface Me {
  readonly publicKey: string;
  readonly name: string;
}

interface Message {
  readonly text: string;
  readonly mark: string;
}

/** What a `local` method answers once it `holds`. */
async function until<Answer>(
  what: string,
  ask: () => Promise<unknown>,
  holds: (answer: Answer) => boolean,
): Promise<Answer> {
  let last: Answer | undefined;
  await expect
    .poll(
      async () => {
        last = (await ask().catch(() => undefined)) as Answer | undefined;
        return last !== undefined && holds(last);
      },
      { message: what, timeout: 60_000, intervals: [250] },
    )
    .toBe(true);
  return last!;
}

test("im and directory on 20 tabs, from one drop each: used from several tabs, installed by hand nowhere else", async ({
  overlay,
}) => {
  test.setTimeout(240_000);
  await overlay.open(20);
  await overlay.waitForRing();
  const [first, second] = overlay.tabs as [Tab, Tab];
  const [im, directory] = await Promise.all([install(first, "im"), install(second, "directory")]);

  // Instant messaging: it comes to others with an invitation, and they are people there.
  const { nodes } = (await local(first, im, "invite", 4)) as { nodes: string[] };
  expect(nodes).toHaveLength(4);
  const invited = nodes.map((id) => overlay.tabs.find((tab) => tab.id === id)!);
  const people = [first, ...invited];
  const names = ["Ada", "Bob", "Cem", "Dora", "Eve"];
  const persons = (await Promise.all(
    people.map((tab, i) => local(tab, im, "setName", names[i]!)),
  )) as Me[];
  const bobsTab = people[1]!;
  const found = await until<Me[]>(
    "Ada finds Bob",
    () => local(first, im, "find", "Bob"),
    (answer) => answer.length === 1,
  );
  const bob = found[0]!.publicKey;
  expect(bob).toBe(persons[1]!.publicKey);
  const ada = persons[0]!.publicKey;
  await local(first, im, "addContact", bob);
  await local(bobsTab, im, "addContact", ada);
  await local(first, im, "send", bob, "Hello, Bob!");
  await until<Message[]>(
    "Bob has Ada's message",
    () => local(bobsTab, im, "messages", ada),
    ([message]) => message?.text === "Hello, Bob!",
  );
  await local(bobsTab, im, "markRead", ada);
  await local(bobsTab, im, "send", ada, "Hello, Ada!");
  const chat = await until<Message[]>(
    "Ada's message was read, and Bob's is there",
    () => local(first, im, "messages", bob),
    (messages) => messages.length === 2 && messages[0]!.mark === "read",
  );
  expect(chat.map(({ text }) => text)).toEqual(["Hello, Bob!", "Hello, Ada!"]);

  // A room of all five.
  for (const tab of people) await local(tab, im, "joinRoom", "lounge");
  await local(people[4]!, im, "sendRoom", "lounge", "Who is here?");
  for (const tab of people) {
    const heard = await until<Message[]>(
      "the room's message came",
      () => local(tab, im, "messages", "lounge"),
      (messages) => messages.length > 0,
    );
    expect(heard.map(({ text }) => text)).toEqual(["Who is here?"]);
  }

  // Yellow pages: each category brings them to the nodes responsible for it, and there they are used.
  await Promise.all(
    ["bakers", "smiths", "tailors"].map((category) =>
      second.page.evaluate(
        async ([appId, name]) => {
          const register = prost.peerlets.local(appId)["register"] as (
            ...args: unknown[]
          ) => Promise<unknown>;
          await register(name, {
            name: `The ${name}`,
            description: `we are ${name}, open all day`,
          });
        },
        [directory, category] as const,
      ),
    ),
  );
  const others = overlay.tabs.filter((tab) => tab !== second);
  const states = await Promise.all(others.map((tab) => stateOf(tab, directory)));
  const users = others.filter((_, i) => states[i] === "running");
  expect(users.length).toBeGreaterThanOrEqual(3);
  for (const tab of users.slice(0, 5)) {
    const searched = await until<{ entries: { name: string }[] }>(
      "the search finds the smiths",
      () => local(tab, directory, "search", "smiths", "open DAY"),
      ({ entries }) => entries.length > 0,
    );
    expect(searched.entries.map(({ name }) => name)).toEqual(["The smiths"]);
  }

  // By hand only where they were dropped, with what they use.
  const byHand = await Promise.all(
    overlay.tabs.map(({ page }) =>
      page.evaluate(() =>
        prost.peerlets
          .list()
          .filter(({ installedBy }) => installedBy === "hand")
          .map(({ name }) => name),
      ),
    ),
  );
  expect(byHand).toEqual(overlay.tabs.map((_, i) => [["im"], ["directory"]][i] ?? []));
  const counts = [await where(overlay, im), await where(overlay, directory)].map((on) => on.length);
  console.log(`im runs on ${counts[0]} tabs, the directory on ${counts[1]}`);
});
