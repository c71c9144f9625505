"""The whole desk as one ASGI application: pages at the root, the API under /api/v1, health beside them.

Used by `ombud serve` (as a factory, in the server process) and by host applications that mount a desk.
"""

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI

from ombud.api.app import create_api
from ombud.config import Settings
from ombud.db.desk import Desk
from ombud.db.open import data_dir, open_desk
from ombud.files import open_store
from ombud.live import LiveHub
from ombud.runtime import Runtime
from ombud.web.app import create_web


def create_app() -> FastAPI:
    """Open the desk of the environment's settings and return its application (uvicorn's factory)."""
    settings = Settings()
    stack = contextlib.ExitStack()
    desk = stack.enter_context(open_desk(settings))
    app = build_app(desk, settings)
    app.router.add_event_handler("shutdown", stack.close)
    return app


def build_app(desk: Desk, settings: Settings) -> FastAPI:
    """Return the application around an open desk, which the caller closes."""
    live = LiveHub(desk)
    files = open_store(data_dir(settings) / "files", limit=settings.attachment_limit)
    runtime = Runtime(settings=settings, desk=desk, files=files, live=live)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await live.start()
        try:
            yield
        finally:
            await live.stop()
            await desk.aclose()

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/api/v1", create_api(runtime))
    app.mount("/", create_web(runtime))
    return app
