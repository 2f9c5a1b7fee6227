/**
 * Composition root of the web app: one tab, one peer, one page.
 *
 * `globalThis.prost` is the peer as soon as there is one, while it still joins:
 * its `state` says how far it is.
 */
import { joinOverlay } from "./overlay.ts";
import type { Peer } from "./peer/peer.ts";
import { allowOnlySandboxFrames } from "./platform/frame-policy.ts";
import { optionsOfAddress } from "./ui/address.ts";
import { Page } from "./ui/page.ts";
import { applyStoredTheme } from "./ui/theme.ts";

declare global {
  var prost: Peer | undefined;
}

allowOnlySandboxFrames(new URL("sandbox/", location.href).href);
applyStoredTheme();
const page = new Page(document.querySelector<HTMLElement>("#app")!, {
  joinAgain: () => void enter(),
});

/** How often this page was entered or left. */
let visits = 0;

/** Makes this tab a node, and shows it or why it cannot be one. */
async function enter(): Promise<void> {
  page.showStarting();
  const visit = ++visits;
  try {
    const peer = await joinOverlay(optionsOfAddress(location.search));
    // The page went into the back/forward cache, and perhaps came back, before there was a peer.
    if (visit !== visits) return await peer.leave();
    globalThis.prost = peer;
    page.showPeer(peer);
  } catch (error) {
    page.showFailure(error);
  }
}

addEventListener("pagehide", () => {
  visits += 1;
  // Nobody is left to hear how the goodbye ended.
  globalThis.prost?.leave().catch(() => {});
});

addEventListener("pageshow", (event) => {
  // Out of the back/forward cache: the peer said goodbye when the page went in.
  if (event.persisted) void enter();
});

void enter();
