/**
 * What the server answers over HTTP. Knows nothing of rings: gates.ts decides,
 * this file only reads requests and writes responses.
 *
 * | path           | method        | answer                                          |
 * | -------------- | ------------- | ----------------------------------------------- |
 * | `/gates`       | POST, OPTIONS | see ask.ts and gates.ts; any origin may ask     |
 * | `/config.json` | GET           | network, ICE servers, version, publishers       |
 * | `/peerlets/…`  | GET, OPTIONS  | the code server; for any origin                 |
 * | `/healthz`     | GET           | `ok`                                            |
 * | `/metrics`     | GET           | see metrics.ts                                  |
 * | `/peer/…`      |               | the PeerServer                                  |
 * | any other      | GET           | the app                                         |
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type Ask, MAX_BODY_BYTES, parseAsk } from "./ask.ts";
import type { CodeServer } from "./code-server.ts";
import type { Gates, GatesAnswer } from "./gates.ts";
import type { IceServer } from "./ice.ts";
import type { Metrics } from "./metrics.ts";
import { type StaticFile, sandboxScriptSources } from "./static-files.ts";

export interface HttpDeps {
  readonly gates: Gates;
  readonly metrics: Metrics;
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly codeServer: Pick<CodeServer, "find">;
  /** What tabs read at /config.json. */
  readonly config: {
    readonly network: string;
    readonly iceServers: readonly IceServer[];
    readonly version: string;
    /** Publishers that this server vouches for: public keys, 64 hex digits each. */
    readonly publishers: readonly string[];
  };
  readonly peerServer: RequestListener;
  isConnected(address: string): boolean;
  /** May this remote address make one more request now? */
  admits(remoteAddress: string): boolean;
  metricsText(): string;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Tabs of other origins may use this server; it has no cookies, so nothing of theirs is at stake. */
const ANY_ORIGIN = { "Access-Control-Allow-Origin": "*" };

/** Where the code server is. */
const CODE = "/peerlets";

const PREFLIGHT = {
  ...ANY_ORIGIN,
  "Access-Control-Allow-Methods": "POST",
  "Access-Control-Allow-Headers": "Content-Type",
  "Access-Control-Max-Age": "86400",
};

/** Whoever asks with headers of their own, whether a copy is still good, asks for leave first. */
const CODE_PREFLIGHT = {
  ...ANY_ORIGIN,
  "Access-Control-Allow-Methods": "GET, HEAD",
  "Access-Control-Allow-Headers": "Cache-Control, If-None-Match, Pragma",
  "Access-Control-Max-Age": "86400",
};

