// The conversation opens at its newest message, and stays there while others write; who reads above is not moved.

const NEAR = 80; // px from the end that still count as reading the end

function talk() {
  return document.getElementById("talk");
}

function toEnd() {
  const pane = talk();
  if (pane && !document.querySelector(".message:target")) pane.scrollTop = pane.scrollHeight;
}

// What scrolls sideways can be scrolled by keyboard.
function reach() {
  for (const wide of document.querySelectorAll(".prose :is(pre, table)")) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
  }
}

let atEnd = true;

document.addEventListener(
  "scroll",
  (event) => {
    const pane = event.target;
    if (pane.id === "talk") atEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < NEAR;
  },
  true,
);

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "ticket") return;
  atEnd = true;
  reach();
  toEnd();
});

document.body.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target?.id !== "talk") return;
  reach();
  if (atEnd) toEnd();
});

// The link of a comment that went on in another ticket leads there, with the comment.
function follow() {
  const onward = document.querySelector(".banner [data-goes-on]");
  if (onward && /^#comment-\d+$/.test(location.hash) && !document.getElementById(location.hash.slice(1))) {
    location.replace(onward.href + location.hash);
  }
}

reach();
toEnd();
follow();
