// The table of all runs and studies.
import { askJson, date, duration, field, make, number, percent, query, repeat, runLink, state, stateName, table }
  from "/page.js";

const own = new Set(["model", "attention", "dataset", "seed", "epochs"]);
const columns = [
  { key: "name", title: "Run", value: run => run.name },
  { key: "state", title: "State", value: run => stateName(run.state), cell: run => state(run.state) },
  { key: "model", title: "Model", value: run => run.model ?? "" },
  { key: "attention", title: "Attention", value: run => run.attention ?? "" },
  { key: "dataset", title: "Dataset", value: run => run.dataset ?? "" },
  { key: "seed", title: "Seed", number: true, value: run => run.seed === undefined ? null : Number(run.seed),
    cell: run => run.seed ?? "" },
  { key: "epochs", title: "Epochs", number: true, value: run => run.epochsDone ?? null,
    cell: run => run.epochs === undefined ? "" : `${run.epochsDone} / ${run.epochs}` },
  { key: "valAccuracy", title: "Validation", number: true, value: run => run.valAccuracy ?? null,
    cell: run => percent(run.valAccuracy) },
  { key: "testAccuracy", title: "Test", number: true, value: run => run.testAccuracy ?? null,
    cell: run => percent(run.testAccuracy) },
  { key: "trainLoss", title: "Loss", number: true, value: run => run.trainLoss ?? null,
    cell: run => number(run.trainLoss) },
  { key: "imagesPerSecond", title: "Images/s", number: true, value: run => run.imagesPerSecond ?? null,
    cell: run => number(run.imagesPerSecond) },
  { key: "seconds", title: "Time", number: true, value: run => run.seconds ?? null, cell: run => duration(run.seconds) },
  { key: "changed", title: "Changed", value: run => run.changed ?? "", cell: run => date(run.changed) },
];
const kept = { sort: "changed", down: true, filter: "", state: "", study: false, hidden: null, chosen: new Set() };

