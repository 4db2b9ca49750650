import { make } from "/page.js";
export function watchedOf() {
  return { element: make("div"), refresh() {} };
}
