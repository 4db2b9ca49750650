// Curves of one or several runs that grow while they train.
import { Chart } from "/charts.js";
import { choice, duration, field, listen, make, number, percent, query } from "/page.js";

const panels = [
  { title: "Loss", of: [["trainLoss", "training"], ["valLoss", "validation"]], loss: true },
  { title: "Accuracy", of: [["trainAccuracy", "training"], ["valAccuracy", "validation"]], format: percent },
  { title: "Learning rate", of: [["lr", "learning rate"]] },
  { title: "Gradient norm", of: [["gradientNorm", "gradient norm"]], loss: true },
  { title: "Throughput", of: [["imagesPerSecond", "images per second"]] },
];
const most = 6000;

// Curves of runs { id, name }; told states are passed on.
export function curvesOf(runs, signal, told) {
  const data = new Map(runs.map(run => [run.id, {}]));
  const charts = panels.map(panel => ({ panel, chart: new Chart(panel.title, { format: panel.format ?? number }) }));
  const settings = { x: "step", smoothing: 0, log: false };
  signal.addEventListener("abort", () => charts.forEach(({ chart }) => chart.close()));
  const note = make("p", { class: "quiet" }, "Nothing has been logged yet.");

  function show() {
    let any = false;
    for (const { panel, chart } of charts) {
      const series = [];
      runs.forEach((run, i) => panel.of.forEach(([name, label], j) => {
        const curve = data.get(run.id)[name];
        if (!curve) return;
        let xs = curve.x, ys = curve.y;
        if (settings.x === "time") {
          const known = curve.t.map((at, k) => at === null ? -1 : k).filter(k => k >= 0);
          xs = known.map(k => curve.t[k]);
          ys = known.map(k => curve.y[k]);
        }
        series.push({
          label: runs.length > 1 ? `${run.name}${j ? `, ${label}` : ""}` : label,
          colour: runs.length > 1 ? i : j, dashed: runs.length > 1 && j > 0, x: xs, y: ys,
        });
      }));
      chart.smoothing = settings.smoothing;
      chart.logarithmic = settings.log && panel.loss === true;
      chart.whole = settings.x !== "time";
      chart.xName = settings.x === "time" ? "after" : "step";
      chart.xFormat = settings.x === "time" ? duration : value => number(value, 6);
      chart.show(series);
      any ||= series.length > 0;
    }
    note.hidden = any;
  }

  let connection = new AbortController();
  signal.addEventListener("abort", () => connection.abort());
  function connect() {
    connection.abort();
    connection = new AbortController();
    if (signal.aborted) return;
    listen(`events?${query({ run: runs.map(run => run.id) })}`, {
      state: entry => told?.(entry),
      curves: news => {
        const known = news.anew ? {} : data.get(news.run);
        for (const [name, curve] of Object.entries(news.curves)) {
          if (!known[name]) known[name] = curve;
          else for (const part of ["x", "t", "y"]) known[name][part].push(...curve[part]);
        }
        data.set(news.run, known);
        show();
        if (Object.values(known).some(curve => curve.x.length > most)) connect();   // thinned by the server again
      },
    }, connection.signal);
  }

  connect();
  const bar = make("div", { class: "bar" },
    field("Across", choice([["step", "steps"], ["time", "time"]], "step", value => { settings.x = value; show(); })),
    field("Smoothing", choice([["0", "none"], ["0.6", "some"], ["0.9", "strong"], ["0.98", "very strong"]], "0",
      value => { settings.smoothing = Number(value); show(); })),
    field("Loss and gradient on a logarithmic scale", make("input", {
      type: "checkbox", onchange: event => { settings.log = event.target.checked; show(); },
    }), true));
  const legend = runs.length < 2 ? null : make("ul", { class: "legend", "aria-label": "Runs" }, runs.map((run, i) =>
    make("li", {}, make("span", { class: `swatch k${i % 8}` }), run.name)),
  make("li", { class: "quiet" }, "dashed: validation"));
  return make("div", {}, bar, legend, note, make("div", { class: "charts" }, charts.map(({ chart }) => chart.element)));
}
