/**
 * A real server on a real port, and real WebSockets: what only the whole shows.
 */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { type SignalingServer, startServer } from "./main.ts";

let folder: string;
let server: SignalingServer;
let url: string;
let sockets: WebSocket[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "prost-"));
  mkdirSync(join(folder, "app/assets"), { recursive: true });
  writeFileSync(join(folder, "app/index.html"), "<!doctype html>");
  writeFileSync(join(folder, "app/assets/main-AbCd_123.js"), "export {};");
  mkdirSync(join(folder, "peerlets"));
  writeFileSync(join(folder, "peerlets/publisher.txt"), `${"ab".repeat(32)}\n`);
  writeFileSync(join(folder, "secret"), "not yours");
  sockets = [];
  server = await start(0);
  url = `http://127.0.0.1:${server.port}`;
});

afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  await server.close();
  rmSync(folder, { recursive: true });
});

function start(port: number): Promise<SignalingServer> {
  return startServer({
    port,
    host: "127.0.0.1",
    network: "prost",
    iceServers: [{ urls: ["stun:s.example"] }],
    version: "1.2.3",
    appFolder: join(folder, "app"),
    builtPeerlets: join(folder, "peerlets"),
  });
}

/** A client of the PeerServer, as peerjs makes one. Resolves when the server has said OPEN. */
async function connectPeer(address: string): Promise<WebSocket> {
  const socket = new WebSocket(
    `${url.replace("http", "ws")}/peer/peerjs?key=peerjs&id=${address}&token=t`,
  );
  socket.on("error", () => {});
  sockets.push(socket);
  await once(socket, "message");
  return socket;
}

function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/gates`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function ask(n: number, role: string): Promise<unknown> {
  const nodeId = n.toString(16).padStart(40, "0");
  return (await post({ network: "prost", nodeId, address: `a-${n}`, role })).json();
}

/** A request that fetch would tidy up before sending. Resolves to the whole response. */
async function rawRequest(text: string): Promise<string> {
  const socket = connect(server.port, "127.0.0.1");
  socket.end(text);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

test("ten newcomers at the same instant make one ring", async () => {
  const numbers = Array.from({ length: 10 }, (_, i) => i);
  await Promise.all(numbers.map((n) => connectPeer(`a-${n}`)));
  const answers = await Promise.all(numbers.map((n) => ask(n, "newcomer")));
  const firsts = answers.filter((answer) => (answer as { kind: string }).kind === "first");
  expect(firsts).toHaveLength(1);
});

test("a gate is listed until its connection closes", async () => {
  const socket = await connectPeer("a-1");
  await ask(1, "gate");
  const id = "1".padStart(40, "0");
  expect(await ask(2, "visitor")).toEqual({
    kind: "gates",
    gates: [{ id, address: "a-1" }],
    wanted: true,
  });
  socket.terminate();
  await vi.waitFor(async () => expect(await ask(2, "visitor")).toMatchObject({ gates: [] }));
});

test("who has no connection cannot be a gate", async () => {
  const response = await post({
    network: "prost",
    nodeId: "0".repeat(40),
    address: "nobody",
    role: "newcomer",
  });
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({ error: expect.stringContaining("Connect") });
});

test("an offer reaches the gate it is for", async () => {
  const gate = await connectPeer("a-1");
  const newcomer = await connectPeer("a-2");
  const received = once(gate, "message");
  newcomer.send(JSON.stringify({ type: "OFFER", dst: "a-1", payload: { sdp: "…" } }));
  const [data] = await received;
  expect(JSON.parse(String(data))).toEqual({
    type: "OFFER",
    src: "a-2",
    dst: "a-1",
    payload: { sdp: "…" },
  });
});

test("broken and oversized messages end no more than their own connection", async () => {
  const socket = await connectPeer("a-1");
  const bystander = await connectPeer("a-2");
  for (const message of ["", "{", "null", "7", '{"type":"OFFER","dst":{}}']) socket.send(message);
  socket.send("x".repeat(100_000));
  await once(socket, "close");
  expect(bystander.readyState).toBe(WebSocket.OPEN);
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/peer_server_errors_total [3-9]/);
});

test("a flood of messages ends its own connection", async () => {
  const socket = await connectPeer("a-1");
  for (let i = 0; i < 1500; i++) socket.send('{"type":"HEARTBEAT"}');
  await once(socket, "close");
  expect(await ask(1, "gate")).toMatchObject({ error: expect.any(String) });
});

test.each(["id=a%20b&token=t", `id=${"a".repeat(65)}&token=t`, "id=a", "token=t", ""])(
  "the PeerServer refuses the name in %j",
  async (query) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/peer/peerjs?key=peerjs&${query}`);
    const [error] = await once(socket, "error").catch((thrown: unknown) => [thrown]);
    expect(String(error)).toContain("400");
  },
);

