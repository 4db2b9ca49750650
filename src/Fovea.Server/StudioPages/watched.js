// One image through the checkpoints of a run.
import { ask, askJson, imageOf, make, percent, query, say } from "/page.js";

export function watchedOf(id, signal) {
  const note = make("p", { class: "quiet" }, "Looking at the checkpoints ...");
  const strip = make("div", { class: "strip scroll", role: "region", tabindex: 0, "aria-label": "Attention by epoch", hidden: true });
  const file = make("input", { type: "file", accept: "image/*", onchange: another });
  const element = make("div", {}, note, strip, make("p", {}, make("label", {}, "Another image ", file)));
  let last = "", running = false;

  function show(answer) {
    const text = answer.entries.map(entry => `${entry.step}:${entry.checkpoint}`).join() + answer.image;
    note.textContent = answer.problem ?? (answer.waiting && answer.entries.length === 0 ? "Looking at the checkpoints ..."
      : answer.entries.length === 0 ? "There is no checkpoint yet."
        : `${answer.image}. ` + (answer.entries.length === 1
          ? "Only one checkpoint is there: training replaces them, unless it keeps some (keep-checkpoints). While this page is open, new ones are added."
          : "Checkpoints that are there, or were while this page was open."));
    if (text === last) return;
    last = text;
    strip.hidden = answer.entries.length === 0;
    strip.replaceChildren(...answer.entries.map(entry => make("figure", { class: "card" },
      make("figcaption", {}, make("strong", {}, `epoch ${entry.epoch}`), make("span", { class: "readout" }, `step ${entry.step}, ${entry.checkpoint}`)),
      imageOf(entry.png, `${entry.kind} after epoch ${entry.epoch}: ${entry.class}, ${percent(entry.probability)}`),
      make("p", {}, make("bdi", {}, entry.class), `, ${percent(entry.probability)}`))));
    strip.scrollLeft = strip.scrollWidth;
  }

  async function refresh() {
    if (running) return;
    running = true;
    try {
      for (let waiting = true; waiting && !signal.aborted;) {
        const answer = await askJson(`attention?${query({ run: id })}`, { signal });
        show(answer);
        waiting = answer.waiting;
        if (waiting) await new Promise(done => setTimeout(done, 300));
      }
    } catch (error) {
      if (!signal.aborted) note.textContent = error.message;
    }
    running = false;
  }

  async function another() {
    if (!file.files[0]) return;
    const form = new FormData();
    form.append("image", file.files[0], file.files[0].name);
    try {
      show(await (await ask(`attention?${query({ run: id })}`, { method: "POST", body: form, signal })).json());
      say("");
      refresh();
    } catch (error) {
      if (!signal.aborted) say(error.message);
    }
  }

  refresh();
  return { element, refresh };
}
