/**
 * The peerlets of this node, for the page: the public interface on top of the
 * manager. Checks what a caller passes; what is wrong with a package is said in
 * words.
 */
import { ProstError } from "../base/errors.ts";
import { type Plain, rebuildPlain } from "../base/plain.ts";
import { isId } from "../id/id.ts";
import type { Verify } from "../id/identity.ts";
import { MAX_LOCATOR_BYTES } from "../wire/limits.ts";
import { isAppId } from "../wire/routed.ts";
import { CallLine } from "./call-line.ts";
import type { FetchCode } from "./code-sources.ts";
import type { Entry } from "./entry.ts";
import { NO_USAGE } from "./grant.ts";
import { readLocator } from "./locator.ts";
import type { PeerletManager } from "./manager.ts";
import { MAX_PACKAGE_FILE_BYTES, readPackageFile } from "./package-file.ts";
import { type Package, verifyPackage } from "./packages.ts";
import type { InstalledPeerlet, PackageInput, Peerlets, Remote, View } from "./peer.ts";
import { grantFor, ruleFor } from "./policy.ts";
import type { Result, Sandbox } from "./sandbox.ts";
import { PLAIN_DEPTH, PLAIN_NODES } from "./sandbox.ts";
import { Views } from "./views.ts";

export interface InstalledPorts {
  readonly verify: Verify;
  readonly fetchCode: FetchCode;
  readonly sandbox: Sandbox;
  readonly manager: PeerletManager;
  /** This node's id. */
  readonly self: string;
  /** What an address means on this page, for one that is relative to it; null when it is none. */
  resolveUrl(address: string): string | null;
}

/** A lookup, and a call of a remote method, from the page, in ms. As the default of `route`. */
const CALL_MS = 10_000;

/** Of the arguments of a call from the page, in bytes: more than any peerlet takes, so that it can say what it does take. A guess. */
const LOCAL_BYTES = 4_194_304;
/** Of the arguments of a call of a remote method from the page, in bytes: more than a message carries. A guess. */
const REMOTE_BYTES = 1_048_576;

/** The page's calls of an application take up to this share of the calls that may be open: the rest is for what others ask. A guess. */
const PAGE_SHARE = 0.5;

/** How long an installation waits for what the application uses, in ms. A guess: longer than all who may have it take. */
const USED_MS = 10_000;

/** What a call rejects with: branch on `code`. See CallErrorCode. */
class CallFailed extends Error {
  readonly code: string;

  constructor({ code, why }: Extract<Result, { kind: "error" }>) {
    super(why);
    this.name = "CallFailed";
    this.code = code;
  }
}

export class InstalledPeerlets implements Peerlets {
  readonly #ports: InstalledPorts;
  readonly #views: Views;
  readonly #lines = new Map<string, CallLine>();

  constructor(ports: InstalledPorts) {
    this.#ports = ports;
    this.#views = new Views(ports.manager, ports.sandbox);
  }

