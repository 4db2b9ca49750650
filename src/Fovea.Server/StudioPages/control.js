// Starting, stopping and resuming runs, where the server allows it.
import { about, ask, askJson, field, make, query, runLink, say } from "/page.js";

const post = (path, values) => ask(path, {
  method: "POST", headers: { "Content-Type": "application/json", "Fovea-Studio": "page" }, body: JSON.stringify(values),
});

// Buttons for a run; its state is asked for whenever it may have changed (event "state").
export async function controlsOf(place, id, entryOf) {
  const server = await about();
  if (!server.control) return;
  let asked = false;
  const show = () => {
    const entry = entryOf();
    if (entry.study) return;
    const canStop = entry.state === "Running", canGoOn = ["Stopped", "Interrupted", "Dead"].includes(entry.state);
    if (!canStop) asked = false;
    const buttons = [];
    if (canStop && !asked) buttons.push(make("button", { onclick: () => { asked = true; show(); place.querySelector("button").focus(); } }, "Stop"));
    if (canStop && asked) buttons.push(make("button", { class: "main", onclick: () => act("stop") }, "Stop after this step, and save"),
      make("button", { onclick: () => { asked = false; show(); } }, "Let it run"));
    if (canGoOn) buttons.push(make("button", { class: "main", onclick: () => act("resume") }, "Resume"));
    buttons.push(make("a", { href: `#/start?${query({ from: id })}` }, "Start another one like it"));
    place.replaceChildren(make("div", { class: "lead" }, buttons));
  };
  async function act(what) {
    for (const button of place.querySelectorAll("button")) button.disabled = true;
    try {
      await post(what, { run: id });
      say("");
    } catch (error) {
      say(error.message);
      show();
    }
  }
  place.addEventListener("state", show);
  show();
}

export async function startPage(main, values, signal) {
  main.append(make("h1", {}, "Start a run"));
  const server = await about();
  if (!server.control) {
    main.append(make("p", {}, "This server shows runs and does not control them: it was started without --allow-control."));
    return;
  }
  const name = make("input", { type: "text", required: true, pattern: "[A-Za-z0-9][A-Za-z0-9._\\-]{0,99}", autocomplete: "off", spellcheck: "false" });
  const recipe = make("textarea", { rows: 22, spellcheck: "false", "aria-describedby": "recipe-note" });
  const start = make("button", { class: "main" }, "Start");
  const form = make("form", { onsubmit: async event => {
    event.preventDefault();
    start.disabled = true;
    say("");
    try {
      const { run } = await (await post("start", { name: name.value, recipe: recipe.value })).json();
      location.hash = runLink(run);
    } catch (error) {
      say(error.message);
      start.disabled = false;
    }
  } }, make("div", { class: "bar" }, field("Name of its directory", name)), field("Recipe", recipe),
  make("p", { class: "quiet", id: "recipe-note" }, "A line 'name: value' for each option of fovea train; what is left out has its usual value. The server checks it before anything starts."), start);
  main.append(form);
  const from = values.get("from");
  if (!from) {
    recipe.value = "model: vit-nano\ndataset: shapes\nepochs: 5\n";
    return;
  }
  const run = await askJson(`run?${query({ run: from })}`, { signal });
  const plain = text => /^[\w.,/+-]+$/.test(text) ? text : JSON.stringify(text);
  recipe.value = (run.recipe ?? []).filter(one => one.name !== "out").map(one => `${one.name}: ${plain(one.asked ?? one.value)}`).join("\n") + "\n";
  name.value = `${from.split("/").at(-1).replace(/[^A-Za-z0-9._-]/g, "-")}-2`;
}
