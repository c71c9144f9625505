// <passkey-form data-options="…">: a form whose `credential` a passkey fills in. It shows itself where the browser
// knows passkeys. `data-new` makes one; `data-autofill` also offers them in the address field of the page.

const bytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

/** The browser's form of what the desk sent. */
function read(options) {
  const read = { ...options, challenge: bytes(options.challenge) };
  if (options.user) {
    read.user = { ...options.user, id: bytes(options.user.id) };
    read.excludeCredentials = named(options.excludeCredentials);
  } else read.allowCredentials = named(options.allowCredentials);
  return read;
}

/** The desk's form of what the browser made. */
function write({ id, rawId, type, authenticatorAttachment, response }) {
  const told = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    told.attestationObject = text(response.attestationObject);
    told.transports = response.getTransports?.() ?? [];
  } else {
    told.authenticatorData = text(response.authenticatorData);
    told.signature = text(response.signature);
    if (response.userHandle) told.userHandle = text(response.userHandle);
  }
  return JSON.stringify({ id, rawId: text(rawId), type, authenticatorAttachment, response: told, clientExtensionResults: {} });
}

class PasskeyForm extends HTMLElement {
  connectedCallback() {
    if (!window.PublicKeyCredential) return;
    this.hidden = false;
    this.form = this.querySelector("form");
    this.button = this.querySelector("button");
    this.button.addEventListener("click", () => this.ask());
    // Enter in the name's field presses the button: the form alone has nothing to send.
    this.form.addEventListener("submit", (event) => {
      if (this.form.elements.credential.value) return;
      event.preventDefault();
      this.ask();
    });
    if ("autofill" in this.dataset) this.offer();
  }

  disconnectedCallback() {
    this.running?.abort();
  }

  async offer() {
    if (await PublicKeyCredential.isConditionalMediationAvailable?.()) await this.run({ mediation: "conditional" });
  }

  async ask() {
    this.button.disabled = true;
    await this.run({});
    this.button.disabled = false;
  }

  async run(how) {
    this.running?.abort(); // one at a time: the browser's offer makes way for the button
    const running = (this.running = new AbortController());
    const { signal } = running;
    this.tell("");
    try {
      const publicKey = read(await this.options(signal));
      const wanted = { ...how, publicKey, signal };
      const made = await ("new" in this.dataset ? navigator.credentials.create(wanted) : navigator.credentials.get(wanted));
      this.form.elements.credential.value = write(made);
      this.form.submit();
    } catch (error) {
      if (this.running === running && !how.mediation) this.tell(this.words(error));
    }
  }

  async options(signal) {
    const body = new FormData(this.form);
    const answer = await fetch(this.dataset.options, { method: "POST", body, signal, redirect: "manual" });
    if (answer.type === "opaqueredirect") throw new Error("Confirm first that it is you: see the top of this page.");
    if (!answer.ok) throw new Error("The desk did not answer as it should. Load the page again and try once more.");
    return answer.json();
  }

  words(error) {
    if (error.name === "InvalidStateError") return "This device holds a passkey for this account already.";
    if (error.name === "NotAllowedError" || error.name === "AbortError") return "It was cancelled, or it took too long.";
    return error.name === "Error" ? error.message : "This browser could not use a passkey here.";
  }

  tell(words) {
    const place = this.querySelector("[role=alert]");
    place.textContent = words;
    place.hidden = !words;
  }
}

customElements.define("passkey-form", PasskeyForm);
