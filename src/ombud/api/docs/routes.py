"""The routes of the description and of its page: the only ones that ask for no token. They show nobody's data."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ombud.api.docs.page import render

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


Document = dict[str, Any]


def docs_routes(describe: Callable[[], Document]) -> list[Route]:
    """Return the routes that serve an OpenAPI document: itself, its page, the page's style.

    `describe` makes the document when it is first asked for: that takes as long as a quarter of the desk's start.
    """
    document = cache(describe)
    page = cache(lambda: render(document()).encode())
    page_headers = {"Content-Security-Policy": _POLICY}
    style = files("ombud.api.docs").joinpath("style.css").read_bytes()
    return [
        Route("/openapi.json", _Description(document).answer, methods=["GET"], include_in_schema=False),
        _constant("/docs", page, "text/html; charset=utf-8", page_headers),
        _constant("/docs/style.css", lambda: style, "text/css; charset=utf-8"),
    ]


class _Description:
    """The document, which names as its server the place where it was asked for: a host may mount the desk."""

    def __init__(self, document: Callable[[], Document]) -> None:
        self._document = document

    async def answer(self, request: Request) -> Response:
        servers = [{"url": request.scope.get("root_path", "") or "/"}]
        document = await asyncio.to_thread(self._document)
        content = json.dumps({**document, "servers": servers}, ensure_ascii=False).encode()
        return _answer(request, content, "application/json", {})


def _constant(
    path: str, content: Callable[[], bytes], media_type: str, headers: Mapping[str, str] | None = None
) -> Route:
    async def answer(request: Request) -> Response:
        return _answer(request, await asyncio.to_thread(content), media_type, headers or {})

    return Route(path, answer, methods=["GET"], include_in_schema=False)


def _answer(request: Request, content: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    common = {"ETag": tag, "Cache-Control": "no-cache", **headers}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=common)
    return Response(content, media_type=media_type, headers=common)
