// htmx as a module, and as the global that its extensions look for. A module of its own: imports run first.
import htmx from "htmx.org";

window.htmx = htmx;
export default htmx;