export function runsPage(main, _, signal) {
  let list = null, last = "";
  const filter = make("input", { type: "search", value: kept.filter, oninput: () => { kept.filter = filter.value; rows(); } });
  const states = make("select", { onchange: () => { kept.state = states.value; rows(); } });
  const cells = make("input", { type: "checkbox", checked: kept.study,
    onchange: () => { kept.study = cells.checked; rows(); } });
  const compare = make("button", { class: "main", onclick: () => {
    location.hash = `#/compare?${query({ run: [...kept.chosen] })}`;
  } });
  const count = make("span", { class: "quiet", role: "status" });
  const chooser = make("details", {});
  const head = make("thead"), body = make("tbody");
  const box = make("div", { class: "scroll", role: "region", "aria-label": "Runs", tabindex: 0 },
    make("table", {}, head, body));
  const studies = make("section", {});
  const empty = make("p", {});
  main.append(make("h1", {}, "Runs"), studies,
    make("div", { class: "bar" }, field("Filter by text", filter), field("State", states),
      field("Cells of studies", cells, true), compare, count),
    chooser, empty, box);

  const shown = () => {
    const fields = (list?.fields ?? []).filter(name => !own.has(name));
    kept.hidden ??= new Set(fields.slice(6));
    return [...columns, ...fields.filter(name => !kept.hidden.has(name)).map(name => ({
      key: name, title: name, value: run => run.recipe?.[name] ?? "", isField: true,
    }))];
  };

  function heads() {
    const all = shown();
    head.replaceChildren(make("tr", {}, make("th", { scope: "col" }, "Compare"), all.map(column => make("th", {
      scope: "col", class: column.number ? "number" : null,
      "aria-sort": kept.sort === column.key ? kept.down ? "descending" : "ascending" : null,
    }, make("button", { type: "button", onclick: () => {
      kept.down = kept.sort === column.key ? !kept.down : column.number === true || column.key === "changed";
      kept.sort = column.key;
      heads();
      rows();
      head.querySelector("[aria-sort] button")?.focus();
    } }, column.title + (kept.sort === column.key ? kept.down ? " ↓" : " ↑" : ""))))));
  }

  function order(a, b) {
    const empty = value => value === null || value === "" || value === undefined;
    if (empty(a) || empty(b)) return empty(a) - empty(b);
    const sign = kept.down ? -1 : 1;
    if (typeof a === "number") return sign * (a - b);
    const [left, right] = [Number(a), Number(b)];
    if (!Number.isNaN(left) && !Number.isNaN(right)) return sign * (left - right);
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  }

  function rows() {
    if (!list) return;
    const all = shown(), words = kept.filter.toLowerCase().split(/\s+/).filter(word => word);
    const column = all.find(one => one.key === kept.sort) ?? columns[0];
    const found = list.runs.filter(run => (kept.study || !run.study) && (!kept.state || run.state === kept.state)
      && (words.length === 0 || matches(run, words))).sort((a, b) => order(column.value(a), column.value(b)));
    const focus = document.activeElement?.closest?.("tr")?.dataset.run;
    const kind = document.activeElement?.tagName;
    body.replaceChildren(...found.map(run => make("tr", { "data-run": run.id },
      make("td", {}, make("input", {
        type: "checkbox", checked: kept.chosen.has(run.id), disabled: run.state === "Deleted" || run.state === "Corrupt",
        "aria-label": `compare ${run.name}`, onchange: event => {
          if (event.target.checked) kept.chosen.add(run.id); else kept.chosen.delete(run.id);
          buttons();
        },
      })),
      all.map(one => one.key === "name"
        ? make("th", { scope: "row" }, run.state === "Deleted" ? make("bdi", {}, run.name)
          : make("a", { href: runLink(run.id) }, make("bdi", {}, run.name)),
        run.problem ? make("div", { class: "problem" }, run.problem) : null)
        : make("td", { class: one.number ? "number" : null }, one.cell ? one.cell(run) : one.value(run))))));
    if (focus && body.contains(document.activeElement) === false)
      [...body.rows].find(row => row.dataset.run === focus)?.querySelector(kind === "A" ? "a" : "input")?.focus();
    count.textContent = `${found.length} of ${list.runs.length} runs`;
    empty.textContent = list.runs.length === 0
      ? `There are no runs in ${list.folders.join(", ")} yet. They appear here when 'fovea train' makes one.`
      : found.length === 0 ? "No run matches." : "";
    box.hidden = found.length === 0;
    buttons();
  }

  // A field with its whole value, or a part of what is shown.
  function matches(run, words) {
    const recipe = run.recipe ? { ...list.common, ...run.recipe } : {};
    const text = [run.name, stateName(run.state), run.model, run.attention, run.dataset,
      ...Object.entries(run.recipe ?? {}).map(([name, value]) => `${name}=${value}`)].join(" ").toLowerCase();
    return words.every(word => {
      const [name, ...rest] = word.split("="), wanted = rest.join("="), own = recipe[name.replaceAll("_", "-")];
      return rest.length > 0 && own !== undefined ? isSame(own.toLowerCase(), wanted) : text.includes(word);
    });
  }

  function isSame(value, wanted) {
    const [left, right] = [Number(value), Number(wanted)];
    return value === wanted || wanted === "" || (value !== "" && !Number.isNaN(left) && left === right);
  }

  function buttons() {
    compare.disabled = kept.chosen.size < 2;
    compare.textContent = kept.chosen.size < 2 ? "Compare (choose two or more)" : `Compare ${kept.chosen.size} runs`;
  }

  function frame() {
    const fields = list.fields.filter(name => !own.has(name));
    shown();
    chooser.hidden = fields.length === 0;
    const isOpen = chooser.open;
    chooser.replaceChildren(make("summary", {}, "Columns: fields in which recipes differ"),
      make("div", { class: "columns" }, fields.map(name => field(name, make("input", {
        type: "checkbox", checked: !kept.hidden.has(name), onchange: event => {
          if (event.target.checked) kept.hidden.delete(name); else kept.hidden.add(name);
          heads();
          rows();
        },
      }), true))));
    chooser.open = isOpen;
    const there = [...new Set(list.runs.map(run => run.state))].sort();
    if (kept.state && !there.includes(kept.state)) there.push(kept.state);
    states.replaceChildren(make("option", { value: "" }, "all"), ...there.map(name =>
      make("option", { value: name, selected: kept.state === name }, stateName(name))));
    if (list.runs.length > 0 && list.runs.every(run => run.study)) kept.study = cells.checked = true;
    cells.parentElement.hidden = !list.runs.some(run => run.study);
    for (const id of kept.chosen) if (!list.runs.some(run => run.id === id)) kept.chosen.delete(id);
    studies.replaceChildren(...list.studies.length === 0 ? [] : [make("h2", {}, "Studies"),
      table("Studies", ["Study", "State", "#Finished", "Now"], list.studies.map(study => [
        make("a", { href: `#/study?${query({ study: study.id })}` }, make("bdi", {}, study.name)), state(study.state),
        `${study.finished} of ${study.cells}`, study.now ?? ""])), make("h2", {}, "Single runs")]);
    heads();
    rows();
  }

  repeat(3000, signal, async () => {
    const answer = await askJson("runs", { signal });
    const text = JSON.stringify(answer);
    if (text === last) return;
    const layout = JSON.stringify([answer.fields, answer.studies, answer.runs.map(run => run.state)]);
    const isNew = layout !== JSON.stringify(list && [list.fields, list.studies, list.runs.map(run => run.state)]);
    [list, last] = [answer, text];
    if (isNew) frame(); else rows();
  });
}
