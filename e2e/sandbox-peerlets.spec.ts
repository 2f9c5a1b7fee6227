/**
 * What the sandbox does for a peerlet that means well.
 */
import { expect, test } from "./fixtures/hostile-lab.ts";

test("a peerlet starts, answers upcalls, calls its host, and stops", async ({ lab }) => {
  const peerlet = await lab.start(`
    export default (prost) => ({
      deliver(message) { prost.log("got", message); },
      remote: { get: (caller, key) => [caller, key] },
      local: {
        ask: (key) => prost.storage.get(key),
        key: (name) => prost.keyOf(name),
      },
    });`);
  expect(await peerlet.started()).toEqual({
    offered: { upcalls: ["deliver"], remote: ["get"], local: ["ask", "key"], service: [] },
  });
  const message = { key: "0".repeat(40), data: [1, 2], source: "1".repeat(40), hops: 2 };
  expect(await peerlet.call("deliver", [message])).toEqual({ kind: "value", value: undefined });
  expect(await peerlet.calls()).toEqual([{ method: "log", args: ["got", message] }]);
  expect(await peerlet.call("remote", ["me", "get", ["k"]])).toEqual({
    kind: "value",
    value: ["me", "k"],
  });
  expect(await peerlet.local("ask", "k")).toEqual(["storageGet", ["k"]]);
  expect(await peerlet.local("key", "abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a3");
  await peerlet.stop();
  expect(await peerlet.stopped()).toEqual({
    kind: "closed",
    why: "it was stopped",
    isOffence: false,
  });
});
