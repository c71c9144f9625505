"""Where the desk lies on its host: at the root, or below a prefix that a host application gave it.

Every address that a page or a redirect names goes through `at`, so a mounted desk leads nobody out of itself.
The guard says where the desk lies at the beginning of each request.
"""

from __future__ import annotations

from contextvars import ContextVar
from urllib.parse import quote, unquote

_root: ContextVar[str] = ContextVar("ombud_web_root", default="")


def settle(root_path: str) -> None:
    """Say where this request found the desk: "" or a path without a slash at its end."""
    _root.set(quote(root_path.rstrip("/"), safe="/%"))


def root() -> str:
    """Return the prefix, "" at the root of the host."""
    return _root.get()


def at(path: str) -> str:
    """Return a path of the desk as an address on its host; "" stays what it is: the present page."""
    return f"{_root.get()}{path}" if path else ""


def safe_next(target: str) -> str:
    """Return where to go after signing in: a path of this desk, nothing else.

    Browsers take `%2e` for a dot (WHATWG URL, double-dot segments): that would lead out of a desk below a prefix.
    """
    home = at("/")
    path = unquote(target.partition("?")[0])
    if not target.startswith(home) or target.startswith("//") or "\\" in target or "/." in path:
        return home
    return target if target.isprintable() else home