/** `scripts` are sources beside our own. */
const policyOfPage = (scripts: string) =>
  [
    "default-src 'none'",
    `script-src 'self' ${scripts}`.trimEnd(),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "manifest-src 'self'",
    // A tab may use several signaling servers, wherever they are.
    "connect-src 'self' ws: wss: http: https:",
    "worker-src 'self' blob:",
    "frame-src 'self'",
    "frame-ancestors 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

const SECURITY = {
  "Content-Security-Policy": policyOfPage(""),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

export function createRequestListener(deps: HttpDeps): RequestListener {
  return (request, response) => {
    const path = pathOf(request);
    if (isBelow(path, "/peer") && deps.admits(remoteAddressOf(request))) {
      response.once("finish", () => deps.metrics.countRequest("peer", response.statusCode));
      deps.peerServer(request, response);
      return;
    }
    void answer(request, path, deps)
      // Not to be reached; but one bad request must not end the process.
      .catch((): Reply => text(500, "Something broke in the server. Try again."))
      .then((reply) => {
        deps.metrics.countRequest(routeOf(path, deps.files), reply.status);
        send(request, response, reply);
      });
  };
}

async function answer(
  request: IncomingMessage,
  path: string | null,
  deps: HttpDeps,
): Promise<Reply> {
  if (!deps.admits(remoteAddressOf(request))) {
    return text(429, "Too many requests from your address. Wait a few seconds.", {
      ...ANY_ORIGIN,
      "Retry-After": "5",
    });
  }
  if (path === null) return text(400, "The path is not valid percent-encoding.");
  if (path === "/gates") return answerGates(request, deps);
  if (request.method === "OPTIONS" && isBelow(path, CODE)) {
    return { status: 204, headers: CODE_PREFLIGHT };
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return text(405, "Use GET.", { Allow: "GET, HEAD" });
  }
  if (isBelow(path, CODE)) return answerPackage(request, path, deps);
  switch (path) {
    case "/healthz":
      return text(200, "ok");
    case "/metrics":
      return text(200, deps.metricsText(), { "Content-Type": "text/plain; version=0.0.4" });
    case "/config.json":
      return json(200, deps.config);
    case "/":
    case "/index.html":
      return answerPage(request, path, deps.files);
    default:
      return answerFile(request, deps.files.get(path), path);
  }
}

/** Only the page itself may run what the sandbox needs. */
function answerPage(request: IncomingMessage, path: string, files: HttpDeps["files"]): Reply {
  const reply = answerFile(request, files.get(path), path);
  const policy = policyOfPage(sandboxScriptSources(files));
  return { ...reply, headers: { ...reply.headers, "Content-Security-Policy": policy } };
}

async function answerGates(request: IncomingMessage, deps: HttpDeps): Promise<Reply> {
  if (request.method === "OPTIONS") return { status: 204, headers: PREFLIGHT };
  if (request.method !== "POST") {
    return json(405, { error: "Use POST." }, { Allow: "POST, OPTIONS" });
  }
  if (!isJson(request)) return json(400, { error: "Send Content-Type: application/json." });
  const body = await readBody(request);
  if (body === null) return json(413, { error: `Send at most ${MAX_BODY_BYTES} bytes.` });
  const parsed = parseAsk(body);
  if (parsed.kind === "bad") return json(400, { error: parsed.why });
  return answerAsk(parsed.ask, deps);
}

function answerAsk(ask: Ask, deps: HttpDeps): Reply {
  const { gates, metrics } = deps;
  const needsConnection = ask.role === "newcomer" || ask.role === "gate";
  if (needsConnection && !deps.isConnected(ask.address)) {
    metrics.countAnswer(ask.role, "not-connected");
    return json(409, {
      error: "Nobody is connected under this address. Connect to /peer/peerjs first, then ask.",
    });
  }
  const given = decide(ask, gates);
  metrics.countAnswer(ask.role, given.kind);
  if (given.kind === "full") return json(503, { error: "This server has too many networks." });
  return json(200, given);
}

function decide(ask: Ask, gates: Gates): GatesAnswer {
  switch (ask.role) {
    case "visitor":
      return gates.visit(ask);
    case "newcomer":
      return gates.join(ask);
    case "gate":
      return gates.stand(ask);
    case "rest":
      return gates.rest(ask);
  }
}

/** Any origin may ask, and read why it got nothing. */
function answerPackage(request: IncomingMessage, path: string, { codeServer }: HttpDeps): Reply {
  const query = new URLSearchParams((request.url ?? "").split("?")[1]);
  const file = codeServer.find(path.slice(CODE.length + 1), query.get("sha256"));
  const reply = answerFile(request, file, path);
  const exposed = { "Access-Control-Expose-Headers": "ETag" };
  return { ...reply, headers: { ...reply.headers, ...ANY_ORIGIN, ...exposed } };
}

function answerFile(request: IncomingMessage, file: StaticFile | undefined, path: string): Reply {
  if (file === undefined) return text(404, `There is nothing at ${JSON.stringify(path)}.`);
  if (request.headers["if-none-match"] === file.headers["ETag"]) {
    return { status: 304, headers: file.headers };
  }
  return { status: 200, headers: file.headers, body: file.body };
}

/** Also text/plain, which spares a tab of another origin the preflight. */
function isJson(request: IncomingMessage): boolean {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  return type === "application/json" || type === "text/plain";
}

/** Null when it is too long; then the rest is not read. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Null when it is no path. A query is none of our business. */
function pathOf(request: IncomingMessage): string | null {
  try {
    return decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/");
  } catch {
    return null;
  }
}

function isBelow(path: string | null, folder: string): path is string {
  return path === folder || path?.startsWith(`${folder}/`) === true;
}

function remoteAddressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? "";
}

/** From a small set, whatever strangers ask for: it becomes a label of the metrics. */
function routeOf(path: string | null, files: ReadonlyMap<string, StaticFile>): string {
  if (path === null) return "unknown";
  if (["/gates", "/config.json", "/healthz", "/metrics"].includes(path)) return path.slice(1);
  if (isBelow(path, "/peer")) return "peer";
  if (isBelow(path, CODE)) return "peerlets";
  return files.has(path) ? "app" : "unknown";
}

function text(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
      ...headers,
    },
    body,
  };
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  const type = { "Content-Type": "application/json", "Cache-Control": "no-store" };
  return {
    status,
    headers: { ...type, ...ANY_ORIGIN, ...headers },
    body: JSON.stringify(value),
  };
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const body = reply.body ?? "";
  response.writeHead(reply.status, {
    ...SECURITY,
    ...reply.headers,
    ...(reply.body !== undefined && { "Content-Length": Buffer.byteLength(body) }),
    // What is left of a body that was too long must not be taken for the next request.
    ...(reply.status === 413 && { Connection: "close" }),
  });
  response.end(request.method === "HEAD" ? "" : body);
}
