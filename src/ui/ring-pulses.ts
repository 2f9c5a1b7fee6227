/**
 * Small lights that travel along links: one for traffic, a brighter one for a trace.
 *
 * On a canvas of their own above the drawing, so that a moving dot never makes
 * the browser paint the lines again. Runs only while something moves.
 */
import type { RingLayout } from "./ring-dial.ts";
import { type Curve, pointOn } from "./ring-geometry.ts";

export type PulseKind = "in" | "out" | "trace";

interface Pulse {
  readonly curve: Curve;
  readonly kind: PulseKind;
  readonly startMs: number;
  readonly durationMs: number;
  /** Relative size of the light: 1 is a small message. */
  readonly weight: number;
}

/** More than this many lights are a blur and cost time; later ones are dropped. Taste. */
const MAX_PULSES = 64;
/** About 30 pictures a second are smooth enough for something this small. */
const MIN_FRAME_MS = 30;
const TAIL_POINTS = 7;

const COLOR_NAMES: Readonly<Record<PulseKind, string>> = {
  in: "--color-in",
  out: "--color-self",
  trace: "--color-trace",
};

export class RingPulses {
  readonly canvas: HTMLCanvasElement;
  #pulses: Pulse[] = [];
  #layout: RingLayout | null = null;
  #frame = 0;
  #drawnMs = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
  }

  /** A new size forgets what is on its way: its curves belong to the old one. */
  resize(layout: RingLayout): void {
    this.#layout = layout;
    this.#pulses = [];
    const scale = Math.min(2, window.devicePixelRatio);
    this.canvas.width = Math.round(layout.size * scale);
    this.canvas.height = Math.round(layout.size * scale);
  }

  /** Does nothing for people who want no motion, or while nobody looks. */
  send(curve: Curve, kind: PulseKind, delayMs: number, durationMs: number, weight = 1): void {
    if (prefersStillness() || document.hidden || this.#pulses.length >= MAX_PULSES) return;
    this.#pulses.push({ curve, kind, startMs: performance.now() + delayMs, durationMs, weight });
    if (this.#frame === 0) this.#frame = requestAnimationFrame(this.#draw);
  }

  /** Takes every light away. */
  clear(kind: PulseKind): void {
    this.#pulses = this.#pulses.filter((pulse) => pulse.kind !== kind);
  }

  readonly #draw = (nowMs: number): void => {
    this.#frame = 0;
    const context = this.canvas.getContext("2d");
    if (context === null || this.#layout === null) return;
    this.#pulses = this.#pulses.filter((pulse) => nowMs < pulse.startMs + pulse.durationMs);
    if (nowMs - this.#drawnMs >= MIN_FRAME_MS || this.#pulses.length === 0) {
      this.#drawnMs = nowMs;
      const { size } = this.#layout;
      const scale = this.canvas.width / size;
      context.setTransform(scale, 0, 0, scale, this.canvas.width / 2, this.canvas.height / 2);
      context.clearRect(-size / 2, -size / 2, size, size);
      const style = getComputedStyle(this.canvas);
      for (const pulse of this.#pulses) {
        const share = (nowMs - pulse.startMs) / pulse.durationMs;
        if (share < 0) continue;
        context.fillStyle = style.getPropertyValue(COLOR_NAMES[pulse.kind]);
        drawPulse(context, pulse, share);
      }
      context.globalAlpha = 1;
    }
    if (this.#pulses.length > 0) this.#frame = requestAnimationFrame(this.#draw);
  };
}

function drawPulse(context: CanvasRenderingContext2D, pulse: Pulse, share: number): void {
  const isTrace = pulse.kind === "trace";
  const head = (isTrace ? 5 : 1.7) * pulse.weight;
  // Traffic comes into sight and goes again; a trace stays bright from node to node.
  const alpha = isTrace ? 1 : Math.sin(Math.PI * share) * 0.95;
  const eased = share * share * (3 - 2 * share);
  for (let index = TAIL_POINTS; index >= 0; index--) {
    const at = eased - index * 0.018;
    if (at < 0) continue;
    const fade = 1 - index / (TAIL_POINTS + 1);
    const { x, y } = pointOn(pulse.curve, at);
    context.globalAlpha = alpha * fade * fade;
    context.beginPath();
    context.arc(x, y, head * (0.45 + 0.55 * fade), 0, 2 * Math.PI);
    context.fill();
  }
}

export function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
