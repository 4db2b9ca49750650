// Line charts by uPlot, with a name, a readout, and the arrow keys.
import { make, number } from "/page.js";

const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const charts = new Set();
const whole = [...Array(10).keys()].flatMap(power => [1, 2, 5].map(digit => digit * 10 ** power));

export const colours = 8;

function smooth(values, weight) {
  if (!weight) return values;
  let mean = null, scale = 0;
  return values.map(value => {
    if (value === null || value === undefined) return value;
    mean = (mean ?? 0) * weight + value * (1 - weight);
    scale = scale * weight + 1 - weight;
    return mean / scale;
  });
}

// A chart of series { label, colour (0 to 7), dashed, x, y, low, high }.
export class Chart {
  constructor(title, { format = number, xFormat = value => number(value, 4), xName = "step" } = {}) {
    Object.assign(this, { title, format, xFormat, xName, series: [], smoothing: 0, logarithmic: false, whole: true });
    this.readout = make("span", { class: "readout" });
    this.plot = make("div", { class: "plot", role: "group", tabindex: 0, "aria-label": title });
    this.plot.addEventListener("keydown", event => this.#move(event));
    this.element = make("figure", { class: "card" },
      make("figcaption", {}, make("strong", {}, title), this.readout), this.plot);
    this.resize = new ResizeObserver(() => this.#fit());
    this.resize.observe(this.plot);
    charts.add(this);
  }

  show(series) {
    this.series = series.filter(one => one.x.length > 0);
    this.element.hidden = this.series.length === 0;
    if (!this.pending) this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  close() {
    charts.delete(this);
    this.resize.disconnect();
    this.uplot?.destroy();
  }

  draw() {
    if (!this.element.isConnected) return;
    this.uplot?.destroy();
    this.uplot = null;
    this.plot.replaceChildren();
    if (this.series.length === 0 || this.plot.clientWidth === 0) return;
    const tables = this.series.map(one => one.low ? [one.x, one.y, one.low, one.high]
      : [one.x, smooth(one.y, this.smoothing)]);
    const data = tables.length === 1 ? tables[0] : uPlot.join(tables);
    const lines = [], bands = [];
    for (const one of this.series) {
      const stroke = css(`--c${one.colour % colours}`);
      lines.push({
        label: one.label, stroke, width: 1.8, spanGaps: true, dash: one.dashed ? [6, 4] : undefined,
        points: { show: one.x.length < 30, size: 6, stroke, fill: stroke },
      });
      if (one.low) {
        const at = lines.length;
        lines.push({ stroke: "transparent", spanGaps: true, points: { show: false } });
        lines.push({ stroke: "transparent", spanGaps: true, points: { show: false } });
        bands.push({ series: [at + 2, at + 1], fill: `${stroke}2e` });
      }
    }
    const axis = { stroke: css("--quiet"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--grid") },
      font: "12px system-ui, sans-serif" };
    this.uplot = new uPlot({
      width: this.plot.clientWidth, height: 240, legend: { show: false }, bands,
      cursor: { drag: { x: true, y: false }, points: { size: 6 } },
      scales: { x: { time: false }, y: this.logarithmic ? { distr: 3 } : {} },
      series: [{}, ...lines],
      axes: [{ ...axis, values: (_, all) => all.map(this.xFormat), space: 70, size: 34,
        ...(this.whole ? { incrs: whole } : {}) },
        { ...axis, size: 62, values: (_, all) => all.map(value => value === null ? "" : this.format(value)) }],
      hooks: { setCursor: [chart => this.#read(chart)] },
    }, data, this.plot);
    this.plot.setAttribute("aria-label", `${this.title}. ${this.#ends()} Arrow keys move along the curve.`);
    this.#read(this.uplot);
  }

  #fit() {
    if (!this.uplot) { this.draw(); return; }
    if (Math.abs(this.uplot.width - this.plot.clientWidth) > 1)
      this.uplot.setSize({ width: this.plot.clientWidth, height: 240 });
  }

  #ends() {
    return this.series.map(one => `${one.label}: ${this.format(one.y.at(-1))} at ${this.xName} `
      + `${this.xFormat(one.x.at(-1))}.`).join(" ");
  }

  #read(chart) {
    const at = chart.cursor.idx;
    const shown = this.series.slice(0, 4);
    if (at === null || at === undefined) {
      this.readout.textContent = shown.map(one => `${one.label} ${this.format(one.y.at(-1))}`).join(" · ");
      return;
    }
    const x = chart.data[0][at];
    const near = one => {
      let low = 0, high = one.x.length - 1;
      while (low < high) { const middle = (low + high) >> 1; if (one.x[middle] < x) low = middle + 1; else high = middle; }
      return one.y[low];
    };
    this.readout.textContent = `${this.xName} ${this.xFormat(x)}: `
      + shown.map(one => `${one.label} ${this.format(near(one))}`).join(" · ");
  }

  #move(event) {
    if (!this.uplot || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const xs = this.uplot.data[0];
    const step = Math.max(1, Math.round(xs.length / 100)) * (event.shiftKey ? 10 : 1);
    const from = this.uplot.cursor.idx ?? (event.key === "ArrowLeft" ? xs.length : -1);
    const to = event.key === "Home" ? 0 : event.key === "End" ? xs.length - 1
      : Math.min(xs.length - 1, Math.max(0, from + (event.key === "ArrowLeft" ? -step : step)));
    this.uplot.setCursor({ left: this.uplot.valToPos(xs[to], "x"), top: 20 });
    this.plot.setAttribute("aria-label", `${this.title}. ${this.readout.textContent}`);
  }
}

export const redraw = () => charts.forEach(chart => chart.draw());
