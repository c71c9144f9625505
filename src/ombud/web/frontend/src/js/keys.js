// Single keys. An element says `data-key="r"`, or `data-key="g i"` for two in a row; pressing it does what
// a click would. The switch in the keyboard help turns them off (WCAG 2.1.4).

const PAUSE = 1000; // ms between the two keys of a sequence
const OFF = "ombud-keys-off";

let first = "";
let timer = 0;

function typing(target) {
  return target.isContentEditable || (target.matches("input, textarea, select") && !target.matches(".row-check, [type=radio], [type=checkbox]"));
}

function visible(element) {
  return element.checkVisibility?.({ visibilityProperty: true }) ?? element.offsetParent !== null;
}

// A radio button of the composer is hidden from view but its label is not: look at what one would click.
function find(key) {
  const all = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
  return all.reverse().find((element) => visible(element.closest("label") ?? element) || element.closest(".menu-panel"));
}

function act(element) {
  if (element.matches("input[type=search]")) {
    element.focus();
    element.select();
  } else {
    element.click();
    if (element.matches("summary")) element.focus();
    // The browser tells of the opening a moment later; the next key must find the filter already.
    element.closest("pick-menu")?.opened?.();
    // Choosing what to write means to begin writing, also when it was chosen already.
    if (element.matches("[type=radio]")) element.form.querySelector("textarea").focus();
  }
}

function press(event) {
  if (event.key === "Escape" && event.target.matches?.("input[type=search]")) event.target.blur();
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]") || localStorage.getItem(OFF)) return;
  if (event.target.closest?.(".menu-panel")) return;
  const key = first ? `${first} ${event.key}` : event.key;
  clearTimeout(timer);
  first = "";
  const element = find(key) ?? find(event.key);
  if (element) {
    event.preventDefault();
    act(element);
  } else if (document.querySelector(`[data-key^="${CSS.escape(event.key)} "]`)) {
    first = event.key;
    timer = setTimeout(() => (first = ""), PAUSE);
  }
}

// Delete, on a file, presses its button to remove it.
function remove(event) {
  if (event.key !== "Delete" || event.altKey || event.ctrlKey || event.metaKey || typing(event.target)) return;
  event.target.closest?.(".file")?.querySelector("[data-remove]")?.click();
}

// Ctrl+Enter sends the form that one types in, from anywhere in it.
function send(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const buttons = [...(event.target.closest("form")?.querySelectorAll("[data-send]") ?? [])];
  const button = buttons.find(visible);
  if (button) {
    event.preventDefault();
    button.click();
  }
}

class DeskKeys extends HTMLElement {
  connectedCallback() {
    document.addEventListener("keydown", press);
    document.addEventListener("keydown", send);
    document.addEventListener("keydown", remove);
    const box = document.querySelector("[data-keys-on]");
    if (!box) return;
    box.checked = !localStorage.getItem(OFF);
    box.addEventListener("change", () =>
      box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1"),
    );
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", press);
    document.removeEventListener("keydown", send);
    document.removeEventListener("keydown", remove);
  }
}

customElements.define("desk-keys", DeskKeys);
