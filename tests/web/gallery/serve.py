"""Serve the gallery: every state under its name, with the headers of the real desk."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ombud.web.assets import PREFIX, Assets
from ombud.web.headers import page_headers
from ombud.web.templates import environment
from tests.web.gallery.frames import NOW
from tests.web.gallery.states import states


def application() -> Starlette:
    """Make the application; `?theme=dark` overrides the system's preference."""
    assets = Assets()
    env = environment(assets, lambda: NOW, lambda: "Ombud")
    known = states()

    async def show(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in known:
            return Response(status_code=404)
        template, context = known[name]
        return HTMLResponse(env.get_template(template).render(context), headers=page_headers())

    async def heard(_request: Request) -> Response:
        """Answer what an open ticket sends by itself (that it was read)."""
        return Response(status_code=204)

    return Starlette(
        routes=[
            Mount(PREFIX, StaticFiles(directory=assets.folder)),
            Route("/gallery/{name}", show),
            Route("/tickets/{rest:path}", heard, methods=["POST"]),
        ]
    )
