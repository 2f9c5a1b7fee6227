import { describe, expect, test } from "vitest";
import { joined, pageOf } from "./copies.ts";
import { BATCH_MESSAGES } from "./limits.ts";
import { MessageLog } from "./log.ts";
import type { Copy, WireMessage } from "./protocol.ts";

const RUN = "0".repeat(16);
const wire = (text: string): WireMessage => {
  return [text[0]!.repeat(40), RUN, Number(text.slice(1)), text, true];
};
const copy = (...texts: readonly string[]): Copy => {
  return { descriptor: null, messages: texts.map(wire) };
};

describe("copies of a group", () => {
  test.each([
    { copies: [["a1", "b1"], ["b1"]], all: ["a1", "b1"], because: "each message is there once" },
    { copies: [["a3"], ["a1", "a2", "a3"]], all: ["a1", "a2", "a3"], because: "one has more" },
    {
      copies: [["a2", "b1"], ["a1"]],
      all: ["a1", "b1", "a2"],
      because: "a sender's are in order",
    },
    { copies: [], all: [], because: "there is none" },
  ])("$copies are together $all: $because", ({ copies, all }) => {
    const { messages } = joined(copies.map((texts) => copy(...texts)));
    expect(messages.map(([, , , data]) => data)).toEqual(all);
  });

  test("the first descriptor that is known is that of all", () => {
    const descriptor = { creator: "a".repeat(40), publicKey: "" };
    expect(joined([copy(), { ...copy(), descriptor }]).descriptor).toEqual(descriptor);
  });

  test("come in pages, the oldest messages first", () => {
    const log = new MessageLog();
    for (let serial = 1; serial <= BATCH_MESSAGES + 1; serial++) {
      log.add({ sender: "a".repeat(40), run: RUN, serial, data: "", isOld: false });
    }
    const first = pageOf({ descriptor: null, log }, 0);
    expect([first.messages.length, first.next]).toEqual([BATCH_MESSAGES, BATCH_MESSAGES]);
    const last = pageOf({ descriptor: null, log }, first.next!);
    expect([last.messages.length, last.next]).toEqual([1, null]);
  });
});
