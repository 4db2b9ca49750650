"use strict";
const find = id => document.getElementById(id);
const headers = () => find("token").value ? { Authorization: `Bearer ${find("token").value}` } : {};
const say = text => { find("status").textContent = text; };

function element(name, text, parent) {
  const made = document.createElement(name);
  if (text !== null) made.textContent = text;   // names are text, never markup
  parent.append(made);
  return made;
}

async function ask(path, body) {
  const answer = await fetch(path, { method: body ? "POST" : "GET", headers: headers(), body });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer;
}

async function listModels() {
  const { models } = await (await ask("/v1/models")).json();
  find("model").replaceChildren(...models.map(model => new Option(model.name, model.name)));
}

function formOf(files) {
  const form = new FormData();
  for (const file of files) form.append("image", file, file.name);
  return form;
}

async function classify(query) {
  query.set("top", find("top").value);
  const { results } = await (await ask(`/v1/classify?${query}`, formOf(find("files").files))).json();
  for (const result of results) {
    const table = element("table", null, find("results"));
    element("caption", result.image, table);
    for (const one of result.classes ?? []) {
      const row = element("tr", null, table);
      element("td", one.name, row);
      element("td", `${(100 * one.probability).toFixed(1)} %`, row);
    }
    if (result.error) element("td", result.error, element("tr", null, table));
  }
}

async function explain(query, kind) {
  query.set("kind", kind);
  for (const file of find("files").files) {
    const answer = await ask(`/v1/explain?${query}`, formOf([file]));
    const image = element("img", null, find("results"));
    image.alt = `${kind} for ${decodeURIComponent(answer.headers.get("Fovea-Class"))}: ${file.name}`;
    image.src = URL.createObjectURL(await answer.blob());
  }
}

find("form").addEventListener("submit", async event => {
  event.preventDefault();
  find("results").replaceChildren();
  say("computing ...");
  try {
    if (!find("model").value) await listModels();
    const query = new URLSearchParams({ model: find("model").value });
    const kind = event.submitter.value;
    await (kind === "classify" ? classify(query) : explain(query, kind));
    say("");
  } catch (error) {
    say(error.message);
  }
});
find("token").addEventListener("change", () => listModels().catch(error => say(error.message)));
listModels().catch(error => say(error.message));