  async install(source: PackageInput): Promise<InstalledPeerlet> {
    const { manager } = this.#ports;
    await manager.loaded;
    const { package: taken, url } = await this.#read(source);
    const why = manager.install(taken, url);
    if (why !== null) throw new ProstError("refused", `${taken.manifest.name}: ${why}`);
    const { appId, uses = {} } = taken.manifest;
    await this.#views.running(appId);
    await Promise.all(Object.values(uses).map((used) => this.#arrived(used.appId)));
    return this.get(appId)!;
  }

  list(): InstalledPeerlet[] {
    return this.#ports.manager.entries.map((entry) => this.#describe(entry));
  }

  get(appId: string): InstalledPeerlet | undefined {
    const entry = this.#ports.manager.get(appId);
    return entry && this.#describe(entry);
  }

  async uninstall(appId: string, options: { readonly forget?: boolean } = {}): Promise<void> {
    const { manager } = this.#ports;
    await manager.loaded;
    if (!manager.get(checkAppId(appId))) {
      throw new ProstError("not-found", "this application is not installed on this node");
    }
    this.#views.peerletChanged(appId, "its peerlet was uninstalled");
    await manager.uninstall(appId, options?.forget === true);
  }

  async lookup(appId: string, key: string): Promise<Remote> {
    const { manager } = this.#ports;
    checkAppId(appId);
    if (!isId(key)) throw bad("a key is 40 lowercase hex digits; keyOf(name) makes one of a name");
    await manager.loaded;
    const perHop = manager.get(appId)?.manifest?.appType === "per-hop";
    const application = { appId, perHop, locator: manager.locatorOf(appId) };
    const found = await new Promise<Parameters<Parameters<typeof manager.remote.lookup>[3]>[0]>(
      (resolve) => {
        manager.remote.lookup(application, { key }, CALL_MS, resolve);
      },
    );
    if (found.kind === "error") throw new CallFailed(found);
    const { node, methods } = found;
    const call = (method: string) =>
      settled(REMOTE_BYTES, (args, done) =>
        manager.remote.call(application, node, method, args, CALL_MS, done),
      );
    return methodsOf(node, methods, call);
  }

  local(appId: string): Remote {
    checkAppId(appId);
    const line = this.#lineOf(appId);
    const call = (method: string) =>
      settled(LOCAL_BYTES, (args, done) =>
        line.add((over) => {
          const end = (result: Result) => {
            over();
            done(result);
          };
          this.#views.callLocal(appId, method, args, end, LOCAL_BYTES);
        }),
      );
    // Which methods there are is known only while it runs; an idle one is started by the call.
    return new Proxy(methodsOf(this.#ports.self, [], call), {
      get: (target, name) => {
        if (typeof name !== "string" || name in target || name === "then") {
          return Reflect.get(target, name) as unknown;
        }
        return call(name);
      },
    });
  }

  async openView(appId: string, element: object): Promise<View> {
    checkAppId(appId);
    if (element === null || typeof element !== "object") throw bad("a view needs an element");
    // A frame outside of the page never loads.
    if ("isConnected" in element && element.isConnected === false) {
      throw bad("a view needs an element that is in the page");
    }
    return this.#views.open(appId, element);
  }

  /** For the composition root. */
  peerletChanged(appId: string, why: string): void {
    this.#views.peerletChanged(appId, why);
  }

  /** One for each application, however often the page asks for its methods. */
  #lineOf(appId: string): CallLine {
    const { manager } = this.#ports;
    const most = () => {
      const { callsOpen } = manager.get(appId)?.peerlet.grant ?? manager.policy.budgets;
      return Math.max(1, Math.floor(callsOpen * PAGE_SHARE));
    };
    const line = this.#lines.get(appId) ?? new CallLine(most);
    this.#lines.set(appId, line);
    return line;
  }

  /** Waits for what comes with another application. It may be refused, or nowhere to be had: its state tells. */
  #arrived(appId: string): Promise<unknown> {
    const peerlet = this.#ports.manager.get(appId)?.peerlet;
    return new Promise<unknown>((resolve) => {
      if (peerlet) peerlet.ready(USED_MS, resolve);
      else resolve(undefined);
    });
  }

