/**
 * Views that reach for what is not theirs: they have a document, so they have
 * far more ways to try. See hostile-view-budgets.spec.ts for those that take too much.
 */
import { expect, test } from "./fixtures/hostile-lab.ts";

/** Every way to the network that a document has, or once had. `url` is the trap, `host` its host and port. */
const WAYS_OUT: readonly string[] = [
  `await fetch(url, { mode: "no-cors" })`,
  `await fetch(url, { method: "POST", body: "x", keepalive: true, mode: "no-cors" })`,
  `const x = new XMLHttpRequest(); x.open("GET", url); x.send()`,
  `if (!navigator.sendBeacon(url, "x")) throw new Error("refused")`,
  `new WebSocket("ws://" + host)`,
  `const t = new WebTransport("https://" + host); await t.ready`,
  `new EventSource(url)`,
  `const p = new RTCPeerConnection({ iceServers: [{ urls: "stun:" + host }, { urls: "turn:" + host + "?transport=tcp", username: "a", credential: "b" }] });
   p.createDataChannel("x"); await p.setLocalDescription(); throw new Error("no connection is made")`,
  `await import(url + "/x.js")`,
  `add("script", { src: url + "/x.js" })`,
  `add("script", { src: url + "/x.mjs", type: "module" })`,
  `add("script", { textContent: "fetch(" + JSON.stringify(url) + ")" })`,
  `add("script", { type: "speculationrules", textContent: JSON.stringify({ prefetch: [{ urls: [url] }], prerender: [{ urls: [url] }] }) })`,
  `add("script", { type: "importmap", textContent: JSON.stringify({ imports: { x: url } }) })`,
  ...[
    "preconnect",
    "dns-prefetch",
    "prefetch",
    "preload",
    "modulepreload",
    "stylesheet",
    "icon",
    "manifest",
    "prerender",
    "search",
    "pingback",
    "next",
  ].map((rel) => `add("link", { rel: ${JSON.stringify(rel)}, href: url, as: "image" })`),
  `add("img", { src: url + "/x.png" })`,
  `add("img", { srcset: url + "/x.png 1x" })`,
  `add("img", { src: url + "/x.svg", lazy: true })`,
  `new Image().src = url`,
  `add("video", { src: url, autoplay: true }); add("audio", { src: url, autoplay: true })`,
  `add("video", { poster: url })`,
  `add("object", { data: url }); add("embed", { src: url })`,
  `add("iframe", { src: url })`,
  `add("iframe", { srcdoc: "<img src='" + url + "'><script>fetch('" + url + "')</script>" })`,
  `add("frame", { src: url }); add("frameset", { innerHTML: "<frame src='" + url + "'>" })`,
  `add("fencedframe", { src: url }); add("portal", { src: url })`,
  `document.body.insertAdjacentHTML("beforeend", "<svg><image href='" + url + "'/><use href='" + url + "#a'/></svg>")`,
  `document.body.insertAdjacentHTML("beforeend", "<input type=image src='" + url + "'><table background='" + url + "'></table>")`,
  `add("div", { style: "background: url(" + url + "); list-style: url(" + url + "); cursor: url(" + url + "), auto" })`,
  `add("style", { textContent: "@import url(" + url + "); @font-face { font-family: f; src: url(" + url + ") } body { font-family: f; mask: url(" + url + ") }" })`,
  `const face = new FontFace("g", "url(" + url + ")"); document.fonts.add(face); await face.load()`,
  `add("base", { href: url }); add("img", { src: "x.png" })`,
  `add("meta", { httpEquiv: "Content-Security-Policy", content: "img-src 'none'; report-uri " + url }); add("img", { src: "data:," })`,
  `const f = add("form", { action: url, target: "_blank" }); f.submit()`,
  `open(url); open(url, "_top"); open(url, "_parent")`,
  `const a = add("a", { href: "#", ping: url }); a.click()`,
  `const a = add("a", { href: url, target: "_blank" }); a.click()`,
  `const a = add("a", { href: url, target: "_top" }); a.click()`,
  `top.location = url`,
  `parent.location.replace(url)`,
  `top.location.href = "javascript:fetch('" + url + "')"`,
  `new Worker(URL.createObjectURL(new Blob(["fetch('" + url + "')"])))`,
  `new SharedWorker("data:text/javascript,fetch('" + url + "')")`,
  `await navigator.serviceWorker.register(url + "/sw.js")`,
  `const frame = add("iframe", {}); await frame.contentWindow.fetch(url, { mode: "no-cors" })`,
  `const frame = add("iframe", {}); new frame.contentWindow.WebSocket("ws://" + host)`,
  `const frame = add("iframe", {}); const p = new frame.contentWindow.RTCPeerConnection({ iceServers: [{ urls: "stun:" + host }] });
   p.createDataChannel("x"); await p.setLocalDescription(); throw new Error("no connection is made")`,
  `const frame = add("iframe", { name: "inner" }); frame.contentDocument.write("<link rel=preconnect href='" + url + "'><img src='" + url + "'>"); frame.contentDocument.close()`,
  `await CSS.paintWorklet.addModule(url)`,
  `const c = new AudioContext(); await c.audioWorklet.addModule(url)`,
  `new PaymentRequest([{ supportedMethods: url }], { total: { label: "x", amount: { currency: "EUR", value: "1" } } }).show()`,
  `await navigator.credentials.get({ identity: { providers: [{ configURL: url, clientId: "x" }] } })`,
  `new ReportingObserver(() => {}).observe()`,
  `document.body.innerHTML += "<div style='background-image: image-set(url(" + url + ") 1x)'></div>"`,
  `document.adoptedStyleSheets = [Object.assign(new CSSStyleSheet(), {})]; document.adoptedStyleSheets[0].replaceSync("* { background: url(" + url + ") }")`,
  `const x = new DOMParser().parseFromString("<?xml version='1.0'?><!DOCTYPE d SYSTEM '" + url + "'><d/>", "text/xml"); document.body.append(x.documentElement)`,
];

