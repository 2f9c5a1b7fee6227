/**
 * The whole page: puts the parts in their places and keeps them up to date.
 *
 * It only ever reads snapshots of the peer, at most four times a second and not
 * at all while nobody can see it, so a page costs the ring next to nothing.
 */
import type { Peer } from "../peer/peer.ts";
import { BEAT_MS, Calm } from "./calm.ts";
import { CountersPanel } from "./counters.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { shortId } from "./format.ts";
import { LinksTable } from "./links-table.ts";
import { NodeCard } from "./node-card.ts";
import { NodeReadout, legend } from "./node-readout.ts";
import { NoticeBar } from "./notice.ts";
import { PeerletsDesk } from "./peerlets-desk.ts";
import { RingCentre } from "./ring-centre.ts";
import { type RingModel, ringModel } from "./ring-model.ts";
import type { ShownTrace } from "./ring-trace.ts";
import { RingView } from "./ring-view.ts";
import { Selection } from "./selection.ts";
import {
  STANDING_WORDS,
  type Standing,
  failureNotice,
  signalingNotice,
  standingOf,
} from "./status-words.ts";
import { themeButton } from "./theme.ts";
import { TraceBox } from "./trace-box.ts";

/** Numbers move this often when nothing happens, in ms; events are shown at most every MIN_REFRESH_MS. */
const REFRESH_MS = 1000;
const MIN_REFRESH_MS = 250;
/** While the machine is busy, pictures come this far apart, in ms. */
const CALM_REFRESH_MS = 4000;

export interface PageActions {
  /** The person wants to be a node again. */
  joinAgain(): void;
}

