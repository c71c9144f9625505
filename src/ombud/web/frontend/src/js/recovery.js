// <recovery-codes>: copy and print. Downloading needs no script.

class RecoveryCodes extends HTMLElement {
  connectedCallback() {
    const [copy, print] = [this.querySelector("[data-copy]"), this.querySelector("[data-print]")];
    print.hidden = false;
    print.addEventListener("click", () => window.print());
    copy.hidden = !navigator.clipboard;
    copy.addEventListener("click", () => this.copy());
  }

  async copy() {
    const codes = [...this.querySelectorAll("code")].map((code) => code.textContent).join("\n");
    const said = await navigator.clipboard.writeText(codes).then(
      () => "Copied.",
      () => "The browser did not allow it. Select the codes and copy them by hand.",
    );
    this.querySelector("[role=status]").textContent = said;
  }
}

customElements.define("recovery-codes", RecoveryCodes);
