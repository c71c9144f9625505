"""A desk with a provider that can be made to lie, and a browser at its door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
import pytest_asyncio

from ombud.config import Settings
from ombud.models import UserRole
from ombud.runtime import Runtime
from ombud.testing import Cast
from tests.openid.stage import (
    Stage,
)
from tests.web.hosting import Browser
from tests.web.openid.going import add_provider


@pytest.fixture(scope="module")
def stages() -> Iterator[tuple[Stage, Stage]]:
    with ExitStack() as stack:
        yield stack.enter_context(Stage()), stack.enter_context(Stage())


@pytest.fixture
def stage(stages: tuple[Stage, Stage]) -> Stage:
    """A provider that behaves, whatever the test before made of it."""
    for one in stages:
        fresh = Stage(key=one.key, issuer=one.issuer, header={"alg": "RS256", "kid": one.key.kid})
        for name in ("metadata", "header", "sign", "replies", "userinfo", "asked", "grants"):
            setattr(one, name, getattr(fresh, name))
    return stages[0]


@pytest.fixture
def open_runtime(runtime: Runtime, settings: Settings) -> Runtime:
    return replace(runtime, settings=settings.model_copy(update={"internal_hosts": "127.0.0.1"}))


@pytest_asyncio.fixture
async def web(open_runtime: Runtime, stage: Stage, cast: Cast, built: None) -> AsyncIterator[Browser]:
    await add_provider(open_runtime, stage, new_role=UserRole.CUSTOMER)
    browser = Browser(open_runtime)
    async with browser.client:
        yield browser
