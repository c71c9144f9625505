"""The routes of the description and of its page: the only ones that ask for no token. They show nobody's data."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ombud.api.docs.page import render

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def docs_routes(document: dict[str, Any]) -> list[Route]:
    """Return the routes that serve an OpenAPI document: itself, its page, the page's style."""
    page_headers = {"Content-Security-Policy": _POLICY}
    style = files("ombud.api.docs").joinpath("style.css").read_bytes()
    return [
        _constant("/openapi.json", json.dumps(document, ensure_ascii=False).encode(), "application/json"),
        _constant("/docs", render(document).encode(), "text/html; charset=utf-8", page_headers),
        _constant("/docs/style.css", style, "text/css; charset=utf-8"),
    ]


def _constant(path: str, content: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> Route:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    common = {"ETag": tag, "Cache-Control": "no-cache", **(headers or {})}

    async def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=common)
        return Response(content, media_type=media_type, headers=common)

    return Route(path, answer, methods=["GET"], include_in_schema=False)
