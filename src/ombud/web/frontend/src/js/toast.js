// A toast goes by itself, but never while one looks at it or holds the focus in it.

const STAY = 8000; // ms

class ToastNote extends HTMLElement {
  connectedCallback() {
    // One at a time: the last thing done is what "undo" means.
    for (const other of document.querySelectorAll("#toasts > *")) if (!other.contains(this)) other.remove();
    this.addEventListener("pointerenter", () => clearTimeout(this.timer));
    this.addEventListener("pointerleave", () => this.wait());
    this.addEventListener("htmx:afterRequest", () => this.remove());
    this.wait();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.matches(":focus-within") ? this.wait() : this.remove()), STAY);
  }
}

customElements.define("toast-note", ToastNote);
