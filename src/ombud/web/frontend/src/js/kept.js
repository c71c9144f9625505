// <kept-form data-writer>: what is typed stays in this tab until the desk has it, whatever comes between: the end of
// the session, a network that is gone, a page left by mistake. Files cannot be kept.

const OPENED = "#opened"; // where the desk sends who has made something of such a form

class KeptForm extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.note = this.querySelector("[data-restored]");
    this.form.addEventListener("input", () => this.keep());
    this.form.addEventListener("click", (event) => event.target.closest("[data-leave]") && this.forget());
    this.note.querySelector("button").addEventListener("click", () => this.empty());
    this.restore();
  }

  get place() {
    return `ombud-form ${this.dataset.writer} ${this.form.action}`;
  }

  get fields() {
    return [...this.form.elements].filter((field) => field.name && !["hidden", "file", "submit"].includes(field.type));
  }

  keep() {
    sessionStorage.setItem(this.place, JSON.stringify(this.fields.map((field) => [field.name, field.value])));
  }

  restore() {
    const kept = new Map(JSON.parse(sessionStorage.getItem(this.place)));
    const changed = this.fields.filter((field) => kept.has(field.name) && kept.get(field.name) !== field.value);
    for (const field of changed) field.value = kept.get(field.name);
    this.note.hidden = changed.length === 0;
  }

  forget() {
    sessionStorage.removeItem(this.place);
  }

  empty() {
    this.forget();
    this.form.reset();
    this.note.hidden = true;
    this.fields[0].focus();
  }
}

if (location.hash === OPENED) {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("ombud-form ")) sessionStorage.removeItem(key);
  history.replaceState(history.state, "", location.pathname + location.search);
}

customElements.define("kept-form", KeptForm);
