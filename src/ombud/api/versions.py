"""`If-Match`: change a thing only as it was when one looked at it (RFC 9110 section 13.1.1)."""

from typing import Annotated

from fastapi import Header

from ombud.api.conditional import version_in

IfMatch = Annotated[
    str | None,
    Header(description="The `ETag` last seen, or `*`; another version is answered with 412.", max_length=200),
]


def version_of(if_match: str | None) -> int | None:
    """Return the version that `If-Match` asks for; any other text than a version or `*` matches nothing."""
    if if_match is None or if_match.strip() == "*":
        return None
    return version_in(if_match) or 0