const ADD = `
  const add = (name, properties) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in element) element[key] = value; else element.setAttribute(key, value);
      if (key === "style") element.style.cssText = value;
    }
    document.body.append(element);
    return element;
  };`;

test("nothing that it tries reaches the network", async ({ lab }) => {
  const host = `127.0.0.1:${lab.trap.port}`;
  const dialogs: string[] = [];
  lab.page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  const popups: string[] = [];
  lab.page.on("popup", (popup) => popups.push(popup.url()));
  const view = await lab.launchView(`${ADD}
    const url = "http://${host}";
    const host = "${host}";
    const ways = [${WAYS_OUT.map((way) => `async () => { ${way} }`).join(",\n")}];
    export default async (view) => {
      view.root.style.cssText = "width:100px;height:100px";
      for (const [i, way] of ways.entries()) {
        await view.local.echo(i);
        // Some never settle, and none has to.
        const ended = way().then(() => "ran", (error) => String(error));
        await Promise.race([ended, new Promise((done) => setTimeout(done, 20))]);
      }
      // What a browser puts off comes within this time. Nothing says when it is over.
      setTimeout(() => view.local.say("tried", ways.length), 1_000);
    };`);
  const tried = view.says("tried");
  const stopped = view.stopped().then(async ({ why }) => {
    const last = (await view.calls()).at(-1)?.args[0];
    return `${why} after ${WAYS_OUT[Number(last)]}`;
  });
  expect(await Promise.race([tried, stopped])).toBe(WAYS_OUT.length);
  expect(lab.trap.connections).toBe(0);
  expect(popups).toEqual([]);
  expect(dialogs).toEqual([]);
  expect(lab.page.url()).toContain("/healthz");
});

/** Two ends in one view: the policy's words and a state of "failed" do not tell whether something passes. */
const CONNECT = `
  const connect = async (Connection) => {
    const [one, other] = [new Connection(), new Connection()];
    const passed = new Promise((done) => {
      other.ondatachannel = ({ channel }) => { channel.onmessage = () => done(true); };
    });
    const channel = one.createDataChannel("x");
    channel.onopen = () => channel.send("secret");
    const gathered = (end) => new Promise((done) => {
      end.onicecandidate = ({ candidate }) => { if (candidate === null) done(); };
      setTimeout(done, 1_000);
    });
    const offered = gathered(one);
    await one.setLocalDescription();
    await offered;
    await other.setRemoteDescription(one.localDescription);
    const answered = gathered(other);
    await other.setLocalDescription();
    await answered;
    await one.setRemoteDescription(other.localDescription);
    return Promise.race([passed, new Promise((done) => setTimeout(() => done(false), 2_000))]);
  };`;

test("it makes no connection over WebRTC, nor does a frame that it makes", async ({ lab }) => {
  const view = await lab.openView(`${ADD}${CONNECT}
    const inner = \`${CONNECT}
      const mark = () => document.body.append(document.createElement("iframe"));
      mark();
      connect(globalThis.RTCPeerConnection).then((passed) => { if (passed) mark(); });\`;
    export default async (view) => {
      const passed = [];
      for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) {
        if (await connect(globalThis[name]).catch(() => false)) passed.push(name);
      }
      const made = Object.getOwnPropertyNames(globalThis).filter((name) => /^(webkit)?RTC/.test(name));
      const url = URL.createObjectURL(new Blob([inner], { type: "text/javascript" }));
      add("iframe", { srcdoc: "<body><script src='" + url + "'></script>" });
      const { contentWindow } = add("iframe", { src: "about:blank" });
      let reached = false;
      try { reached = "RTCPeerConnection" in contentWindow; } catch {}
      await new Promise((done) => setTimeout(done, 5_000));
      await view.local.say("tried", { passed, made, reached, inFrame: frames[0].length });
    };`);
  expect(await view.says("tried")).toEqual({ passed: [], made: [], reached: false, inFrame: 0 });
});

