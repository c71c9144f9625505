// The composer: keeps a draft at the desk until it is sent, takes files by drop or paste, shows the preview.

const PAUSE = 700; // ms of silence before a draft is kept

class ReplyBox extends HTMLElement {
  connectedCallback() {
    this.text = this.querySelector("textarea");
    this.input = this.querySelector("input[type=file]");
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
    this.leave = () => {
      if (!this.timer) return;
      this.aside(this.text.value);
      this.keep();
    };
    addEventListener("pagehide", this.leave);
    this.restore();
  }

  // Words of the last moment are kept as well, whichever way one leaves.
  disconnectedCallback() {
    removeEventListener("pagehide", this.leave);
    this.leave();
  }

  get kind() {
    return this.querySelector("[name=kind]:checked");
  }

  typed() {
    this.say("");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), PAUSE);
  }

  async keep() {
    clearTimeout(this.timer);
    this.timer = 0;
    const written = this.text.value;
    const body = new URLSearchParams({ text: written, kind: this.kind.value });
    const headers = { "X-CSRF-Token": this.querySelector("[name=csrf]").value };
    const answer = await fetch(this.dataset.draft, { method: "POST", body, headers, keepalive: true }).catch(() => null);
    if (this.text.value === written && written.trim()) this.say(answer?.ok ? "Saved" : "Not saved yet");
    if (answer?.ok) this.forget(written);
    else this.aside(written);
    if (!answer?.ok && this.isConnected) this.timer = setTimeout(() => this.keep(), 10 * PAUSE);
  }

  // What the desk has not got (the session ended, the network is gone) stays in this tab until it has.
  get place() {
    return `ombud-draft ${this.dataset.writer} ${this.dataset.draft}`;
  }

  aside(text) {
    if (text.trim()) sessionStorage.setItem(this.place, JSON.stringify({ text, kind: this.kind.value }));
  }

  forget(text) {
    const kept = JSON.parse(sessionStorage.getItem(this.place));
    if (kept?.text === text || !text.trim()) sessionStorage.removeItem(this.place);
  }

  restore() {
    const kept = JSON.parse(sessionStorage.getItem(this.place));
    const kind = kept && this.querySelector(`[name=kind][value="${kept.kind}"]`);
    if (!kind) return;
    // The desk's own draft may be an older one of the same text, or another: then neither is dropped.
    const there = this.text.value.trim();
    this.text.value = !there || kept.text.startsWith(there) ? kept.text : `${this.text.value}\n\n${kept.text}`;
    kind.checked = true;
    sessionStorage.removeItem(this.place);
    this.keep();
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
    this.timer = 0;
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
    this.input.value = "";
    // The next reply goes to whom it goes by itself, and at once.
    for (const line of this.querySelectorAll("[data-was]")) line.value = line.dataset.was;
    const later = this.querySelector("[name=later]");
    if (later) later.value = "";
    this.show();
    this.querySelector(".preview").replaceChildren();
    this.querySelector("[data-preview]").setAttribute("aria-pressed", "false");
    this.say("");
    sessionStorage.removeItem(this.place);
    if (this.text.value.trim()) this.keep();
  }

  failed(xhr) {
    this.text.value = [this.outgoing, this.text.value].filter(Boolean).join("\n\n");
    this.aside(this.text.value); // at once: an ended session leads to the sign-in page now
    this.querySelector("#composer-error").textContent =
      xhr?.getResponseHeader("X-Problem") || "Not sent: the desk did not answer. Your text is kept; try again.";
    this.keep();
    this.text.focus();
  }
}

customElements.define("reply-box", ReplyBox);

// Whoever signs out leaves nothing behind in the tab.
document.addEventListener("submit", (event) => event.target.matches("[data-sign-out]") && sessionStorage.clear());
