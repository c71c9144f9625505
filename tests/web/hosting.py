"""The pages of a test's desk, without the API beside them: for httpx, or for a real server in a thread."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute

from ombud.runtime import Runtime
from ombud.testing import Persona
from ombud.web.app import ROUTERS, create_web

ORIGIN = "http://desk.example"
ELSEWHERE = {
    "/live", "/set-up", "/sign-in", "/sign-in/code", "/sign-in/link", "/forgot", "/link", "/healthz", "/readyz",
    "/settings",
}  # fmt: skip
"""What is not a page of who is signed in: a stream, the doors, what machines ask, a way to another page."""
TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
"""The token of a page's forms."""


def hosted(runtime: Runtime) -> FastAPI:
    """Return an application that starts the live hub, and closes the desk's connections in its own loop."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await runtime.live.start()
        yield
        await runtime.live.stop()
        await runtime.desk.aclose()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.web = create_web(runtime)
    app.mount("/", app.state.web)
    return app


class Browser:
    """A browser without scripts: follows no redirect by itself, remembers cookies, fills in tokens."""

    def __init__(self, runtime: Runtime, *, base_url: str = ORIGIN) -> None:
        self.app = create_web(runtime)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=base_url)
        self.csrf = ""

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """Get a page and remember the token of its forms."""
        response = await self.client.get(path, **more)
        found = TOKEN.search(response.text)
        if found:
            self.csrf = found[1]
        return response

    async def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Post a form with the token of the last page."""
        headers = {"Origin": ORIGIN, **more.pop("headers", {})}
        return await self.client.post(path, data={"csrf": self.csrf, **(data or {})}, headers=headers, **more)

    async def sign_in(self, who: Persona) -> httpx.Response:
        """Sign in, and land on the first page."""
        await self.get("/sign-in")
        response = await self.post("/sign-in", {"email": who.email, "password": who.password})
        assert response.status_code == 303, response.text
        await self.get("/tickets/new")  # for the session's token
        return response


def plain_pages() -> list[str]:
    """Return every page of who is signed in that needs no number in its address."""
    return sorted(
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()) and "{" not in route.path
        if route.path not in ELSEWHERE
    )


def htmx(target: str = "") -> dict[str, str]:
    """Return the headers that htmx sends."""
    return {"HX-Request": "true", **({"HX-Target": target} if target else {})}
