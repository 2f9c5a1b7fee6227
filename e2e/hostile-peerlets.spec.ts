/**
 * Peerlets that reach for what is not theirs: storage, network, the host.
 * See hostile-budgets.spec.ts for those that take too much.
 *
 * The lab fails a test when the page stalls or dies, or the trap hears anything.
 */
import type { Plain } from "../src/base/plain.ts";
import { expect, test } from "./fixtures/hostile-lab.ts";

/** A module whose local method `attack` runs this; what throws is told as "Error: …". */
function attacking(body: string): string {
  return `
    const told = (error) => "Error: " + (error?.message ?? error);
    export default (prost) => ({
      local: {
        async attack(url) {
          try { ${body} } catch (error) { return told(error); }
        },
        alive: () => true,
      },
    });`;
}

test("nothing of the browser is left in its reach", async ({ lab }) => {
  const peerlet = await lab.start(
    attacking(`
      const names = [];
      for (let o = globalThis; o && o !== Object.prototype; o = Object.getPrototypeOf(o)) {
        names.push(...Reflect.ownKeys(o).map(String));
      }
      return [...new Set(names)].sort();`),
  );
  const names = (await peerlet.local("attack")) as string[];
  const forbidden =
    /^(on|webkit|RTC|IDB|Web|File|Broadcast|Offscreen|Cache|Worker|Shared|Service|Message|Event|Nav|Loc|XML|Req|Res|Head|Form|Notif|Perm|Push|Lock|Stor|Image|Canvas|Media|Audio|Video|GPU|USB|HID|Serial|Bluetooth)/;
  const known = ["WeakMap", "WeakRef", "WeakSet"];
  expect(names.filter((name) => forbidden.test(name) && !known.includes(name))).toEqual([]);
  for (const name of ["eval", "postMessage", "WebAssembly", "importScripts", "fetch", "Atomics"]) {
    expect(names).not.toContain(name);
  }
  for (const name of ["structuredClone", "queueMicrotask", "atob", "URL", "TextDecoder"]) {
    expect(names).toContain(name);
  }
});

/** Each must not answer with "reached". */
const REACHES: readonly { what: string; body: string }[] = [
  { what: "the host's databases", body: `await indexedDB.databases(); return "reached";` },
  { what: "local storage", body: `localStorage.getItem("x"); return "reached";` },
  { what: "caches", body: `await caches.keys(); return "reached";` },
  { what: "cookies", body: `await cookieStore.getAll(); return "reached";` },
  {
    what: "the private file system",
    body: `await navigator.storage.getDirectory(); return "reached";`,
  },
  { what: "locks", body: `await navigator.locks.query(); return "reached";` },
  { what: "other tabs", body: `new BroadcastChannel("x").postMessage(1); return "reached";` },
  { what: "fetch", body: `await fetch(url, { mode: "no-cors" }); return "reached";` },
  {
    what: "XMLHttpRequest",
    body: `const x = new XMLHttpRequest(); x.open("GET", url); x.send(); return "reached";`,
  },
  { what: "sendBeacon", body: `navigator.sendBeacon(url); return "reached";` },
  { what: "WebSocket", body: `new WebSocket(url.replace("http", "ws")); return "reached";` },
  {
    what: "WebTransport",
    body: `new WebTransport(url.replace("http", "https")); return "reached";`,
  },
  { what: "EventSource", body: `new EventSource(url); return "reached";` },
  { what: "WebRTC", body: `new RTCPeerConnection(); return "reached";` },
  { what: "a foreign module", body: `await import(url + "/x.js"); return "reached";` },
  {
    what: "a module in a data URL",
    body: `return (await import("data:text/javascript,export default 'reached'")).default;`,
  },
  { what: "a foreign script", body: `importScripts(url + "/x.js"); return "reached";` },
  {
    what: "a nested worker",
    body: `new Worker("data:text/javascript,0"); return "reached";`,
  },
  {
    what: "a shared worker",
    body: `new SharedWorker("data:text/javascript,0"); return "reached";`,
  },
  {
    what: "a service worker",
    body: `await navigator.serviceWorker.register(url); return "reached";`,
  },
  { what: "a blob", body: `URL.createObjectURL(new Blob(["0"])); return "reached";` },
  { what: "eval", body: `return eval("'reached'");` },
  { what: "an indirect eval", body: `return (0, globalThis.eval)("'reached'");` },
  { what: "the Function constructor", body: `return new Function("return 'reached'")();` },
  {
    what: "a function's constructor",
    body: `return (function () {}).constructor("return 'reached'")();`,
  },
  {
    what: "an async function's constructor",
    body: `return await (async () => {}).constructor("return 'reached'")();`,
  },
  {
    what: "a generator's constructor",
    body: `return (function* () {}).constructor("yield 'reached'")().next().value;`,
  },
  {
    what: "a timer that compiles text",
    body: `setTimeout("globalThis.x = 1", 0); return "reached";`,
  },
  {
    what: "WebAssembly",
    body: `new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); return "reached";`,
  },
  { what: "shared memory", body: `new SharedArrayBuffer(8); return "reached";` },
  { what: "a fresh realm", body: `new ShadowRealm(); return "reached";` },
  { what: "raw messages", body: `postMessage(["call", 1, "route", []]); return "reached";` },
  { what: "the end of its worker", body: `close(); return "reached";` },
  {
    what: "raw messages, through a prototype",
    body: `
      for (let o = globalThis; o; o = Object.getPrototypeOf(o)) {
        if (Object.hasOwn(o, "postMessage") || Object.hasOwn(o, "addEventListener")) return "reached";
      }`,
  },
  {
    what: "our functions, through the frames of a stack",
    body: `
      Error.prepareStackTrace = (_, frames) => frames;
      const frames = new Error().stack;
      return frames.some((f) => f.getThis?.() ?? f.getFunction?.()) ? "reached" : "nothing";`,
  },
  {
    what: "our functions, through caller",
    body: `return (function f() { return f.caller; })() === null ? "nothing" : "reached";`,
  },
];

