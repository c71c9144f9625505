// Refreshing a part must not disturb who uses it: what is unfolded stays unfolded, a filter that is open stays
// open, and the field that has the focus keeps its text.
import htmx from "./htmx.js";
import { Idiomorph } from "idiomorph/htmx";

Idiomorph.defaults.ignoreActiveValue = true;

// A title that was taken closes its field, before the answer is put in. One that met a colleague's stays as it was
// typed, beside a page that shows theirs: the next press on Save means it.
document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  const edit = event.target.closest?.(".title-edit");
  if (edit && event.detail.xhr.status === 200) edit.open = false;
  if (!edit || event.detail.xhr.status !== 409) return;
  edit.dataset.told = "";
  htmx.trigger(document.body, "tickets-changed");
});
document.body.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target?.id === "ticket-head") delete event.detail.target.querySelector(".title-edit")?.dataset.told;
});

Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => {
  if (name === "open" && element.matches("details")) return false;
  // Who edits a title decides by what they saw: a colleague's new one must not pass unnoticed.
  if (name === "value" && element.matches(".title-edit[open]:not([data-told]) [name=seen]")) return false;
  if (name === "value" && element.matches(".title-edit[open] [name=title]")) return false;
  if (name === "hidden" && element.closest(".menu[open]")) return false;
  return !["data-side", "data-open", "data-told"].includes(name);
};
