/**
 * Serves everything from one process on one port: the app and the signaling
 * server. Installs and builds first what is missing or stale.
 */
import { readFileSync, statSync } from "node:fs";
import * as paths from "node:path";
import { parseArgs } from "node:util";
import { buildIfStale } from "./build.mjs";
import { OpenTabs } from "./open-tabs.mjs";
import { ROOT, messageOf, runMain, setUpBrowser, setUpPackages } from "./set-up.mjs";

/** One machine's memory, at about 100 MB a tab. Guess. */
const MAX_PEERS = 64;

/** Whoever stops the server waits less than a second. */
const CLOSE_TIMEOUT_MS = 800;

const USAGE = `Usage: npm start -- [options]

  --port N       listen on port N; 0 takes any that is free (default 8080)
  --host ADDR    listen at this address only (default: all)
  --network NAME the network that tabs join (default "prost")
  --ice FILE     JSON list of ICE servers for the tabs; or put the list itself
                 into PROST_ICE_SERVERS (default: none)
  --peerlets DIR also serve the .peerlet files in DIR; looked at while the server runs
  --peers N      also keep N tabs open in a headless browser, 0 to ${MAX_PEERS}
  --as-built     serve dist/ as it is, without looking whether it is stale
  --help         print this
`;

await runMain(async () => {
  const options = readOptions();
  if (options === null) return;
  if (!options.asBuilt) {
    setUpPackages();
    await buildIfStale();
  }
  const chromiumPath = options.peers > 0 ? await setUpBrowser() : "";

  const server = await startServer(options);
  const url = `http://localhost:${server.port}`;
  const tabs = new OpenTabs(url, options.peers, chromiumPath);
  if (options.peers > 0) tabs.start();

  const stop = async () => {
    await Promise.race([Promise.all([server.close(), tabs.close()]), wait(CLOSE_TIMEOUT_MS)]);
    // The PeerServer's timers would keep the process alive.
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => void stop());
  process.stdout.write(`PROST  ${url}\n`);
});

/**
 * @typedef {{ port: number, host: string | undefined, network: string, ice: string,
 *   peerlets: string, peers: number, asBuilt: boolean }} Options
 * @param {Options} options
 */
async function startServer(options) {
  const path = new URL("../dist/server/main.js", import.meta.url).href;
  /** @type {typeof import("../signaling/main.ts")} */
  const signaling = await import(path);
  return signaling.startServer({
    port: options.port,
    ...(options.host !== undefined && { host: options.host }),
    network: options.network,
    iceServers: readIceServers(options.ice, signaling.parseIceServers),
    version: JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")).version,
    appFolder: `${ROOT}dist/app`,
    builtPeerlets: `${ROOT}dist/peerlets`,
    ...(options.peerlets !== "" && { ownPeerlets: options.peerlets }),
    warn: (line) => process.stderr.write(`PROST  ${line}\n`),
  });
}

/**
 * Null when there is nothing to start; then the exit code and the reason have been given.
 *
 * @returns {Options | null}
 */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "8080" },
        host: { type: "string" },
        network: { type: "string", default: "prost" },
        ice: { type: "string", default: "" },
        peerlets: { type: "string", default: "" },
        peers: { type: "string", default: "0" },
        "as-built": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return null;
    }
    if (!/^[\w.-]{1,64}$/.test(values.network)) {
      throw new Error("--network takes 1 to 64 characters of A-Z a-z 0-9 . _ -");
    }
    return {
      port: integer("--port", values.port, 65_535),
      host: values.host,
      network: values.network,
      ice: values.ice,
      peerlets: folder("--peerlets", values.peerlets),
      peers: integer("--peers", values.peers, MAX_PEERS),
      asBuilt: values["as-built"],
    };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
    process.exitCode = 2;
    return null;
  }
}

/**
 * @param {string} flag
 * @param {string} value
 * @param {number} max
 */
function integer(flag, value, max) {
  const number = Number(value);
  if (/^\d+$/.test(value) && number <= max) return number;
  throw new Error(`${flag} takes a whole number from 0 to ${max}, not ${JSON.stringify(value)}.`);
}

/**
 * @param {string} flag
 * @param {string} value
 */
function folder(flag, value) {
  // npm runs this in the package's folder; the path is meant from where the person is.
  const isNpmScript = process.env["npm_lifecycle_event"] === "start";
  const from = (isNpmScript ? process.env["INIT_CWD"] : undefined) ?? ".";
  const whole = value === "" ? "" : paths.resolve(from, value);
  if (whole === "" || statSync(whole, { throwIfNoEntry: false })?.isDirectory()) return whole;
  throw new Error(`${flag} takes a folder, and ${whole} is none.`);
}

/**
 * @template T
 * @param {string} path
 * @param {(json: string) => T[]} parse
 */
function readIceServers(path, parse) {
  const fromEnvironment = process.env["PROST_ICE_SERVERS"] ?? "";
  if (path === "" && fromEnvironment === "") return [];
  try {
    return parse(path === "" ? fromEnvironment : readFileSync(path, "utf8"));
  } catch (error) {
    const where = path === "" ? "PROST_ICE_SERVERS" : path;
    throw new Error(`${where}: ${messageOf(error)}`, { cause: error });
  }
}

/** @param {number} ms */
function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
