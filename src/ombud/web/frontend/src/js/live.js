// The live connection: says when it is gone, and catches up when it is back. The SSE extension reconnects.
import htmx from "./htmx.js";

class LiveState extends HTMLElement {
  connectedCallback() {
    this.lost = false;
    this.onOpen = () => this.back();
    this.onGone = () => this.gone();
    document.body.addEventListener("htmx:sseOpen", this.onOpen);
    document.body.addEventListener("htmx:sseError", this.onGone);
    // The desk ended the stream because the session ended: the page asks anew and is shown the door.
    this.onEnd = (event) => event.detail.type === "message" && !this.leaving && location.reload();
    this.onSubmit = (event) => (this.leaving ||= event.target.matches("[data-sign-out]"));
    document.addEventListener("submit", this.onSubmit);
    document.body.addEventListener("htmx:sseClose", this.onEnd);
    window.addEventListener("offline", this.onGone);
    window.addEventListener("online", this.onOpen);
  }

  disconnectedCallback() {
    document.body.removeEventListener("htmx:sseOpen", this.onOpen);
    document.body.removeEventListener("htmx:sseError", this.onGone);
    document.body.removeEventListener("htmx:sseClose", this.onEnd);
    document.removeEventListener("submit", this.onSubmit);
    window.removeEventListener("offline", this.onGone);
    window.removeEventListener("online", this.onOpen);
  }

  // A page that is being left closes its stream too; only a gap that lasts is worth a word.
  gone() {
    if (this.lost) return;
    this.lost = true;
    this.timer = setTimeout(() => (this.hidden = false), 2000);
  }

  back() {
    clearTimeout(this.timer);
    this.hidden = true;
    if (!this.lost) return;
    this.lost = false;
    htmx.trigger(document.body, "tickets-changed");
  }
}

customElements.define("live-state", LiveState);
