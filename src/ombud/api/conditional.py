"""Conditions on what the caller has seen: `ETag`, `If-None-Match`, `If-Match` (RFC 9110 section 13).

A tag names the bytes of an answer. Where a thing has a version, its tag begins with that and a dash, and the version
alone stands for all of them: what a caller edits is a version, whichever of its fields they asked for.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from ombud.errors import Invalid, StaleVersion

Handler = Callable[[Request], Awaitable[Response]]

IF_MATCH = "If-Match"
DIGITS = 24
_TAGS = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_VERSION = re.compile(r"([0-9]{1,18})(?:-[0-9a-f]+)?")


def tag_of(body: bytes, version: str | None = None) -> str:
    """Return the `ETag` of an answer; `version` is the tag of the thing's version."""
    digest = hashlib.sha256(body).hexdigest()[:DIGITS]
    return f'"{digest}"' if version is None else f'"{version.strip(chr(34))}-{digest}"'


def is_known(if_none_match: str, tag: str) -> bool:
    """Tell whether the caller has the bytes that `tag` names (the weak comparison of RFC 9110 section 8.8.3.2)."""
    return if_none_match.strip() == "*" or tag.strip('"') in (
        one for _weak, one in _TAGS.findall(if_none_match)
    )


def version_in(tag: str) -> int | None:
    """Return the version that a tag begins with, or is."""
    found = _VERSION.fullmatch(tag.strip().strip('"'))
    return int(found[1]) if found else None


def is_wanted(if_match: str, tag: str) -> bool:
    """Tell whether what `tag` names is what `If-Match` asks for: these bytes, or their version."""
    if if_match.strip() == "*":
        return True
    bare = tag.strip('"')
    good = {bare, bare.partition("-")[0]}
    return any(one in good for weak, one in _TAGS.findall(if_match) if not weak)


async def unless_known(
    request: Request, headers: Callable[[], Awaitable[Mapping[str, str]]]
) -> Response | None:
    """Return 304 for a file that the caller has, whose `headers` say so: no byte of it leaves, and nobody notes it."""
    asked = request.headers.get("if-none-match")
    if asked is None:
        return None
    tag = (await headers())["ETag"]
    return Response(status_code=304, headers={"ETag": tag}) if is_known(asked, tag) else None


def checks_itself(route: APIRoute) -> bool:
    """Tell whether a route takes `If-Match` as a version, and compares it where it writes."""
    return any(field.alias.lower() == IF_MATCH.lower() for field in route.dependant.header_params)


def shown_by(routes: Sequence[Any], route: APIRoute) -> APIRoute | None:
    """Return the route that shows what an unsafe one changes: that of GET at the same address."""
    for one in routes:
        if (
            isinstance(one, APIRoute)
            and one.path_format == route.path_format
            and "GET" in (one.methods or ())
        ):
            return one
    return None


async def require_wanted(request: Request, show: Handler, if_match: str) -> None:
    """Raise StaleVersion when what `show` answers is not what `If-Match` asks for.

    It reads in the transaction that goes on to write (`Call.read`), of one snapshot: a change that commits in between
    makes PostgreSQL refuse the writing, and the call begins anew.
    """
    scope = {**request.scope, "method": "GET", "query_string": b""}
    shown = await show(Request(scope, request.receive))
    tag = tag_of(bytes(shown.body), shown.headers.get("etag"))
    if not is_wanted(if_match, tag):
        raise StaleVersion(current=version_in(tag) if shown.headers.get("etag") else None)


def not_taken() -> Invalid:
    """Return what an address without an `ETag` says to `If-Match`: ignored, it would overwrite."""
    return Invalid(fields={f"header:{IF_MATCH}": "is not taken here: nothing at this address has an ETag."})
