// Refreshing a part must not disturb who uses it: what is unfolded stays unfolded, a filter that is open stays
// open, and the field that has the focus keeps its text.
import "./htmx.js";
import { Idiomorph } from "idiomorph/htmx";

Idiomorph.defaults.ignoreActiveValue = true;
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => {
  if (name === "open" && element.matches("details")) return false;
  if (name === "hidden" && element.closest(".menu[open]")) return false;
  return name !== "data-side" && name !== "data-open";
};
