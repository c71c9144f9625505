// The desk's scripts: htmx with its two extensions, and small custom elements of our own.
// Pages work without them; with them they are live and quick.
import "./js/htmx.js";
import "htmx-ext-sse";
import "./js/morph.js";
import "./js/kept.js";
import "./js/keys.js";
import "./js/list.js";
import "./js/live.js";
import "./js/menu.js";
import "./js/names.js";
import "./js/panels.js";
import "./js/passkeys.js";
import "./js/problems.js";
import "./js/recovery.js";
import "./js/reply.js";
import "./js/talk.js";
import "./js/times.js";
import "./js/toast.js";