const NAVIGATIONS: Record<string, string> = {
  "to another origin": `location = "http://127.0.0.1:PORT/?secret"`,
  "to the page's own origin": `location = ORIGIN + "/gates?secret"`,
  "to a data: address": `location = "data:text/html,<script>parent.postMessage(1, '*')</script>"`,
  "to a blob": `location = URL.createObjectURL(new Blob(["<script>1</script>"], { type: "text/html" }))`,
  "with a refresh": `const m = document.createElement("meta"); m.httpEquiv = "refresh"; m.content = "0; url=http://127.0.0.1:PORT/"; document.head.append(m)`,
  "with a form": `const f = document.createElement("form"); f.action = "http://127.0.0.1:PORT/"; f.method = "post"; document.body.append(f); f.submit()`,
  "with a download": `const a = document.createElement("a"); a.href = "http://127.0.0.1:PORT/"; a.download = "x"; document.body.append(a); a.click()`,
  "with a link": `const a = document.createElement("a"); a.href = "http://127.0.0.1:PORT/"; document.body.append(a); a.click()`,
};

test("a view that navigates itself is removed, and carries nothing out", async ({ lab }) => {
  for (const [what, go] of Object.entries(NAVIGATIONS)) {
    const view = await lab.launchView(`
      const ORIGIN = ${JSON.stringify(lab.url)};
      export default () => { ${go.replaceAll("PORT", String(lab.trap.port))}; };`);
    expect(await view.stopped(), what).toMatchObject({ kind: "malformed", isOffence: true });
    await expect(lab.page.locator("iframe")).toHaveCount(0);
  }
});

test("it reaches no storage, no page, no other frame", async ({ lab }) => {
  await lab.page.evaluate(() => {
    document.cookie = "secret=1";
    Object.assign(globalThis, { heard: [] as unknown[] });
    new BroadcastChannel("x").addEventListener("message", ({ data }) => {
      (globalThis as unknown as { heard: unknown[] }).heard.push(data);
    });
  });
  const reaches: Record<string, string> = {
    localStorage: `localStorage.setItem("x", "1")`,
    sessionStorage: `sessionStorage.setItem("x", "1")`,
    indexedDB: `await new Promise((done, fail) => { const r = indexedDB.open("x"); r.onsuccess = done; r.onerror = () => fail(r.error); })`,
    caches: `await caches.open("x")`,
    cookies: `if (!document.cookie.includes("secret")) throw new Error("none")`,
    "the cookie store": `if ((await cookieStore.getAll()).length === 0) throw new Error("none")`,
    "the private file system": `await navigator.storage.getDirectory()`,
    "persistent storage": `if (!(await navigator.storage.persist())) throw new Error("no")`,
    locks: `await navigator.locks.request("x", () => {})`,
    "the page's document": `parent.document.title`,
    "the page's globals": `parent.bench.health()`,
    "its own frame": `if (frameElement === null) throw new Error("none")`,
    "other frames": `for (let i = 0; i < parent.length; i++) if (parent[i] !== self) parent[i].document.title; if (parent.length < 2) throw new Error("none")`,
    "other frames' places": `for (let i = 0; i < parent.length; i++) if (parent[i] !== self) parent[i].location = "about:blank"`,
    "the page's name": `top.name = "x"`,
    "the storage of the page, by asking": `await document.requestStorageAccess()`,
    "the clipboard": `await navigator.clipboard.readText()`,
    "the place of the person": `await new Promise((done, fail) => navigator.geolocation.getCurrentPosition(done, fail))`,
    "the microphone": `await navigator.mediaDevices.getUserMedia({ audio: true })`,
    "the screen": `await navigator.mediaDevices.getDisplayMedia()`,
    notifications: `if ((await Notification.requestPermission()) !== "granted") throw new Error("no")`,
    fullscreen: `await document.documentElement.requestFullscreen()`,
    "the pointer": `const { promise, resolve, reject } = Promise.withResolvers(); document.onpointerlockchange = resolve; document.onpointerlockerror = reject; await (document.body.requestPointerLock() ?? promise)`,
    "a dialogue": `if (!confirm("x")) throw new Error("no")`,
    "an alert": `const before = performance.now(); alert("x"); prompt("x"); print(); throw new Error("ignored")`,
    "a file": `await showOpenFilePicker()`,
    eval: `eval("1")`,
    "the Function constructor": `new Function("1")()`,
    "a timer of text": `let ran = false; globalThis.mark = () => { ran = true; }; setTimeout("mark()", 0); await new Promise((done) => setTimeout(done, 50)); if (!ran) throw new Error("no")`,
    "an inline handler": `globalThis.hit = false; document.body.insertAdjacentHTML("beforeend", "<img src=data:, onerror='hit=true'>"); await new Promise((done) => setTimeout(done, 50)); if (!hit) throw new Error("no")`,
  };
  const view = await lab.openView(`
    const reaches = { ${Object.entries(reaches)
      .map(([what, body]) => `${JSON.stringify(what)}: async () => { ${body} }`)
      .join(",\n")} };
    export default async (view) => {
      new BroadcastChannel("x").postMessage("secret");
      const reached = [];
      for (const [what, reach] of Object.entries(reaches)) {
        const late = new Promise((done) => setTimeout(() => done(false), 500));
        if (await Promise.race([reach().then(() => true, () => false), late])) reached.push(what);
      }
      await view.local.say("reached", reached);
    };`);
  expect(await view.says("reached")).toEqual([]);
  const heard = await lab.page.evaluate(
    () => (globalThis as unknown as { heard: unknown[] }).heard.length,
  );
  expect(heard).toBe(0);
});

