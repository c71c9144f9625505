// The composer: keeps a draft in this browser until it is sent, takes files by drop or paste, shows the preview.

const DRAFT = "ombud-draft:";
const PAUSE = 400; // ms of silence before a draft is kept

class ReplyBox extends HTMLElement {
  connectedCallback() {
    this.text = this.querySelector("textarea");
    this.input = this.querySelector("input[type=file]");
    this.restore();
    this.addEventListener("input", (event) => event.target === this.text && this.typed());
    this.addEventListener("change", (event) => this.changed(event));
    this.addEventListener("htmx:beforeSend", (event) => this.sent(event));
    this.addEventListener("htmx:afterRequest", (event) => this.answered(event));
    this.addEventListener("htmx:configRequest", (event) => this.preview(event));
    // Esc leaves the text, so that single keys work again.
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.target !== this.text) return;
      event.stopPropagation();
      this.text.blur();
    });
    this.addEventListener("paste", (event) => this.take(event.clipboardData?.files, event));
    this.addEventListener("dragover", (event) => this.drag(event, true));
    this.addEventListener("dragleave", (event) => this.drag(event, false));
    this.addEventListener("drop", (event) => {
      this.drag(event, false);
      this.take(event.dataTransfer?.files, event);
    });
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  get key() {
    return DRAFT + this.dataset.draft;
  }

  get kind() {
    return this.querySelector("[name=kind]:checked");
  }

  restore() {
    const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "null");
    if (!kept || this.text.value) return;
    this.text.value = kept.text;
    const kind = this.querySelector(`[name=kind][value="${CSS.escape(kept.kind)}"]`);
    if (kind) kind.checked = true;
    this.say("Saved");
  }

  typed() {
    this.say("");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), PAUSE);
  }

  keep() {
    if (this.text.value.trim()) {
      sessionStorage.setItem(this.key, JSON.stringify({ text: this.text.value, kind: this.kind.value }));
      this.say("Saved");
    } else {
      sessionStorage.removeItem(this.key);
      this.say("");
    }
  }

  changed(event) {
    if (event.target.name === "kind") this.text.focus();
    if (event.target === this.input) this.show();
    if (this.text.value.trim()) this.keep();
  }

  say(word) {
    this.querySelector("[data-saved]").textContent = word;
  }

  drag(event, over) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.toggleAttribute("data-dropping", over);
  }

  take(files, event) {
    if (!files?.length) return;
    event.preventDefault();
    const all = new DataTransfer();
    for (const file of [...this.input.files, ...files]) all.items.add(file);
    this.input.files = all.files;
    this.show();
  }

  show() {
    const list = this.querySelector("[data-files]");
    list.replaceChildren(
      ...[...this.input.files].map((file) => {
        const item = document.createElement("li");
        item.className = "file";
        item.textContent = file.name;
        return item;
      }),
    );
  }

  // Pressing Preview again hides it: no request, only the box emptied.
  preview(event) {
    const button = event.target.closest("[data-preview]");
    if (!button) return;
    const box = this.querySelector(".preview");
    const shown = button.getAttribute("aria-pressed") === "true";
    button.setAttribute("aria-pressed", String(!shown));
    if (!shown) return;
    event.preventDefault();
    box.replaceChildren();
  }

  // The form's data is on its way: the box is free for the next words at once, and gets these back if need be.
  sent(event) {
    if (!event.target.matches("form.composer-box")) return;
    clearTimeout(this.timer);
    this.keep();
    this.outgoing = this.text.value;
    this.text.value = "";
    this.querySelector("#composer-error").textContent = "";
    this.say("Sending…");
    this.text.blur();
  }

  answered(event) {
    if (!event.target.matches("form.composer-box")) return;
    if (event.detail.successful) this.done();
    else this.failed(event.detail.xhr);
  }

  done() {
    sessionStorage.removeItem(this.key);
    this.input.value = "";
    this.show();
    this.querySelector(".preview").replaceChildren();
    this.querySelector("[data-preview]").setAttribute("aria-pressed", "false");
    this.say("");
    if (this.text.value.trim()) this.keep();
  }

  failed(xhr) {
    this.text.value = [this.outgoing, this.text.value].filter(Boolean).join("\n\n");
    this.querySelector("#composer-error").textContent =
      xhr?.getResponseHeader("X-Problem") || "Not sent: the desk did not answer. Your text is kept; try again.";
    this.keep();
    this.text.focus();
  }
}

customElements.define("reply-box", ReplyBox);

// Signing out leaves no draft behind on a shared machine.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-sign-out]")) sessionStorage.clear();
});
