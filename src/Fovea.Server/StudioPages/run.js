// The page of one run.
import { ask, askJson, bytes, date, duration, facts, make, number, percent, query, state, stateMeaning, table, say }
  from "/page.js";
import { curvesOf } from "/curves.js";
import { watchedOf } from "/watched.js";
import { controlsOf } from "/control.js";

export async function runPage(main, values, signal) {
  const id = values.get("run");
  const first = await askJson(`run?${query({ run: id })}`, { signal });
  let entry = first.run, summary = first.summary;
  const lead = make("div", { class: "lead" }), numbers = make("div"), rest = make("div"), controls = make("div");
  const problem = make("p", { class: "problem" });
  main.append(make("h1", {}, make("bdi", {}, entry.name)), lead, problem, controls,
    make("p", { class: "lead" },
      make("a", { href: `#/model?${query({ run: id })}` }, "Its model"),
      make("a", { href: `#/image?${query({ run: id })}` }, "Look at an image with it"),
      entry.study ? make("a", { href: `#/study?${query({ study: entry.study })}` }, "Its study") : null),
    numbers, make("h2", {}, "Curves"), curvesOf([{ id, name: entry.name }], signal, told), rest);
  const watched = watchedOf(id, signal);
  show(first);
  controlsOf(controls, id, () => entry);

  function told(now) {
    const before = entry;
    entry = now;
    head();
    if (now.state === "Deleted") { say(""); return; }
    if (before.epochsDone !== now.epochsDone || before.state !== now.state) refresh();
  }

  async function refresh() {
    try {
      show(await askJson(`run?${query({ run: id })}`, { signal }));
      watched.refresh();
    } catch (error) {
      if (!signal.aborted && error.status !== 410) say(error.message);
    }
  }

  function head() {
    lead.replaceChildren(state(entry.state), make("span", { class: "quiet" }, stateMeaning(entry.state)),
      entry.epochs ? make("span", {}, `epoch ${entry.epochsDone} of ${entry.epochs} `,
        make("progress", { max: entry.epochs, value: entry.epochsDone, "aria-label": "Epochs done" })) : "");
    problem.textContent = entry.problem ?? "";
    numbers.replaceChildren(facts([["Model", entry.model], ["Attention", entry.attention], ["Dataset", entry.dataset],
      ["Best validation", percent(entry.valAccuracy)], ["Test", percent(entry.testAccuracy)],
      ...summary?.trainAccuracy == null ? [] : [[`Training images (${summary.trainImages.toLocaleString("en")})`,
        `${percent(summary.trainAccuracy)}, loss ${number(summary.trainLoss)}`]],
      ["Training loss", number(entry.trainLoss)], ["Steps", entry.steps?.toLocaleString("en")],
      ["Images per second", number(entry.imagesPerSecond)], ["Time", duration(entry.seconds)],
      ["Seed", entry.seed], ["Last change", date(entry.changed)]]));
    controls.dispatchEvent(new Event("state"));
  }

  function show(run) {
    entry = run.run;
    summary = run.summary;
    head();
    const open = new Set([...rest.querySelectorAll("details[open]")].map(one => one.dataset.name));
    const section = (name, content, isOpen = false) => make("details", { "data-name": name,
      open: open.has(name) || (isOpen && rest.childElementCount === 0) }, make("summary", {}, make("strong", {}, name)), content);
    const epochs = run.epochs;
    rest.replaceChildren(...[
      make("h2", {}, "Attention by epoch"), watched.element,
      make("h2", {}, "Details"),
      run.test ? section("Predictions for the test images", predictions(run.test), true) : null,
      epochs.length ? section("Epochs", table("Epochs", ["#Epoch", "#Step", "#Training loss", "#Training accuracy",
        "#Validation loss", "#Validation accuracy", "#Learning rate", "#Images/s", "#Time"], epochs.map(one => [
        `${one.epoch}`, one.step.toLocaleString("en"), number(one.trainLoss), percent(one.trainAccuracy),
        number(one.valLoss), percent(one.valAccuracy), number(one.lr), number(one.imagesPerSecond),
        duration(one.seconds)]), { tall: true })) : null,
      run.recipe ? section("Recipe", table("Recipe", ["Field", "Value", "Asked for", "What it is"], run.recipe.map(one =>
        [one.name, { text: one.value, wrap: true }, one.asked ?? "", { text: one.description, wrap: true }]),
      { tall: true })) : null,
      run.checkpoints.length ? section("Checkpoints", table("Checkpoints", ["Checkpoint", "#Size", "Written"],
        run.checkpoints.map(one => [one.name, bytes(one.bytes), date(one.written)]))) : null,
      run.output ? section("Output", make("pre", { tabindex: 0, "aria-label": "Output" }, run.output)) : null,
      run.log ? section("Log", make("pre", { tabindex: 0, "aria-label": "Log" }, run.log)) : null,
    ].filter(one => one));
  }
}

function predictions(test) {
  const worst = [...test.classes].sort((a, b) => a.right / a.images - b.right / b.images).slice(0, 100);
  return make("div", {}, make("p", {}, `${test.right.toLocaleString("en")} of ${test.images.toLocaleString("en")} `
    + `test images are right (${percent(test.right / test.images)}).`), make("div", { class: "pair" },
  table("Classes", ["Class", "#Images", "#Right"], worst.map(one => [make("bdi", {}, one.name),
    one.images.toLocaleString("en"), percent(one.right / one.images)]), { tall: true, caption: "Classes, the hardest first" }),
  table("Confusions", ["Is", "Taken for", "#Images"], test.confusions.map(one => [make("bdi", {}, one.label),
    make("bdi", {}, one.predicted), one.images.toLocaleString("en")]), { tall: true, caption: "Most frequent errors" })));
}
