"use strict";
// Before the first paint, so that nothing flashes.
{
  const kept = localStorage.getItem("fovea-theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
}