  async #read(
    source: PackageInput,
  ): Promise<{ readonly package: Package; readonly url: string | null }> {
    if (typeof source === "string") return this.#readFrom(source.trim());
    if (source instanceof ArrayBuffer) return this.#read(new Uint8Array(source));
    const size = source instanceof Uint8Array ? source.length : source?.size;
    if (typeof size !== "number") throw bad("install takes a URL, a locator, a file or its bytes");
    if (size > MAX_PACKAGE_FILE_BYTES) {
      throw badPackage(
        `the file has ${size} bytes; a package has at most ${MAX_PACKAGE_FILE_BYTES}`,
      );
    }
    const bytes =
      source instanceof Uint8Array ? source : new Uint8Array(await source.arrayBuffer());
    return { package: await this.#readFile(bytes), url: null };
  }

  /** A person typed or clicked it: its server may be contacted. */
  async #readFrom(
    address: string,
  ): Promise<{ readonly package: Package; readonly url: string | null }> {
    const locator = readLocator(this.#ports.resolveUrl(address) ?? address);
    if (!locator) {
      throw bad(
        `"${address.slice(0, 80)}" is no address of a package: those are like https://example.org/name/manifest.json, https://example.org/name.peerlet, or prost: and 64 hex digits; at most ${MAX_LOCATOR_BYTES} characters`,
      );
    }
    const { url, hash } = locator;
    if (url !== null && /\.peerlet(\?.*)?$/.test(url)) {
      const bytes = await this.#ports.fetchCode(url, MAX_PACKAGE_FILE_BYTES);
      if (bytes === null) throw new ProstError("not-found", `${url} cannot be had`);
      if (bytes === "too-large") {
        throw badPackage(
          `${url} is too large: a package has at most ${MAX_PACKAGE_FILE_BYTES} bytes`,
        );
      }
      const read = await this.#readFile(bytes);
      if (hash !== null && read.hash !== hash) {
        throw badPackage(`${url} is another package than the one that was asked for, ${hash}`);
      }
      // Its parts may lie beside it; nobody said so.
      return { package: read, url: null };
    }
    const wanted = { appId: null, hash, nodes: [], url };
    const obtained = await this.#ports.manager.codeFinder.obtain(wanted, () => null);
    if (obtained.kind === "package") return { package: obtained.package, url };
    const isBad = obtained.kind === "missing" && obtained.isBad === true;
    throw new ProstError(isBad ? "bad-package" : "not-found", `${address}: ${obtained.why}`);
  }

  async #readFile(bytes: Uint8Array): Promise<Package> {
    const file = readPackageFile(bytes);
    if (file.kind === "bad") throw badPackage(file.why);
    const { manifest, code, view } = file;
    const read = await verifyPackage(this.#ports.verify, manifest, code, view);
    if (read.kind === "bad") throw badPackage(read.why);
    if (read.package.manifest.view !== null && view === null) {
      throw badPackage("the manifest names a view, and the file has none");
    }
    return read.package;
  }

  /** What another application here calls it, while its own manifest is not known. */
  #usedAs(appId: string): string {
    const uses = this.#ports.manager.entries.flatMap(({ manifest }) =>
      Object.entries(manifest?.uses ?? {}),
    );
    return uses.find(([, use]) => use.appId === appId)?.[0] ?? "";
  }

  #describe(entry: Entry): InstalledPeerlet {
    const { manager } = this.#ports;
    const { peerlet, manifest, installedBy } = entry;
    const { appId, state, why } = peerlet;
    const wants = manifest?.wants ?? NO_WANTS;
    const rule = ruleFor(manager.policy.state, appId, manifest?.publisher ?? "");
    const kept = peerlet.package;
    return {
      appId,
      name: manifest?.name ?? this.#usedAs(appId),
      description: manifest?.description ?? "",
      version: manifest?.version ?? "",
      publisher: manifest?.publisher ?? "",
      appType: manifest?.appType ?? "end-node",
      state,
      why,
      hash: kept?.hash ?? "",
      locator: manager.locatorOf(appId),
      hasView: manifest !== null && manifest.view !== null,
      viewFetched: kept !== null && entry.viewHash === kept.hash,
      installedBy,
      uses: Object.entries(manifest?.uses ?? {}).map(([name, use]) => ({ name, appId: use.appId })),
      wants,
      grant: peerlet.grant ?? grantFor(manager.policy.state, wants, rule),
      usage: { ...NO_USAGE, ...peerlet.usage, storageBytes: manager.storedBytesOf(appId) },
      offences: manager.offencesOf(entry),
    };
  }
}

const NO_WANTS = { cpuShare: 0, storageBytes: 0, messagesPerSecond: 0, callsOpen: 0 };

/** A function that calls, with arguments checked to be plain data. */
function settled(
  maxBytes: number,
  call: (args: readonly Plain[], done: (result: Result) => void) => void,
): (...args: Plain[]) => Promise<Plain> {
  return (...args) =>
    new Promise((resolve, reject) => {
      const bounds = { maxDepth: PLAIN_DEPTH, maxNodes: PLAIN_NODES, maxBytes };
      const plain = rebuildPlain(args, bounds);
      if (plain.kind === "refused") {
        return reject(new CallFailed({ kind: "error", code: "bad-parameter", why: plain.why }));
      }
      call(plain.value as readonly Plain[], (result) => {
        if (result.kind === "value") resolve(result.value);
        else reject(new CallFailed(result));
      });
    });
}

/** Without a prototype: what is not a method is not there. */
function methodsOf(
  id: string,
  methods: readonly string[],
  call: (method: string) => (...args: Plain[]) => Promise<Plain>,
): Remote {
  const remote = Object.create(null) as Record<string, unknown>;
  for (const method of methods) remote[method] = call(method);
  remote["id"] = id;
  return remote as Remote;
}

function checkAppId(appId: unknown): string {
  if (isAppId(appId)) return appId;
  throw bad("an app id is 32 lowercase hex digits");
}

function bad(message: string): ProstError {
  return new ProstError("bad-parameter", message);
}

function badPackage(message: string): ProstError {
  return new ProstError("bad-package", message);
}
