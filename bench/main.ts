/**
 * `npm run bench`: tables with ratios against something in the same run, and
 * bench/results/latest.json. `-- --only hop,ring,sandbox,tabs,peerlets,dht` runs a part.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { measureDht } from "./dht.ts";
import { measureHop } from "./hop.ts";
import { measurePeerlets } from "./peerlets.ts";
import { measureRing } from "./ring.ts";
import { measureSandbox } from "./sandbox.ts";
import { type Row, printTable } from "./table.ts";
import { measureTabs } from "./tabs.ts";

const parts: Readonly<Record<string, () => Row[] | Promise<Row[]>>> = {
  hop: measureHop,
  ring: measureRing,
  sandbox: measureSandbox,
  tabs: measureTabs,
  peerlets: measurePeerlets,
  dht: measureDht,
};

const only = process.argv.includes("--only")
  ? (process.argv[process.argv.indexOf("--only") + 1] ?? "").split(",")
  : Object.keys(parts);
const unknown = only.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`unknown part: ${unknown.join(", ")}. There are: ${Object.keys(parts).join(", ")}`);
  process.exit(2);
}

const rows: Row[] = [];
for (const name of only) rows.push(...(await parts[name]!()));
printTable(rows);
mkdirSync("bench/results", { recursive: true });
writeFileSync("bench/results/latest.json", `${JSON.stringify(rows, null, 2)}\n`);