test("it reaches no storage, no network, no other realm", async ({ lab }) => {
  const results: Record<string, Plain> = {};
  const url = `http://127.0.0.1:${lab.trap.port}`;
  const code = `
    const told = (error) => "Error: " + (error?.message ?? error);
    export default () => ({ local: {
      ${REACHES.map(({ body }, i) => `async a${i}(url) { try { ${body} } catch (e) { return told(e); } }`).join(",\n")}
    } });`;
  const peerlet = await lab.start(code);
  for (const [i, { what }] of REACHES.entries()) results[what] = await peerlet.local(`a${i}`, url);
  const reached = Object.entries(results).filter(([, result]) => result === "reached");
  expect(reached).toEqual([]);
  // A method that does not exist, or a typing error in an attack, would look like a defence.
  expect(Object.values(results)).not.toContain(expect.stringContaining("SyntaxError"));
});

test("it finds nothing in what the host gives it but the host's own methods", async ({ lab }) => {
  const peerlet = await lab.start(
    attacking(`
      const found = [];
      const ref = await prost.lookupPeerlet("0".repeat(40)).catch(told);
      for (const [name, object] of Object.entries({ prost, storage: prost.storage, clock: prost.clock })) {
        if (!Object.isFrozen(object)) found.push(name + " is not frozen");
      }
      try { prost.appId = "other"; } catch {}
      try { prost.storage.get = () => 1; } catch {}
      if (prost.appId === "other") found.push("appId can be set");
      for (const key of ["__proto__", "constructor", "prototype", "call", "toString"]) {
        if (Object.hasOwn(prost, key)) found.push(key);
      }
      return found;`),
  );
  expect(await peerlet.local("attack")).toEqual([]);
});

test("arguments that are not plain data do not leave it", async ({ lab }) => {
  const peerlet = await lab.start(
    attacking(`
      const cycle = {}; cycle.self = cycle;
      let deep = 1; for (let i = 0; i < 1000; i++) deep = [deep];
      const values = {
        function: () => {}, symbol: Symbol(), bigint: 1n, date: new Date(), map: new Map(),
        regexp: /x/, error: new Error(), floats: new Float64Array(1), view: new DataView(new ArrayBuffer(1)),
        getter: { get x() { return 1; } }, cycle, deep, proto: JSON.parse('{"__proto__": 1}'),
        instance: new (class A {})(), proxy: new Proxy({}, { ownKeys() { throw "no"; } }),
        many: new Array(100_000).fill(1), long: "x".repeat(1_000_000), thenable: { then() {} },
      };
      const answers = {};
      for (const [name, value] of Object.entries(values)) {
        answers[name] = await prost.storage.set("k", value).then(() => "passed", (e) => e.code);
      }
      return answers;`),
  );
  const answers = (await peerlet.local("attack")) as Record<string, string>;
  expect(new Set(Object.values(answers))).toEqual(new Set(["bad-parameter"]));
  expect(await peerlet.calls()).toEqual([]);
});

test("it can offer nothing but plain methods with plain names", async ({ lab }) => {
  const offers: readonly { what: string; offer: string; why: RegExp }[] = [
    { what: "nothing at all", offer: `null`, why: /returns an object/ },
    { what: "a reserved name", offer: `({ remote: { then() {} } })`, why: /then: this name/ },
    {
      what: "the prototype",
      offer: `({ remote: JSON.parse('{"__proto__": 1}') })`,
      why: /__proto__/,
    },
    { what: "the constructor", offer: `({ local: { constructor() {} } })`, why: /constructor/ },
    { what: "a name of a path", offer: `({ local: { "a.b"() {} } })`, why: /a\.b/ },
    {
      what: "an endless name",
      offer: `({ local: { ["a".repeat(999)]() {} } })`,
      why: /cannot be called/,
    },
    {
      what: "a getter",
      offer: `({ local: { get a() { return () => 1; } } })`,
      why: /not a function/,
    },
    { what: "a value", offer: `({ local: { a: 1 } })`, why: /not a function/ },
    { what: "an upcall that is none", offer: `({ deliver: 1 })`, why: /deliver is not a function/ },
    { what: "a part that is none", offer: `({ locals: {} })`, why: /no part called locals/ },
    {
      what: "too many methods",
      offer: `({ local: Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => ["a" + i, () => {}])) })`,
      why: /more than 100/,
    },
    {
      what: "a trap",
      offer: `new Proxy({}, { get() { throw new Error("a trap") } })`,
      why: /a trap/,
    },
  ];
  for (const { what, offer, why } of offers) {
    const peerlet = await lab.launch(`export default () => (${offer})`);
    const stopped = await peerlet.stopped();
    expect(stopped, what).toMatchObject({ kind: "failed", isOffence: false });
    expect(stopped.why).toMatch(why);
  }
});

