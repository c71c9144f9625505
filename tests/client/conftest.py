"""A desk's API behind a real socket."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from ombud.asgi import build_app
from ombud.config import Settings
from ombud.db.desk import Desk
from tests.web.chromium import serving


@pytest.fixture
def app(desk: Desk, settings: Settings) -> FastAPI:
    return build_app(desk, settings)


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """Where the desk is served."""
    with serving(app) as found:
        yield found
