// The list: j and k move, Enter opens (the link has the focus), x selects, Esc leaves the ticket.
// A refresh of the rows keeps what is selected, since rows are morphed, not replaced.

class TicketList extends HTMLElement {
  connectedCallback() {
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.selected = new Set();
    this.addEventListener("change", (event) => event.target.matches(".row-check") && this.remember(event.target));
    document.getElementById("bulk")?.addEventListener("reset", () => this.clear());
    this.onSwap = (event) => ["ticket", "rows"].includes(event.detail.target?.id) && this.renew();
    document.body.addEventListener("htmx:afterSwap", this.onSwap);
    this.onDone = (event) => event.detail.successful && event.target.closest?.("#bulk") && this.clear();
    document.body.addEventListener("htmx:afterRequest", this.onDone);
    this.renew();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
    document.body.removeEventListener("htmx:afterSwap", this.onSwap);
    document.body.removeEventListener("htmx:afterRequest", this.onDone);
  }

  key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (localStorage.getItem("ombud-keys-off") && event.key !== "Escape") return;
    if (event.target.closest("textarea, select, dialog, .menu[open], input:not(.row-check)")) return;
    const deeds = {
      j: () => this.move(1),
      k: () => this.move(-1),
      x: () => this.select(),
      Escape: () => this.leave(),
    };
    if (deeds[event.key]?.()) event.preventDefault();
  }

  get links() {
    return [...this.querySelectorAll(".row-link")];
  }

  // The row that has the focus, else the one that is open.
  get here() {
    const row = document.activeElement?.closest(".row") ?? this.querySelector(".row[data-current]");
    return row?.querySelector(".row-link");
  }

  move(step) {
    const links = this.links;
    if (!links.length) return false;
    const at = links.indexOf(this.here);
    const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
    const shown = this.checkVisibility();
    if (next && shown) {
      next.focus();
      next.closest(".row").scrollIntoView({ block: "nearest" });
    } else {
      next?.click();
    }
    return true;
  }

  select() {
    const box = this.here?.closest(".row").querySelector(".row-check");
    if (!box) return false;
    box.checked = !box.checked;
    this.remember(box);
    return true;
  }

  leave() {
    const ticket = document.querySelector(".ticket");
    if (!ticket) return false;
    document.querySelector(".ticket .to-list").click();
    return true;
  }

  remember(box) {
    if (box.checked) this.selected.add(box.value);
    else this.selected.delete(box.value);
    this.count();
  }

  clear() {
    this.selected.clear();
    this.renew();
  }

  // After a refresh the rows come unselected and unmarked from the server.
  renew() {
    for (const box of this.querySelectorAll(".row-check")) box.checked = this.selected.has(box.value);
    this.count();
    this.mark(document.querySelector(".ticket")?.dataset.number);
  }

  count() {
    const number = this.querySelectorAll(".row-check:checked").length;
    const shown = document.querySelector("[data-bulk-count]");
    if (shown) shown.textContent = number ? `${number} selected` : "";
  }

  mark(number) {
    for (const row of this.querySelectorAll(".row")) {
      const current = row.id === `row-${number}`;
      row.toggleAttribute("data-current", current);
      if (current) row.removeAttribute("data-unread");
      const link = row.querySelector(".row-link");
      if (current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
}

// Another way of searching is asked for at once, if there is something to search for.
document.addEventListener("change", (event) => {
  const form = event.target.matches?.(".search-exact > input") && event.target.form;
  if (form && form.elements.q.value) form.requestSubmit();
});

customElements.define("ticket-list", TicketList);