test("a method that it does not offer cannot be called", async ({ lab }) => {
  const peerlet = await lab.start(`export default () => ({ local: { a: () => 1 }, remote: {} })`);
  for (const method of [
    "b",
    "then",
    "constructor",
    "__proto__",
    "toString",
    "hasOwnProperty",
    "a.b",
  ]) {
    expect(await peerlet.call("local", [method, []])).toMatchObject({ code: "no-such-method" });
    expect(await peerlet.call("remote", ["me", method, []])).toMatchObject({
      code: "no-such-method",
    });
  }
  expect(await peerlet.call("deliver", [{}])).toMatchObject({ code: "no-such-method" });
});

test("what it answers cannot carry code, and its errors are short", async ({ lab }) => {
  const peerlet = await lab.start(`
    export default () => ({ local: {
      functions: () => () => 1,
      thenable: () => ({ then(resolve) { resolve({ then() {} }); } }),
      getter: () => ({ get x() { return 1; } }),
      long() { throw new Error("x".repeat(1e6)); },
      strange() { throw { get message() { throw 1; } }; },
      code() { throw Object.assign(new Error("me"), { code: "refused" }); },
    } });`);
  expect(await peerlet.call("local", ["functions", []])).toMatchObject({ code: "bad-parameter" });
  expect(await peerlet.call("local", ["getter", []])).toMatchObject({ code: "bad-parameter" });
  const long = await peerlet.call("local", ["long", []]);
  expect(long.kind === "error" && long.why.length).toBe(500);
  expect(await peerlet.call("local", ["strange", []])).toMatchObject({ code: "failed" });
  expect(await peerlet.call("local", ["code", []])).toMatchObject({ code: "failed", why: "me" });
});

test("one that poisons its realm sends nothing that the host does not know", async ({ lab }) => {
  const neighbour = await lab.start(attacking(""));
  const peerlet = await lab.start(`
    export default (prost) => ({ local: { attack() {
      const push = Array.prototype.push;
      Array.prototype.push = function (value) { return push.call(this, new Map([["evil", 1]])); };
      Object.getOwnPropertyDescriptor = () => ({ value: new Map() });
      Object.keys = () => ["__proto__"];
      Array.isArray = () => false;
      Object.prototype.toString = () => "[object Uint8Array]";
      Map.prototype.get = () => undefined;
      prost.emit("x", [1, 2, 3]);
      return prost.storage.set("k", { a: 1 });
    } } });`);
  // Whatever comes of it: an error, an end, or nothing at all.
  await Promise.race([peerlet.call("local", ["attack", []], 2_000), peerlet.stopped()]);
  const strange = (await peerlet.calls()).filter(({ args }) =>
    JSON.stringify(args).includes("evil"),
  );
  expect(strange).toEqual([]);
  expect(await neighbour.local("alive")).toBe(true);
});

test("what waits for it is answered when it ends", async ({ lab }) => {
  const peerlet = await lab.start(`
    export default () => ({ local: { never: () => new Promise(() => {}) }, deliver: () => new Promise(() => {}) });`);
  const open = [peerlet.call("local", ["never", []]), peerlet.call("deliver", [{}])];
  await peerlet.stop();
  expect(await Promise.all(open)).toMatchObject([{ code: "gone" }, { code: "gone" }]);
  expect(await peerlet.call("deliver", [{}])).toMatchObject({ code: "gone" });
  expect(await peerlet.stopped()).toMatchObject({ kind: "closed" });
});

test("it may put things away when it is stopped, but not for long", async ({ lab }) => {
  const tidy = await lab.start(`
    export default (prost) => ({ async close() { await prost.storage.set("k", 1); } })`);
  const stubborn = await lab.start(`export default () => ({ close: () => new Promise(() => {}) })`);
  await Promise.all([tidy.stop(), stubborn.stop()]);
  expect(await tidy.stopped()).toMatchObject({ kind: "closed" });
  expect(await tidy.calls()).toEqual([{ method: "storageSet", args: ["k", 1] }]);
  expect(await stubborn.stopped()).toMatchObject({ kind: "closed" });
});
