// Elements, requests, numbers: what all pages share. Texts of files are set as text, never as markup.

export const api = "/v1/studio/";

export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else element.setAttribute(key, value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export function say(text) {
  document.getElementById("status").textContent = text ?? "";
}

export function headers(more = {}) {
  const token = sessionStorage.getItem("fovea-token");
  return { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...more };
}

export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(api + path, { ...options, headers: headers(options.headers) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "The server does not answer; perhaps it has ended.");
  }
  if (!answer.ok) {
    let reason = `The server answered ${answer.status}.`;
    try { reason = (await answer.json()).error; } catch { /* no JSON: the status has to do */ }
    if (answer.status === 401) document.getElementById("token-form").hidden = false;
    throw new Refusal(answer.status, reason);
  }
  return answer;
}

export const askJson = async (path, options) => (await ask(path, options)).json();

let server = null;
export const about = async () => server ??= await askJson("about");

export const query = values => new URLSearchParams(Object.entries(values).flatMap(([name, value]) =>
  Array.isArray(value) ? value.map(one => [name, one]) : value === undefined ? [] : [[name, value]])).toString();

export const runLink = id => `#/run?${query({ run: id })}`;

export const percent = value => value === undefined || value === null ? "" : `${(100 * value).toFixed(1)} %`;

export function number(value, digits = 3) {
  if (value === undefined || value === null || Number.isNaN(value)) return "";
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return value.toExponential(digits - 1);
  return size >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(digits)).toString();
}

const three = value => value >= 99.95 ? `${Math.round(value)}` : value.toPrecision(3);

export function amount(value) {
  if (value === undefined || value === null) return "";
  for (const [size, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (value >= 0.9995 * size) return `${three(value / size)} ${name}`;
  return `${value}`;
}

export function bytes(value) {
  for (const [size, name] of [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]])
    if (value >= size) return `${three(value / size)} ${name}`;
  return `${Math.round(value)} B`;
}

export function duration(seconds) {
  if (seconds === undefined || seconds === null) return "";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
}

export function date(text) {
  if (!text) return "";
  const two = value => String(value).padStart(2, "0");
  const at = new Date(text);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

const states = {
  Running: "running", Finished: "finished", Stopped: "stopped", Interrupted: "interrupted", Dead: "killed",
  Corrupt: "damaged", Deleted: "deleted", Paused: "paused",
};
const meanings = {
  Running: "A process works on it.", Finished: "It has its final figures.",
  Stopped: "It ended in order before its end; its last step is saved.",
  Interrupted: "It ended before its end; steps since its last checkpoint are lost.",
  Dead: "Its process was killed: it is noted as working and does not live.",
  Corrupt: "A file of it cannot be read.", Deleted: "Its directory is gone.", Paused: "It stands still.",
};

export const state = name => make("span", { class: `state ${name.toLowerCase()}`, title: meanings[name] }, states[name]);
export const stateName = name => states[name];
export const stateMeaning = name => meanings[name];

// A table in a box that scrolls and can be reached by keyboard. Rows are arrays of cells: text, an element, or
// { text, number }; the first cell is the row's heading.
export function table(label, headings, rows, { tall = false, caption = null } = {}) {
  const cell = (value, tag, isNumber) => make(tag, {
    class: [isNumber ? "number" : "", value?.wrap ? "wrap" : ""].join(" ").trim() || null,
    scope: tag === "th" ? "row" : null,
  }, value instanceof Node ? value : value?.text ?? value?.element ?? value ?? "");
  const isNumber = headings.map(heading => heading.startsWith("#"));
  return make("div", { class: `scroll${tall ? " tall" : ""}`, role: "region", "aria-label": label, tabindex: 0 },
    make("table", {},
      caption ? make("caption", {}, caption) : null,
      make("thead", {}, make("tr", {}, headings.map((heading, i) =>
        make("th", { scope: "col", class: isNumber[i] ? "number" : null }, heading.replace("#", ""))))),
      make("tbody", {}, rows.map(row => make("tr", {}, row.map((value, i) =>
        cell(value, i === 0 ? "th" : "td", isNumber[i])))))));
}

export const facts = pairs => make("dl", { class: "facts" }, pairs.filter(([, value]) => value !== "" && value !== undefined
  && value !== null).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));

export function field(label, control, inline = false) {
  return make("label", { class: inline ? "inline" : null }, inline ? [control, label] : [label, control]);
}

export function choice(options, chosen, changed) {
  const select = make("select", { onchange: () => changed?.(select.value) },
    options.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
  return select;
}

// Pixels of a PNG in base64 as an address that the policy of the pages allows.
export function imageOf(base64, alt) {
  const data = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  const image = make("img", { alt });
  image.src = URL.createObjectURL(new Blob([data], { type: "image/png" }));
  image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
  return image;
}

export const themeName = () => document.documentElement.dataset.theme
  ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

// Server-sent events over fetch, so that the token can be sent; begins again when the connection breaks.
export function listen(path, events, signal) {
  (async () => {
    for (let wait = 1000; !signal.aborted; wait = Math.min(wait * 2, 15000)) {
      try {
        const answer = await ask(path, { signal });
        wait = 500;
        say("");
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let text = ""; ;) {
          const { value, done } = await reader.read();
          if (done) break;
          text += value;
          for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
            const lines = text.slice(0, end).split("\n");
            const name = lines.find(line => line.startsWith("event: "))?.slice(7);
            const data = lines.find(line => line.startsWith("data: "))?.slice(6);
            if (name && data) events[name]?.(JSON.parse(data));
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        say(error.message);
        if (error.status >= 400 && error.status < 500) return;
      }
      await new Promise(done => setTimeout(done, wait));
    }
  })();
}

// Calls again and again while the page can be seen, until the signal.
export function repeat(milliseconds, signal, action) {
  const run = async () => {
    if (signal.aborted) return;
    if (!document.hidden) {
      try {
        await action();
      } catch (error) {
        if (!signal.aborted) say(error.message);
      }
    }
    if (!signal.aborted) setTimeout(run, milliseconds);
  };
  return run();
}
