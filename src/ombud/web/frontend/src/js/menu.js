// A menu that filters as one types. The <details> inside works alone; this adds the filter, the arrow keys,
// closing on Esc or on a press outside, and closing after a choice.

class PickMenu extends HTMLElement {
  connectedCallback() {
    this.addEventListener("toggle", () => this.opened(), true);
    this.addEventListener("input", (event) => this.filter(event.target.value));
    this.addEventListener("keydown", (event) => this.key(event));
    // Not earlier: a button that is hidden while its form is sent is no longer the one that was pressed.
    this.addEventListener("htmx:afterRequest", () => this.close());
    this.closest("form")?.addEventListener("htmx:afterRequest", () => this.close());
    this.addEventListener("focusout", (event) => event.relatedTarget && !this.contains(event.relatedTarget) && this.close());
    this.outside = (event) => this.contains(event.target) || this.close();
  }

  disconnectedCallback() {
    document.removeEventListener("pointerdown", this.outside);
  }

  get menu() {
    return this.querySelector(".menu");
  }

  get items() {
    return [...this.querySelectorAll(".menu-item")].filter((item) => item.checkVisibility());
  }

  close(refocus = false) {
    if (!this.menu?.open) return;
    this.menu.open = false;
    if (refocus) this.menu.querySelector("summary").focus();
  }

  opened() {
    if (!this.menu.open) {
      this.ready = false;
      document.removeEventListener("pointerdown", this.outside);
      return;
    }
    if (this.ready) return;
    this.ready = true;
    document.addEventListener("pointerdown", this.outside);
    const box = this.querySelector(".menu-filter");
    if (box) box.hidden = false;
    const input = box?.querySelector("input");
    if (input) {
      input.value = "";
      this.filter("");
    }
    this.place();
    (input ?? this.querySelector('[aria-pressed="true"], [aria-current="true"]') ?? this.items[0])?.focus();
  }

  // Near the lower edge of the window a menu opens upwards.
  place() {
    const panel = this.querySelector(".menu-panel");
    if (this.menu.dataset.side === "top" && !this.turned) return;
    this.turned = panel.getBoundingClientRect().bottom > window.innerHeight;
    if (this.turned) this.menu.dataset.side = "top";
    else delete this.menu.dataset.side;
  }

  filter(text) {
    const words = text.trim().toLocaleLowerCase().split(/\s+/);
    for (const item of this.querySelectorAll(".menu-item")) {
      const label = (item.querySelector(".grow") ?? item).textContent.toLocaleLowerCase();
      item.parentElement.hidden = !words.every((word) => label.includes(word));
      delete item.dataset.active;
    }
    const items = this.items;
    if (text && items[0]) items[0].dataset.active = "";
    const none = this.querySelector('.menu-none[role="status"]');
    if (none) none.hidden = items.length > 0;
  }

  key(event) {
    if (!this.menu.open) return;
    const items = this.items;
    const at = items.indexOf(document.activeElement);
    const filtering = event.target.matches(".menu-filter input");
    const deeds = {
      ArrowDown: () => items[(at + 1) % items.length]?.focus(),
      ArrowUp: () => items.at(at < 1 ? -1 : at - 1)?.focus(),
      Escape: () => this.close(true),
    };
    if (filtering) deeds.Enter = () => items[0]?.click();
    const deed = deeds[event.key];
    if (!deed) return;
    event.preventDefault();
    event.stopPropagation();
    deed();
  }
}

customElements.define("pick-menu", PickMenu);
