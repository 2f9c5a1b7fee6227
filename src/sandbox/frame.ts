/**
 * The whole script of `/sandbox/peerlet.html`: starts the worker that the page
 * asks for, and hands it the page's port. No code of a stranger runs here.
 *
 * The worker may ask this thread for a sign of life, to compare with another's:
 * it has nothing else to do.
 */
import type { ToFrame } from "./messages.ts";

/** The build puts the bundled workers here, as texts. */
const SUPERVISOR = "__SUPERVISOR__";
const BOOTSTRAP = "__BOOTSTRAP__";
const GUARD = "__GUARD__";

let isTaken = false;

addEventListener("message", (event: MessageEvent<ToFrame>) => {
  if (event.source !== parent || isTaken) return;
  isTaken = true;
  const [role] = event.data;
  const worker = new Worker(urlOf(role === "guard" ? GUARD : SUPERVISOR));
  worker.addEventListener("message", (asked: MessageEvent<unknown>) => {
    worker.postMessage(asked.data);
  });
  worker.postMessage(role === "guard" ? null : BOOTSTRAP, [...event.ports]);
});

// An error page would not say it; see `platform/sandbox-frame.ts`.
parent.postMessage("here", "*");

function urlOf(source: string): string {
  return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
}
