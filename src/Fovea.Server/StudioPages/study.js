// A study: its configurations with their spread over seeds.
import { askJson, amount, duration, make, number, percent, query, repeat, runLink, state, table } from "/page.js";
import { Chart } from "/charts.js";

const quantities = [["valAccuracy", "Validation accuracy", percent], ["valLoss", "Validation loss", number],
  ["trainLoss", "Training loss", number]];
const within = spread => spread ? `${percent(spread.mean)}${spread.std === undefined ? "" : ` ± ${(100 * spread.std).toFixed(1)}`}` : "";

export async function studyPage(main, values, signal) {
  const id = values.get("study");
  const lead = make("div", { class: "lead" }), top = make("div"), cells = make("div"), legend = make("ul", {
    class: "legend", "aria-label": "Configurations" });
  const title = make("h1", {});
  const charts = quantities.map(([key, name, format]) => [key, new Chart(name, { format, xName: "epoch" })]);
  signal.addEventListener("abort", () => charts.forEach(([, chart]) => chart.close()));
  main.append(title, lead, top, make("h2", {}, "Curves: mean over seeds, and one standard deviation around it"), legend,
    make("div", { class: "charts" }, charts.map(([, chart]) => chart.element)), make("h2", {}, "Cells"), cells);
  let last = "";
  const load = async () => {
    const study = await askJson(`study?${query({ study: id })}`, { signal });
    const text = JSON.stringify(study);
    if (text === last) return;
    last = text;
    title.replaceChildren(make("bdi", {}, study.study.name));
    lead.replaceChildren(state(study.study.state), `${study.study.finished} of ${study.study.cells} cells finished`,
      study.study.now ?? "", study.cells.length > 1 && study.cells.length <= 40 ? make("a", {
        href: `#/compare?${query({ run: study.cells.map(cell => cell.id) })}` }, "All cells on the same axes") : "");
    top.replaceChildren(...study.results ? [make("h2", {}, "Configurations"), table("Configurations", ["Configuration",
      "#Test", "#Validation", "#Runs", "#Parameters", "#Time"], study.results.map(one => [{ element: make("bdi", {}, one.name),
      wrap: true }, within(one.test), within(one.validation), one.test?.runs ?? 0, amount(one.parameters),
    duration(one.seconds?.mean)]))] : []);
    legend.replaceChildren(...study.curves.map((one, i) => make("li", {}, make("span", { class: `swatch k${i % 8}` }),
      make("bdi", {}, one.name), make("span", { class: "quiet" }, `${one.runs} ${one.runs === 1 ? "run" : "runs"}`))));
    for (const [key, chart] of charts) chart.show(study.curves.flatMap((one, i) => {
      const rows = one.curves[key];
      return rows ? [{ label: one.name, colour: i, x: rows.map(row => row.epoch), y: rows.map(row => row.mean),
        low: rows.map(row => row.low), high: rows.map(row => row.high) }] : [];
    }));
    cells.replaceChildren(table("Cells", ["Cell", "State", "#Epochs", "#Validation", "#Test", "#Time"],
      study.cells.map(cell => [make("a", { href: runLink(cell.id) }, make("bdi", {}, cell.name)), state(cell.state),
        `${cell.epochsDone ?? ""} / ${cell.epochs ?? ""}`, percent(cell.valAccuracy), percent(cell.testAccuracy),
        duration(cell.seconds)])));
  };
  await load();
  repeat(4000, signal, load);
}
