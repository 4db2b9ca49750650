export function controlsOf() {}
