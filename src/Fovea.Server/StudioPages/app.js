// Chooses the page by the address, and keeps the theme.
import { about, make, say } from "/page.js";
import { redraw } from "/charts.js";
import { runsPage } from "/runs.js";
import { runPage } from "/run.js";
import { comparePage } from "/compare.js";
import { studyPage } from "/study.js";
import { imagePage } from "/image.js";
import { modelPage } from "/model.js";
import { startPage } from "/control.js";

const pages = {
  "": ["Runs", runsPage, "runs"], run: ["Run", runPage, "runs"], compare: ["Comparison", comparePage, "runs"],
  study: ["Study", studyPage, "runs"], image: ["Image", imagePage, "image"], model: ["Model", modelPage, "runs"],
  start: ["Start a run", startPage, "start"],
};
let current = new AbortController(), isFirst = true;

async function open() {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const [path, rest] = location.hash.replace(/^#\/?/, "").split("?");
  const [title, page, place] = pages[path] ?? ["Nothing here", missing, ""];
  const main = document.getElementById("main");
  main.replaceChildren();
  say("");
  const values = new URLSearchParams(rest ?? "");
  const subject = values.get("run") ?? values.get("study");
  document.title = `${subject && path !== "compare" ? `${subject} · ` : ""}${title} · Fovea Studio`;
  for (const link of document.querySelectorAll("nav a"))
    if (link.dataset.page === place) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  try {
    await page(main, values, signal);
  } catch (error) {
    if (signal.aborted) return;
    say(error.message);
    if (main.childElementCount === 0) main.append(make("h1", {}, title), make("p", {},
      make("a", { href: "#/" }, "Back to all runs")));
  }
  if (!isFirst) main.focus({ preventScroll: true });
  isFirst = false;
}

function missing(main) {
  main.append(make("h1", {}, "There is no such page"), make("p", {}, make("a", { href: "#/" }, "Back to all runs")));
}

const theme = document.getElementById("theme");
theme.value = document.documentElement.dataset.theme ?? "auto";
theme.addEventListener("change", () => {
  if (theme.value === "auto") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("fovea-theme");
  } else {
    document.documentElement.dataset.theme = theme.value;
    localStorage.setItem("fovea-theme", theme.value);
  }
  redraw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
document.getElementById("token-form").addEventListener("submit", event => {
  event.preventDefault();
  sessionStorage.setItem("fovea-token", document.getElementById("token").value);
  event.target.hidden = true;
  open();
});
document.querySelector(".skip").addEventListener("click", event => {
  event.preventDefault();
  document.getElementById("main").focus();
});
about().then(server => { document.getElementById("start-link").hidden = !server.control; }).catch(() => {});
addEventListener("hashchange", open);
open();
