// An image, looked at by one or two models side by side.
import { ask, askJson, choice, field, imageOf, make, percent, query, runLink, say, table, themeName } from "/page.js";

const kept = { file: null };

export async function imagePage(main, values, signal) {
  const list = await askJson("runs", { signal });
  const runs = list.runs.filter(run => run.state !== "Corrupt" && run.state !== "Deleted");
  main.append(make("h1", {}, "Look at an image"));
  if (runs.length === 0) {
    main.append(make("p", {}, "There are no runs whose models could look at it yet."));
    return;
  }
  const names = runs.map(run => [run.id, run.name]);
  const usual = runs.find(run => run.state === "Finished") ?? runs[0];
  const first = choice(names, values.get("run") ?? usual.id, look);
  const second = choice([["", "none"], ...names], values.get("other") ?? "", look);
  const target = make("input", { type: "text", placeholder: "the model's own answer", onchange: look });
  const file = make("input", { type: "file", accept: "image/*", onchange: () => take(file.files[0]) });
  const preview = make("p", { class: "quiet" });
  const drop = make("div", { class: "drop" }, make("p", {}, make("label", {}, "Drop an image here, paste one, or choose a file: ", file)), preview);
  const results = make("div", { class: "pair", "aria-live": "polite" });
  main.append(make("div", { class: "bar" }, field("Model", first), field("Beside it", second), field("Class to explain", target)),
    drop, results);
  for (const name of ["dragover", "dragenter"]) drop.addEventListener(name, event => {
    event.preventDefault();
    drop.classList.add("over");
  });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", event => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
  addEventListener("paste", event => take([...event.clipboardData.files][0]), { signal });
  let turn = 0;
  if (kept.file) take(kept.file);

  function take(chosen) {
    if (!chosen) return;
    kept.file = chosen;
    look();
  }

  async function look() {
    if (!kept.file) return;
    const mine = ++turn;
    preview.textContent = kept.file.name;
    const chosen = [first.value, second.value].filter(one => one);
    results.replaceChildren(...chosen.map(() => make("p", { class: "quiet" }, "computing ...")));
    say("");
    for (const [i, run] of chosen.entries()) {
      const form = new FormData();
      form.append("image", kept.file, kept.file.name);
      let shown;
      try {
        shown = resultOf(await (await ask(`look?${query({ run, theme: themeName(), class: target.value || undefined })}`,
          { method: "POST", body: form, signal })).json(), runs.find(one => one.id === run).name);
      } catch (error) {
        if (signal.aborted) return;
        shown = make("p", { class: "problem" }, error.message);
      }
      if (mine !== turn) return;
      results.children[i].replaceWith(shown);
    }
  }
}

function resultOf(answer, name) {
  return make("section", { "aria-label": `Result of ${name}` },
    make("h2", {}, make("a", { href: runLink(answer.run) }, make("bdi", {}, name))),
    make("p", { class: "quiet" }, `${answer.model}, checkpoint ${answer.checkpoint} of epoch ${answer.epoch}`),
    make("ul", { class: "share" }, answer.classes.map(one => make("li", {}, make("span", {}, make("bdi", {}, one.name)),
      make("meter", { min: 0, max: 1, value: one.probability, "aria-label": one.name }), make("span", {}, percent(one.probability))))),
    answer.figures.map(figure => make("figure", { class: "card figure" }, imageOf(figure.png, `${figure.title}, explained for ${answer.explained}`),
      figure.table ? table(figure.title, figure.table[0], figure.table.slice(1)) : null)));
}