/** Catches the port to the guard: it is sent over each time the runtime sends. */
const CATCH_PORT = `
  const post = MessagePort.prototype.postMessage;
  const caught = new Promise((done) => {
    MessagePort.prototype.postMessage = function (...all) { done(this); return post.apply(this, all); };
  });
  const send = async (message, transfer = []) => post.call(await caught, message, transfer);
  const raw = (value) => ({ type: "RAW", value });`;

const MESSAGES: Record<string, string> = {
  "a property, asked for": `{ id: "1", type: "GET", path: ["say"] }`,
  "a property, set": `{ id: "1", type: "SET", path: ["say"], value: raw(1) }`,
  "a constructor": `{ id: "1", type: "CONSTRUCT", path: ["say"], argumentList: [] }`,
  "a new endpoint": `{ id: "1", type: "ENDPOINT" }`,
  "a release": `{ id: "1", type: "RELEASE" }`,
  "a longer path": `{ id: "1", type: "APPLY", path: ["say", "constructor"], argumentList: [raw("fetch('x')")] }`,
  "the path to Function": `{ id: "1", type: "APPLY", path: ["constructor", "constructor"], argumentList: [raw("return self")] }`,
  "no path": `{ id: "1", type: "APPLY", path: [], argumentList: [] }`,
  "a name that is not offered": `{ id: "1", type: "APPLY", path: ["toString"], argumentList: [] }`,
  "the prototype": `{ id: "1", type: "APPLY", path: ["__proto__"], argumentList: [] }`,
  "a name that is no text": `{ id: "1", type: "APPLY", path: [["say"]], argumentList: [] }`,
  "a handler": `{ id: "1", type: "APPLY", path: ["say"], argumentList: [{ type: "HANDLER", name: "throw", value: { isError: true, value: {} } }] }`,
  "a long id": `{ id: "1".repeat(1e5), type: "APPLY", path: ["say"], argumentList: [] }`,
  "an id that is no text": `{ id: { toString() {} }.x ?? {}, type: "APPLY", path: ["say"], argumentList: [] }`,
  "arguments that are no list": `{ id: "1", type: "APPLY", path: ["say"], argumentList: { length: 1e9 } }`,
  "a map": `{ id: "1", type: "APPLY", path: ["say"], argumentList: [raw(new Map())] }`,
  "an error": `new Error("x")`,
  nothing: `null`,
  "a second wait for events": `{ id: "1", type: "APPLY", path: ["$next"], argumentList: [] }`,
  "a second start": `{ id: "1", type: "APPLY", path: ["$ready"], argumentList: [raw(null)] }`,
};

test("a message that our runtime never sends ends the view", async ({ lab }) => {
  for (const [what, message] of Object.entries(MESSAGES)) {
    const view = await lab.openView(`${CATCH_PORT}
      export default async (view) => {
        await view.local.say("hello");
        view.on("go", () => void send(${message}));
      };`);
    await view.emit("go", null);
    expect(await view.stopped(), what).toMatchObject({ kind: "malformed", isOffence: true });
    const said = (await view.calls()).map(({ args }) => args);
    expect(said, what).toEqual([["hello"]]);
  }
});
