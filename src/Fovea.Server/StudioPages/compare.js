// Several runs on the same axes.
import { askJson, duration, make, number, percent, query, runLink, say, state, table } from "/page.js";
import { curvesOf } from "/curves.js";

export async function comparePage(main, values, signal) {
  const ids = values.getAll("run");
  if (ids.length === 0) {
    main.append(make("h1", {}, "Comparison"), make("p", {}, "No runs are chosen. Choose two or more of ",
      make("a", { href: "#/" }, "the table of runs"), "."));
    return;
  }
  main.append(make("h1", {}, `Comparison of ${ids.length} runs`));
  const answers = await Promise.all(ids.map(id => askJson(`run?${query({ run: id })}`, { signal })
    .catch(error => ({ failed: error.message, id }))));
  const failed = answers.filter(one => one.failed);
  if (failed.length) say(failed.map(one => one.failed).join(" "));
  const runs = answers.filter(one => !one.failed);
  if (runs.length === 0) return;
  const common = commonStart(runs.map(one => one.run.name));
  const named = runs.map(one => ({ id: one.run.id, name: one.run.name.slice(common) || one.run.name }));
  const result = make("div");
  const entries = new Map(runs.map(one => [one.run.id, one.run]));
  const results = () => result.replaceChildren(table("Results", ["Run", "State", "#Epochs", "#Validation", "#Test",
    "#Loss", "#Images/s", "#Time"], [...entries.values()].map((run, i) => [
    make("span", {}, make("span", { class: `swatch k${i % 8}` }), make("a", { href: runLink(run.id) }, make("bdi", {}, run.name))),
    state(run.state), `${run.epochsDone ?? ""} / ${run.epochs ?? ""}`, percent(run.valAccuracy), percent(run.testAccuracy),
    number(run.trainLoss), number(run.imagesPerSecond), duration(run.seconds)])));
  results();
  const differing = differences(runs);
  main.append(result, make("h2", {}, "Differences of their recipes"),
    differing.length === 0 ? make("p", {}, "Their recipes are the same.")
      : table("Differences", ["Field", ...named.map(run => run.name)], differing.map(one => [one.name,
        ...one.values.map(text => ({ text, wrap: text.length > 40 }))])),
    make("h2", {}, "Curves"), curvesOf(named, signal, entry => { entries.set(entry.id, entry); results(); }));
}

// Length of the folders that all names begin with.
export function commonStart(names) {
  let at = names[0].lastIndexOf("/") + 1;
  while (at > 0 && !names.every(name => name.startsWith(names[0].slice(0, at))))
    at = names[0].lastIndexOf("/", at - 2) + 1;
  return at;
}

function differences(runs) {
  const recipes = runs.map(one => new Map((one.recipe ?? []).map(field => [field.name, field.value])));
  return [...new Set(recipes.flatMap(recipe => [...recipe.keys()]))].filter(name => name !== "out")
    .map(name => ({ name, values: recipes.map(recipe => recipe.get(name) ?? "") }))
    .filter(one => new Set(one.values).size > 1);
}
