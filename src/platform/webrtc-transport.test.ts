import { expect, test } from "vitest";
import { Counters } from "../base/counters.ts";
import { WebRtcTransport } from "./webrtc-transport.ts";

const clock = {
  now: () => 0,
  after: () => () => {},
  soon: (task: () => void) => queueMicrotask(task),
};

/** The rest needs a browser. */
test.each([7, null, "", "hello", "v=0\r\n".padEnd(20_000, "x")])(
  "the offer %j fails after its owner holds the attempt, and is counted",
  async (offer) => {
    const counters = new Counters();
    const seen: string[] = [];
    new WebRtcTransport({ clock, counters }, []).answer(offer as string, {
      answered: () => seen.push("answered"),
      opened: () => seen.push("opened"),
      failed: (why) => seen.push(why),
    });
    expect(seen).toEqual([]);
    await Promise.resolve();
    expect(seen).toEqual([expect.stringMatching(/^bad offer: /)]);
    expect(counters.get("webrtc.bad-signals")).toBe(1);
  },
);

test("an attempt that was given up tells nothing", async () => {
  const seen: string[] = [];
  const attempt = new WebRtcTransport({ clock, counters: new Counters() }, []).answer("", {
    answered: () => seen.push("answered"),
    opened: () => seen.push("opened"),
    failed: (why) => seen.push(why),
  });
  attempt.close();
  attempt.close();
  await Promise.resolve();
  expect(seen).toEqual([]);
});

test("where there is no WebRTC a dial fails, and does not throw", async () => {
  const seen: string[] = [];
  new WebRtcTransport({ clock, counters: new Counters() }, []).dial({
    offered: () => seen.push("offered"),
    opened: () => seen.push("opened"),
    failed: (why) => seen.push(why),
  });
  await Promise.resolve();
  expect(seen).toEqual([expect.stringMatching(/^the browser refused a connection: /)]);
});
