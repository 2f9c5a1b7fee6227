/**
 * The peer's counters: the most telling as rates with a minute's history, all of them in a table.
 */
import { arrange, h, setAttribute, setText, svg } from "./dom.ts";
import { formatBytes, formatCount, formatRate } from "./format.ts";
import { type Headline, groupMetrics, headlines } from "./metric-groups.ts";
import { Rates } from "./rates.ts";

const SPARK_POINTS = 30;
const SPARK_WIDTH = 120;
const SPARK_HEIGHT = 28;

interface Gauge {
  readonly element: HTMLElement;
  readonly rate: HTMLElement;
  readonly total: HTMLElement;
  readonly line: SVGPathElement;
}

export class CountersPanel {
  readonly element: HTMLElement;
  readonly #gauges = h("dl", { class: "gauges", "data-testid": "gauges" });
  readonly #table = h("table", { class: "counters", "data-testid": "counters" });
  readonly #details: HTMLDetailsElement;
  readonly #summary = h("summary");
  readonly #gaugeByLabel = new Map<string, Gauge>();
  readonly #cellByName = new Map<string, HTMLElement>();
  #metrics: Readonly<Record<string, number>> = {};
  #rates = new Rates();

  constructor() {
    this.#table.append(h("caption", { class: "only-read" }, "All counters since the start"));
    this.#details = h("details", {}, this.#summary, this.#table);
    this.#details.addEventListener("toggle", () => this.#showTable(this.#metrics));
    this.element = h("section", { "aria-labelledby": "counters-heading" });
    const heading = h("h2", { id: "counters-heading" }, "Traffic");
    this.element.append(heading, this.#gauges, this.#details);
  }

  /** Another peer counts from zero: what the last one did is no traffic of its. */
  reset(): void {
    this.#rates = new Rates();
  }

  show(metrics: Readonly<Record<string, number>>, nowMs: number): void {
    this.#rates.add(nowMs, metrics);
    const names = Object.keys(metrics);
    const shown = headlines(names).map((headline) => this.#showGauge(headline, metrics));
    arrange(this.#gauges, shown);
    setText(this.#summary, names.length === 0 ? "No counters yet" : `All ${names.length} counters`);
    this.#metrics = metrics;
    if (this.#details.open) this.#showTable(metrics);
  }

  #showGauge({ label, unit, names }: Headline, metrics: Readonly<Record<string, number>>): Element {
    let gauge = this.#gaugeByLabel.get(label);
    if (gauge === undefined) this.#gaugeByLabel.set(label, (gauge = newGauge(label)));
    const rate = this.#rates.perSecond(names);
    const total = names.reduce((sum, name) => sum + (metrics[name] ?? 0), 0);
    setText(gauge.rate, unit === "bytes" ? `${formatBytes(rate)}/s` : `${formatRate(rate)}/s`);
    setText(gauge.total, `${unit === "bytes" ? formatBytes(total) : formatCount(total)} in all`);
    setAttribute(gauge.line, "d", sparkPath(this.#rates.history(names, SPARK_POINTS)));
    return gauge.element;
  }

  #showTable(metrics: Readonly<Record<string, number>>): void {
    const names = Object.keys(metrics);
    if (
      names.some((name) => !this.#cellByName.has(name)) ||
      names.length !== this.#cellByName.size
    ) {
      this.#cellByName.clear();
      this.#table.querySelectorAll("tbody").forEach((body) => body.remove());
      for (const group of groupMetrics(metrics)) {
        const body = h("tbody");
        const head = h("th", { scope: "rowgroup", colspan: 2 }, group.name);
        body.append(h("tr", { class: "group" }, head));
        for (const row of group.rows) {
          const cell = h("td");
          this.#cellByName.set(row.name, cell);
          body.append(h("tr", {}, h("th", { scope: "row", title: row.name }, row.label), cell));
        }
        this.#table.append(body);
      }
    }
    for (const [name, cell] of this.#cellByName) setText(cell, formatCount(metrics[name] ?? 0));
  }
}

function newGauge(label: string): Gauge {
  const rate = h("dd", { class: "rate" });
  const total = h("dd", { class: "muted total" });
  const line = svg("path", { "vector-effect": "non-scaling-stroke" });
  const spark = svg("svg", {
    class: "spark",
    viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  spark.append(line);
  const element = h("div", { class: "gauge" }, h("dt", {}, label), rate, total, h("dd", {}, spark));
  return { element, rate, total, line };
}

/** A line over the last minute, its highest point the full height. */
function sparkPath(values: readonly number[]): string {
  const top = Math.max(...values, Number.MIN_VALUE);
  return values
    .map((value, index) => {
      const x = (index / (values.length - 1)) * SPARK_WIDTH;
      const y = SPARK_HEIGHT - 1 - (value / top) * (SPARK_HEIGHT - 2);
      return `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}
