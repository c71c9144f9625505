// What was refused, or got no answer, is said in a toast. Only the desk's own words are shown: an answer that
// does not carry them (a proxy's page, say) never replaces a part of the page.

function toast(text) {
  const note = document.createElement("toast-note");
  const line = document.createElement("p");
  note.className = "toast";
  note.setAttribute("role", "status");
  line.textContent = text;
  note.append(line);
  document.getElementById("toasts")?.append(note);
}

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 400) event.detail.shouldSwap = xhr.getResponseHeader("X-Problem") !== null || xhr.status === 409;
});

function unanswered(event) {
  const form = event.target.closest?.("reply-box"); // says so beside the text
  if (event.detail.requestConfig.verb !== "get" && !form) toast("The desk did not answer. Nothing was changed; try again.");
}

document.body.addEventListener("htmx:sendError", unanswered);
document.body.addEventListener("htmx:timeout", unanswered);
