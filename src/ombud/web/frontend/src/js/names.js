// Names after an @ in a note: colleagues to choose from, by the arrow keys or by a press. Without it one types them.

const BEGUN = /(?:^|[\s(])@([\p{L}\p{N}][\p{L}\p{N}.'-]{0,40}(?: [\p{L}\p{N}.'-]{0,40})?)$/u;

class NameList extends HTMLElement {
  connectedCallback() {
    this.text = this.closest("form").querySelector("textarea");
    this.list = this.querySelector("[role=listbox]");
    this.asked = 0;
    this.listeners = new AbortController();
    const on = { signal: this.listeners.signal };
    this.text.addEventListener("input", () => this.look(), on);
    this.text.addEventListener("keydown", (event) => this.key(event), on);
    this.text.addEventListener("blur", () => this.close(), on);
    // A press must not take the focus away from the text: that would close the list before it is a choice.
    this.addEventListener("pointerdown", (event) => event.preventDefault());
    this.addEventListener("click", (event) => this.pick(event.target.closest("[role=option]")));
  }

  disconnectedCallback() {
    this.listeners.abort();
  }

  get options() {
    return [...this.list.children];
  }

  get begun() {
    if (this.closest("form").elements.kind?.value !== "note") return null;
    return BEGUN.exec(this.text.value.slice(0, this.text.selectionStart));
  }

  async look() {
    const begun = this.begun;
    const turn = ++this.asked;
    if (!begun) return this.close();
    const answer = await fetch(`${this.dataset.href}?name=${encodeURIComponent(begun[1])}`).catch(() => null);
    const found = answer?.ok ? await answer.text() : "";
    if (turn !== this.asked || !this.isConnected) return;
    this.list.innerHTML = found;
    if (!this.options.length) return this.close();
    this.hidden = false;
    this.choose(this.options[0]);
  }

  key(event) {
    if (this.hidden || event.ctrlKey || event.metaKey || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const { options } = this;
      this.choose(options[(options.indexOf(this.chosen) + step + options.length) % options.length]);
    } else if (event.key === "Enter" || event.key === "Tab") this.pick(this.chosen);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
    event.stopPropagation();
  }

  choose(option) {
    this.chosen?.setAttribute("aria-selected", "false");
    this.chosen = option;
    option.setAttribute("aria-selected", "true");
    this.text.setAttribute("aria-activedescendant", option.id);
  }

  pick(option) {
    const begun = this.begun;
    if (!option || !begun) return this.close();
    const end = this.text.selectionStart;
    this.text.setRangeText(`${option.dataset.name} `, end - begun[1].length, end, "end");
    this.close();
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  close() {
    this.asked++;
    this.hidden = true;
    this.chosen = null;
    this.text.removeAttribute("aria-activedescendant");
  }
}

customElements.define("name-list", NameList);
