"""What a look is called in the log, from the address that was asked for. Pure.

An address says it well enough, and it is there for every route: none can be forgotten.
"""

from collections.abc import Collection

from ombud.models import AccessKind

WORDS = ("q", "text", "search")
"""Parameters of addresses that hold what somebody looks for."""


def look_at(
    path: str, names: Collection[str], query: str = "", *, is_search: bool = False
) -> tuple[AccessKind, str]:
    """Return kind and object of a look at `path`; `names` are the parts of it that name one thing.

    `/tickets/1042/comments` with the name `1042` is a view of `ticket:1042/comments`; `/tickets?status=open` is
    a list of `tickets?status=open`.
    """
    parts: list[str] = []
    singles = 0
    for part in path.strip("/").split("/"):
        if parts and part in names and ":" not in parts[-1]:
            parts[-1] = f"{parts[-1].removesuffix('s')}:{part}"
            singles += 1
        else:
            parts.append(part)
    thing = "/".join(parts) + (f"?{query}" if query and not singles else "")
    if is_search:
        return AccessKind.SEARCH, thing
    return (AccessKind.VIEW if singles else AccessKind.LIST), thing