test.each([
  { body: "{", status: 400, because: "it is not JSON" },
  { body: { network: "prost" }, status: 400, because: "fields are missing" },
  { body: "x".repeat(2049), status: 413, because: "it is too long" },
])("POST /gates answers $status when $because", async ({ body, status }) => {
  const response = await post(body);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: expect.any(String) });
});

test("a body that is too long is not read to its end, even when it does not say its length", async () => {
  const chunk = `800\r\n${"x".repeat(2048)}\r\n`;
  const head = "POST /gates HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
  const answer = await rawRequest(
    `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1.1 413 .*Connection: close/s);
});

test("tabs of other origins may ask", async () => {
  const preflight = await fetch(`${url}/gates`, { method: "OPTIONS" });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("Access-Control-Allow-Headers")).toBe("Content-Type");
  const response = await post({});
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
});

test("the configuration is what the operator said", async () => {
  const response = await fetch(`${url}/config.json`);
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(await response.json()).toEqual({
    network: "prost",
    iceServers: [{ urls: ["stun:s.example"] }],
    version: "1.2.3",
    publishers: ["ab".repeat(32)],
  });
});

test("the app is served, and its hashed files for good", async () => {
  const page = await fetch(url);
  expect(await page.text()).toBe("<!doctype html>");
  expect(page.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("Cache-Control")).toBe("no-cache");
  expect(page.headers.get("Content-Security-Policy")).toContain("script-src 'self';");
  const script = await fetch(`${url}/assets/main-AbCd_123.js`);
  expect(script.headers.get("Content-Type")).toBe("text/javascript; charset=utf-8");
  expect(script.headers.get("Cache-Control")).toContain("immutable");
  const again = await fetch(url, { headers: { "If-None-Match": page.headers.get("ETag")! } });
  expect(again.status).toBe(304);
});

test("any origin may ask the code server, and read why it gets nothing", async () => {
  const gallery = await fetch(`${url}/peerlets/index.json`);
  expect(await gallery.json()).toEqual({ packages: [] });
  expect(gallery.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(gallery.headers.get("X-Content-Type-Options")).toBe("nosniff");
  const headers = { "If-None-Match": gallery.headers.get("ETag")! };
  expect((await fetch(`${url}/peerlets/index.json`, { headers })).status).toBe(304);
  expect(gallery.headers.get("Access-Control-Expose-Headers")).toBe("ETag");
  const preflight = await fetch(`${url}/peerlets/index.json`, { method: "OPTIONS" });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(preflight.headers.get("Access-Control-Allow-Headers")).toContain("If-None-Match");
  const nothing = await fetch(`${url}/peerlets/none/peerlet.js?sha256=00`);
  expect(nothing.status).toBe(404);
  expect(nothing.headers.get("Access-Control-Allow-Origin")).toBe("*");
});

test.each([
  { path: "/peerlets/../../secret", status: 404 },
  { path: "/peerlets/%2e%2e/secret", status: 404 },
  { path: "/../secret", status: 404 },
  { path: "/%2e%2e/secret", status: 404 },
  { path: "/assets/../../secret", status: 404 },
  { path: "//secret", status: 404 },
  { path: "/%zz", status: 400 },
  { path: "/%00", status: 404 },
  { path: "/peer/%zz", status: 400 },
  { path: "/peer/peerjs/peers", status: 401 },
])("$path gets $status and no secret", async ({ path, status }) => {
  const answer = await rawRequest(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).not.toMatch(/not yours|node_modules/);
});

test("a port that is taken is said to be so", async () => {
  await expect(start(server.port)).rejects.toThrow(/in use/);
});

test("closing ends open connections, and the port is free again", async () => {
  const socket = await connectPeer("a-1");
  const closed = once(socket, "close");
  await server.close();
  await closed;
  server = await start(server.port);
  expect(await (await fetch(`${url}/healthz`)).text()).toBe("ok");
});
