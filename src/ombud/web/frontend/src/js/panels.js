// Links that open a sheet or the keyboard help in place, without touching the address.
// Without scripts the same links work through :target.

function open(id) {
  const panel = document.getElementById(id);
  if (!panel) return;
  if (panel instanceof HTMLDialogElement) {
    panel.showModal();
  } else {
    panel.toggleAttribute("data-open");
    panel.querySelector("a, button, summary")?.focus();
  }
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener && !opener.id) {
    event.preventDefault();
    open(opener.dataset.open);
    opener.closest("details.menu")?.removeAttribute("open");
    return;
  }
  const closer = event.target.closest("[data-close]");
  if (closer) {
    event.preventDefault();
    document.getElementById(closer.dataset.close)?.removeAttribute("data-open");
    if (location.hash === `#${closer.dataset.close}`) history.replaceState(history.state, "", location.href.split("#")[0]);
  } else if (event.target instanceof HTMLDialogElement) {
    event.target.close(); // a press on the backdrop
  }
});