export class Page {
  readonly #selection = new Selection();
  readonly #standing = h("p", { class: "standing", role: "status", "data-testid": "state" });
  readonly #notice = new NoticeBar();
  readonly #announcer = h("p", {
    class: "only-read",
    "aria-live": "polite",
    "data-testid": "announcer",
  });
  readonly #ring = new RingView(this.#selection);
  readonly #centre: RingCentre;
  readonly #readout: NodeReadout;
  readonly #card = new NodeCard();
  readonly #trace: TraceBox;
  readonly #counters = new CountersPanel();
  readonly #links = new LinksTable(this.#selection);
  readonly #desk: PeerletsDesk;
  readonly #root: HTMLElement;
  #peer: Peer | null = null;
  #passed: readonly string[] = [];
  #memberSinceMs: number | null = null;
  #refreshedMs = 0;
  readonly #calm = new Calm(performance.now());
  #timer = 0;
  #dueMs = 0;
  #stops: (() => void)[] = [];

  constructor(root: HTMLElement, actions: PageActions) {
    this.#root = root;
    this.#centre = new RingCentre(() => actions.joinAgain());
    const announce = (text: string) => setText(this.#announcer, text);
    this.#trace = new TraceBox(this.#selection, (trace) => this.#showTrace(trace), announce);
    this.#desk = new PeerletsDesk({
      announce,
      changed: () => this.#schedule(0),
    });
    this.#readout = new NodeReadout(this.#selection, (id) => this.#trace.traceText(id));
    this.#build();
    document.addEventListener("visibilitychange", () => this.#schedule(0));
    this.#beat(performance.now());
  }

  /** Finds out whether the machine has time to spare. */
  #beat(dueMs: number): void {
    const nowMs = performance.now();
    // A hidden tab's timers are late on purpose.
    if (!document.hidden) this.#calm.timerFired(nowMs - dueMs, nowMs);
    window.setTimeout(() => this.#beat(nowMs + BEAT_MS), BEAT_MS);
  }

  /** Before there is a peer. */
  showStarting(): void {
    this.#drop();
    this.#showStanding("starting");
    this.#centre.show("starting", []);
  }

  showPeer(peer: Peer): void {
    this.#drop();
    this.#peer = peer;
    this.#trace.use(peer);
    this.#desk.use(peer);
    this.#counters.reset();
    document.title = `${shortId(peer.id)} · PROST`;
    const now = () => this.#schedule(0, MIN_REFRESH_MS);
    const soon = () => this.#schedule(0);
    this.#stops = [
      // Rare, and what a person waits for: shown however busy the machine is.
      peer.on("state", now),
      peer.on("signaling", now),
      peer.on("update", soon),
      peer.on("link", soon),
    ];
    this.#refresh();
  }

  /** No peer could be made. */
  showFailure(error: unknown): void {
    this.#drop();
    this.#showStanding("failed");
    this.#centre.show("failed", []);
    this.#notice.show(failureNotice(error), "grave");
  }

  #build(): void {
    const mark = h("h1", { class: "mark" }, "PROST");
    const header = h("header", {}, mark, this.#standing, themeButton());
    const figure = h("figure", {
      class: "observatory",
      "aria-label": "The ring as this node knows it",
    });
    const stage = h("div", { class: "stage" }, this.#ring.element, this.#centre.element);
    figure.append(this.#readout.summary, stage, this.#readout.element, legend());
    const side = h("div", { class: "side" });
    side.append(
      this.#notice.element,
      this.#card.element,
      this.#desk.section,
      this.#trace.element,
      this.#counters.element,
      this.#links.element,
    );
    const seen = h("div", { class: "seen" }, this.#desk.views, figure);
    this.#root.replaceChildren(
      header,
      // First in the order of keys; where it stands is up to the style sheet.
      this.#desk.question,
      h("main", {}, seen, side),
      this.#announcer,
      this.#desk.dropZone,
    );
  }

  #drop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#peer = null;
    this.#memberSinceMs = null;
    this.#selection.pin(null);
    this.#trace.use(null);
    this.#desk.use(null);
    this.#notice.show(null);
  }

  /** Refreshes after `delayMs`, or as soon as the last picture is old enough. */
  #schedule(delayMs: number, leastApartMs?: number): void {
    if (this.#peer === null || document.hidden) return;
    const nowMs = performance.now();
    const apartMs = leastApartMs ?? (this.#calm.isCalm(nowMs) ? CALM_REFRESH_MS : MIN_REFRESH_MS);
    const dueMs = Math.max(nowMs + delayMs, this.#refreshedMs + apartMs);
    // What is due earlier stays due: events in quick succession must not put a picture off.
    if (this.#timer !== 0 && this.#dueMs <= dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.#refresh();
    }, dueMs - nowMs);
  }

  #refresh(): void {
    const peer = this.#peer;
    if (peer === null) return;
    const nowMs = performance.now();
    this.#refreshedMs = nowMs;
    const ring = peer.ring;
    const signaling = peer.signaling;
    const standing = standingOf(peer.state, ring);
    if (peer.state !== "joined") this.#memberSinceMs = null;
    else this.#memberSinceMs ??= nowMs;
    const memberMs = this.#memberSinceMs === null ? null : nowMs - this.#memberSinceMs;
    const model = ringModel(peer.id, ring, this.#passed);
    this.#showStanding(standing);
    this.#showRing(model);
    this.#centre.show(standing, signaling);
    this.#notice.show(signalingNotice(standing, signaling));
    this.#card.show(peer, { standing, memberMs, linkCount: ring.links.length });
    this.#counters.show(peer.metrics, nowMs);
    this.#links.show(model);
    this.#desk.show();
    if (standing === "left") return;
    this.#schedule(REFRESH_MS);
  }

  #showRing(model: RingModel): void {
    this.#ring.show(model, this.#calm.isCalm(performance.now()));
    this.#readout.show(model);
  }

  #showStanding(standing: Standing): void {
    setText(this.#standing, STANDING_WORDS[standing]);
    setAttribute(this.#root, "data-standing", standing);
  }

  #showTrace(trace: ShownTrace | null): void {
    this.#passed = trace?.hops ?? [];
    if (this.#peer !== null)
      this.#showRing(ringModel(this.#peer.id, this.#peer.ring, this.#passed));
    this.#ring.showTrace(trace);
  }
}
